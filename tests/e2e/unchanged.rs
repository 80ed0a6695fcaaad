//! A run in which nothing changed is answered by a look at what the last one saw; any change is
//! seen.

use std::fmt::Write as _;

use belljar_model::Digest;
use serde_json::json;

use crate::harness::{Run, TestWorkspace, guest};

const SAYS: &str = "unchanged since run ";

/// A workspace that was run until nothing is left to be done.
fn settled() -> TestWorkspace {
    let workspace = TestWorkspace::probing(&json!([
        { "op": "say", "text": "hello from the guest" },
        { "op": "read", "path": "in/a.txt" },
        { "op": "list", "path": "in/deep" },
        { "op": "exists", "path": "link" },
        { "op": "env", "name": "SEEN" },
    ]));
    workspace.write("in/a.txt", "one").write("in/deep/b.txt", "two");
    settle(&workspace);
    workspace
}

/// Runs until nothing is left to be done. What had only just been written when the first run saw
/// it is looked at once more.
#[track_caller]
fn settle(workspace: &TestWorkspace) {
    for _ in 0..2 {
        workspace.run(["run"]).exits(0);
    }
    let again = workspace.run(["run"]).exits(0);
    assert!(is_answered(&again), "{}", again.stderr);
}

fn is_answered(run: &Run) -> bool {
    run.stderr.contains(SAYS) && !run.stderr.contains("HIT") && !run.stderr.contains("PASS")
}

#[test]
fn nothing_to_do_is_said_and_recorded() {
    let workspace = settled();
    let run = workspace.run(["run"]).exits(0).says(&["1 step: 1 ok (1 cached), nothing to do"]);
    assert!(is_answered(&run), "{}", run.stderr);
    // The recording tells of the steps, as hits.
    let shown = workspace.run(["runs", "latest"]).exits(0);
    assert!(shown.stdout.contains("HIT") && shown.stdout.contains(SAYS), "{}", shown.stdout);
    let listed = workspace.run(["runs"]).exits(0);
    assert!(listed.stdout.lines().count() >= 4, "{}", listed.stdout);
    let logs = workspace.run(["logs", "s"]).exits(0);
    assert!(logs.stdout.contains("hello from the guest"), "{}", logs.stdout);
    workspace.run(["verify", "latest"]).exits(0);
    // Whoever wants to be told of each step is.
    let told = workspace.run(["run", "--json", "--progress", "none"]).exits(0);
    assert!(told.stdout.contains("step-finished"), "{}", told.stdout);
}

/// Something that happens to a workspace.
type Change<'a> = &'a dyn Fn(&TestWorkspace);

