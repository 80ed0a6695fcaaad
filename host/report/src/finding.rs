//! Findings as text: place, excerpt, rule and what would mend it.

use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Patch, Snippet};
use belljar_model::finding::{Edit, Finding, Severity, Span};

use crate::excerpt::{Excerpt, Lines, Source, renderer};
use crate::sanitize;
use crate::style::Style;
use crate::text::count;

/// An edit with more text than this is not shown, only mentioned.
const LONGEST_FIX: usize = 1000;

/// How many findings are shown, and where the rest is.
#[derive(Clone, Copy, Debug)]
pub struct Cap<'a> {
    /// At most so many are shown, the worst ones.
    pub shown: usize,
    /// The command that shows all.
    pub all: &'a str,
}

/// Renders findings, grouped by file. Each file is asked for once, and only for the findings
/// that are shown.
pub fn render(findings: &[Finding], source: &Source<'_>, cap: &Cap<'_>, style: &Style) -> String {
    let place = |finding: &Finding| finding.at.clone();
    let mut chosen: Vec<_> = findings.iter().collect();
    chosen.sort_by_cached_key(|finding| (std::cmp::Reverse(finding.severity), place(finding)));
    chosen.truncate(cap.shown);
    chosen.sort_by_cached_key(|finding| place(finding));
    let mut files = Files { source, texts: BTreeMap::new() };
    let mut text = String::new();
    for finding in &chosen {
        text.push_str(&one(finding, &mut files, style));
        text.push_str("\n\n");
    }
    let hidden = findings.len() - chosen.len();
    if hidden > 0 {
        text.push_str(&format!("and {} ({})\n", more(hidden), cap.all));
    } else {
        text.pop();
    }
    style.finish(text)
}

fn more(hidden: usize) -> String {
    let noun = if hidden == 1 { "more finding" } else { "more findings" };
    format!("{} {noun}", crate::text::grouped(hidden as u64))
}

/// `3 findings (1 error, 2 warnings)`; `None` for none.
pub fn counted(findings: &[Finding]) -> Option<String> {
    let kinds: Vec<_> =
        [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")]
            .into_iter()
            .map(|(severity, noun)| (number(findings, severity), noun))
            .filter(|(number, _)| *number > 0)
            .map(|(number, noun)| count(number, noun))
            .collect();
    let total = count(findings.len(), "finding");
    (!findings.is_empty()).then(|| format!("{total} ({})", kinds.join(", ")))
}

fn number(findings: &[Finding], severity: Severity) -> usize {
    findings.iter().filter(|finding| finding.severity == severity).count()
}

/// The texts of files, each asked for once.
struct Files<'a> {
    source: &'a Source<'a>,
    texts: BTreeMap<String, Option<String>>,
}

impl Files<'_> {
    fn text(&mut self, file: &str) -> Option<&str> {
        let source = self.source;
        self.texts.entry(file.to_owned()).or_insert_with(|| source(file)).as_deref()
    }
}

fn one(finding: &Finding, files: &mut Files<'_>, style: &Style) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let message = crate::diagnostics::quoted(&finding.message);
    let (first, rest) = message.split_once('\n').unwrap_or((&message, ""));
    // The rule stands behind the message: in brackets before it, it could pass for a code of
    // the host.
    let title = format!("{first} ({})", sanitize::line(&finding.rule));
    let mut group = Group::with_title(level.primary_title(title));
    if let Some(at) = &finding.at {
        let file = sanitize::line(at.file.as_str()).into_owned();
        group = match files.text(at.file.as_str()) {
            Some(text) if stands_in(text, at) => {
                let excerpt = Excerpt::new(text, &[range(&Lines::new(text), at)]);
                let kind = AnnotationKind::Primary;
                let snippet = Snippet::source(excerpt.text)
                    .path(file)
                    .line_start(excerpt.line_start)
                    .annotations(excerpt.spans.into_iter().map(|span| kind.span(span)));
                group.element(snippet)
            }
            _ => {
                let (line, column) = (at.start_line as usize, at.start_col as usize);
                group.element(Origin::path(file).line(line).char_column(column))
            }
        };
    }
    if !rest.is_empty() {
        group = group.element(Level::NOTE.message(format!("it says\n{rest}")));
    }
    let mut groups = vec![group];
    match fix(&finding.fixes, files) {
        Fix::None => {}
        Fix::Shown(fix) => groups.push(fix),
        Fix::Mentioned(text) => {
            let last = groups.remove(0);
            groups.push(last.element(Level::HELP.message(text)));
        }
    }
    renderer(style).render(&groups)
}

