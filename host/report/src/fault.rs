//! Faults as text. The heading says who must act, so that the project's fault, the plugin's
//! fault and the infrastructure's fault never look alike.
//!
//! ```text
//! plugin fault[E0406]: step `lint`: plugin lint@1.0.0 trapped: unreachable
//!   |
//!   = note: its last words
//!           | thread panicked at src/lib.rs:3
//!   = help: ..
//! ```

use annotate_snippets::{Element, Group, Level};
use belljar_model::diagnostic::Label;
use belljar_model::fault::ConfigProblem;
use belljar_model::miss::dotted;
use belljar_model::{Blame, Fault};
use serde_json::{Value, json};

use crate::diagnostics::{places, quoted, remarks};
use crate::excerpt::{Source, renderer};
use crate::sanitize;
use crate::style::Style;

/// The schema of [`json`].
pub const SCHEMA: &str = "belljar.fault/v1";

/// Where a fault comes from in the user's files.
pub struct Context<'a> {
    /// The places, the one that matters first. A label whose text is the message of a
    /// configuration problem stands for that problem.
    pub labels: &'a [Label],
    /// Returns the text of a file by the name that labels use.
    pub source: &'a Source<'a>,
}

/// Renders a fault without a place.
pub fn render_fault(step: Option<&str>, fault: &Fault, style: &Style) -> String {
    render_fault_at(step, fault, &Context { labels: &[], source: &|_| None }, style)
}

/// Renders a fault with places in the user's files.
pub fn render_fault_at(
    step: Option<&str>,
    fault: &Fault,
    context: &Context<'_>,
    style: &Style,
) -> String {
    let message = quoted(&fault.message);
    let (first, rest) = message.split_once('\n').unwrap_or((&message, ""));
    let title = match step {
        Some(step) => format!("step `{}`: {first}", sanitize::line(step)),
        None => first.to_owned(),
    };
    let title = level(fault.blame).primary_title(title);
    let title = title.id(sanitize::line(fault.code.as_str()).into_owned());
    let mut group = Group::with_title(title).elements(places(context.labels, context.source));
    if !rest.is_empty() {
        group = group.element(Level::NOTE.message(format!("it says\n{rest}")));
    }
    let group = group
        .elements(fault.config_problems.iter().filter_map(|one| problem(one, context.labels)))
        .elements(remarks(&fault.notes, fault.help.as_deref()));
    style.finish(renderer(style).render(&[group]) + "\n")
}

/// A fault as a document: `{"schema": "belljar.fault/v1", "step": .., "fault": ..}`, where
/// `fault` has the fields of [`Fault`].
pub fn json(step: Option<&str>, fault: &Fault) -> Value {
    json!({ "schema": SCHEMA, "step": step, "fault": fault })
}

/// The word that a fault's heading starts with.
pub const fn heading(blame: Blame) -> &'static str {
    match blame {
        Blame::Project => "failed",
        Blame::Configuration => "error",
        Blame::Plugin => "plugin fault",
        Blame::Infrastructure => "infrastructure error",
        Blame::Policy => "denied",
        Blame::Cancelled => "cancelled",
    }
}

pub(crate) fn level(blame: Blame) -> Level<'static> {
    let level = match blame {
        Blame::Project | Blame::Configuration | Blame::Infrastructure => Level::ERROR,
        Blame::Plugin | Blame::Policy => Level::WARNING,
        Blame::Cancelled => Level::INFO,
    };
    level.with_name(heading(blame))
}

fn problem(problem: &ConfigProblem, labels: &[Label]) -> Option<Element<'static>> {
    if labels.iter().any(|label| label.text == problem.message) {
        return None;
    }
    let place = format!("with{}", dotted(&problem.pointer));
    let text = format!("{}: {}", sanitize::line(&place), quoted(&problem.message));
    Some(Level::ERROR.with_name("at").message(text).into())
}

#[cfg(test)]
mod tests {
    use belljar_model::Code;
    use insta::assert_snapshot;

    use super::*;
    use crate::testing::{CI, HOSTILE, assert_harmless};

    fn check(fault: &Fault) -> String {
        render_fault(Some("lint"), fault, &Style::plain())
    }

