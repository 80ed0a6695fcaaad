//! What a plugin that deploys answers, made harmless and kept within bounds.

use belljar_model::delivery::{Change, Condition, HealthObservation};
use belljar_model::text::{harmless, harmless_lines};
use belljar_model::{Blame, Fault};

use crate::bindings::deploy::exports::belljar::step::deployment as wit;
use crate::bindings::plugin::belljar::step::types::{Problem, StepError};
use crate::execute::{gave_up, invalid_config, with_code};
use crate::fault;

/// The most changes that one answer holds.
const MAX_CHANGES: usize = 1_000;
/// The most bytes that one text of an answer keeps.
const MAX_TEXT: usize = 4 << 10;
/// What stands at the end of a text that was cut.
const CUT: &str = "…";

/// What the plugin would do, or did.
///
/// # Errors
/// When there are more changes than anyone reads.
pub(super) fn changes(told: Vec<wit::Change>) -> Result<Vec<Change>, Fault> {
    if told.len() > MAX_CHANGES {
        let what = format!("{MAX_CHANGES} changes; it told of {}", told.len());
        return Err(fault::fixed_limit(&what)
            .help("a plugin tells of changes for people: it sums up what belongs together"));
    }
    let change = |wit::Change { action, subject, detail }: wit::Change| Change {
        action: line(&action),
        subject: line(&subject),
        detail: line(&detail),
    };
    Ok(told.into_iter().map(change).collect())
}

/// What the plugin saw.
pub(super) fn observation(told: &wit::Observation) -> HealthObservation {
    let condition = match told.condition {
        wit::Condition::Healthy => Condition::Healthy,
        wit::Condition::Unhealthy => Condition::Unhealthy,
        wit::Condition::Unknown => Condition::Unknown,
    };
    let release = told.release.as_deref().map(line);
    HealthObservation { condition, release, detail: line(&told.detail) }
}

/// Why the plugin has no answer.
pub(super) fn fault(label: &str, error: StepError) -> Fault {
    match error {
        StepError::Failed(Problem { code, message, .. }) => {
            let reason = bounded(&message, harmless_lines);
            let message = format!("plugin {label} failed: {reason}");
            with_code(Fault::new(Blame::Project, fault::DEPLOY_FAILED, message), &code)
        }
        StepError::InvalidConfig(problems) => invalid_config(label, problems),
        StepError::Internal(problem) => gave_up(label, &problem),
        StepError::Cancelled => fault::cancelled(),
    }
}

/// One line for people.
fn line(text: &str) -> String {
    bounded(text, harmless)
}

/// A text that moves no cursor and has at most [`MAX_TEXT`] bytes.
fn bounded(text: &str, harmless: fn(&str) -> String) -> String {
    let (kept, was_cut) = cut(text);
    // Escapes are longer than what they stand for.
    let clean = harmless(kept);
    let (kept, was_cut_again) = cut(&clean);
    if was_cut || was_cut_again { format!("{kept}{CUT}") } else { clean }
}

/// The beginning of a text that leaves room for the mark, and whether something is missing.
fn cut(text: &str) -> (&str, bool) {
    if text.len() <= MAX_TEXT {
        return (text, false);
    }
    (&text[..text.floor_char_boundary(MAX_TEXT - CUT.len())], true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_harmless_line_of_at_most_four_kib() {
        assert_eq!(line("upload a"), "upload a");
        assert_eq!(line("a\n\u{1b}[2J"), "a\\u{a}\\u{1b}[2J");
        let whole = "x".repeat(MAX_TEXT);
        assert_eq!(line(&whole), whole);
        for text in ["x".repeat(MAX_TEXT + 1), "ü".repeat(MAX_TEXT), "\u{1b}".repeat(MAX_TEXT - 1)]
        {
            let line = line(&text);
            assert!(line.len() <= MAX_TEXT && line.ends_with(CUT), "{}", line.len());
        }
    }
}