enum Fix {
    None,
    Shown(Group<'static>),
    Mentioned(String),
}

/// Edits come from a guest: they may overlap, leave the file or be as long as they like. What
/// cannot be shown as a change of the excerpt is only mentioned.
fn fix(edits: &[Edit], files: &mut Files<'_>) -> Fix {
    let Some(Edit { at, .. }) = edits.first() else { return Fix::None };
    let mentioned = Fix::Mentioned(format!("{} would mend it", count(edits.len(), "edit")));
    let length: usize = edits.iter().map(|edit| edit.replacement.len()).sum();
    let elsewhere = edits.iter().any(|edit| edit.at.file != at.file);
    if length > LONGEST_FIX || elsewhere {
        return mentioned;
    }
    let Some(text) = files.text(at.file.as_str()) else { return mentioned };
    if !edits.iter().all(|edit| stands_in(text, &edit.at)) {
        return mentioned;
    }
    let lines = Lines::new(text);
    let mut changes: Vec<_> =
        edits.iter().map(|edit| (range(&lines, &edit.at), edit.replacement.as_str())).collect();
    changes.sort_by_key(|(span, _)| (span.start, span.end));
    let overlap = changes.windows(2).any(|pair| pair[0].0.end > pair[1].0.start);
    let spans: Vec<_> = changes.iter().map(|(span, _)| span.clone()).collect();
    let excerpt = Excerpt::new(text, &spans);
    if overlap || excerpt.text.lines().count() > 20 {
        return mentioned;
    }
    let patches = excerpt.spans.into_iter().zip(&changes);
    let snippet = Snippet::source(excerpt.text)
        .path(sanitize::line(at.file.as_str()).into_owned())
        .line_start(excerpt.line_start)
        .patches(
            patches.map(|(span, (_, new))| Patch::new(span, sanitize::text(new).into_owned())),
        );
    Fix::Shown(
        Group::with_title(Level::HELP.secondary_title("this would mend it")).element(snippet),
    )
}

/// Whether the first line of a span is in the text: the file may have changed since.
fn stands_in(text: &str, at: &Span) -> bool {
    text.lines().nth((at.start_line.max(1) - 1) as usize).is_some()
        || (at.start_line <= 1 && text.is_empty())
}

fn range(lines: &Lines<'_>, at: &Span) -> Range<usize> {
    let start = lines.offset(at.start_line, at.start_col);
    start..lines.offset(at.end_line, at.end_col).max(start)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use insta::assert_snapshot;

    use super::*;
    use crate::testing::{CI, assert_harmless, edit, finding, hostile_run, span};

    const SOURCE: &str = "fn main() {\n    let ü = x.unwrap();\n}\n";
    const CAP: Cap<'_> = Cap { shown: 3, all: "belljar logs lint" };

    fn check(findings: &[Finding]) -> String {
        render(findings, &|_| Some(SOURCE.to_owned()), &CAP, &Style::plain())
    }

    #[test]
    fn findings_are_shown_in_their_files() {
        let mut unwrap = finding("unwrap", Severity::Error, Some(span("src/a.rs", [2, 15, 2, 23])));
        unwrap.fixes = vec![edit(span("src/a.rs", [2, 14, 2, 23]), "?")];
        let note = finding("no-tests", Severity::Note, None);
        let several = finding("long", Severity::Warning, Some(span("src/a.rs", [1, 1, 3, 2])));
        assert_snapshot!(check(&[unwrap, note, several]), @"
        note: this breaks the rule no-tests (no-tests)

        warning: this breaks the rule long (long)
         --> src/a.rs:1:1
          |
        1 | / fn main() {
        2 | |     let ü = x.unwrap();
        3 | | }
          | |_^

        error: this breaks the rule unwrap (unwrap)
         --> src/a.rs:2:15
          |
        2 |     let ü = x.unwrap();
          |               ^^^^^^^^
          |
        help: this would mend it
          |
        2 -     let ü = x.unwrap();
        2 +     let ü = x?;
          |
        ");
    }

    #[test]
    fn the_worst_are_shown_and_the_rest_is_counted() {
        let at = |line| Some(span("src/a.rs", [line, 1, line, 3]));
        let mut findings: Vec<_> =
            (0..5).map(|_| finding("minor", Severity::Warning, at(1))).collect();
        findings.push(finding("major", Severity::Error, at(3)));
        let text = check(&findings);
        assert!(text.contains("(major)"), "{text}");
        assert!(text.ends_with("\nand 3 more findings (belljar logs lint)\n"), "{text}");
        assert_eq!(counted(&findings).unwrap(), "6 findings (1 error, 5 warnings)");
    }

    #[test]
    fn a_place_that_is_not_there_any_more_is_only_named() {
        let gone = finding("long", Severity::Error, Some(span("src/a.rs", [70, 2, 70, 3])));
        assert_snapshot!(check(&[gone]), @"
        error: this breaks the rule long (long)
        --> src/a.rs:70:2
        ");
    }

    #[test]
    fn fixes_that_cannot_be_shown_are_mentioned() {
        let at = || span("src/a.rs", [1, 1, 1, 5]);
        for fixes in [
            vec![edit(at(), "x"), edit(span("src/a.rs", [1, 3, 1, 9]), "y")],
            vec![edit(at(), "x"), edit(span("src/b.rs", [1, 1, 1, 2]), "y")],
            vec![edit(at(), &"x".repeat(5000)), edit(at(), "")],
            vec![edit(at(), "x"), edit(span("src/a.rs", [90, 1, 90, 2]), "y")],
        ] {
            let finding = Finding { fixes, ..finding("rule", Severity::Error, Some(at())) };
            let text = check(&[finding]);
            assert!(text.contains("2 edits would mend it"), "{text}");
        }
    }

    #[test]
    fn spans_that_make_no_sense_do_no_harm() {
        for numbers in
            [[0, 0, 0, 0], [2, 9, 1, 1], [2, 900, 2, 901], [1, 1, u32::MAX, 1], [3, 1, 3, 1]]
        {
            let at = span("src/a.rs", numbers);
            let fixes = vec![edit(at.clone(), "new\n")];
            let text = check(&[Finding { fixes, ..finding("rule", Severity::Error, Some(at)) }]);
            assert!(text.contains("src/a.rs"), "{text}");
        }
    }

    #[test]
    fn hostile_text_is_harmless() {
        belljar_cases::case!("G01");
        for event in hostile_run() {
            let belljar_model::Event::StepFinding { finding, .. } = event else { continue };
            let hostile = |_: &str| Some(crate::testing::HOSTILE.to_owned());
            assert_harmless(&render(&[finding], &hostile, &CAP, &CI));
        }
    }

    #[test]
    fn a_file_is_read_once_however_many_findings_it_has() {
        let at =
            |index: u32| Some(span(if index.is_multiple_of(2) { "a" } else { "b" }, [1, 1, 1, 2]));
        let findings: Vec<_> =
            (0..10_000).map(|index| finding("rule", Severity::Error, at(index))).collect();
        let reads = Cell::new(0);
        let source = |_: &str| {
            reads.set(reads.get() + 1);
            Some(SOURCE.to_owned())
        };
        let cap = Cap { shown: 20, all: "belljar logs lint" };
        let text = render(&findings, &source, &cap, &Style::plain());
        assert_eq!(text.matches("error: ").count(), 20);
        assert_eq!(reads.get(), 1, "the shown findings are all in one file");
        assert!(text.ends_with("and 9 980 more findings (belljar logs lint)\n"), "{text}");
    }
}
