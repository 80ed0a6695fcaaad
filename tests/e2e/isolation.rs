//! Planted undeclared reads: whatever a step asks for, and by whatever way, a cached answer is
//! never other than what an execution would give now.
//!
//! Each case runs a step, changes the world, runs again with the cache, and compares with a
//! forced execution. The step may see `in/**`, `link`, and the variables `SEEN` and `OTHER`.

use std::path::Path;

use serde_json::{Value, json};

use crate::harness::TestWorkspace;

/// What happens between the two runs.
enum Change {
    Write(&'static str, &'static str),
    Remove(&'static str),
    Link(&'static str, &'static str),
    MakeFolder(&'static str),
    Mode(&'static str, u32),
    SameSizeAndTime(&'static str, &'static str),
    Env(&'static str, &'static str),
    /// Time passes, and nothing else.
    Nothing,
}

use Change::{Env, Link, MakeFolder, Mode, Nothing, Remove, SameSizeAndTime, Write};

/// `(name, operation, change)`
fn cases() -> Vec<(&'static str, Value, Change)> {
    let read = |path: &str| json!({ "op": "read", "path": path });
    let op = |op: &str, path: &str| json!({ "op": op, "path": path });
    vec![
        ("declared file", read("in/a.txt"), Write("in/a.txt", "two")),
        ("same size and time", read("in/a.txt"), SameSizeAndTime("in/a.txt", "two")),
        ("declared file removed", read("in/a.txt"), Remove("in/a.txt")),
        ("declared file absent, then there", read("in/new.txt"), Write("in/new.txt", "n")),
        ("file becomes folder", read("in/a.txt"), MakeFolder("in/a.txt")),
        ("undeclared file", read("other.txt"), Write("other.txt", "two")),
        ("undeclared file appears", read("late.txt"), Write("late.txt", "n")),
        ("absolute path of the machine", read("/etc/hostname"), Nothing),
        ("absolute path of an input", read("/in/a.txt"), Write("in/a.txt", "two")),
        ("proc", read("/proc/self/environ"), Env("OTHER", "2")),
        ("upwards", read("../outside.txt"), Write("other.txt", "two")),
        ("upwards inside", read("in/../in/a.txt"), Write("in/a.txt", "two")),
        ("upwards to undeclared", read("in/../other.txt"), Write("other.txt", "two")),
        ("upwards beyond the root", read("in/../../../etc/hostname"), Nothing),
        ("dots and slashes", read("./in//./a.txt"), Write("in/a.txt", "two")),
        ("through a link", read("link"), Link("link", "in/b.txt")),
        ("through a link to a changed file", read("link"), Write("in/a.txt", "two")),
        ("through a link out", read("in/out"), Link("in/out", "../other.txt")),
        ("through a link to the machine", read("in/abs"), Link("in/abs", "/etc/hostname")),
        ("through a linked folder", read("in/dir/c.txt"), Write("in/sub/c.txt", "two")),
        ("through a relinked folder", read("in/dir/c.txt"), Link("in/dir", "deep")),
        ("a link loop", read("in/loop"), Link("in/loop", "a.txt")),
        ("a dangling link", read("in/dangling"), Write("in/nothing", "n")),
        ("where a link points", op("link", "link"), Link("link", "in/b.txt")),
        ("stat of a link", op("link-stat", "link"), Write("link2", "x")),
        ("stat of a file", op("stat", "in/a.txt"), Write("in/a.txt", "longer")),
        ("stat of a removed file", op("stat", "in/a.txt"), Remove("in/a.txt")),
        ("stat through a link", op("stat", "link"), Write("in/a.txt", "longer")),
        ("stat of a folder", op("stat", "in/sub"), Remove("in/sub/c.txt")),
        ("stat of undeclared", op("stat", "other.txt"), Write("other.txt", "longer")),
        ("modification time", op("modified", "in/a.txt"), Write("in/a.txt", "one")),
        ("exists, then not", op("exists", "in/a.txt"), Remove("in/a.txt")),
        ("absent, then there", op("exists", "in/new.txt"), Write("in/new.txt", "n")),
        ("absent folder, then there", op("exists", "in/new"), Write("in/new/x.txt", "n")),
        ("undeclared existence", op("exists", "late.txt"), Write("late.txt", "n")),
        ("opened only", op("open", "in/a.txt"), Remove("in/a.txt")),
        ("listing gains", op("list", "in"), Write("in/new.txt", "n")),
        ("listing loses", op("list", "in"), Remove("in/b.txt")),
        ("listing turns a kind", op("list", "in"), MakeFolder("in/b.txt")),
        ("listing of a subfolder", op("list", "in/sub"), Write("in/sub/d.txt", "n")),
        ("listing of the root", op("list", "/"), Write("other2.txt", "n")),
        ("listing through a link", op("list", "in/dir"), Write("in/sub/d.txt", "n")),
        ("glob gains", json!({ "op": "glob", "pattern": "in/**/*.txt" }), Write("in/n.txt", "n")),
        ("glob loses", json!({ "op": "glob", "pattern": "in/*.txt" }), Remove("in/b.txt")),
        ("glob of undeclared", json!({ "op": "glob", "pattern": "**" }), Write("late.txt", "n")),
        ("input", op("input", "in/a.txt"), Write("in/a.txt", "two")),
        ("input undeclared", op("input", "other.txt"), Write("other.txt", "two")),
        ("input absent", op("input", "in/new.txt"), Write("in/new.txt", "n")),
        ("input digest", op("input-digest", "in/a.txt"), Write("in/a.txt", "two")),
        ("input stat", op("input-stat", "in/a.txt"), Write("in/a.txt", "longer")),
        ("input mode", op("input-stat", "in/a.txt"), Mode("in/a.txt", 0o755)),
        ("input through a link", op("input", "link"), Link("link", "in/b.txt")),
        ("granted variable", json!({ "op": "env", "name": "SEEN" }), Env("SEEN", "2")),
        ("granted variable set", json!({ "op": "env", "name": "OTHER" }), Env("OTHER", "2")),
        ("variable not granted", json!({ "op": "env", "name": "HIDDEN" }), Env("HIDDEN", "2")),
        ("all variables", json!({ "op": "env-names" }), Env("OTHER", "2")),
        ("home", json!({ "op": "env", "name": "HOME" }), Env("HOME", "/nowhere")),
        ("arguments", json!({ "op": "args" }), Nothing),
        ("wall clock", json!({ "op": "wall" }), Nothing),
        ("monotonic clock", json!({ "op": "monotonic" }), Nothing),
        ("randomness", json!({ "op": "random" }), Nothing),
        ("current directory", json!({ "op": "cwd" }), Nothing),
    ]
}

/// The world before: the same in every case.
fn world(ops: &Value) -> TestWorkspace {
    let workspace = TestWorkspace::probing(ops);
    workspace.write("in/a.txt", "one").write("in/b.txt", "bee").write("in/sub/c.txt", "sea");
    workspace.write("in/deep/c.txt", "deep").write("other.txt", "one");
    for (link, target) in [
        ("link", "in/a.txt"),
        ("in/out", "../in/b.txt"),
        ("in/abs", "/in/a.txt"),
        ("in/dir", "sub"),
        ("in/loop", "loop"),
        ("in/dangling", "nothing"),
    ] {
        std::os::unix::fs::symlink(target, workspace.path(link)).unwrap();
    }
    workspace
}

fn apply<'a>(change: &'a Change, workspace: &TestWorkspace) -> Vec<(&'a str, &'a str)> {
    let remove = |path: &Path| {
        if std::fs::symlink_metadata(path).is_ok() {
            std::fs::remove_file(path).unwrap();
        }
    };
    match *change {
        Write(path, content) => drop(workspace.write(path, content)),
        Remove(path) => remove(&workspace.path(path)),
        Link(path, target) => {
            remove(&workspace.path(path));
            std::os::unix::fs::symlink(target, workspace.path(path)).unwrap();
        }
        MakeFolder(path) => {
            remove(&workspace.path(path));
            workspace.write(&format!("{path}/x.txt"), "x");
        }
        Mode(path, mode) => {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(workspace.path(path), mode).unwrap();
        }
        SameSizeAndTime(path, content) => {
            let file = workspace.path(path);
            let time = std::fs::metadata(&file).unwrap().modified().unwrap();
            workspace.write(path, content);
            std::fs::File::options().write(true).open(file).unwrap().set_modified(time).unwrap();
        }
        Env(name, value) => return vec![(name, value)],
        Nothing => {}
    }
    Vec::new()
}

/// What the step wrote and how it ended: all that can be seen of it.
fn outcome(workspace: &TestWorkspace, extra: &[&str], environment: &[(&str, &str)]) -> String {
    let arguments = ["run", "--json", "--progress", "none"].iter().chain(extra);
    let run = workspace.run_with(arguments, environment);
    let written = std::fs::read_to_string(workspace.path("out.txt")).unwrap_or_default();
    format!("exit {}\n{written}", run.code)
}

fn check(name: &str, op: &Value, change: &Change) {
    let workspace = world(&json!([op]));
    let before = [("SEEN", "1"), ("HIDDEN", "1"), ("HOME", "/home/someone")];
    outcome(&workspace, &[], &before);
    let mut after = before.to_vec();
    after.retain(|(name, _)| !matches!(change, Env(changed, _) if changed == name));
    after.extend(apply(change, &workspace));
    let cached = outcome(&workspace, &[], &after);
    let executed = outcome(&workspace, &["--force"], &after);
    assert_eq!(cached, executed, "a false hit: {name}");
    assert!(executed.starts_with("exit 0\n"), "{name}: the probe answers everything: {executed}");
}

#[test]
fn no_undeclared_read_makes_a_false_hit() {
    belljar_cases::case!("C01", "C02");
    let cases = cases();
    assert!(cases.len() >= 40, "the corpus shrank to {}", cases.len());
    for (name, op, change) in &cases {
        check(name, op, change);
    }
}

#[test]
fn what_was_not_declared_cannot_be_seen() {
    belljar_cases::case!("C01", "F03");
    let secrets = [
        json!({ "op": "read", "path": "other.txt" }),
        json!({ "op": "read", "path": "/etc/hostname" }),
        json!({ "op": "read", "path": "../outside.txt" }),
        json!({ "op": "read", "path": "in/../other.txt" }),
        json!({ "op": "read", "path": "/proc/self/environ" }),
        json!({ "op": "input", "path": "other.txt" }),
        json!({ "op": "list", "path": "/etc" }),
        json!({ "op": "env", "name": "HIDDEN" }),
    ];
    let workspace = world(&Value::Array(secrets.to_vec()));
    outcome(&workspace, &[], &[("HIDDEN", "canary")]);
    let written = workspace.read("out.txt");
    for (answer, op) in written.lines().zip(&secrets) {
        assert!(answer.starts_with("error:") || answer == "unset", "{op} was told: {answer}");
    }
}

#[test]
fn a_file_that_is_declared_but_not_read_does_not_matter() {
    let workspace = world(&json!([{ "op": "read", "path": "in/a.txt" }]));
    assert_eq!(workspace.report(&[])["source"], "executed");
    workspace.write("in/b.txt", "another bee");
    assert_eq!(workspace.report(&[])["source"], "observed-hit");
    assert_eq!(workspace.report(&[])["source"], "exact-hit");
}
