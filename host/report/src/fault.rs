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

/// A JSON pointer the way it is written in a pipeline file: `/deny/0` is `.deny[0]`.
pub(crate) fn dotted(pointer: &str) -> String {
    let mut text = String::new();
    for segment in pointer.split('/').skip(1) {
        let segment = segment.replace("~1", "/").replace("~0", "~");
        if segment.bytes().all(|byte| byte.is_ascii_digit()) {
            text.push_str(&format!("[{segment}]"));
        } else {
            text.push('.');
            text.push_str(&segment);
        }
    }
    text
}
