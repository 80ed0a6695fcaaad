//! A [`Sheet`](belljar_model::sheet::Sheet) in each format: text, JSON, CSV, Markdown, HTML.
//!
//! What a sheet says comes from a ledger, so from whoever deployed: every format takes the power
//! out of all of it.

pub mod csv;
pub mod html;
pub mod json;
pub mod markdown;
pub mod text;

/// `e3 e9`: events as people name them.
fn ids(events: &[u64]) -> String {
    events.iter().map(|seq| format!("e{seq}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod testing {
    use belljar_model::sheet::{Column, Exact, Excluded, Fact, NO_DATA, Row, Sheet, Table};

    /// A sheet in which every text is the given one.
    pub(super) fn hostile(text: &str) -> Sheet {
        let text = text.to_owned();
        let mut table = Table::new(&text, &[Column::text(&text), Column::number(&text)]);
        table.rows.push(Row { cells: vec![text.clone(), text.clone()], events: vec![1] });
        Sheet {
            title: text.clone(),
            about: vec![text.clone()],
            facts: vec![Fact {
                label: text.clone(),
                value: text.clone(),
                exact: Some(Exact { numerator: 1, denominator: 2, unit: text.clone() }),
                n: 2,
                formula: text.clone(),
                events: vec![1],
            }],
            tables: vec![table],
            excluded: vec![Excluded {
                from: text.clone(),
                subject: text.clone(),
                reason: text.clone(),
                events: vec![1],
            }],
            notes: vec![text],
        }
    }

    /// An ordinary sheet.
    pub(super) fn plain() -> Sheet {
        let mut table =
            Table::new("Deployments", &[Column::number("number"), Column::text("outcome")]);
        table.rows.push(Row { cells: vec!["7".into(), "live".into()], events: vec![3, 9] });
        table.rows.push(Row { cells: vec!["12".into(), "rolled-back".into()], events: vec![11] });
        Sheet {
            title: "Delivery of production".into(),
            about: vec!["from 2026-01-01 to 2026-01-31".into()],
            facts: vec![
                Fact {
                    label: "Change fail rate".into(),
                    value: "50.0 % (1 of 2)".into(),
                    exact: Some(Exact { numerator: 1, denominator: 2, unit: "share".into() }),
                    n: 2,
                    formula: "Failed deployments / deployments.".into(),
                    events: vec![9, 11],
                },
                Fact {
                    label: "Lead time".into(),
                    value: NO_DATA.into(),
                    exact: None,
                    n: 0,
                    formula: "Median, from the commit to the end.".into(),
                    events: vec![],
                },
            ],
            tables: vec![table, Table::new("Incidents", &[Column::text("id")])],
            excluded: vec![Excluded {
                from: "Lead time".into(),
                subject: "commit 0badc0de".into(),
                reason: "it is younger than its deployment".into(),
                events: vec![9],
            }],
            notes: vec!["Times are UTC.".into()],
        }
    }
}
