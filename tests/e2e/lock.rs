//! The lock file: what was accepted of a plugin runs, and nothing that can do more.

use serde_json::Value;

use crate::harness::{TestWorkspace, guest};

const LOCK: &str = "belljar.lock";

/// A workspace with the plugin file `p.wasm` for the step `s`, and `more` lines for the step.
fn with_plugin(component: &[u8], more: &str) -> TestWorkspace {
    let workspace = TestWorkspace::new();
    workspace.write("p.wasm", component);
    workspace.write("in/a.txt", "a").write("belljar.toml", pipeline(more));
    workspace
}

fn pipeline(more: &str) -> String {
    format!(
        "[plugins]\np = {{ path = \"p.wasm\" }}\n\n[step.s]\nuses = \"p\"\ninputs = [\"in/**\"]\n{more}\n"
    )
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(guest(name)).unwrap()
}

/// A component with another text in it, of the same length.
fn replaced(bytes: &[u8], old: &str, new: &str) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let at = bytes.windows(old.len()).position(|window| window == old.as_bytes());
    let at = at.expect("the component holds the text");
    let mut bytes = bytes.to_vec();
    bytes[at..at + new.len()].copy_from_slice(new.as_bytes());
    bytes
}

/// The plugin that does nothing, as if it was built again with another summary.
fn rebuilt() -> Vec<u8> {
    replaced(&bytes("does_nothing"), "0.1.0Guests for", "0.1.0Guests of ")
}

/// The plugin that does nothing, in a newer version.
fn newer() -> Vec<u8> {
    replaced(&rebuilt(), "does-nothing0.1.0", "does-nothing0.2.0")
}

#[test]
fn a_plugin_is_locked_at_first_use_and_one_line_says_what_it_can_do() {
    let workspace = with_plugin(&bytes("does_nothing"), "");
    let run = workspace.run(["run"]).exits(0);
    let line = run.stderr.lines().find(|line| line.contains("Locked plugin `p`"));
    assert!(line.is_some_and(|line| line.contains("does-nothing@0.1.0, a pure-step")), "{run:?}");
    let lock = workspace.read(LOCK);
    for line in ["[plugin.p]", "source = \"path:p.wasm\"", "world = \"pure-step\""] {
        assert!(lock.contains(line), "{lock}");
    }
    let again = workspace.run(["run"]).exits(0);
    assert!(!again.stderr.contains("ocked plugin"), "{again:?}");
    assert_eq!(workspace.read(LOCK), lock);
}

#[test]
fn looking_writes_no_lock_file() {
    let workspace = with_plugin(&bytes("does_nothing"), "");
    for verb in [&["plan"][..], &["check"], &["ls"], &["audit"], &["plugin", "diff", "p"]] {
        workspace.run(verb).exits(0);
        assert!(!workspace.path(LOCK).exists(), "{verb:?}");
    }
}

#[test]
fn a_newer_version_without_more_power_runs_and_is_written_down() {
    let workspace = with_plugin(&bytes("does_nothing"), "");
    workspace.run(["run"]).exits(0);
    workspace.write("p.wasm", newer());
    workspace.run(["run"]).exits(0).says(&["Re-locked plugin `p`", "does-nothing@0.2.0"]);
    assert!(workspace.read(LOCK).contains("label = \"does-nothing@0.2.0\""));
}

#[test]
fn an_update_that_gains_power_does_not_run_until_a_person_accepts_it() {
    belljar_cases::case!("H09");
    let workspace = with_plugin(&bytes("does_nothing"), "");
    let other = workspace.import(&guest("does_nothing"));
    let both = format!(
        "{}[step.other]\nuses = \"other\"\n",
        pipeline("")
            .replace("[plugins]\n", &format!("[plugins]\nother = {{ path = {other:?} }}\n"))
    );
    workspace.write("belljar.toml", both);
    workspace.run(["run"]).exits(0);
    let accepted = workspace.read(LOCK);
    workspace.write("p.wasm", bytes("probe"));
    let more = "outputs = [\"out.txt\"]\nwith = { to = \"out.txt\", ops = [] }";
    let updated =
        workspace.read("belljar.toml").replace("[\"in/**\"]\n", &format!("[\"in/**\"]\n{more}\n"));
    workspace.write("belljar.toml", updated);
    for _ in 0..2 {
        let run = workspace.run(["run", "--force"]).exits(5);
        let run = run.says(&["E0340", "+ import belljar:step/", "plugin update p --accept"]);
        let passed = |line: &str| line.contains("PASS") && line.contains("other");
        assert!(run.stderr.lines().any(passed), "the other step goes on: {}", run.stderr);
        assert_eq!(workspace.read(LOCK), accepted, "what was accepted stays");
    }
    workspace.run(["plugin", "update"]).exits(5).says(&["E0340"]);
    assert_eq!(workspace.read(LOCK), accepted);
    let diff = workspace.run(["plugin", "diff", "p"]).exits(0).stdout;
    let first = diff.lines().nth(1).unwrap_or_default();
    assert!(first.starts_with("  + import belljar:step/"), "added power is first: {diff}");
    workspace.run(["plugin", "update", "p", "--accept"]).exits(0);
    workspace.run(["run", "--locked"]).exits(0).says(&["PASS"]);
}