#[test]
fn every_change_is_seen() {
    let pipeline = |workspace: &TestWorkspace| workspace.read("belljar.toml");
    let changes: [(&str, Change<'_>, &str); 9] = [
        ("content", &|workspace| write(workspace, "in/a.txt", "eno"), "PASS"),
        ("a new file", &|workspace| write(workspace, "in/deep/c.txt", "three"), "PASS"),
        ("a file less", &|workspace| remove(workspace, "in/deep/b.txt"), "PASS"),
        ("what was not there", &|workspace| write(workspace, "link", "now"), "PASS"),
        ("an output by hand", &|workspace| write(workspace, "out.txt", "mine"), "HIT"),
        ("an output less", &|workspace| remove(workspace, "out.txt"), "HIT"),
        ("the plugin", &|workspace| remove(workspace, "plugins/probe.wasm"), "E0312"),
        (
            "the pipeline",
            &|workspace| write(workspace, "belljar.toml", &(pipeline(workspace) + "\n# more\n")),
            "HIT",
        ),
        ("the lock file", &|workspace| remove(workspace, "belljar.lock"), "HIT"),
    ];
    for (what, change, expected) in changes {
        let workspace = settled();
        change(&workspace);
        let run = workspace.run(["run"]);
        assert!(!is_answered(&run) && run.stderr.contains(expected), "{what}: {}", run.stderr);
        if what.starts_with("an output") {
            assert_eq!(workspace.read("out.txt"), settled().read("out.txt"), "{what}");
        }
    }
}

fn write(workspace: &TestWorkspace, path: &str, text: &str) {
    workspace.write(path, text);
}

fn remove(workspace: &TestWorkspace, path: &str) {
    std::fs::remove_file(workspace.path(path)).unwrap();
}

#[test]
fn another_environment_another_command_line_or_another_store_is_another_run() {
    let workspace = settled();
    let with = |name, value| workspace.run_with(["run"], &[(name, value)]);
    for (name, value) in
        [("SEEN", "now it is"), ("BELLJAR_JOBS", "1"), ("BELLJAR_TRUST", "ci"), ("CI", "true")]
    {
        let run = with(name, value);
        assert!(!is_answered(&run), "{name}: {}", run.stderr);
        settle(&workspace);
    }
    assert!(is_answered(&with("UNHEARD", "of")));
    for arguments in [&["run", "--force"][..], &["run", "--verify"], &["run", "s"]] {
        let run = workspace.run(arguments).exits(0);
        assert!(!is_answered(&run), "{arguments:?}: {}", run.stderr);
    }
    settle(&workspace);
    let elsewhere = TestWorkspace::new();
    let store = elsewhere.store_path("");
    let run = workspace.run_with(["run"], &[("BELLJAR_STORE", store.to_str().unwrap())]);
    assert!(!is_answered(&run), "{}", run.stderr);
}

#[test]
fn a_note_that_was_made_by_hand_is_none() {
    belljar_cases::case!("H12");
    let workspace = settled();
    let notes = || {
        let notes = std::fs::read_dir(workspace.store_path("notes-v1")).unwrap();
        let mut notes: Vec<_> = notes.map(|note| note.unwrap().path()).collect();
        notes.sort();
        notes
    };
    assert_eq!(notes().len(), 2, "what was seen, and the plan");
    let forge = |which: &[usize], how: usize| {
        let honest: Vec<_> = notes().iter().map(|note| std::fs::read(note).unwrap()).collect();
        for &each in which {
            let (one, other) = (&honest[each], &honest[1 - each]);
            let zeros = [&[0; 32], &one[32..]].concat();
            let forged = [&one[1..], &zeros, other, &[0; 64], b""][how];
            std::fs::write(&notes()[each], forged).unwrap();
        }
    };
    for how in 0..5 {
        // Nothing changed; but that is what the attacker would have said after a failure.
        forge(&[0, 1], how);
        let run = workspace.run(["run"]).exits(0);
        assert!(!run.stderr.contains(SAYS), "{}", run.stderr);
        // Something changed, and one of the two is honest.
        for which in 0..2 {
            workspace.write("in/a.txt", format!("{how} {which}"));
            forge(&[which], how);
            let run = workspace.run(["run"]).exits(0).says(&["PASS"]);
            assert!(!run.stderr.contains(SAYS), "{}", run.stderr);
        }
    }
    // The honest one of another machine, by its key.
    let workspace = settled();
    let keys = TestWorkspace::empty();
    let run =
        workspace.run_with(["run"], &[("BELLJAR_KEYS", keys.store_path("").to_str().unwrap())]);
    assert!(!is_answered(&run), "{}", run.stderr);
}

#[test]
fn a_run_that_failed_or_found_something_is_looked_at_again() {
    let failing = TestWorkspace::probing(&json!([{ "op": "fail" }]));
    for _ in 0..3 {
        let run = failing.run(["run"]).exits(1);
        assert!(run.stderr.contains("FAIL") && !run.stderr.contains(SAYS), "{}", run.stderr);
    }
    let workspace = settled();
    workspace.run(["cache", "gc", "--max-size", "0B"]).exits(0);
    let run = workspace.run(["run"]).exits(0);
    assert!(!is_answered(&run), "what the store forgot is made again: {}", run.stderr);
}

/// A pipeline in which steps read by name, by pattern, what is not there, and each other's outputs.
fn several() -> TestWorkspace {
    let workspace = TestWorkspace::new();
    let plugin = workspace.import(&guest("probe"));
    let mut file = format!("[plugins]\nprobe = {{ path = \"{plugin}\" }}\n");
    let steps: [(&str, &str, &str, &str); 7] = [
        ("one", "", "\"in/a.txt\"", "{ op = \"read\", path = \"in/a.txt\" }"),
        ("parity", "", "\"in/b.txt\"", "{ op = \"exists\", path = \"in/b.txt\" }"),
        ("every", "", "\"in/**/*.txt\"", "{ op = \"glob\", pattern = \"in/**/*.txt\" }"),
        ("deep", "", "\"in/deep\"", "{ op = \"list\", path = \"in/deep\" }"),
        (
            "both",
            "\"one\", \"parity\"",
            "\"out/one\", \"made/parity\"",
            "{ op = \"read\", path = \"out/one\" }, { op = \"read\", path = \"made/parity\" }",
        ),
        (
            "last",
            "\"both\", \"deep\"",
            "\"in/c.txt\", \"out/both\"",
            "{ op = \"read\", path = \"out/both\" }, { op = \"input\", path = \"in/c.txt\" }",
        ),
        (
            "all",
            "\"every\"",
            "\"in\", \"out/every\"",
            "{ op = \"read\", path = \"out/every\" }, { op = \"glob\", pattern = \"in/*\" }",
        ),
    ];
    for (name, needs, inputs, ops) in steps {
        let made = output_of(name);
        // Where an output is declared by a pattern, others look there for inputs, too.
        let declared = if name == "parity" { "made/*" } else { &made };
        let _ = write!(
            file,
            "\n[step.{name}]\nuses = \"probe\"\nneeds = [{needs}]\ninputs = [{inputs}]\n\
             outputs = [\"{declared}\"]\nwith = {{ to = \"{made}\", ops = [{ops}] }}\n"
        );
    }
    workspace.write("belljar.toml", file);
    for path in ["in/a.txt", "in/b.txt", "in/deep/d.txt", "in/other"] {
        workspace.write(path, path);
    }
    workspace
}

fn output_of(step: &str) -> String {
    format!("{}/{step}", if step == "parity" { "made" } else { "out" })
}

/// What all steps have made.
fn made(workspace: &TestWorkspace) -> Vec<(String, String)> {
    let steps = ["one", "parity", "every", "deep", "both", "last", "all"];
    steps.map(|step| (step.to_owned(), workspace.read(&output_of(step)))).into()
}

#[test]
fn a_change_leaves_alone_what_it_does_not_concern() {
    let workspace = several();
    settle(&workspace);
    let check = |word: &str, steps: &[&str]| {
        let run = workspace.run(["run"]).exits(0).says(&["7 steps: 7 ok", SAYS]);
        let lines: Vec<_> = run.stderr.lines().filter(|line| line.contains(" [  ")).collect();
        for step in steps {
            let line = lines.iter().find(|line| line.contains(&format!(") {step} ")));
            assert!(line.is_some(), "{step}: {}", run.stderr);
        }
        assert!(lines.iter().any(|line| line.contains(word)), "{}", run.stderr);
        // The summary is a line, too.
        assert_eq!(lines.len(), steps.len() + 1, "{}", run.stderr);
    };
    // `every` and `all` look at all of `in`, so they are looked up again whatever changed there.
    workspace.write("in/a.txt", "changed");
    check("PASS", &["one", "both", "last", "every", "all"]);
    workspace.write("in/c.txt", "new");
    check("PASS", &["last", "every", "all"]);
    // A folder that had only just changed is looked at once more.
    settle(&workspace);
    std::fs::remove_file(workspace.path("out/deep")).unwrap();
    check("HIT", &["deep", "last"]);
    assert!(is_answered(&workspace.run(["run"]).exits(0)));
    // The recording has all of them.
    let shown = workspace.run(["runs", "latest"]).exits(0).stdout;
    for step in ["one", "parity", "every", "deep", "both", "last", "all"] {
        assert!(shown.contains(step), "{step}: {shown}");
    }
    // A pipeline that changed is read.
    let file = workspace.read("belljar.toml");
    workspace.write("belljar.toml", file + "\n# more\n");
    let run = workspace.run(["run"]).exits(0);
    assert!(!run.stderr.contains(SAYS), "{}", run.stderr);
}

#[test]
fn a_run_of_a_part_makes_what_a_run_of_all_makes() {
    let workspace = several();
    settle(&workspace);
    let texts = ["in/a.txt", "in/b.txt", "in/c.txt", "in/deep/d.txt", "in/deep/e.txt", "in/other"];
    let made_by = ["out/one", "made/parity", "out/both", "out/every"];
    // A sequence without a pattern, and the same each time.
    let mut state = 7_u32;
    let mut next = |most: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as usize % most
    };
    let mut parts = 0;
    for round in 0..30 {
        let change = match next(5) {
            0 | 1 => {
                let path = texts[next(texts.len())];
                write(&workspace, path, &format!("{}", next(3)));
                format!("wrote {path}")
            }
            2 => {
                let path = texts[next(texts.len())];
                let _ = std::fs::remove_file(workspace.path(path));
                format!("removed {path}")
            }
            3 => {
                let path = made_by[next(made_by.len())];
                write(&workspace, path, "by hand");
                format!("overwrote {path}")
            }
            _ => {
                let rules = ["", "d.txt\n", "*.txt\n"][next(3)];
                write(&workspace, "in/.gitignore", rules);
                format!("ignored {rules:?}")
            }
        };
        let run = workspace.run(["run"]).exits(0);
        parts += usize::from(run.stderr.contains("the others unchanged"));
        let part = made(&workspace);
        workspace.run(["run", "--force"]).exits(0);
        assert_eq!(part, made(&workspace), "round {round}: {change}: {}", run.stderr);
    }
    assert!(parts > 5, "{parts} runs were of a part");
    workspace.assert_store_is_clean();
}

