//! Value and Table: TOML as a tree in which every part has its Place.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::place::Place;

/// Something and where it is written.
#[derive(Clone, Debug)]
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) at: Place,
}

/// A string of the file.
pub(crate) type Text = Located<String>;

/// A value of the file.
pub(crate) type Value = Located<Kind>;

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Text(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
    /// A date or a time, as text.
    Date(String),
    /// An integer beyond 64 bits.
    HugeInteger,
    List(Vec<Value>),
    Table(Table),
}

/// One key of a table with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Text,
    pub(crate) value: Value,
}

/// The entries of a table, in the order of the file.
#[derive(Clone, Default, Debug)]
pub(crate) struct Table(pub(crate) Vec<Entry>);

impl Kind {
    /// What a person would call it.
    pub(crate) fn in_words(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Text(_) => "a text",
            Self::Integer(number) => return Cow::Owned(format!("the number {number}")),
            Self::Float(_) => "a number with a fraction",
            Self::Bool(true) => "`true`",
            Self::Bool(false) => "`false`",
            Self::Date(_) => "a date or time",
            Self::HugeInteger => "a number beyond 64 bits",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        })
    }
}

impl Table {
    /// Reads a whole document. The second part are the mistakes in its syntax.
    pub(crate) fn parse(file: &Arc<str>, text: &str) -> (Self, Vec<toml::de::Error>) {
        let (root, errors) = DeTable::parse_recoverable(text);
        (table(file, root.get_ref()), errors)
    }

    /// Lays the entries of `over` upon these: tables are merged key by key, everything else is
    /// replaced.
    pub(crate) fn overlay(&mut self, over: &Self) {
        for entry in &over.0 {
            let Some(own) = self.0.iter_mut().find(|own| own.key.value == entry.key.value) else {
                self.0.push(entry.clone());
                continue;
            };
            match (&mut own.value.value, &entry.value.value) {
                (Kind::Table(own), Kind::Table(over)) => own.overlay(over),
                _ => *own = entry.clone(),
            }
        }
    }
}

fn table(file: &Arc<str>, table: &DeTable<'_>) -> Table {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let key: &Spanned<Cow<'_, str>> = key;
        Entry {
            key: Located { value: key.get_ref().to_string(), at: place(file, key.span()) },
            value: convert(file, value),
        }
    };
    let mut entries: Vec<Entry> = table.iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.key.at.span.start);
    Table(entries)
}

fn convert(file: &Arc<str>, value: &Spanned<DeValue<'_>>) -> Value {
    let kind = match value.get_ref() {
        DeValue::String(text) => Kind::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Kind::HugeInteger, Kind::Integer),
        DeValue::Float(number) => {
            number.as_str().parse().map_or(Kind::Float(f64::NAN), Kind::Float)
        }
        DeValue::Boolean(flag) => Kind::Bool(*flag),
        DeValue::Datetime(date) => Kind::Date(date.to_string()),
        DeValue::Array(items) => Kind::List(items.iter().map(|item| convert(file, item)).collect()),
        DeValue::Table(inner) => Kind::Table(table(file, inner)),
    };
    Located { value: kind, at: place(file, value.span()) }
}

fn place(file: &Arc<str>, span: Range<usize>) -> Place {
    Place { file: Arc::clone(file), span }
}
