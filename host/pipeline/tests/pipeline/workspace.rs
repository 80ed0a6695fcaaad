//! A workspace in memory, and diagnostics as short text.

use std::collections::BTreeMap;
use std::fmt::Write;

use belljar_model::diagnostic::Level;
use belljar_model::{Diagnostic, Patterns, WorkspacePath};
use belljar_pipeline::{Files, Parsed, Pipeline, Sources, parse};

/// Files by path. Folders are those of its files.
#[derive(Default)]
pub(crate) struct MemoryFiles(pub(crate) BTreeMap<String, String>);

impl MemoryFiles {
    /// A workspace with these files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let own = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        Self(files.iter().map(own).collect())
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &str) -> Result<String, String> {
        self.0.get(path).cloned().ok_or_else(|| "it does not exist".to_owned())
    }

    fn matching(&self, pattern: &str) -> Vec<String> {
        let patterns = Patterns::parse(&[pattern]).unwrap();
        let matches = |path: &&String| patterns.matches(&WorkspacePath::parse(path).unwrap());
        self.0.keys().filter(matches).cloned().collect()
    }

    fn folders(&self, pattern: &str) -> Vec<WorkspacePath> {
        let patterns = Patterns::parse(&[pattern]).unwrap();
        let parents = |path: &String| {
            let file = WorkspacePath::parse(path).unwrap();
            std::iter::successors(file.parent(), WorkspacePath::parent).collect::<Vec<_>>()
        };
        let mut folders: Vec<_> = self.0.keys().flat_map(parents).collect();
        folders.sort();
        folders.dedup();
        folders.retain(|folder| !folder.is_root() && patterns.matches(folder));
        folders
    }
}

/// Parses one text, in a workspace with two packages.
pub(crate) fn parse_text(text: &str) -> Parsed {
    let files = MemoryFiles::new(&[
        ("belljar.toml", text),
        ("packages/api/package.json", ""),
        ("packages/web/package.json", ""),
    ]);
    parse("belljar.toml", &files)
}

/// The pipeline of a text without mistakes.
pub(crate) fn pipeline(text: &str) -> Pipeline {
    let parsed = parse_text(text);
    let shown = render(&parsed.sources, &parsed.diagnostics);
    parsed.pipeline.unwrap_or_else(|| panic!("{shown}"))
}

/// Diagnostics, one after the other, as `line:column code message` and indented lines for the
/// other labels, notes and help. Files other than the main one are named.
pub(crate) fn render(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let mut shown = String::new();
    for diagnostic in diagnostics {
        let Diagnostic { level, code, message, labels, notes, help } = diagnostic;
        let place = |at: usize| {
            let label = &labels[at];
            let (line, column) = sources.position(&label.file, label.span.start);
            let (_, end) = sources.position(&label.file, label.span.end);
            let file = if label.file == "belljar.toml" { "" } else { &*label.file };
            let space = if file.is_empty() { "" } else { " " };
            format!("{file}{space}{line}:{column}-{end}")
        };
        let mark = if *level == Level::Warning { " (warning)" } else { "" };
        writeln!(shown, "{} {code}{mark} {message}", place(0)).unwrap();
        for (at, label) in labels.iter().enumerate().skip(1) {
            writeln!(shown, "  {} {}", place(at), label.text).unwrap();
        }
        for note in notes {
            writeln!(shown, "  note: {note}").unwrap();
        }
        if let Some(help) = help {
            writeln!(shown, "  help: {help}").unwrap();
        }
    }
    shown
}

/// Checks what is said of a text. Both texts may be indented.
#[track_caller]
pub(crate) fn check(text: &str, expected: &str) {
    let parsed = parse_text(text);
    assert_shown(&render(&parsed.sources, &parsed.diagnostics), expected);
    let any_error = parsed.diagnostics.iter().any(|found| found.level == Level::Error);
    assert_eq!(parsed.pipeline.is_none(), any_error, "a pipeline is there iff nothing is wrong");
}

/// Compares texts line by line. The first line of `expected` is empty, and its indentation is
/// that of the second.
#[track_caller]
pub(crate) fn assert_shown(shown: &str, expected: &str) {
    if expected.contains("TODO") {
        use std::io::Write as _;
        let at = std::panic::Location::caller();
        let mut out = std::fs::OpenOptions::new().append(true).create(true).open("/tmp/bless.txt").unwrap();
        out.write_all(format!("@@@{}:{}:{}\n{}\n", at.file(), at.line(), at.column(), shown).as_bytes()).unwrap();
        return;
    }
    let expected = expected.trim_start_matches('\n').trim_end();
    let indent = expected.len() - expected.trim_start().len();
    let lines = expected.lines().map(|line| line.get(indent..).unwrap_or(line.trim_start()));
    let expected: Vec<&str> = lines.collect();
    let shown: Vec<&str> = shown.trim_end().lines().collect();
    assert!(
        shown == expected,
        "found:\n{}\n\nexpected:\n{}",
        shown.join("\n"),
        expected.join("\n")
    );
}
