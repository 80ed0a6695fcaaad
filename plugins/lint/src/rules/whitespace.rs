//! `trailing-whitespace` and `final-newline`: invisible untidiness. Off by default.

use crate::file_kind::{extension, file_name};
use crate::rule::Rule;
use crate::source::{Remark, SourceFile, lines};

/// Finds blanks and tabs at the end of lines.
pub(crate) fn trailing(file: &SourceFile<'_>) -> Vec<Remark> {
    // In Markdown, two blanks after a word are a line break.
    let breaks = matches!(extension(file_name(file.path)).as_str(), "md" | "markdown");
    let mut remarks = Vec::new();
    for (range, line) in lines(file.text) {
        let kept = line.trim_end_matches([' ', '\t']);
        let tail = &line[kept.len()..];
        if tail.is_empty() || (breaks && tail == "  " && !kept.is_empty()) {
            continue;
        }
        let at = range.start + kept.len()..range.end;
        let remark =
            Remark::new(Rule::TrailingWhitespace, at.clone(), "blanks at the end of the line");
        remarks.push(remark.with_fix(at, ""));
    }
    remarks
}

/// Finds a last line without an ending.
pub(crate) fn final_newline(file: &SourceFile<'_>) -> Vec<Remark> {
    let text = file.text;
    if text.is_empty() || text.ends_with('\n') {
        return Vec::new();
    }
    let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let end = text.len()..text.len();
    let remark =
        Remark::new(Rule::FinalNewline, end.clone(), "the last line does not end in a newline");
    vec![remark.with_fix(end, ending)]
}

#[cfg(test)]
mod tests {
    use super::{final_newline, trailing};
    use crate::testing::{check_rule, fixed};

    #[test]
    fn blanks_before_the_line_ending_are_found() {
        let text = "a \t\r\n\nb  \n";
        check_rule(
            "a.txt",
            text,
            trailing,
            &[
                "1:2-1:4 trailing-whitespace: blanks at the end of the line",
                "3:2-3:4 trailing-whitespace: blanks at the end of the line",
            ],
        );
        assert_eq!(fixed("a.txt", text, trailing), "a\r\n\nb\n");
    }

    #[test]
    fn a_markdown_line_break_stays() {
        check_rule("a.md", "one  \ntwo\n", trailing, &[]);
        check_rule(
            "a.md",
            "one   \n",
            trailing,
            &["1:4-1:7 trailing-whitespace: blanks at the end of the line"],
        );
    }

    #[test]
    fn a_last_line_needs_an_end_like_the_others() {
        let finding = &["2:2-2:2 final-newline: the last line does not end in a newline"];
        check_rule("a.txt", "a\r\nb", final_newline, finding);
        assert_eq!(fixed("a.txt", "a\r\nb", final_newline), "a\r\nb\r\n");
        assert_eq!(fixed("a.txt", "a", final_newline), "a\n");
        check_rule("a.txt", "", final_newline, &[]);
        check_rule("a.txt", "a\n", final_newline, &[]);
    }
}