    #[test]
    fn who_must_act_is_the_first_word() {
        let text: String = [
            (Blame::Project, "lint-errors"),
            (Blame::Configuration, "E0409"),
            (Blame::Plugin, "E0406"),
            (Blame::Infrastructure, "E0601"),
            (Blame::Policy, "E0501"),
            (Blame::Cancelled, "E0408"),
        ]
        .map(|(blame, code)| check(&Fault::new(blame, Code::new(code), "what happened")))
        .concat();
        assert_snapshot!(text, @"
        failed[lint-errors]: step `lint`: what happened
        error[E0409]: step `lint`: what happened
        plugin fault[E0406]: step `lint`: what happened
        infrastructure error[E0601]: step `lint`: what happened
        denied[E0501]: step `lint`: what happened
        cancelled[E0408]: step `lint`: what happened
        ");
    }

    #[test]
    fn a_trap_shows_the_last_words_marked_as_not_ours() {
        belljar_cases::case!("G03");
        let fault = Fault::new(
            Blame::Plugin,
            Code::new("E0406"),
            "plugin lint@1.2.0 trapped: unreachable",
        )
        .note(
            "its last words\nthread '<unnamed>' panicked at src/lib.rs:3:5:\nerror[E0001]: forged",
        )
        .note("backtrace\n0: lint::check\n1: run")
        .help("report it to the plugin's author");
        assert_snapshot!(check(&fault), @"
        plugin fault[E0406]: step `lint`: plugin lint@1.2.0 trapped: unreachable
         |
         = note: its last words
                 | thread '<unnamed>' panicked at src/lib.rs:3:5:
                 | error[E0001]: forged
         = note: backtrace
                 | 0: lint::check
                 | 1: run
         = help: report it to the plugin's author
        ");
    }

    #[test]
    fn a_denial_points_at_the_grants() {
        let pipeline = "[step.lint]\ngrants.env = [\"HOME\"]\n";
        let fault = Fault::new(
            Blame::Policy,
            Code::new("E0501"),
            "plugin lint@1.2.0 asked for env TOKEN, which is not granted",
        )
        .help("to grant it: grants.env = [\"HOME\", \"TOKEN\"]");
        let label =
            Label { file: "belljar.toml".into(), span: 12..22, text: "these are granted".into() };
        let context = Context { labels: &[label], source: &|_| Some(pipeline.to_owned()) };
        let text = render_fault_at(Some("lint"), &fault, &context, &Style::plain());
        assert_snapshot!(text, @r#"
        denied[E0501]: step `lint`: plugin lint@1.2.0 asked for env TOKEN, which is not granted
         --> belljar.toml:2:1
          |
        2 | grants.env = ["HOME"]
          | ^^^^^^^^^^ these are granted
          |
          = help: to grant it: grants.env = ["HOME", "TOKEN"]
        "#);
    }

    #[test]
    fn problems_of_the_configuration_are_listed_unless_a_label_shows_them() {
        let mut fault = Fault::new(
            Blame::Configuration,
            Code::new("E0409"),
            "plugin lint@1.2.0 does not accept the configuration",
        );
        let problem = |pointer: &str, message: &str| ConfigProblem {
            pointer: pointer.into(),
            message: message.into(),
        };
        fault.config_problems =
            vec![problem("/deny/0", "no such rule"), problem("", "`max` is missing")];
        assert_snapshot!(check(&fault), @"
        error[E0409]: step `lint`: plugin lint@1.2.0 does not accept the configuration
         |
         = at: with.deny[0]: no such rule
         = at: with: `max` is missing
        ");
        let label = Label { file: "belljar.toml".into(), span: 0..4, text: "no such rule".into() };
        let context = Context { labels: &[label], source: &|_| Some("deny = [\"x\"]".to_owned()) };
        let text = render_fault_at(Some("lint"), &fault, &context, &Style::plain());
        assert_eq!(text.matches("no such rule").count(), 1, "{text}");
        assert!(text.contains("`max` is missing"), "{text}");
    }

    #[test]
    fn hostile_text_is_harmless() {
        belljar_cases::case!("G01");
        let mut fault =
            Fault::new(Blame::Plugin, Code::new("E0406"), HOSTILE).note(HOSTILE).help(HOSTILE);
        fault.config_problems =
            vec![ConfigProblem { pointer: HOSTILE.into(), message: HOSTILE.into() }];
        assert_harmless(&render_fault(Some(HOSTILE), &fault, &CI));
    }

    #[test]
    fn a_document_names_its_schema() {
        let fault = Fault::new(Blame::Policy, Code::new("E0501"), "no");
        let document = json(Some("lint"), &fault);
        assert_eq!(document["schema"], SCHEMA);
        assert_eq!(document["fault"]["blame"], "policy");
        assert_eq!(document["fault"]["code"], "E0501");
    }
}
