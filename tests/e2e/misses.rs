//! Seeded single-cause changes: the first reason of the miss names the true cause.

use serde_json::{Value, json};

use crate::harness::{TestWorkspace, guest};

/// A small generator (Knuth's MMIX constants): the same seed makes the same change everywhere.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// What the pipeline file of the test says, as far as it changes.
#[derive(Clone)]
struct Step {
    salt: String,
    env: Vec<&'static str>,
    outputs: Vec<String>,
    inputs: Vec<String>,
    more: Vec<Value>,
}

impl Step {
    fn new() -> Self {
        Self {
            salt: "grain".to_owned(),
            env: vec!["SEEN", "OTHER"],
            outputs: vec!["out.txt".to_owned()],
            inputs: vec!["in/**".to_owned(), "link".to_owned()],
            more: Vec::new(),
        }
    }

    /// Reads eight files, looks for four that are not there, and asks one of everything else.
    fn ops(&self) -> Value {
        let mut ops: Vec<_> =
            (0..8).map(|n| json!({ "op": "read", "path": format!("in/f{n}.txt") })).collect();
        ops.extend((0..4).map(|n| json!({ "op": "exists", "path": format!("in/absent{n}") })));
        ops.extend([
            json!({ "op": "list", "path": "in/list" }),
            json!({ "op": "glob", "pattern": "in/g/*.md" }),
            json!({ "op": "stat", "path": "in/s.txt" }),
            json!({ "op": "input-stat", "path": "in/x.sh" }),
            json!({ "op": "link", "path": "link" }),
            json!({ "op": "input", "path": "outside.txt" }),
            json!({ "op": "env", "name": "SEEN" }),
        ]);
        ops.extend(self.more.iter().cloned());
        Value::Array(ops)
    }

    fn write(&self, workspace: &TestWorkspace) {
        let ops = self.ops().to_string().replace("\":", "\" = ");
        let Self { salt, env, outputs, inputs, .. } = self;
        let plugin = workspace.import(&guest("probe"));
        let pipeline = format!(
            "[plugins]\nprobe = {{ path = {plugin:?} }}\n[step.s]\nuses = \"probe\"\n\
             inputs = {inputs:?}\noutputs = {outputs:?}\ngrants = {{ env = {env:?} }}\n\
             with = {{ to = \"out.txt\", salt = {salt:?}, ops = {ops} }}\n",
        );
        workspace.write("belljar.toml", pipeline);
    }
}

fn world(step: &Step) -> TestWorkspace {
    let workspace = TestWorkspace::new();
    for n in 0..8 {
        workspace.write(&format!("in/f{n}.txt"), format!("content {n}"));
    }
    workspace.write("in/list/a", "").write("in/list/b", "").write("in/g/a.md", "");
    workspace.write("in/g/b.md", "").write("in/s.txt", "four").write("in/x.sh", "#!");
    workspace.write("outside.txt", "outside");
    std::os::unix::fs::symlink("in/f0.txt", workspace.path("link")).unwrap();
    step.write(&workspace);
    workspace
}

/// Makes one change, and returns what the first reason must say: each key with its value.
fn change(
    kind: u64,
    random: &mut Seeded,
    step: &mut Step,
    workspace: &TestWorkspace,
) -> (Value, Vec<(&'static str, &'static str)>) {
    let n = random.below(8);
    let file = format!("in/f{n}.txt");
    let remove = |path: &str| std::fs::remove_file(workspace.path(path)).unwrap();
    let same = vec![("SEEN", "1")];
    let expected = match kind {
        0 => {
            workspace.write(&file, format!("other {n}"));
            json!({ "cause": "file-changed", "path": file })
        }
        1 => {
            workspace.write(&file, format!("content {}", n + 1));
            json!({ "cause": "file-changed", "path": file })
        }
        2 => {
            remove(&file);
            json!({ "cause": "file-vanished", "path": file })
        }
        3 => {
            let absent = format!("in/absent{}", n % 4);
            workspace.write(&absent, "now here");
            json!({ "cause": "file-appeared", "path": absent })
        }
        4 => {
            workspace.write(&format!("in/list/new{n}"), "");
            json!({ "cause": "listing-changed", "path": "in/list", "gained": [format!("new{n}")] })
        }
        5 => {
            let name = ["a", "b"][usize::try_from(n % 2).unwrap()];
            remove(&format!("in/list/{name}"));
            json!({ "cause": "listing-changed", "path": "in/list", "lost": [name] })
        }
        6 => {
            let path = format!("in/g/new{n}.md");
            workspace.write(&path, "");
            json!({ "cause": "glob-changed", "gained": [path] })
        }
        7 => {
            workspace.write("in/s.txt", "x".repeat(5 + usize::try_from(n).unwrap()));
            json!({ "cause": "stat-changed", "path": "in/s.txt" })
        }
        8 => {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(workspace.path("in/x.sh"), mode).unwrap();
            json!({ "cause": "mode-changed", "path": "in/x.sh", "executable": true })
        }
        9 => {
            remove("link");
            let target = format!("in/f{}.txt", 1 + n % 7);
            std::os::unix::fs::symlink(&target, workspace.path("link")).unwrap();
            json!({ "cause": "link-changed", "path": "link", "new": target })
        }
        _ => return change_of_the_file(kind, random, step, workspace),
    };
    (expected, same)
}

