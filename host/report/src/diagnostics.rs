//! Diagnostics as text, the way compilers show them.
//!
//! ```text
//! error[E0201]: step `test` needs unknown step `lnt`
//!  --> belljar.toml:7:10
//!   |
//! 7 | needs = ["lnt"]
//!   |          ^^^^^ no step has this name
//!   |
//!   = help: a step with a similar name exists: `lint`
//!
//! 1 error in belljar.toml
//! ```

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Snippet};
use belljar_model::diagnostic::{self, Diagnostic, Label};

use crate::excerpt::{Excerpt, Source, renderer};
use crate::sanitize;
use crate::style::Style;
use crate::text::count;

/// Renders diagnostics in the order given, and a line that counts them. `source` returns the
/// text of a file by the name that labels use. Nothing is rendered for no diagnostics.
pub fn render(diagnostics: &[Diagnostic], source: &Source<'_>, style: &Style) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        let level = match diagnostic.level {
            diagnostic::Level::Error => Level::ERROR,
            diagnostic::Level::Warning => Level::WARNING,
        };
        let title = level
            .primary_title(sanitize::text(&diagnostic.message).into_owned())
            .id(diagnostic.code.as_str());
        let group = Group::with_title(title)
            .elements(places(&diagnostic.labels, source))
            .elements(remarks(&diagnostic.notes, diagnostic.help.as_deref()));
        text.push_str(&renderer(style).render(&[group]));
        text.push_str("\n\n");
    }
    if let Some(counted) = counted(diagnostics) {
        text.push_str(&counted);
        text.push('\n');
    }
    style.finish(text)
}

