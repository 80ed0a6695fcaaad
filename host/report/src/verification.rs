//! Verifications: what came of executing steps again, in lines.

use std::collections::BTreeMap;

use belljar_model::StepName;
use belljar_model::trust::Verification;

use crate::{sanitize, text};

/// More would bury the others.
const MOST: usize = 5;

/// How many steps were verified, and with what outcome.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Tally {
    /// Steps whose executions all had the same result.
    pub same: usize,
    /// Steps of which one had another result.
    pub differing: usize,
    /// How many could not be verified, by the reason.
    pub not_possible: BTreeMap<String, usize>,
}

impl Tally {
    /// Counts one step.
    pub fn count(&mut self, verification: &Verification) {
        match verification {
            Verification::Same => self.same += 1,
            Verification::Differs(_) => self.differing += 1,
            Verification::NotPossible { why } => {
                *self.not_possible.entry(why.clone()).or_default() += 1;
            }
        }
    }

    /// All of it in a few lines; nothing if no step was looked at.
    pub fn render(&self) -> String {
        if *self == Self::default() {
            return String::new();
        }
        let verified = self.same + self.differing;
        let mut lines =
            format!("verified {}: {} the same", text::count(verified, "step"), self.same);
        if self.differing > 0 {
            lines += &format!(", {} not", self.differing);
        }
        lines.push('\n');
        for (why, count) in &self.not_possible {
            let steps = text::count(*count, "step");
            lines += &format!("  not verified: {steps}, {}\n", sanitize::line(why));
        }
        lines
    }
}

/// A step that had another result when it was executed again.
const DIFFERS: &str = "E0640";

/// What is said of one step that had another result.
pub fn lines(step: &StepName, verification: &Verification) -> Option<String> {
    let Verification::Differs(difference) = verification else { return None };
    let name = sanitize::line(step.as_str());
    let mut lines =
        format!("error[{DIFFERS}]: step `{name}` had another result when it was executed again\n");
    for cause in &difference.causes {
        lines += &format!("  {cause}\n");
    }
    if let Some((path, at)) = &difference.first_byte {
        lines +=
            &format!("  {}: the first byte that differs is {at}\n", sanitize::line(path.as_str()));
    }
    for found in difference.contradictions.iter().take(MOST) {
        lines += &format!("  {}\n", sanitize::line(&found.to_string()));
    }
    let more = difference.contradictions.len().saturating_sub(MOST);
    if more > 0 {
        lines += &format!("  and {more} more\n");
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use belljar_model::Digest;
    use belljar_model::trust::{Cause, Contradiction, Difference};

    use super::*;
    use crate::testing::path;

    #[test]
    fn a_difference_names_step_cause_byte_and_output() {
        let digest = |text: &[u8]| Some(Digest::of(text));
        let contradictions = vec![Contradiction::Output(path("a"), digest(b"1"), digest(b"2")); 7];
        let first_byte = Some((path("a"), 12));
        let difference = Difference { contradictions, first_byte, causes: vec![Cause::Clock] };
        let differs = Verification::Differs(difference);
        let text = lines(&StepName::new("pack"), &differs).unwrap();
        for part in ["E0640", "`pack`", "the clock", "first byte that differs is 12", "and 2 more"]
        {
            assert!(text.contains(part), "no {part} in {text}");
        }
        assert_eq!(lines(&StepName::new("pack"), &Verification::Same), None);
    }

    #[test]
    fn a_tally_counts_and_says_what_was_left_out() {
        let mut tally = Tally::default();
        assert_eq!(tally.render(), "");
        tally.count(&Verification::Same);
        tally.count(&Verification::NotPossible { why: "it runs tools".to_owned() });
        let expected = "verified 1 step: 1 the same\n  not verified: 1 step, it runs tools\n";
        assert_eq!(tally.render(), expected);
    }
}
