//! What the tests of all rules share.

use proptest::prelude::*;

use crate::file_kind::FileKind;
use crate::source::{Fix, Remark, SourceFile};
use belljar_sdk::Source;

/// Runs one rule on a text and compares `line:col-line:col rule: message`.
#[track_caller]
pub(crate) fn check_rule(
    path: &str,
    text: &str,
    rule: impl Fn(&SourceFile<'_>) -> Vec<Remark>,
    expected: &[&str],
) {
    let remarks = rule(&SourceFile { path, kind: FileKind::of(path), text });
    let shown: Vec<String> = remarks.iter().map(|remark| show(text, remark)).collect();
    assert_eq!(shown, expected, "{text:?}");
}

/// Returns the text after all fixes of a rule.
pub(crate) fn fixed(
    path: &str,
    text: &str,
    rule: impl Fn(&SourceFile<'_>) -> Vec<Remark>,
) -> String {
    let remarks = rule(&SourceFile { path, kind: FileKind::of(path), text });
    let mut fixes: Vec<Fix> = remarks.into_iter().flat_map(|remark| remark.fixes).collect();
    fixes.sort_by_key(|fix| std::cmp::Reverse(fix.range.start));
    fixes.into_iter().fold(text.to_owned(), |mut text, fix| {
        text.replace_range(fix.range, &fix.replacement);
        text
    })
}

/// Writes a remark with its place.
pub(crate) fn show(text: &str, remark: &Remark) -> String {
    let name = remark.rule.name();
    let Some(range) = &remark.range else { return format!("{name}: {}", remark.message) };
    let source = Source::new("", text);
    let ((line, col), (end_line, end_col)) = (source.place(range.start), source.place(range.end));
    format!("{line}:{col}-{end_line}:{end_col} {name}: {}", remark.message)
}

/// What the texts that look like code consist of.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "{", "}", "[", "]", "(", ")", "<", ">", "</", "/>", "`", "${", "'", "\"", "\\", "/", "*",
    "//", "/*", "*/", "=", "=>", "?", ":", ";", ",", ".", "-", "- ", "#", "\n", "\r\n", "  ",
    "a", "teh", "é", "1", "0x", "null", "if", "else", "async ", "new ", "class ", "&a", "*a",
    "|", "!", "%", "---\n", "\u{feff}", "<<<<<<< a\n", ">>>>>>> b\n", "eyJ", "ghp_", "AKIA",
];

/// Texts of any characters, and texts that look like code.
pub(crate) fn texts() -> impl Strategy<Value = String> {
    let code = proptest::collection::vec(proptest::sample::select(PIECES), 0..80);
    prop_oneof![any::<String>(), code.prop_map(|parts| parts.concat())]
}

/// Checks that every place of a remark exists in the text.
pub(crate) fn assert_places_exist(text: &str, remarks: &[Remark]) {
    for remark in remarks {
        let fixes = remark.fixes.iter().map(|fix| &fix.range);
        for range in remark.range.iter().chain(fixes) {
            assert!(text.get(range.clone()).is_some(), "{remark:?} in {text:?}");
        }
    }
}

/// Runs code on a thread with a stack of so many bytes.
pub(crate) fn with_stack(bytes: usize, code: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(bytes).spawn(code);
    thread.expect("the machine has threads").join().expect("the code passed");
}