#[test]
fn what_a_settled_step_has_made_is_made_again_if_the_store_has_lost_it() {
    let workspace = several();
    settle(&workspace);
    let lost = Digest::of(workspace.read("made/parity").as_bytes()).hex();
    let blob = workspace.store_path(&format!("blobs-v1/{}/{}", &lost[..2], &lost[2..]));
    std::fs::remove_file(blob).unwrap();
    workspace.write("in/a.txt", "changed");
    let run = workspace.run(["run"]).exits(0);
    assert!(!run.stderr.contains(SAYS) && run.stderr.contains("parity"), "{}", run.stderr);
}

#[test]
fn what_others_make_is_no_input_in_a_part_of_some_steps_either() {
    let workspace = TestWorkspace::new();
    let plugin = workspace.import(&guest("probe"));
    workspace.write(
        "belljar.toml",
        format!(
            "[plugins]\nprobe = {{ path = \"{plugin}\" }}\n\n[step.a]\nuses = \"probe\"\n\
             inputs = [\"src\"]\noutputs = [\"out/a\"]\n\
             with = {{ to = \"out/a\", ops = [{{ op = \"glob\", pattern = \"src/*\" }}] }}\n\n\
             [step.gen]\nuses = \"probe\"\noutputs = [\"src/gen.txt\"]\n\
             with = {{ to = \"src/gen.txt\", ops = [] }}\n"
        ),
    );
    workspace.write("src/x.txt", "one");
    workspace.run(["run"]).exits(0);
    workspace.read("src/gen.txt");
    for _ in 0..3 {
        workspace.run(["run", "a"]).exits(0);
    }
    workspace.write("src/y.txt", "new");
    let run = workspace.run(["run", "a"]).exits(0).says(&["PASS"]);
    let made = workspace.read("out/a");
    assert!(made.contains("src/y.txt") && !made.contains("gen"), "{made}: {}", run.stderr);
}
