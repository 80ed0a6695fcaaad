//! Hostile guests: each is ended by one clear error; other steps go on; the store stays clean.

use crate::harness::{Run, TestWorkspace, guest};

/// Runs a guest as step `hostile` beside an innocent step `good`, and checks what must hold
/// whatever a guest does.
#[track_caller]
fn run(name: &str, more: &str) -> (TestWorkspace, Run) {
    let workspace = TestWorkspace::new();
    let (plugin, good) = (workspace.import(&guest(name)), workspace.import(&guest("does_nothing")));
    workspace.write(
        "belljar.toml",
        format!(
            "[plugins]\nevil = {{ path = {plugin:?} }}\ngood = {{ path = {good:?} }}\n\
             [step.hostile]\nuses = \"evil\"\ninputs = [\"in.txt\"]\n{more}\n\
             [step.good]\nuses = \"good\"\n"
        ),
    );
    workspace.write("in.txt", "in").write("secret.txt", "canary");
    let result = workspace.run(["run", "--progress", "plain"]);
    assert!(
        result.stderr.lines().any(|line| {
            line.contains("good") && (line.contains("PASS") || line.contains("HIT"))
        }),
        "the other step goes on: {}",
        result.stderr
    );
    assert!(!result.stderr.contains("panicked at 'host"), "{}", result.stderr);
    workspace.assert_store_is_clean();
    (workspace, result)
}

/// Runs a guest that the host must end, and checks the error's code and words.
#[track_caller]
fn ended(name: &str, more: &str, code: &str, words: &[&str]) {
    let (workspace, result) = run(name, more);
    let result = result.exits(3).says(words);
    assert!(result.stderr.contains(&format!("[{code}]")), "no {code}: {}", result.stderr);
    let again = workspace.run(["run", "--progress", "plain"]);
    assert_eq!(again.code, 3, "what was ended is never cached: {}", again.stderr);
}

include!(concat!(env!("OUT_DIR"), "/guests.rs"));

/// Names the test of each guest: a guest of the folder without a test does not compile.
macro_rules! has_a_test {
    ($($guest:ident)*) => { $(const _: fn() = $guest;)* };
}
for_each_guest!(has_a_test);

#[test]
fn loops_forever() {
    belljar_cases::case!("B01");
    ended("loops_forever", "timeout = \"300ms\"", "E0401", &["timeout", "belljar.toml:"]);
}

#[test]
fn sleeps_forever() {
    belljar_cases::case!("B02");
    ended("sleeps_forever", "timeout = \"300ms\"", "E0401", &["timeout"]);
}

#[test]
fn allocates_without_end() {
    belljar_cases::case!("B03");
    let more = "limits = { memory = \"32MiB\" }";
    ended("allocates_without_end", more, "E0402", &["memory", "32 MiB", "belljar.toml:"]);
}

#[test]
fn overflows_its_stack() {
    belljar_cases::case!("B05");
    ended("overflows_its_stack", "", "E0404", &["stack"]);
}

#[test]
fn writes_ten_thousand_files() {
    belljar_cases::case!("C10");
    let more = "outputs = [\"out/**\"]\nlimits = { output-files = 1000 }";
    let words = ["output-files", "1000", "belljar.toml:"];
    ended("writes_ten_thousand_files", more, "E0403", &words);
}

#[test]
fn writes_ten_thousand_scratch_files() {
    belljar_cases::case!("C10");
    let more = "limits = { output-files = 1000 }";
    ended("writes_ten_thousand_scratch_files", more, "E0403", &["output-files"]);
}

#[test]
fn writes_without_end() {
    belljar_cases::case!("C10");
    let more = "outputs = [\"out/**\"]\nlimits = { output-bytes = \"8MiB\" }";
    ended("writes_without_end", more, "E0403", &["output-bytes", "8 MiB"]);
}

#[test]
fn floods_the_log() {
    belljar_cases::case!("G04");
    let (workspace, result) = run("floods_the_log", "limits = { log-bytes = \"64KiB\" }");
    result.exits(0);
    let log = workspace.run(["logs", "hostile"]).exits(0).stdout;
    assert!(log.len() < 200_000, "the log is cut: {} bytes", log.len());
    assert!(log.contains("log-bytes"), "and says so: {}", &log[log.len() - 300..]);
}

#[test]
fn prints_terminal_escapes() {
    belljar_cases::case!("G01");
    let (workspace, result) = run("prints_terminal_escapes", "");
    let shown = result.exits(1).stderr;
    let log = workspace.run(["logs", "hostile"]).exits(0).stdout;
    for text in [shown, log] {
        let odd = text.chars().find(|letter| {
            (letter.is_control() && !matches!(letter, '\n' | '\t'))
                || ('\u{202a}'..='\u{202e}').contains(letter)
        });
        assert_eq!(odd, None, "nothing controls the terminal: {text:?}");
    }
}

