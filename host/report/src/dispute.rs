//! Disputes: the alarm when two executions of one action had different results.

use belljar_model::StepName;
use belljar_model::trust::Dispute;

use crate::sanitize;

/// More would bury what the user can do about it.
const MOST: usize = 10;

/// The alarm as lines of a run.
pub fn warning(step: &StepName, dispute: &Dispute) -> String {
    let name = sanitize::line(step.as_str());
    let mut text = format!(
        "warning: step `{name}` is not deterministic, or its record was tampered with\n{}",
        details(dispute)
    );
    text += &format!(
        "  help: `belljar run --verify {name}` looks for the cause; `belljar cache settle {}` ends \
         the dispute\n",
        dispute.action.short()
    );
    text
}

/// Who said what, one difference a line.
pub fn details(dispute: &Dispute) -> String {
    let mut text =
        format!("  recorded by      {}\n  contradicted by  {}\n", dispute.then, dispute.now);
    for found in dispute.contradictions.iter().take(MOST) {
        text += &format!("  {}\n", sanitize::line(&found.to_string()));
    }
    let more = dispute.contradictions.len().saturating_sub(MOST);
    if more > 0 {
        text += &format!("  and {more} more\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use belljar_model::trust::{Contradiction, Side};
    use belljar_model::{ActionDigest, Digest, TrustLevel, WriterKey};

    use super::*;
    use crate::testing::path;

    #[test]
    fn an_alarm_says_what_differs_who_said_it_and_what_to_do() {
        let side = |byte: u8| Side {
            writer: WriterKey::from_bytes([byte; 32]),
            level: TrustLevel::Ci,
            at: 0,
        };
        let (old, new) = (Digest::of(b"old"), Digest::of(b"new"));
        let dispute = Dispute {
            action: ActionDigest::from_bytes([7; 32]),
            then: side(1),
            now: side(2),
            contradictions: vec![Contradiction::Output(path("a"), Some(old), Some(new)); 12],
        };
        let text = warning(&StepName::new("pack"), &dispute);
        assert!(text.contains("step `pack` is not deterministic"), "{text}");
        assert!(text.contains("recorded by      writer 010101010101 at level ci"), "{text}");
        assert!(text.contains(&format!("a: {old} → {new}")), "{text}");
        assert!(text.contains("and 2 more") && text.contains("cache settle 0707"), "{text}");
    }
}
