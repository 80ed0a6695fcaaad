//! A sheet as CSV (RFC 4180): lines end in CR LF, all have the same number of fields.
//!
//! The parts of a sheet stand below each other. The first field of a line says which part it
//! belongs to; the first line of each part holds its headings and begins with `section`. The
//! last field holds the events, as `e3 e9`.
//!
//! **Spreadsheets run cells.** A text that begins with `=`, `+`, `-`, `@`, a tab or a line end,
//! after blanks or not, gets an apostrophe in front, which spreadsheets take for "this is text".
//! So does a text that begins with an apostrophe: whoever needs the exact text takes away one
//! apostrophe from each field that begins with one.

use belljar_model::sheet::Sheet;

use super::ids;
use crate::sanitize;

/// The lines.
pub fn render(sheet: &Sheet) -> String {
    let mut records = vec![fields(&["section", "title"]), fields(&["report", &sheet.title])];
    records.extend(sheet.about.iter().map(|line| fields(&["report", line])));
    facts(sheet, &mut records);
    for table in &sheet.tables {
        let names = table.columns.iter().map(|column| column.name.as_str());
        records.push(fields(&[&["section"], &names.collect::<Vec<_>>()[..], &["events"]].concat()));
        for row in &table.rows {
            let mut record = fields(&[&table.title]);
            record.extend(row.cells.iter().cloned());
            record.push(ids(&row.events));
            records.push(record);
        }
    }
    if !sheet.excluded.is_empty() {
        records.push(fields(&["section", "from", "subject", "reason", "events"]));
    }
    for excluded in &sheet.excluded {
        let events = ids(&excluded.events);
        let [from, subject] = [&excluded.from, &excluded.subject];
        records.push(fields(&["excluded", from, subject, &excluded.reason, &events]));
    }
    if !sheet.notes.is_empty() {
        records.push(fields(&["section", "note"]));
    }
    records.extend(sheet.notes.iter().map(|note| fields(&["notes", note])));
    write(&records)
}

fn facts(sheet: &Sheet, records: &mut Vec<Vec<String>>) {
    if sheet.facts.is_empty() {
        return;
    }
    let headings = ["section", "figure", "value", "n", "numerator", "denominator", "unit"];
    records.push(fields(&[&headings[..], &["formula", "events"]].concat()));
    for fact in &sheet.facts {
        let [numerator, denominator, unit] = match &fact.exact {
            Some(exact) => {
                [exact.numerator.to_string(), exact.denominator.to_string(), exact.unit.clone()]
            }
            None => Default::default(),
        };
        let n = fact.n.to_string();
        let mut record = fields(&["figures", &fact.label, &fact.value, &n]);
        record.extend([numerator, denominator, unit, fact.formula.clone(), ids(&fact.events)]);
        records.push(record);
    }
}

fn fields(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn write(records: &[Vec<String>]) -> String {
    let width = records.iter().map(Vec::len).max().unwrap_or_default();
    let mut text = String::new();
    for record in records {
        let cells = record.iter().map(|cell| field(cell));
        let padding = std::iter::repeat_with(String::new);
        text.push_str(&cells.chain(padding).take(width).collect::<Vec<_>>().join(","));
        text.push_str("\r\n");
    }
    text
}

/// One field: nothing that a spreadsheet would run, and quoted where it must be.
fn field(text: &str) -> String {
    let first = |letter: char| matches!(letter, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '\'');
    // Full-width forms of these are run by spreadsheets of some languages.
    let wide = |letter: char| matches!(letter, '＝' | '＋' | '－' | '＠');
    let blank = |letter: char| letter == ' ' || letter == '\u{a0}' || letter == '\u{3000}';
    let runs = text.starts_with(first)
        || text.trim_start_matches(blank).starts_with(|letter| first(letter) || wide(letter));
    let text = format!("{}{}", if runs { "'" } else { "" }, sanitize::text(text));
    if text.contains([',', '"', '\r', '\n']) || text.starts_with(' ') || text.ends_with(' ') {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::testing::{hostile, plain};

    #[test]
    fn fields_are_quoted_and_never_run() {
        belljar_cases::case!("G05");
        let check = |text: &str, expected: &str| assert_eq!(field(text), expected, "{text:?}");
        check("plain", "plain");
        check("a,b", "\"a,b\"");
        check("say \"no\"", "\"say \"\"no\"\"\"");
        check("two\nlines", "\"two\nlines\"");
        check("=1+1", "'=1+1");
        check("+1", "'+1");
        check("-1", "'-1");
        check("@SUM(A1)", "'@SUM(A1)");
        check("  =cmd|' /C calc'!A0", "'  =cmd|' /C calc'!A0");
        check("\t=1", "'\t=1");
        check("\r=1", "'\\r=1");
        check("＝1", "'＝1");
        check("'quoted", "''quoted");
        check("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"");
        check("\u{1b}[2J", "\\u{1b}[2J");
        check("", "");
    }

    #[test]
    fn all_records_are_equally_long_whatever_is_in_them() {
        for sheet in [plain(), hostile("=1,\"\r\n2\""), hostile("@a,b\n\"c"), Sheet::default()] {
            let records = read(&render(&sheet));
            let width = records[0].len();
            for record in &records {
                assert_eq!(record.len(), width, "{record:?}");
                for field in record {
                    assert!(!field.starts_with(['=', '+', '-', '@', '\t', '\n']), "{field:?}");
                }
            }
        }
    }

    #[test]
    fn a_sheet_as_csv() {
        insta::assert_snapshot!(render(&plain()).replace("\r\n", "\n"), @r#"
        section,title,,,,,,,
        report,Delivery of production,,,,,,,
        report,from 2026-01-01 to 2026-01-31,,,,,,,
        section,figure,value,n,numerator,denominator,unit,formula,events
        figures,Change fail rate,50.0 % (1 of 2),2,1,2,share,Failed deployments / deployments.,e9 e11
        figures,Lead time,no data,0,,,,"Median, from the commit to the end.",
        section,number,outcome,events,,,,,
        Deployments,7,live,e3 e9,,,,,
        Deployments,12,rolled-back,e11,,,,,
        section,id,events,,,,,,
        section,from,subject,reason,events,,,,
        excluded,Lead time,commit 0badc0de,it is younger than its deployment,e9,,,,
        section,note,,,,,,,
        notes,Times are UTC.,,,,,,,
        "#);
    }

    /// A small reader of RFC 4180, to see what others would see.
    fn read(text: &str) -> Vec<Vec<String>> {
        let (mut records, mut record, mut field) = (vec![], vec![], String::new());
        let mut letters = text.chars().peekable();
        let mut quoted = false;
        while let Some(letter) = letters.next() {
            match letter {
                '"' if quoted && letters.peek() == Some(&'"') => {
                    letters.next();
                    field.push('"');
                }
                '"' => quoted = !quoted,
                ',' if !quoted => record.push(std::mem::take(&mut field)),
                '\r' if !quoted => {
                    assert_eq!(letters.next(), Some('\n'), "a line ends in CR LF");
                    record.push(std::mem::take(&mut field));
                    records.push(std::mem::take(&mut record));
                }
                letter => field.push(letter),
            }
        }
        assert!(!quoted && field.is_empty() && record.is_empty(), "the last line has an end");
        records
    }
}