/// Changes of the pipeline file, the plugin and the environment.
fn change_of_the_file(
    kind: u64,
    random: &mut Seeded,
    step: &mut Step,
    workspace: &TestWorkspace,
) -> (Value, Vec<(&'static str, &'static str)>) {
    let n = random.below(1000);
    let same = vec![("SEEN", "1")];
    let expected = match kind {
        10 => {
            step.salt = format!("grain {n}");
            json!({ "cause": "config-changed", "pointer": "/salt", "old": "\"grain\"" })
        }
        11 => {
            step.more.push(json!({ "op": "cwd" }));
            json!({ "cause": "config-changed", "pointer": "/ops/19/op", "new": "\"cwd\"" })
        }
        12 => {
            let plugin = workspace.path("plugins/probe.wasm");
            let mut bytes = std::fs::read(&plugin).unwrap();
            // An empty custom section with a name of its own: other bytes, the same behavior.
            let name = format!("{n:03}");
            bytes.extend([0, 4, 3]);
            bytes.extend(name.as_bytes());
            std::fs::write(plugin, bytes).unwrap();
            json!({ "cause": "plugin-changed" })
        }
        13 => {
            step.env.push("THIRD");
            json!({ "cause": "grant-added", "grant": "env THIRD" })
        }
        14 => {
            step.env.pop();
            json!({ "cause": "grant-removed", "grant": "env OTHER" })
        }
        15 => {
            step.outputs.push(format!("more{n}.txt.d/*"));
            json!({ "cause": "outputs-changed", "added": [format!("more{n}.txt.d/*")] })
        }
        16 => return (changed("SEEN", [true, true]), vec![("SEEN", "2")]),
        17 => return (changed("SEEN", [true, false]), vec![]),
        18 => return (changed("OTHER", [false, true]), vec![("SEEN", "1"), ("OTHER", "1")]),
        _ => {
            step.inputs.push("outside.txt".to_owned());
            json!({ "cause": "declaration-changed", "path": "outside.txt", "declared": true })
        }
    };
    step.write(workspace);
    (expected, same)
}

/// A change of a variable: `was` and `is` say whether it was, and is, set.
fn changed(name: &str, [was, is]: [bool; 2]) -> Value {
    json!({ "cause": "environment-changed", "name": name, "was_set": was, "is_set": is })
}

#[test]
fn the_first_reason_is_the_true_cause() {
    const KINDS: u64 = 20;
    for seed in 0..60 {
        let mut step = Step::new();
        let workspace = world(&step);
        let first = workspace.report(&[("SEEN", "1")]);
        assert_eq!(first["miss"][0]["cause"], "never-run", "{first}");
        let (expected, environment) =
            change(seed % KINDS, &mut Seeded(seed), &mut step, &workspace);
        // What it may do is no question of this test.
        workspace.run(["plugin", "update", "--accept"]).exits(0);
        let report = workspace.report(&environment);
        let reason = &report["miss"][0];
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&reason[key], value, "seed {seed}: `{key}` in {reason} of {report}");
        }
    }
}

#[test]
fn the_line_of_a_miss_and_why_say_the_same_cause() {
    let step = Step::new();
    let workspace = world(&step);
    workspace.run_with(["run"], &[("SEEN", "1")]).exits(0);
    workspace.write("in/f3.txt", "changed");
    let why = workspace.run_with(["why", "s"], &[("SEEN", "1")]).exits(0);
    assert!(why.stdout.contains("in/f3.txt"), "{}", why.stdout);
    workspace.run_with(["run"], &[("SEEN", "1")]).exits(0).says(&["in/f3.txt changed"]);
    let why = workspace.run_with(["why", "s"], &[("SEEN", "1")]).exits(0);
    assert!(why.stdout.contains("in/f3.txt"), "the last run is explained too: {}", why.stdout);
}

#[test]
fn the_nearest_of_several_earlier_executions_is_compared() {
    let step = Step::new();
    let workspace = world(&step);
    let environment = [("SEEN", "1")];
    workspace.report(&environment);
    let original = workspace.read("in/f1.txt");
    for n in 0..8 {
        workspace.write(&format!("in/f{n}.txt"), "all changed");
    }
    workspace.report(&environment);
    for n in 0..8 {
        workspace.write(&format!("in/f{n}.txt"), format!("content {n}"));
    }
    workspace.write("in/f1.txt", format!("{original}!"));
    let report = workspace.report(&environment);
    assert_eq!(report["miss"].as_array().unwrap().len(), 1, "one file differs from the first run");
    assert_eq!(report["miss"][0]["path"], "in/f1.txt");
}