/// The places of a message: one excerpt for each file, in the order of first mention.
pub(crate) fn places(labels: &[Label], source: &Source<'_>) -> Vec<Element<'static>> {
    let mut elements = Vec::new();
    let mut shown: Vec<&str> = Vec::new();
    for Label { file, .. } in labels {
        if shown.contains(&file.as_str()) {
            continue;
        }
        shown.push(file);
        let name = sanitize::line(file).into_owned();
        let here: Vec<_> = labels.iter().filter(|label| label.file == *file).collect();
        let Some(text) = source(file) else {
            elements.push(Origin::path(name).into());
            elements.extend(here.iter().filter(|label| !label.text.is_empty()).map(|label| {
                Element::from(Level::NOTE.message(sanitize::text(&label.text).into_owned()))
            }));
            continue;
        };
        let spans: Vec<_> = here.iter().map(|label| label.span.clone()).collect();
        let excerpt = Excerpt::new(&text, &spans);
        let mut snippet = Snippet::source(excerpt.text).path(name).line_start(excerpt.line_start);
        for (label, span) in here.iter().zip(excerpt.spans) {
            // The first label of all is the place itself.
            let kind = if std::ptr::eq(*label, &raw const labels[0]) {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            let remark = sanitize::line(&label.text).into_owned();
            let annotation = kind.span(span);
            snippet = snippet.annotation(if remark.is_empty() {
                annotation
            } else {
                annotation.label(remark)
            });
        }
        elements.push(snippet.into());
    }
    elements
}

/// Notes and help below a message. Lines after the first are marked with `| `, because they may
/// be the words of a guest and must not look like a message of their own.
pub(crate) fn remarks(notes: &[String], help: Option<&str>) -> Vec<Element<'static>> {
    let notes = notes.iter().map(|note| Level::NOTE.message(quoted(note)).into());
    notes.chain(help.map(|help| Level::HELP.message(quoted(help)).into())).collect()
}

/// A text whose lines after the first start with `| `.
pub(crate) fn quoted(text: &str) -> String {
    sanitize::text(text.trim_end()).lines().collect::<Vec<_>>().join("\n| ")
}

/// `2 errors, 1 warning in belljar.toml`
fn counted(diagnostics: &[Diagnostic]) -> Option<String> {
    let number = |level| diagnostics.iter().filter(|diagnostic| diagnostic.level == level).count();
    let counts: Vec<_> = [
        (number(diagnostic::Level::Error), "error"),
        (number(diagnostic::Level::Warning), "warning"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, noun)| count(number, noun))
    .collect();
    if counts.is_empty() {
        return None;
    }
    let mut files: Vec<_> = diagnostics
        .iter()
        .filter_map(|diagnostic| diagnostic.labels.first())
        .map(|label| label.file.as_str())
        .collect();
    files.sort_unstable();
    files.dedup();
    let place = match files[..] {
        [] => String::new(),
        [file] => format!(" in {}", sanitize::line(file)),
        _ => format!(" in {}", count(files.len(), "file")),
    };
    Some(format!("{}{place}", counts.join(", ")))
}

#[cfg(test)]
mod tests {
    use belljar_model::Code;
    use insta::assert_snapshot;

    use super::*;
    use crate::style::Color;
    use crate::testing::{CI, HOSTILE, assert_harmless};

    const PIPELINE: &str = "[step.lint]\nuses = \"lint\"\n\n[step.test]\nneeds = [\"lnt\"]\n";

    fn label(part: &str, text: &str) -> Label {
        let start = PIPELINE.find(part).unwrap();
        let (file, text) = ("belljar.toml".to_owned(), text.to_owned());
        Label { file, span: start..start + part.len(), text }
    }

    fn check(diagnostics: &[Diagnostic]) -> String {
        render(diagnostics, &|_| Some(PIPELINE.to_owned()), &Style::plain())
    }

    fn unknown_need() -> Diagnostic {
        Diagnostic::error(
            Code::new("E0201"),
            "step `test` needs unknown step `lnt`",
            label("\"lnt\"", "no step has this name"),
        )
        .help("a step with a similar name exists: `lint`")
    }

    #[test]
    fn a_mistake_is_shown_where_it_is() {
        assert_snapshot!(check(&[unknown_need()]), @r#"
        error[E0201]: step `test` needs unknown step `lnt`
         --> belljar.toml:5:10
          |
        5 | needs = ["lnt"]
          |          ^^^^^ no step has this name
          |
          = help: a step with a similar name exists: `lint`

        1 error in belljar.toml
        "#);
    }

    #[test]
    fn places_that_explain_and_notes_come_along() {
        let twice =
            Diagnostic::warning(Code::new("E0105"), "it is said twice", label("step.test", ""))
                .label(label("step.lint", "first here"))
                .note("the second one counts");
        assert_snapshot!(check(&[unknown_need(), twice]), @r#"
        error[E0201]: step `test` needs unknown step `lnt`
         --> belljar.toml:5:10
          |
        5 | needs = ["lnt"]
          |          ^^^^^ no step has this name
          |
          = help: a step with a similar name exists: `lint`

        warning[E0105]: it is said twice
         --> belljar.toml:4:2
          |
        1 | [step.lint]
          |  --------- first here
        ...
        4 | [step.test]
          |  ^^^^^^^^^
          |
          = note: the second one counts

        1 error, 1 warning in belljar.toml
        "#);
    }

    #[test]
    fn a_file_that_cannot_be_shown_is_named() {
        let text = render(&[unknown_need()], &|_| None, &Style::plain());
        assert_snapshot!(text, @"
        error[E0201]: step `test` needs unknown step `lnt`
        --> belljar.toml
         = note: no step has this name
         = help: a step with a similar name exists: `lint`

        1 error in belljar.toml
        ");
    }

    #[test]
    fn nothing_is_said_about_nothing() {
        assert_eq!(check(&[]), "");
    }

    #[test]
    fn spans_outside_of_the_text_do_no_harm() {
        let mut diagnostic = unknown_need();
        for span in [0..0, 500..600, 0..usize::MAX] {
            diagnostic.labels[0].span = span;
            assert!(check(std::slice::from_ref(&diagnostic)).contains("error[E0201]"));
        }
    }

    #[test]
    fn hostile_text_and_files_are_harmless() {
        belljar_cases::case!("G01");
        let mut diagnostic = unknown_need().note(HOSTILE).help(HOSTILE);
        diagnostic.message = HOSTILE.to_owned();
        diagnostic.labels[0].file = HOSTILE.to_owned();
        diagnostic.labels[0].text = HOSTILE.to_owned();
        diagnostic.labels[0].span = 0..HOSTILE.len();
        for source in [None, Some(HOSTILE.to_owned())] {
            assert_harmless(&render(&[diagnostic.clone()], &|_| source.clone(), &CI));
        }
    }

    #[test]
    fn colors_only_repeat_what_the_words_say() {
        let style = Style { color: Color::Always, ..Style::plain() };
        let colored = render(&[unknown_need()], &|_| Some(PIPELINE.to_owned()), &style);
        assert!(colored.contains("\u{1b}["));
        assert_eq!(crate::testing::without_colors(&colored), check(&[unknown_need()]));
    }
}