#[test]
fn panics() {
    belljar_cases::case!("A09");
    let words = ["the list of numbers is never empty", "panics@0.1.0"];
    ended("panics", "", "E0406", &words);
}

#[test]
fn exits() {
    ended("exits", "", "E0406", &["exit"]);
}

#[test]
fn reads_what_it_did_not_declare() {
    belljar_cases::case!("C01");
    let (_, result) = run("reads_what_it_did_not_declare", "");
    let result = result.exits(3).says(&["secret.txt", "inputs"]);
    assert!(!result.stderr.contains("canary"), "{}", result.stderr);
}

#[test]
fn writes_what_it_did_not_declare() {
    belljar_cases::case!("C04");
    let (workspace, result) = run("writes_what_it_did_not_declare", "");
    result.exits(3);
    assert!(!workspace.path("other.txt").exists());
}

#[test]
fn leaves_an_output_out() {
    belljar_cases::case!("C18");
    ended("leaves_an_output_out", "outputs = [\"promised.txt\"]", "E0702", &["promised.txt"]);
}

#[test]
fn says_internal() {
    ended("says_internal", "", "E0407", &["its own table is damaged"]);
}

#[test]
fn says_invalid_config() {
    let (_, result) = run("says_invalid_config", "");
    result.exits(2).says(&["this plugin is never content"]);
}

#[test]
fn reports_without_end() {
    ended("reports_without_end", "limits = { findings = 500 }", "E0405", &["findings", "500"]);
}

#[test]
fn holds_many_handles() {
    belljar_cases::case!("B08");
    ended("holds_many_handles", "", "E0405", &["handles"]);
}

#[test]
fn copies_too_much() {
    belljar_cases::case!("B07");
    ended("copies_too_much", "", "E0405", &["16 MiB", "in one call"]);
}

#[test]
fn opens_a_socket() {
    belljar_cases::case!("A04");
    let workspace = TestWorkspace::new();
    let plugin = workspace.import(&guest("opens_a_socket"));
    let pipeline = format!("[plugins]\nx = {{ path = {plugin:?} }}\n[step.s]\nuses = \"x\"\n");
    workspace.write("belljar.toml", pipeline);
    workspace.run(["run"]).exits(5).says(&["wasi:sockets/tcp", "E0304"]);
}

#[test]
fn ignores_cancellation() {
    belljar_cases::case!("B01");
    let more = "outputs = [\"out/**\"]\ntimeout = \"300ms\"";
    let (workspace, result) = run("ignores_cancellation", more);
    result.exits(3);
    assert!(!workspace.path("out").exists(), "no partial output is left");
}

#[test]
fn does_nothing() {
    let (_, result) = run("does_nothing", "");
    result.exits(0);
}

#[test]
fn probe() {
    let workspace = TestWorkspace::probing(&serde_json::json!([{ "op": "cwd" }]));
    workspace.run(["run"]).exits(0);
    assert_eq!(workspace.read("out.txt"), "/");
}

#[test]
fn evil() {
    let (_, result) = run("evil", "with = { attack = \"nothing\" }");
    result.exits(0);
}

#[test]
fn copy_all() {
    let workspace = TestWorkspace::new();
    let plugin = workspace.import(&guest("copy_all"));
    workspace.write(
        "belljar.toml",
        format!(
            "[plugins]\nc = {{ path = {plugin:?} }}\n[step.s]\nuses = \"c\"\n\
         inputs = [\"a\", \"b\"]\noutputs = [\"c\"]\n\
         with = {{ from = [\"a\", \"b\"], to = \"c\" }}\n"
        ),
    );
    workspace.write("a", "one").write("b", "two").run(["run"]).exits(0);
    assert_eq!(workspace.read("c"), "onetwo");
}

#[test]
fn reads_all() {
    let workspace = TestWorkspace::new();
    let plugin = workspace.import(&guest("reads_all"));
    workspace.write(
        "belljar.toml",
        format!(
            "[plugins]\nr = {{ path = {plugin:?} }}\n[step.s]\nuses = \"r\"\n\
         inputs = [\"in\"]\nwith = {{ folder = \"in\" }}\n"
        ),
    );
    workspace.write("in/a", "one").write("in/b", "two").run(["run"]).exits(0);
}

#[test]
fn gives_its_secret_away() {
    // It asks for any secret and was granted none: it is started, and ends when it opens one.
    let (_, result) = run("gives_its_secret_away", "with.way = \"say\"");
    result.exits(5).says(&["[E0431]", "grants.secrets"]);
}
