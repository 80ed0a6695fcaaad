//! Verified: what `ledger verify` found.

use serde::Serialize;

use super::words::clean;
use crate::style::{Style, Tone};
use crate::text;

/// How many problems are shown; a ledger that was replaced has one for each line.
const SHOWN: usize = 20;

/// A ledger that was verified.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct VerifiedShown {
    /// How many entries the checkpoint covers.
    pub size: u64,
    /// The root over them, as the checkpoint has it.
    pub root: String,
    /// The public key that the checkpoint was verified with.
    pub key: String,
    /// What is wrong, one line each. Empty: the ledger is what was written.
    pub problems: Vec<String>,
}

/// What was found, the verdict first.
pub fn verified(shown: &VerifiedShown, style: &Style) -> String {
    let VerifiedShown { size, root, key, problems } = shown;
    let mut text = if problems.is_empty() {
        let ok = style.paint(Tone::Good, "ok");
        format!("{ok}: the ledger is what was written\n")
    } else {
        let bad = style.paint(Tone::Bad, "not ok");
        let counted = text::count(problems.len(), "problem");
        format!("{bad}: the ledger is not what was written: {counted}\n")
    };
    for problem in problems.iter().take(SHOWN) {
        text.push_str(&format!("  - {}\n", clean(problem)));
    }
    if problems.len() > SHOWN {
        let left = text::grouped((problems.len() - SHOWN) as u64);
        text.push_str(&format!("  and {left} more\n"));
    }
    text.push_str(&format!("  {}\n", checkpoint(*size, root, key)));
    style.finish(text)
}

/// The checkpoint in one line: `size 1 204, root Zm9v…, key ed25519:…`. What is empty is left
/// out. It is harmless, and goes through no [`Style`].
pub fn checkpoint(size: u64, root: &str, key: &str) -> String {
    let mut facts = vec![format!("size {}", text::grouped(size))];
    for (word, value) in [("root", root), ("key", key)] {
        if !value.is_empty() {
            facts.push(format!("{word} {}", clean(value)));
        }
    }
    facts.join(", ")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::delivery::testing::COLOR;
    use crate::testing::{CI, HOSTILE, assert_harmless, without_colors};

    fn ledger(problems: &[&str]) -> VerifiedShown {
        VerifiedShown {
            size: 1204,
            root: "cm9vdA==".into(),
            key: "ed25519:00ff".into(),
            problems: problems.iter().map(|&problem| problem.to_owned()).collect(),
        }
    }

    #[test]
    fn the_verdict_comes_first() {
        assert_snapshot!(verified(&ledger(&[]), &Style::plain()), @r"
        ok: the ledger is what was written
          size 1 204, root cm9vdA==, key ed25519:00ff
        ");
        let broken = ledger(&["line 3: it is no JSON", "the root is another one"]);
        assert_snapshot!(verified(&broken, &Style::plain()), @r"
        not ok: the ledger is not what was written: 2 problems
          - line 3: it is no JSON
          - the root is another one
          size 1 204, root cm9vdA==, key ed25519:00ff
        ");
        let color = verified(&broken, &COLOR);
        assert_eq!(without_colors(&color), verified(&broken, &Style::plain()));
        assert_ne!(color, without_colors(&color));
    }

    #[test]
    fn of_many_problems_the_first_are_shown() {
        let text = verified(&ledger(&["it is gone"; 1_020]), &Style::plain());
        assert_eq!(text.matches("  - it is gone\n").count(), 20);
        assert!(text.contains("  and 1 000 more\n"), "{text}");
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        assert_eq!(checkpoint(0, "", ""), "size 0");
    }

    #[test]
    fn hostile_text_is_harmless() {
        let key = HOSTILE.to_owned();
        let shown = VerifiedShown { root: key.clone(), key, ..ledger(&[HOSTILE]) };
        assert_harmless(&verified(&shown, &CI));
    }
}
