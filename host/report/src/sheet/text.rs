//! A sheet for terminals.

use belljar_model::sheet::{ColumnKind, Sheet};

use super::ids;
use crate::sanitize;
use crate::style::{Style, Tone};
use crate::table::Table;

/// From how many events on a list is shortened. JSON, CSV, Markdown and HTML hold all.
const MANY: usize = 6;

/// The text. Figures refer to their formulas by number.
pub fn render(sheet: &Sheet, style: &Style) -> String {
    let mut text = style.paint(Tone::Strong, &sanitize::line(&sheet.title));
    text.push('\n');
    for line in &sheet.about {
        text.push_str(&format!("{}\n", sanitize::line(line)));
    }
    facts(sheet, style, &mut text);
    for list in &sheet.tables {
        let names: Vec<_> = list.columns.iter().map(|column| upper(&column.name)).collect();
        let mut names: Vec<_> = names.iter().map(String::as_str).collect();
        names.push("EVENTS");
        let mut table = Table::new(&names);
        for (place, column) in list.columns.iter().enumerate() {
            if column.kind == ColumnKind::Number {
                table = table.right(place);
            }
        }
        for row in &list.rows {
            let events = shortened(&row.events, style);
            table.row(row.cells.iter().chain(std::iter::once(&events)));
        }
        push(&list.title, &table, style, &mut text);
    }
    if !sheet.excluded.is_empty() {
        let mut table = Table::new(&["FROM", "WHAT", "WHY", "EVENTS"]);
        for excluded in &sheet.excluded {
            let events = shortened(&excluded.events, style);
            table.row([&excluded.from, &excluded.subject, &excluded.reason, &events]);
        }
        push("Not counted", &table, style, &mut text);
    }
    footnotes(sheet, style, &mut text);
    style.finish(text)
}

fn facts(sheet: &Sheet, style: &Style, text: &mut String) {
    if sheet.facts.is_empty() {
        return;
    }
    let mut table = Table::new(&["", "FIGURE", "VALUE", "N", "EVENTS"]).right(3);
    for (fact, number) in sheet.facts.iter().zip(1..) {
        let [number, n] = [format!("[{number}]"), fact.n.to_string()];
        table.row([&number, &fact.label, &fact.value, &n, &shortened(&fact.events, style)]);
    }
    text.push('\n');
    text.push_str(&table.render(style));
}

fn push(title: &str, table: &Table, style: &Style, text: &mut String) {
    text.push_str(&format!("\n{}\n", style.paint(Tone::Strong, &sanitize::line(title))));
    if table.is_empty() {
        text.push_str("none\n");
    } else {
        text.push_str(&table.render(style));
    }
}

fn footnotes(sheet: &Sheet, style: &Style, text: &mut String) {
    let numbered = sheet.facts.iter().zip(1..);
    let formulas = numbered.map(|(fact, number)| (format!("[{number}] "), &fact.formula));
    let notes = sheet.notes.iter().map(|note| (String::new(), note));
    let mut lines = formulas.chain(notes).peekable();
    if lines.peek().is_some() {
        text.push('\n');
    }
    for (mark, words) in lines {
        wrapped(&mark, &style.words(&sanitize::line(words)), style.width, text);
    }
}

/// Words in lines of at most `width` columns, where no single word is longer; all lines but the
/// first begin below the end of the mark.
fn wrapped(mark: &str, words: &str, width: u16, text: &mut String) {
    use unicode_width::UnicodeWidthStr as _;
    text.push_str(mark);
    let mut column = mark.width();
    for word in words.split_whitespace() {
        if column > mark.width() {
            if column + 1 + word.width() > usize::from(width) {
                text.push_str(&format!("\n{}", " ".repeat(mark.width())));
                column = mark.width();
            } else {
                text.push(' ');
                column += 1;
            }
        }
        text.push_str(word);
        column += word.width();
    }
    text.push('\n');
}

fn shortened(events: &[u64], style: &Style) -> String {
    if events.len() <= MANY {
        return ids(events);
    }
    let dots = style.symbol("…", "...");
    format!("{} {dots} ({} in all)", ids(&events[..MANY - 2]), events.len())
}

fn upper(name: &str) -> String {
    sanitize::line(name).to_uppercase()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::sheet::testing::{hostile, plain};

    #[test]
    fn a_sheet_as_text() {
        let mut sheet = plain();
        sheet.facts[0].events = (10..30).collect();
        sheet.facts[0].formula = "Failed deployments by all deployments that changed something \
            in this environment, whatever they changed."
            .to_owned();
        assert_snapshot!(render(&sheet, &Style::plain()), @r"
        Delivery of production
        from 2026-01-01 to 2026-01-31

             FIGURE            VALUE            N  EVENTS
        [1]  Change fail rate  50.0 % (1 of 2)  2  e10 e11 e12 e13 ... (20 in all)
        [2]  Lead time         no data          0

        Deployments
        NUMBER  OUTCOME      EVENTS
             7  live         e3 e9
            12  rolled-back  e11

        Incidents
        none

        Not counted
        FROM       WHAT             WHY                                EVENTS
        Lead time  commit 0badc0de  it is younger than its deployment  e9

        [1] Failed deployments by all deployments that changed something in this
            environment, whatever they changed.
        [2] Median, from the commit to the end.
        Times are UTC.
        ");
    }

    #[test]
    fn an_empty_sheet_is_its_title() {
        let sheet = Sheet { title: "Releases".to_owned(), ..Sheet::default() };
        assert_eq!(render(&sheet, &Style::plain()), "Releases\n");
    }

    #[test]
    fn a_terminal_obeys_nothing() {
        belljar_cases::case!("G01");
        let style = Style { ci: true, ..Style::plain() };
        let lines = render(&hostile("x"), &style).lines().count();
        for text in ["\u{1b}[2J", "a\nb", "\r", "\u{202e}", "::error::x", "##vso[task.x]y"] {
            let shown = render(&hostile(text), &style);
            assert_eq!(shown.lines().count(), lines, "{shown}");
            assert!(!shown.contains(['\u{1b}', '\r', '\u{202e}']), "{shown}");
            let obeys = |line: &str| line.trim_start().starts_with("::") || line.contains("##vso[");
            assert!(!shown.lines().any(obeys), "{shown}");
        }
    }
}
