//! `line-endings`: files in which some lines end in CRLF and others in LF.

use crate::rule::Rule;
use crate::source::{Fix, Remark, SourceFile};

/// More changes than this are not offered: they would be a bulk conversion, not a repair.
const MAX_FIXES: usize = 2000;

/// Finds a mix of line endings, and offers to make the rarer kind like the other.
pub(crate) fn check(file: &SourceFile<'_>) -> Vec<Remark> {
    let bytes = file.text.as_bytes();
    let ends = || file.text.match_indices('\n').map(|(at, _)| at);
    let is_crlf = |at: usize| at > 0 && bytes[at - 1] == b'\r';
    let crlf = ends().filter(|&at| is_crlf(at)).count();
    let all = ends().count();
    if crlf == 0 || crlf == all {
        return Vec::new();
    }
    // On a tie the LF wins, because it is what repositories store.
    let crlf_is_odd = crlf <= all - crlf;
    let (odd, name, others) =
        if crlf_is_odd { (crlf, "CRLF", "LF") } else { (all - crlf, "LF", "CRLF") };
    let fix = |at: usize| {
        if crlf_is_odd {
            Fix { range: at - 1..at, replacement: String::new() }
        } else {
            Fix { range: at..at, replacement: "\r".to_owned() }
        }
    };
    let mut places = ends().filter(|&at| is_crlf(at) == crlf_is_odd).map(fix).peekable();
    let Some(first) = places.peek().map(|fix| fix.range.clone()) else { return Vec::new() };
    let verb = if odd == 1 { "ends" } else { "end" };
    let message = format!("{odd} of {all} lines {verb} in {name}, the others in {others}");
    let mut remark = Remark::new(Rule::LineEndings, first, message);
    if odd <= MAX_FIXES {
        remark.fixes = places.collect();
    }
    vec![remark]
}

#[cfg(test)]
mod tests {
    use crate::testing::{check_rule, fixed};

    #[test]
    fn the_rarer_ending_is_the_odd_one() {
        let text = "a\nb\r\nc\n";
        check_rule(
            "a.txt",
            text,
            super::check,
            &["2:2-2:3 line-endings: 1 of 3 lines ends in CRLF, the others in LF"],
        );
        assert_eq!(fixed("a.txt", text, super::check), "a\nb\nc\n");
        let text = "a\r\nb\nc\r\nd\r\ne\n";
        check_rule(
            "a.txt",
            text,
            super::check,
            &["2:2-2:2 line-endings: 2 of 5 lines end in LF, the others in CRLF"],
        );
        assert_eq!(fixed("a.txt", text, super::check), "a\r\nb\r\nc\r\nd\r\ne\r\n");
    }

    #[test]
    fn files_of_one_kind_are_fine() {
        for text in ["", "a", "a\nb\n", "a\r\nb\r\n", "a\r\nb", "a\rb\n"] {
            check_rule("a.txt", text, super::check, &[]);
        }
    }
}
