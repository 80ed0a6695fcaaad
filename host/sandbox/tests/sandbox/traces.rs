//! What is written down of what a guest asks.

use belljar_model::view::TIME_LIMIT;
use belljar_model::{Answer, Digest, NodeKind, Question, Verdict};

use crate::harness::{Bench, at};

fn bench() -> Bench {
    Bench::new(&["out/**"])
        .file("src/a.txt", "one")
        .file("src/b.txt", "two")
        .link("link", "src/a.txt")
        .declared(&["src", "link"])
}

#[track_caller]
fn check(ops: &[&[&str]], expected: &[(Question, Answer)]) {
    let ran = bench().run(ops);
    ran.result();
    assert_eq!(ran.trace(), expected, "{ops:?}");
}

fn content(path: &str, text: &str) -> (Question, Answer) {
    (Question::Content(at(path)), Answer::Content(Digest::of(text.as_bytes())))
}

fn stat(path: &str, kind: NodeKind, size: u64) -> (Question, Answer) {
    (Question::Stat(at(path)), Answer::Stat(kind, size))
}

fn absent(path: &str) -> (Question, Answer) {
    (Question::Stat(at(path)), Answer::Absent)
}

fn link() -> (Question, Answer) {
    (Question::Link(at("link")), Answer::Link("src/a.txt".to_owned()))
}

fn listing() -> (Question, Answer) {
    let entries = ["a.txt", "b.txt"].map(|name| (name.to_owned(), NodeKind::File));
    (Question::Listing(at("src")), Answer::Listing(entries.to_vec()))
}

#[test]
fn a_step_that_asks_nothing_depends_on_nothing() {
    check(&[], &[]);
    check(&[&["sleep", "5"], &["random"], &["env", "X"]], &[]);
}

/// A guest that adapts to its time limit must not be served what it made under another.
#[test]
fn a_time_limit_that_was_asked_for_is_an_observation() {
    let limited = bench().ungranted(TIME_LIMIT, "2000");
    let ran = limited.run(&[&["limit"]]);
    ran.result();
    let answer = Answer::Content(Digest::of(b"2000"));
    assert_eq!(ran.trace(), [(Question::Environment(TIME_LIMIT.to_owned()), answer)]);
}

#[test]
fn reading_through_the_standard_library_and_through_inputs_is_the_same() {
    let expected = [content("src/a.txt", "one")];
    check(&[&["read", "src/a.txt"]], &expected);
    check(&[&["input", "src/a.txt"]], &expected);
    check(&[&["input-range", "src/a.txt", "1", "2"]], &expected);
    check(&[&["digest", "src/a.txt"]], &expected);
    let linked = [link(), content("src/a.txt", "one")];
    check(&[&["input", "link"]], &linked);
}

#[test]
fn what_was_only_looked_at_is_no_dependency_on_content() {
    check(&[&["open", "src/a.txt"]], &[stat("src/a.txt", NodeKind::File, 3)]);
    check(&[&["stat", "src/a.txt"]], &[stat("src/a.txt", NodeKind::File, 3)]);
    check(&[&["exists", "src/a.txt"]], &[stat("src/a.txt", NodeKind::File, 3)]);
    let folder = stat("src", NodeKind::Directory, 0);
    check(&[&["list", "src"]], &[folder, listing()]);
}

#[test]
fn what_is_not_there_is_a_dependency_too() {
    let folder = || stat("src", NodeKind::Directory, 0);
    check(&[&["exists", "src/c"]], &[folder(), absent("src/c")]);
    check(&[&["read", "new/deep/file"]], &[absent("new")]);
    let declared = |path: &str, yes| (Question::Declared(at(path)), Answer::Flag(yes));
    check(&[&["input", "src/c"]], &[folder(), absent("src/c"), declared("src/c", true)]);
    check(&[&["input", "other"]], &[absent("other"), declared("other", false)]);
}

#[test]
fn globs_ask_for_names_only() {
    let paths = ["src/a.txt", "src/b.txt"].map(|path| (at(path), NodeKind::File)).to_vec();
    let question = Question::Glob { patterns: vec!["src/*".to_owned()], except: Vec::new() };
    check(&[&["glob", "src/*"]], &[(question, Answer::Paths(paths))]);
}

#[test]
fn what_the_step_wrote_itself_is_no_observation() {
    check(&[&["output", "out/x", "1"], &["read", "out/x"], &["stat", "out"]], &[]);
    let scratch: &[&[&str]] = &[&["write", ".scratch/x", "1"], &["read", ".scratch/x"]];
    check(scratch, &[]);
}

#[test]
fn a_granted_variable_is_observed_whether_or_not_it_is_set() {
    let ran = bench().granted("NAME", "value").run(&[&["env", "OTHER"]]);
    let answer = Answer::Content(Digest::of(b"value"));
    assert_eq!(ran.trace(), [(Question::Environment("NAME".to_owned()), answer)]);
}

#[test]
fn randomness_is_the_same_whatever_the_inputs_are() {
    belljar_cases::case!("F05");
    let first = bench().run(&[&["random"]]);
    let second = bench().file("src/c.txt", "three").run(&[&["random"]]);
    assert_eq!(first.log(), second.log());
}

#[test]
fn a_failed_step_has_a_trace_but_no_outputs() {
    let ops: &[&[&str]] =
        &[&["read", "src/a.txt"], &["output", "out/x", "1"], &["fail", "red", "it is red"]];
    let ran = bench().run(ops);
    let verdict = Verdict::Failed { code: "red".to_owned(), message: "it is red".to_owned() };
    assert_eq!(ran.result().verdict, verdict);
    assert!(ran.result().outputs.is_empty());
    assert_eq!(ran.trace(), [content("src/a.txt", "one")]);
}
