//! `conflict-marker`: merge conflicts that were committed.

use std::ops::Range;

use crate::rule::Rule;
use crate::source::{Remark, SourceFile, lines};

/// Finds the lines that a merge leaves around the sides of a conflict.
///
/// A line of `=======` also underlines headings, so it counts only between the other two.
pub(crate) fn check(file: &SourceFile<'_>) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let mut open: Option<Range<usize>> = None;
    for (number, (range, line)) in lines(file.text).enumerate() {
        if is_marker(line, '<') {
            remarks.extend(open.replace(range).map(unfinished));
        } else if is_marker(line, '>') {
            let remark = match open.take() {
                Some(start) => {
                    let message = format!("merge conflict, which ends on line {}", number + 1);
                    Remark::new(Rule::ConflictMarker, start, message)
                }
                None => Remark::new(Rule::ConflictMarker, range, "end of a merge conflict"),
            };
            remarks.push(remark);
        }
    }
    remarks.extend(open.map(unfinished));
    remarks
}

fn unfinished(range: Range<usize>) -> Remark {
    Remark::new(Rule::ConflictMarker, range, "start of a merge conflict")
}

/// Seven times the sign, then a blank and the name of a side.
fn is_marker(line: &str, sign: char) -> bool {
    let rest = line.trim_start_matches(sign);
    line.len() - rest.len() == 7 && rest.starts_with(' ') && !rest.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use crate::testing::check_rule;

    #[test]
    fn a_conflict_is_one_finding_at_its_start() {
        let text = "a\n<<<<<<< HEAD\none\n=======\ntwo\n>>>>>>> topic\nb\n";
        check_rule(
            "a.txt",
            text,
            super::check,
            &["2:1-2:13 conflict-marker: merge conflict, which ends on line 6"],
        );
    }

    #[test]
    fn halves_of_a_conflict_are_findings_too() {
        check_rule(
            "a.txt",
            "x\r\n>>>>>>> topic\r\n",
            super::check,
            &["2:1-2:14 conflict-marker: end of a merge conflict"],
        );
        check_rule(
            "a.txt",
            "<<<<<<< ours",
            super::check,
            &["1:1-1:13 conflict-marker: start of a merge conflict"],
        );
    }

    #[test]
    fn headings_quotes_and_shifts_are_no_conflict() {
        check_rule("a.rst", "Title\n=======\n", super::check, &[]);
        check_rule("a.txt", "  <<<<<<< HEAD\n<<<<<<<< x\n>>>>>>>\n", super::check, &[]);
    }
}
