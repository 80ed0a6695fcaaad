//! State: what outlives runs, and how tools that compare times see what changed.

use belljar_model::{Patterns, Tier, ToolAction};

use crate::Case;
use crate::fixture::{Fixture, mount, tiers};

pub(crate) const CASES: &[Case] = &[
    ("state_outlives_runs_and_a_changed_input_is_newer_than_what_was_made", newer),
    ("cargo_builds_again_only_what_changed", cargo),
];

fn newer() {
    for tier in tiers() {
        let fixture = Fixture::new(tier, &[("sh", "sh")]);
        let script = "for f in a b; do [ ! -e kept/$f -o $f -nt kept/$f ] && echo made $f && \
                      : > kept/$f; done; echo 1 > kept/log; pwd";
        let run = |a: &str| {
            let mut action = fixture.action("sh", &["-c", script], &[("a", a), ("b", "same")]);
            action.state = vec![mount("build", "kept")];
            action.writes = Patterns::parse(&["kept/log", "**/b"]).unwrap();
            let run = fixture.run(&action).unwrap();
            let outputs: Vec<_> =
                run.result.outputs.iter().map(|file| file.path.to_string()).collect();
            assert_eq!(outputs, ["b", "kept/log"], "{tier}: {run:?}");
            let text = fixture.text(&run.result.stdout);
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            (lines.pop().unwrap(), lines)
        };
        let (place, made) = run("1");
        assert_eq!(made, ["made a", "made b"], "{tier}");
        assert_eq!(run("1"), (place.clone(), vec![]), "{tier}: nothing changed");
        assert_eq!(run("2"), (place.clone(), vec!["made a".to_owned()]), "{tier}");
        assert_eq!(run("1"), (place, vec!["made a".to_owned()]), "{tier}: back is a change");
        fixture.assert_clean();
    }
}

fn cargo() {
    let fixture = Fixture::new(Tier::T1, &[("cargo", "cargo")]);
    let found = fixture.find("cargo");
    let manifest = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    let lock = "version = 3\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n";
    let action = |main: &str, lib: &str| -> ToolAction {
        let files = [
            ("Cargo.toml", manifest),
            ("Cargo.lock", lock),
            ("src/main.rs", main),
            ("src/lib.rs", lib),
        ];
        let mut action = fixture.action("cargo", &["build", "--offline", "--locked"], &files);
        action.state = vec![mount("cargo-build", "target")];
        action.writes = Patterns::parse(&["target/debug/app"]).unwrap();
        action
    };
    let lib = "pub fn word() -> &'static str { \"one\" }";
    let main = "fn main() { println!(\"{}\", app::word()); }";
    let compiles = |action: &ToolAction| {
        let run = fixture.run(action).unwrap();
        let text = fixture.text(&run.result.stderr);
        assert_eq!(run.result.code, 0, "{text} {found:?}");
        let [app] = &run.result.outputs[..] else { panic!("{run:?}") };
        assert!(app.executable);
        text.contains("Compiling")
    };
    assert!(compiles(&action(main, lib)), "the first time");
    assert!(!compiles(&action(main, lib)), "nothing changed");
    assert!(compiles(&action(main, &lib.replace("one", "two"))), "a file changed");
    assert!(compiles(&action(main, lib)), "and changed back");
}