#[test]
fn the_same_version_with_other_bytes_does_not_run() {
    belljar_cases::case!("H07");
    let workspace = with_plugin(&bytes("does_nothing"), "");
    workspace.run(["run"]).exits(0);
    workspace.write("p.wasm", rebuilt());
    workspace.run(["run"]).exits(5).says(&["E0341", "not those locked"]);
    // Nor does an older one, after the newer one was locked.
    workspace.write("p.wasm", newer());
    workspace.run(["plugin", "update", "p"]).exits(0);
    workspace.write("p.wasm", bytes("does_nothing"));
    workspace.run(["run"]).exits(5).says(&["E0341", "is not newer than the locked"]);
    workspace.run(["plugin", "update", "p"]).exits(0);
    workspace.run(["run"]).exits(0);
}

#[test]
fn a_lock_file_that_was_edited_is_found_out() {
    belljar_cases::case!("H08");
    let workspace = with_plugin(&bytes("does_nothing"), "grants.env = [\"HOME\"]");
    workspace.run(["run"]).exits(0);
    let lock = workspace.read(LOCK);
    let hash = |field: &str| {
        let line = lock.lines().find(|line| line.starts_with(field)).unwrap();
        line.split('"').nth(1).unwrap().to_owned()
    };
    for (old, new, words) in [
        (hash("blake3"), "0".repeat(64), "blake3 00000000"),
        (hash("sha256"), "0".repeat(64), "sha256 00000000"),
        ("path:p.wasm".to_owned(), "builtin:lint".to_owned(), "source builtin:lint"),
        ("\"HOME\"".to_owned(), "\"HOME\", \"TOKEN\"".to_owned(), "- grant env TOKEN"),
        ("\"HOME\"".to_owned(), "\"PATH\"".to_owned(), "+ grant env HOME"),
    ] {
        workspace.write(LOCK, lock.replace(&old, &new));
        workspace.run(["run", "--locked"]).exits(5).says(&["E0342", words]);
        assert_eq!(workspace.read(LOCK), lock.replace(&old, &new), "it is left as it is");
    }
    workspace.write(LOCK, lock.replace("source", "from"));
    workspace.run(["run"]).exits(2).says(&["E0141", LOCK]);
    workspace.write(LOCK, format!("{} ours\n{lock}", "<".repeat(7)));
    workspace.run(["run"]).exits(2).says(&["E0140", LOCK]);
    workspace.write(LOCK, &lock);
    workspace.run(["run", "--locked"]).exits(0);
}

#[test]
fn a_new_grant_is_written_down_and_where_nothing_may_be_written_it_is_refused() {
    let workspace = with_plugin(&bytes("does_nothing"), "");
    workspace.run(["run"]).exits(0);
    workspace.write("belljar.toml", pipeline("grants.env = [\"HOME\"]"));
    let run = workspace.run(["run", "--locked"]).exits(5).says(&["E0340", "grant env HOME"]);
    assert!(run.stderr.contains("the file gives plugin `p`"), "{}", run.stderr);
    let run = workspace.run(["run"]).exits(0);
    let said = "Re-locked plugin `p`, with what the file grants: + grant env HOME";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    workspace.run(["run", "--locked"]).exits(0);
    // Less needs nobody.
    workspace.write("belljar.toml", pipeline(""));
    workspace.run(["run"]).exits(0).says(&["- grant env HOME"]);
}

#[test]
fn nothing_is_written_in_ci() {
    let workspace = with_plugin(&bytes("does_nothing"), "");
    let ci = [("CI", "true")];
    let words = ["E0342", "`CI` is set", "belljar plugin update", "--no-locked"];
    workspace.run_with(["run"], &ci).exits(5).says(&words);
    workspace.run(["run", "--locked"]).exits(5).says(&["E0342", "`--locked`"]);
    workspace.run(["plan", "--frozen"]).exits(5).says(&["E0342", "`--frozen`"]);
    assert!(!workspace.path(LOCK).exists());
    workspace.run_with(["run"], &[("CI", "false")]).exits(0);
    workspace.run_with(["run"], &ci).exits(0);
    workspace.write("p.wasm", newer());
    workspace.run_with(["run"], &ci).exits(5).says(&["E0342", "~ version does-nothing@0.1.0"]);
    workspace.run_with(["run", "--no-locked"], &ci).exits(0);
}

