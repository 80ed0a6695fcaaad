//! A workspace in memory, and diagnostics as short text.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use belljar_model::diagnostic::Level;
use belljar_model::{Diagnostic, Patterns, WorkspacePath};
use belljar_pipeline::{Files, Parsed, Pipeline, Sources, Step, parse};

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

/// One text, in a workspace with two packages.
fn two_packages(text: &str) -> MemoryFiles {
    MemoryFiles::new(&[
        ("belljar.toml", text),
        ("packages/api/package.json", ""),
        ("packages/web/package.json", ""),
    ])
}

/// Parses one text, in a workspace with two packages.
pub(crate) fn parse_text(text: &str) -> Parsed {
    parse("belljar.toml", &two_packages(text))
}

/// The pipeline of a text without mistakes, in a workspace with two packages.
#[track_caller]
pub(crate) fn pipeline(text: &str) -> Pipeline {
    pipeline_of(&two_packages(text))
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

/// Checks what is said of one text, in a workspace with two packages.
#[track_caller]
pub(crate) fn check(text: &str, expected: &str) {
    check_parsed(&parse_text(text), expected);
}

/// Checks what is said of several files, of which `belljar.toml` is the main one.
#[track_caller]
pub(crate) fn check_files(files: &[(&str, &str)], expected: &str) {
    check_parsed(&parse("belljar.toml", &MemoryFiles::new(files)), expected);
}

#[track_caller]
fn check_parsed(parsed: &Parsed, expected: &str) {
    assert_shown(&render(&parsed.sources, &parsed.diagnostics), expected);
    let any_error = parsed.diagnostics.iter().any(|found| found.level == Level::Error);
    assert_eq!(parsed.pipeline.is_none(), any_error, "a pipeline is there iff nothing is wrong");
}

/// The pipeline of several files without mistakes.
#[track_caller]
pub(crate) fn pipeline_of(files: &MemoryFiles) -> Pipeline {
    let parsed = parse("belljar.toml", files);
    let shown = render(&parsed.sources, &parsed.diagnostics);
    parsed.pipeline.unwrap_or_else(|| panic!("{shown}"))
}

/// The names of all steps, in order.
pub(crate) fn names(steps: &[Arc<Step>]) -> Vec<&str> {
    steps.iter().map(|step| step.name.as_str()).collect()
}

/// The step of a name.
#[track_caller]
pub(crate) fn step<'a>(pipeline: &'a Pipeline, name: &str) -> &'a Step {
    let found = pipeline.steps.iter().find(|step| step.name.as_str() == name);
    found.unwrap_or_else(|| panic!("no `{name}` among {:?}", names(&pipeline.steps)))
}

/// Compares texts line by line. The first line of `expected` is empty, and its indentation is
/// that of the second.
#[track_caller]
pub(crate) fn assert_shown(shown: &str, expected: &str) {
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
