//! Secrets of steps: what holds them says all that it can, and nothing of it is anywhere.

use std::path::Path;

use belljar_cases::case;
use serde_json::Value;

use crate::harness::{Run, TestWorkspace, guest};

/// A value that occurs nowhere by chance, with letters that encodings escape.
pub(crate) const SECRET: &str = "hunter2/Zq8v\"Lk3+TnWx0";

/// All forms in which it could show.
fn forms() -> Vec<Vec<u8>> {
    let hex = SECRET.bytes().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let percent = SECRET.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"));
    let mut forms: Vec<Vec<u8>> = [
        SECRET.to_owned(),
        SECRET.replace('"', "\\\""),
        hex.to_uppercase(),
        hex,
        percent,
        SECRET.chars().rev().collect(),
        SECRET.to_uppercase(),
        SECRET.to_lowercase(),
    ]
    .map(String::into_bytes)
    .into();
    for before in ["", "u", "us"] {
        // Without the letters at both ends, which depend on what is around.
        let text = base64(format!("{before}{SECRET}").as_bytes());
        let text = text[4..text.len() - 4].to_owned();
        forms.push(text.replace('+', "-").replace('/', "_").into_bytes());
        forms.push(text.into_bytes());
    }
    forms
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let all = chunk.iter().chain(&[0; 2]).take(3);
        let number = all.fold(0, |number: usize, byte| number << 8 | usize::from(*byte));
        text.extend((0..4).map(|at| char::from(LETTERS[number >> (18 - 6 * at) & 63])));
    }
    text
}

fn assert_not_in(bytes: &[u8], place: &str) {
    for form in forms() {
        let is_there = bytes.windows(form.len()).any(|window| window == form);
        assert!(!is_there, "the secret is in {place}: {}", String::from_utf8_lossy(&form));
    }
}

/// Asserts that it is in no file below a folder and in the name of none. Returns how many
/// files there are.
fn assert_nowhere_in(folder: &Path) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        assert_not_in(path.file_name().unwrap().as_encoded_bytes(), "the name of a file");
        if path.is_dir() {
            files += assert_nowhere_in(&path);
        } else {
            assert_not_in(&std::fs::read(&path).unwrap(), &path.display().to_string());
            files += 1;
        }
    }
    files
}

/// Runs the pipeline with the secret in the variable `TOKEN`, and looks for it everywhere.
fn run(workspace: &TestWorkspace, arguments: &[&str]) -> Run {
    let run = workspace.run_with(arguments, &[("TOKEN", SECRET)]);
    assert_not_in(run.stdout.as_bytes(), "stdout");
    assert_not_in(run.stderr.as_bytes(), "stderr");
    assert_nowhere_in(&workspace.path("."));
    assert!(assert_nowhere_in(&workspace.store_path(".")) > 0, "the store has files");
    run
}

/// A workspace whose step reveals its secret, and gives it away in this way.
fn giving(way: &str, grants: &str) -> TestWorkspace {
    let workspace = TestWorkspace::new();
    workspace.write("in/a.txt", "one");
    write(&workspace, way, grants, "");
    workspace
}

fn write(workspace: &TestWorkspace, way: &str, grants: &str, version: &str) {
    let plugin = workspace.import(&guest("gives_its_secret_away"));
    workspace.write(
        "belljar.toml",
        format!(
            "[plugins]\nguest = {{ path = \"{plugin}\" }}\n\
             [secret]\ntoken = {{ env = \"TOKEN\"{version} }}\n\
             [step.s]\nuses = \"guest\"\ninputs = [\"in/**\"]\noutputs = [\"out/**\"]\n\
             {grants}\nwith.way = \"{way}\"\n"
        ),
    );
}

const GRANT: &str = "grants.secrets = [\"token\"]";
const RUN: &[&str] = &[
    "run",
    "--progress",
    "plain",
    "--logs",
    "all",
    "--report",
    "sarif=r.sarif,junit=r.xml",
    "--events",
    "events.jsonl",
    "--trace",
    "run.trace.json",
];

