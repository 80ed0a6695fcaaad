//! A sheet as GitHub-flavored Markdown.

use belljar_model::sheet::{ColumnKind, Sheet, Table};

use super::ids;
use crate::sanitize;

/// The document. Figures refer to their formulas by number.
pub fn render(sheet: &Sheet) -> String {
    let mut text = format!("# {}\n", escape(&sheet.title));
    for line in &sheet.about {
        text.push_str(&format!("\n{}\n", escape(line)));
    }
    if !sheet.facts.is_empty() {
        text.push_str("\n| | Figure | Value | n | Events |\n| ---: | --- | --- | ---: | --- |\n");
        for (fact, number) in sheet.facts.iter().zip(1..) {
            let [label, value] = [escape(&fact.label), escape(&fact.value)];
            let (n, events) = (fact.n, ids(&fact.events));
            text.push_str(&format!("| {number} | {label} | **{value}** | {n} | {events} |\n"));
        }
        text.push_str("\nHow each is calculated:\n\n");
        for (fact, number) in sheet.facts.iter().zip(1..) {
            text.push_str(&format!("{number}. {}\n", escape(&fact.formula)));
        }
    }
    for table in &sheet.tables {
        push_table(table, &mut text);
    }
    if !sheet.excluded.is_empty() {
        text.push_str(
            "\n## Not counted\n\n| From | What | Why | Events |\n| --- | --- | --- | --- |\n",
        );
    }
    for excluded in &sheet.excluded {
        let [from, subject] = [escape(&excluded.from), escape(&excluded.subject)];
        let (reason, events) = (escape(&excluded.reason), ids(&excluded.events));
        text.push_str(&format!("| {from} | {subject} | {reason} | {events} |\n"));
    }
    for note in &sheet.notes {
        text.push_str(&format!("\n{}\n", escape(note)));
    }
    text
}

fn push_table(table: &Table, text: &mut String) {
    text.push_str(&format!("\n## {}\n\n", escape(&table.title)));
    if table.rows.is_empty() {
        text.push_str("None.\n");
        return;
    }
    for column in &table.columns {
        text.push_str(&format!("| {} ", escape(&column.name)));
    }
    text.push_str("| Events |\n");
    for column in &table.columns {
        text.push_str(match column.kind {
            ColumnKind::Text => "| --- ",
            ColumnKind::Number => "| ---: ",
        });
    }
    text.push_str("| --- |\n");
    for row in &table.rows {
        for cell in &row.cells {
            text.push_str(&format!("| {} ", escape(cell)));
        }
        text.push_str(&format!("| {} |\n", ids(&row.events)));
    }
}

/// A text that stays text, and on one line.
///
/// A name after `@` would be told of it by some hosts of documents, and `://` and `www.` become
/// links: an empty comment cuts them apart. The `@` within a mail address stays.
fn escape(text: &str) -> String {
    let line = sanitize::line(text.trim());
    let mut escaped = String::with_capacity(line.len() + 8);
    let mut before = ' ';
    for letter in line.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '@' if !before.is_alphanumeric() => escaped.push_str("@<!-- -->"),
            '/' if before == ':' => escaped.push_str("<!-- -->/"),
            '.' if escaped.to_ascii_lowercase().ends_with("www") => escaped.push_str("<!-- -->."),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '$' | '!' => {
                escaped.extend(['\\', letter]);
            }
            letter => escaped.push(letter),
        }
        before = letter;
    }
    // At the start of a line these would make a list, a heading or a rule.
    let digits = escaped.trim_start_matches(|letter: char| letter.is_ascii_digit());
    if escaped.starts_with(['-', '+', '=', ':']) {
        escaped.insert(0, '\\');
    } else if digits.len() < escaped.len() && begins_list(digits) {
        escaped.insert(escaped.len() - digits.len(), '\\');
    }
    escaped
}

/// Whether what follows a number makes it the mark of a list.
fn begins_list(after: &str) -> bool {
    after
        .strip_prefix(['.', ')'])
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::testing::{hostile, plain};

    #[test]
    fn what_others_wrote_stays_text() {
        belljar_cases::case!("G05");
        let check = |text: &str, expected: &str| assert_eq!(escape(text), expected);
        check("a | b", "a \\| b");
        check("a\\| b", "a\\\\\\| b");
        check("<img src=x onerror=y>", "&lt;img src=x onerror=y&gt;");
        check("[x](javascript:y)", "\\[x\\](javascript:y)");
        check("**bold** `code` _it_", "\\*\\*bold\\*\\* \\`code\\` \\_it\\_");
        check("one\n\n# two", "one\\\\n\\\\n\\# two");
        check("- item", "\\- item");
        check("1. item", "1\\. item");
        check("12", "12");
        check("1.5 per day", "1.5 per day");
        check("1.", "1\\.");
        check("@everyone", "@<!-- -->everyone");
        check("Ana <ana@example.com>", "Ana &lt;ana@example.com&gt;");
        check("http://evil", "http:<!-- -->//evil");
        check("WWW.evil.org", "WWW<!-- -->.evil.org");
        check("\u{1b}[2J", "\\\\u{1b}\\[2J");
    }

    #[test]
    fn no_text_adds_a_line_or_a_cell() {
        belljar_cases::case!("G05");
        let lines = |text: &str| render(&hostile(text)).lines().count();
        let cells = |text: &str| {
            let text = render(&hostile(text)).replace("\\|", "");
            text.lines().map(|line| line.matches('|').count()).collect::<Vec<_>>()
        };
        for text in ["a\nb", "\r\n# x", "|", "a|b|c", "\u{2028}", "<br>\n\n", "```\n"] {
            assert_eq!((lines(text), cells(text)), (lines("x"), cells("x")), "{text:?}");
        }
    }

    #[test]
    fn a_sheet_as_markdown() {
        insta::assert_snapshot!(render(&plain()), @r"
        # Delivery of production

        from 2026-01-01 to 2026-01-31

        | | Figure | Value | n | Events |
        | ---: | --- | --- | ---: | --- |
        | 1 | Change fail rate | **50.0 % (1 of 2)** | 2 | e9 e11 |
        | 2 | Lead time | **no data** | 0 |  |

        How each is calculated:

        1. Failed deployments / deployments.
        2. Median, from the commit to the end.

        ## Deployments

        | number | outcome | Events |
        | ---: | --- | --- |
        | 7 | live | e3 e9 |
        | 12 | rolled-back | e11 |

        ## Incidents

        None.

        ## Not counted

        | From | What | Why | Events |
        | --- | --- | --- | --- |
        | Lead time | commit 0badc0de | it is younger than its deployment | e9 |

        Times are UTC.
        ");
    }
}
