//! What every Rust source must look like, beyond what rustfmt and clippy hold.

use crate::tree::{Text, report, sources};

/// The most lines that a source may have, its unit tests included.
const MAX_LINES: usize = 400;

fn problems(file: &Text) -> Vec<String> {
    let path = &file.path;
    let mut found = Vec::new();
    let lines = file.text.lines().count();
    if lines > MAX_LINES {
        found.push(format!("{path} has {lines} lines: split it by concept, not by size"));
    }
    if !file.text.starts_with("//!") {
        found.push(format!("{path}: begin with a `//!` sentence that says what this file is for"));
    }
    for (unfinished, instead) in UNFINISHED {
        if file.text.contains(&unfinished.concat()) {
            let name = unfinished.concat();
            found.push(format!("{path} contains `{name}`: {instead}"));
        }
    }
    found
}

/// What is not finished, in two pieces, so that this file does not contain it.
const UNFINISHED: &[([&str; 2], &str)] = &[
    (["todo", "!("], "finish it, or give the user a clear error"),
    (["unimpl", "emented!("], "finish it, or give the user a clear error"),
    (["#[ign", "ore"], "a test that does not run proves nothing: mend it or remove it"),
    (["//! Place", "holder"], "say what this file is for"),
];

#[test]
fn sources_are_short_introduced_and_finished() {
    report(&sources().flat_map(problems).collect::<Vec<_>>());
}

#[test]
fn each_rule_sees_what_breaks_it() {
    let text = |text: String| Text { path: "a.rs".to_owned(), text };
    assert_eq!(problems(&text("fn f() {}".to_owned())).len(), 1, "no introduction");
    assert_eq!(problems(&text(format!("//! A.\n{}", "\n".repeat(MAX_LINES)))).len(), 1, "length");
    for (unfinished, _) in UNFINISHED {
        let found = problems(&text(format!("//! A.\n{}", unfinished.concat())));
        assert_eq!(found.len(), 1, "{}", unfinished.concat());
    }
}
