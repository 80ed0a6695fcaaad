//! Sheet: a report as a value: figures, tables, and what was left out. It knows no format.

use serde::{Deserialize, Serialize};

/// The schema of a sheet as JSON. Fields may be added under one name.
pub const SCHEMA: &str = "belljar.report/v1";

/// What a figure says when there is nothing to calculate it from.
pub const NO_DATA: &str = "no data";

/// A report. Every number names the events behind it, by their place in the ledger.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Sheet {
    /// What it is about, in one line.
    pub title: String,
    /// What holds for the whole of it, such as its period. One line each.
    pub about: Vec<String>,
    /// The figures.
    pub facts: Vec<Fact>,
    /// The lists.
    pub tables: Vec<Table>,
    /// What was not counted, and why.
    pub excluded: Vec<Excluded>,
    /// How to read it. One paragraph each.
    pub notes: Vec<String>,
}

/// One figure.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Fact {
    /// What it is.
    pub label: String,
    /// It, for people; [`NO_DATA`] if there is nothing to calculate it from.
    pub value: String,
    /// The same for machines; `None` if there is nothing to calculate it from.
    pub exact: Option<Exact>,
    /// From how many things it was calculated.
    pub n: u64,
    /// How it was calculated.
    pub formula: String,
    /// The events behind it.
    pub events: Vec<u64>,
}

/// A number without rounding.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Exact {
    /// What is above the line.
    pub numerator: u64,
    /// What is below it; never 0.
    pub denominator: u64,
    /// `ms`, `per day` or `share`.
    pub unit: String,
}

/// A list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Table {
    /// What is listed.
    pub title: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Row>,
}

impl Table {
    /// A list without rows.
    pub fn new(title: &str, columns: &[Column]) -> Self {
        Self { title: title.to_owned(), columns: columns.to_vec(), rows: Vec::new() }
    }
}

/// A column of a [`Table`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Column {
    /// Its heading.
    pub name: String,
    /// What is in it.
    pub kind: ColumnKind,
}

impl Column {
    /// A column of text.
    pub fn text(name: &str) -> Self {
        Self { name: name.to_owned(), kind: ColumnKind::Text }
    }

    /// A column of numbers.
    pub fn number(name: &str) -> Self {
        Self { name: name.to_owned(), kind: ColumnKind::Number }
    }
}

/// What is in a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnKind {
    /// Text; it is aligned left.
    Text,
    /// Numbers; they are aligned right.
    Number,
}

/// A row of a [`Table`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Row {
    /// One for each column.
    pub cells: Vec<String>,
    /// The events behind it.
    pub events: Vec<u64>,
}

/// Something that was not counted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Excluded {
    /// From what: the label of a [`Fact`], or the title of a [`Table`].
    pub from: String,
    /// What was left out.
    pub subject: String,
    /// Why.
    pub reason: String,
    /// The events behind it.
    pub events: Vec<u64>,
}