#[test]
fn another_build_of_a_builtin_plugin_is_no_change() {
    let text =
        "[plugins]\nlint = \"builtin:lint\"\n[step.s]\nuses = \"lint\"\ninputs = [\"a.md\"]\n";
    let workspace = TestWorkspace::with(text);
    workspace.write("a.md", "# A\n").run(["run"]).exits(0);
    let lock = workspace.read(LOCK);
    let blake3 = lock.lines().find(|line| line.starts_with("blake3")).unwrap();
    let other = lock.replace(blake3, &format!("blake3 = \"{}\"", "0".repeat(64)));
    workspace.write(LOCK, &other);
    workspace.run(["run", "--locked"]).exits(0);
    workspace.run(["run"]).exits(0);
    assert_eq!(workspace.read(LOCK), other, "it is not written anew");
    // One that was locked with less does not run.
    let less: Vec<_> = other.lines().filter(|line| !line.contains("#glob")).collect();
    workspace.write(LOCK, less.join("\n"));
    workspace.run(["run"]).exits(5).says(&["E0340", "+ import belljar:step/inputs@0.1.0#glob"]);
}

#[test]
fn a_plugin_is_added_with_comments_kept_and_shown_before() {
    let workspace = with_plugin(&bytes("does_nothing"), "");
    let text = format!("# Ours.\n{}", pipeline("# the end"));
    workspace.write("belljar.toml", &text).write("tools/q.wasm", bytes("probe"));
    let added = workspace.run(["plugin", "add", "q", "tools/q.wasm"]).exits(0);
    assert!(added.stdout.contains("belljar:step/inputs@0.1.0"), "{}", added.stdout);
    let expected = text.replace(
        "p = { path = \"p.wasm\" }\n",
        "p = { path = \"p.wasm\" }\nq = { path = \"tools/q.wasm\" }\n",
    );
    assert_eq!(workspace.read("belljar.toml"), expected);
    assert!(workspace.read(LOCK).contains("[plugin.q]"));
    workspace.run(["plugin", "add", "q", "tools/q.wasm"]).exits(2).says(&["E0344"]);
}

#[test]
fn a_name_that_looks_like_another_is_refused_and_warned_of() {
    belljar_cases::case!("H06");
    let workspace = with_plugin(&bytes("does_nothing"), "");
    for (name, other) in
        [("1int", "lint"), ("l\u{456}nt", "lint"), ("P", "p"), ("com-mand", "command")]
    {
        let run = workspace.run(["plugin", "add", name, "p.wasm"]).exits(5);
        run.says(&["E0344", &format!("looks like `{other}`")]);
    }
    let both = "[plugins]\nmy-p = { path = \"p.wasm\" }\nmy_p = { path = \"p.wasm\" }\n\
                [step.s]\nuses = \"my-p\"\n[step.t]\nuses = \"my_p\"\n";
    workspace.write("belljar.toml", both);
    workspace.run(["check"]).exits(0).says(&["E0143", "`my_p`", "look alike"]);
}

#[test]
fn the_binary_wins_over_what_the_descriptor_says() {
    belljar_cases::case!("A11");
    let workspace = with_plugin(&bytes("opens_a_socket"), "");
    workspace.run(["run"]).exits(5).says(&["E0304", "wasi:sockets/tcp"]);
    let audit = workspace.run(["audit", "--json"]).exits(0).json();
    let fault = &audit["plugins"][0]["fault"];
    assert!(
        fault["message"].as_str().unwrap().contains("a power that steps are not given"),
        "{fault}"
    );
    // A class that was written down too low is not believed either.
    let lower = with_plugin(&bytes("does_nothing"), "");
    lower.run(["run"]).exits(0);
    lower.write(
        "belljar.toml",
        pipeline("").replace("{ path = \"p.wasm\" }", "\"builtin:command\""),
    );
    lower.run(["plugin", "update"]).exits(5).says(&["+ class pure -> exec"]);
}

#[test]
fn a_diff_says_what_a_plugin_can_do_and_what_changed() {
    let workspace = with_plugin(&bytes("does_nothing"), "");
    workspace.run(["run"]).exits(0);
    workspace.write("p.wasm", bytes("probe"));
    let answer = workspace.run(["plugin", "diff", "p", "--json"]).exits(0).json();
    assert_eq!(answer["schema"], "belljar.plugin-diff/v1");
    assert_eq!(answer["comparison"], "gained");
    let changes = answer["changes"].as_array().unwrap();
    assert_eq!(changes[0]["power"], "gains");
    let gained = |change: &&Value| change["power"] == "gains";
    assert_eq!(changes.iter().filter(gained).count(), changes.iter().take_while(gained).count());
    assert_eq!(answer["before"]["label"], "does-nothing@0.1.0");
    assert_eq!(answer["now"]["label"], "probe@0.1.0");
    let colored = ["plugin", "diff", "p", "--color", "always"];
    let colored = workspace.run(colored).exits(0).stdout;
    let line = colored.lines().find(|line| line.contains("+ import")).unwrap();
    assert!(line.contains("\u{1b}[91m"), "added power is red: {line:?}");
    // The other way round, the same is removed.
    let back = ["plugin", "diff", "p.wasm", &guest("does_nothing").display().to_string(), "--json"];
    let back = workspace.run(back).exits(0).json();
    assert_eq!(back["changes"][0]["power"], "loses");
}