#[test]
fn a_secret_said_in_eight_encodings_is_masked_in_logs_reports_records_and_the_store() {
    case!("F01");
    let workspace = giving("say", GRANT);
    let said = run(&workspace, RUN).exits(0);
    assert!(said.stderr.contains("log ***") && said.stderr.contains("stdout ***"), "{said:#?}");
    assert!(workspace.read("events.jsonl").contains("test ***"));
    assert!(workspace.read("r.xml").contains("test ***"));
    let again = run(&workspace, RUN).exits(0);
    assert!(again.stderr.contains("HIT"), "{again:#?}");
    let log = run(&workspace, &["logs", "s"]).exits(0);
    assert!(log.stdout.contains("***"), "{log:#?}");
    for (way, code) in [("fail", 1), ("give-up", 3), ("panic", 3)] {
        let workspace = giving(way, GRANT);
        let said = run(&workspace, RUN).exits(code);
        assert!(said.stderr.contains("***"), "{way}: {said:#?}");
        let traced = workspace.read("run.trace.json");
        assert!(way == "panic" || traced.contains("***"), "{way}: {traced}");
    }
}

#[test]
fn a_secret_in_what_would_be_kept_ends_the_step_and_nothing_is_recorded() {
    case!("F02");
    for way in ["file", "name", "coverage", "ask"] {
        let workspace = giving(way, GRANT);
        for _ in 0..2 {
            run(&workspace, RUN).exits(5).says(&["E0432", "nothing of it was recorded"]);
        }
        assert!(!workspace.path("out").exists(), "{way}: nothing was written back");
    }
}

#[test]
fn a_secret_that_was_not_granted_cannot_be_had() {
    case!("F03");
    run(&giving("say", ""), RUN).exits(5).says(&["E0431", "grants.secrets = [\"token\"]"]);
    let other = format!("{GRANT}\nwith.secret = \"other\"");
    run(&giving("say", &other), RUN).exits(5).says(&["E0431", "grants.secrets = [\"other\"]"]);
    let unknown = giving("say", "grants.secrets = [\"other\"]");
    run(&unknown, &["check"]).exits(2).says(&["E0225"]);
}

#[test]
fn a_changed_value_is_no_miss_and_a_changed_version_is_one() {
    case!("F04");
    let workspace = giving("nothing", GRANT);
    let source =
        |value: &str| workspace.report(&[("TOKEN", value)])["source"].as_str().map(str::to_owned);
    assert_eq!(source(SECRET).as_deref(), Some("executed"));
    assert_eq!(source("another-value-0123").as_deref(), Some("exact-hit"));
    write(&workspace, "nothing", GRANT, ", version = \"2\"");
    assert_eq!(source(SECRET).as_deref(), Some("executed"));
    run(&workspace, &["why", "s"]).exits(0);
}

#[test]
fn a_value_that_cannot_be_had_is_the_fault_of_the_steps_that_were_granted_it() {
    let workspace = giving("say", GRANT);
    workspace.run(RUN).exits(2).says(&["E0430", "the variable `TOKEN` is not set"]);
    let short = workspace.run_with(RUN, &[("TOKEN", "short")]).exits(2);
    assert!(short.stderr.contains("fewer than 8 bytes"), "{short:#?}");
}

/// A workspace whose step runs a script with the secret in its environment.
fn script(script: &str) -> TestWorkspace {
    TestWorkspace::with(&format!(
        "[plugins]\ncommand = \"builtin:command\"\n[tools]\nsh = \"sh\"\n\
         [secret]\ntoken = {{ env = \"TOKEN\" }}\n\
         [step.s]\nuses = \"command\"\noutputs = [\"out.txt\"]\n\
         grants = {{ tools = [\"sh\"], secrets = [\"token\"] }}\n\
         with.run = '{script}'\nwith.writes = [\"out.txt\"]\nwith.secrets = {{ T = \"token\" }}\n"
    ))
}

#[test]
fn a_tool_is_given_a_secret_and_what_it_prints_is_masked() {
    case!("F01");
    let echo = "echo \"it is $T\"; echo \"it is $T\" >&2; echo made > out.txt";
    let workspace = script(echo);
    let said = run(&workspace, RUN).exits(0);
    assert!(said.stderr.contains("it is ***"), "{said:#?}");
    let again = run(&workspace, RUN).exits(0);
    assert!(again.stderr.contains("HIT"), "{again:#?}");
}

#[test]
fn a_tool_that_writes_its_secret_into_an_output_ends_the_step() {
    case!("F02");
    let workspace = script("echo \"$T\" > out.txt");
    run(&workspace, RUN).exits(5).says(&["E0432"]);
    assert!(!workspace.path("out.txt").exists());
}

#[test]
fn a_plan_says_which_secrets_a_step_has_and_reads_none() {
    let workspace = giving("nothing", GRANT);
    let plan = workspace.run(["plan", "--json"]).exits(0);
    let shown: Value = plan.json();
    assert!(shown.to_string().contains("token"), "{shown}");
}
