//! A sheet as one HTML page that needs nothing else, runs nothing, and prints well.

use belljar_model::sheet::{ColumnKind, Excluded, Fact, Sheet, Table};

use super::ids;
use crate::sanitize;

/// What the page looks like. Nothing is loaded, and the policy of the page says so, too.
const HEAD: &str = r#"<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; } ol { padding-left: 1.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8886; padding: .3rem .6rem; text-align: left; vertical-align: top; }
th { font-weight: 600; } .number { text-align: right; font-variant-numeric: tabular-nums; }
.value { font-weight: 600; } .events { font-size: .8rem; opacity: .75; overflow-wrap: anywhere; }
@media print {
  body { font-size: 10pt; margin: 0; max-width: none; } .wide { overflow: visible; }
  thead { display: table-header-group; } tr { break-inside: avoid; } h2 { break-after: avoid; }
}
</style>
"#;

/// The page.
pub fn render(sheet: &Sheet) -> String {
    let title = escape(&sheet.title);
    let mut page = format!("<!doctype html>\n<html lang=\"en\">\n<head>\n{HEAD}");
    page.push_str(&format!("<title>{title}</title>\n</head>\n<body>\n<h1>{title}</h1>\n"));
    paragraphs(&sheet.about, &mut page);
    facts(&sheet.facts, &mut page);
    for table in &sheet.tables {
        list(table, &mut page);
    }
    not_counted(&sheet.excluded, &mut page);
    if !sheet.notes.is_empty() {
        page.push_str("<h2>Notes</h2>\n");
    }
    paragraphs(&sheet.notes, &mut page);
    page.push_str("</body>\n</html>\n");
    page
}

fn paragraphs(lines: &[String], page: &mut String) {
    for line in lines {
        page.push_str(&format!("<p>{}</p>\n", escape(line)));
    }
}

fn facts(facts: &[Fact], page: &mut String) {
    if facts.is_empty() {
        return;
    }
    let columns = [("", true), ("Figure", false), ("Value", false), ("n", true), ("Events", false)];
    open(&columns.map(|(name, number)| (name.to_owned(), number)), page);
    for (fact, number) in facts.iter().zip(1..) {
        let [label, value] = [escape(&fact.label), escape(&fact.value)];
        page.push_str(&format!("<tr><td class=\"number\">{number}</td><td>{label}</td>"));
        page.push_str(&format!("<td class=\"value\">{value}</td>"));
        page.push_str(&format!(
            "<td class=\"number\">{}</td>{}</tr>\n",
            fact.n,
            events(&fact.events)
        ));
    }
    page.push_str("</tbody></table></div>\n<h2>How each is calculated</h2>\n<ol>\n");
    for fact in facts {
        page.push_str(&format!("<li>{}</li>\n", escape(&fact.formula)));
    }
    page.push_str("</ol>\n");
}

fn list(table: &Table, page: &mut String) {
    page.push_str(&format!("<h2>{}</h2>\n", escape(&table.title)));
    if table.rows.is_empty() {
        page.push_str("<p>None.</p>\n");
        return;
    }
    let mut columns: Vec<_> = table
        .columns
        .iter()
        .map(|column| (column.name.clone(), column.kind == ColumnKind::Number))
        .collect();
    columns.push(("Events".to_owned(), false));
    open(&columns, page);
    for row in &table.rows {
        page.push_str("<tr>");
        for (cell, (_, number)) in row.cells.iter().zip(&columns) {
            let class = if *number { " class=\"number\"" } else { "" };
            page.push_str(&format!("<td{class}>{}</td>", escape(cell)));
        }
        page.push_str(&format!("{}</tr>\n", events(&row.events)));
    }
    page.push_str("</tbody></table></div>\n");
}

fn not_counted(excluded: &[Excluded], page: &mut String) {
    if excluded.is_empty() {
        return;
    }
    page.push_str("<h2>Not counted</h2>\n");
    open(&["From", "What", "Why", "Events"].map(|name| (name.to_owned(), false)), page);
    for Excluded { from, subject, reason, events: seqs } in excluded {
        let [from, subject, reason] = [escape(from), escape(subject), escape(reason)];
        page.push_str(&format!("<tr><td>{from}</td><td>{subject}</td><td>{reason}</td>"));
        page.push_str(&format!("{}</tr>\n", events(seqs)));
    }
    page.push_str("</tbody></table></div>\n");
}

/// Begins a table: the names of its columns, and whether they hold numbers.
fn open(columns: &[(String, bool)], page: &mut String) {
    page.push_str("<div class=\"wide\"><table><thead><tr>");
    for (name, number) in columns {
        let class = if *number { " class=\"number\"" } else { "" };
        page.push_str(&format!("<th scope=\"col\"{class}>{}</th>", escape(name)));
    }
    page.push_str("</tr></thead><tbody>\n");
}

fn events(events: &[u64]) -> String {
    format!("<td class=\"events\">{}</td>", ids(events))
}

/// A text that stays text wherever it stands in the page.
fn escape(text: &str) -> String {
    let line = sanitize::line(text);
    let mut escaped = String::with_capacity(line.len() + 8);
    for letter in line.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::testing::{hostile, plain};

    #[test]
    fn no_text_becomes_an_element() {
        belljar_cases::case!("G05");
        let elements = |text: &str| render(&hostile(text)).matches('<').count();
        for text in [
            "<script>alert(1)</script>",
            "</title><svg onload=x>",
            "\"><img src=x onerror=y>",
            "' onmouseover='x",
            "<!--",
            "&lt;b&gt;",
        ] {
            let page = render(&hostile(text));
            assert_eq!(elements(text), elements("x"), "{text}");
            assert!(!page.contains(text), "{text}");
        }
        assert!(!render(&hostile("\u{202e}\u{1b}[2J")).contains(['\u{202e}', '\u{1b}']));
    }

    #[test]
    fn a_page_needs_nothing_else() {
        let page = render(&plain());
        for foreign in ["<script", "<link", "<img", "http://", "https://", "url(", "@import"] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        assert!(page.contains("<td class=\"value\">50.0 % (1 of 2)</td>"), "{page}");
    }

    #[test]
    fn a_sheet_as_html() {
        let page = render(&plain());
        insta::assert_snapshot!(page.split("</style>").nth(1).unwrap(), @r#"
        <title>Delivery of production</title>
        </head>
        <body>
        <h1>Delivery of production</h1>
        <p>from 2026-01-01 to 2026-01-31</p>
        <div class="wide"><table><thead><tr><th scope="col" class="number"></th><th scope="col">Figure</th><th scope="col">Value</th><th scope="col" class="number">n</th><th scope="col">Events</th></tr></thead><tbody>
        <tr><td class="number">1</td><td>Change fail rate</td><td class="value">50.0 % (1 of 2)</td><td class="number">2</td><td class="events">e9 e11</td></tr>
        <tr><td class="number">2</td><td>Lead time</td><td class="value">no data</td><td class="number">0</td><td class="events"></td></tr>
        </tbody></table></div>
        <h2>How each is calculated</h2>
        <ol>
        <li>Failed deployments / deployments.</li>
        <li>Median, from the commit to the end.</li>
        </ol>
        <h2>Deployments</h2>
        <div class="wide"><table><thead><tr><th scope="col" class="number">number</th><th scope="col">outcome</th><th scope="col">Events</th></tr></thead><tbody>
        <tr><td class="number">7</td><td>live</td><td class="events">e3 e9</td></tr>
        <tr><td class="number">12</td><td>rolled-back</td><td class="events">e11</td></tr>
        </tbody></table></div>
        <h2>Incidents</h2>
        <p>None.</p>
        <h2>Not counted</h2>
        <div class="wide"><table><thead><tr><th scope="col">From</th><th scope="col">What</th><th scope="col">Why</th><th scope="col">Events</th></tr></thead><tbody>
        <tr><td>Lead time</td><td>commit 0badc0de</td><td>it is younger than its deployment</td><td class="events">e9</td></tr>
        </tbody></table></div>
        <h2>Notes</h2>
        <p>Times are UTC.</p>
        </body>
        </html>
        "#);
    }
}
