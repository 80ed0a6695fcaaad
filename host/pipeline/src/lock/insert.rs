//! Insert: one more plugin in the text of a pipeline file, with all else as it was.

use std::sync::Arc;

use crate::text::{Entry, Kind, Table};

use super::write::{key, quoted};

/// Why a plugin cannot be put into a file.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InsertError {
    /// There is a plugin of this name.
    #[error("the file has a plugin `{0}` already")]
    Taken(String),
    /// The file is written in a way that cannot be added to without changing more of it.
    #[error("no line can be added to the file without changing others")]
    Layout,
}

/// Returns the text of a pipeline file with the plugin `name` from `source` added to `[plugins]`.
/// `source` is `builtin:NAME` or a path in the workspace.
///
/// # Errors
/// When there is one of this name, or no place to add it. The line to add by hand is
/// [`plugin_line`].
pub fn insert_plugin(text: &str, name: &str, source: &str) -> Result<String, InsertError> {
    let before = plugins(text).ok_or(InsertError::Layout)?;
    if before.0.iter().any(|entry| entry.key.value == name) {
        return Err(InsertError::Taken(name.to_owned()));
    }
    let line = plugin_line(name, source);
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let header = headers(text).find(|(_, header)| header.trim() == "[plugins]");
    let (at, added) = if let Some((start, _)) = header {
        let values = before.0.iter().filter(|entry| entry.key.at.span.start > start);
        let last = values.map(|entry| entry.value.at.span.end).max().unwrap_or(start);
        (line_end(text, last), format!("{line}{newline}"))
    } else {
        let table = format!("[plugins]{newline}{line}{newline}");
        match headers(text).next() {
            Some((first, _)) => (comment_start(text, first), format!("{table}{newline}")),
            None => (text.len(), format!("{newline}{table}")),
        }
    };
    let glue = if text[..at].is_empty() || text[..at].ends_with('\n') { "" } else { newline };
    let result = format!("{}{glue}{added}{}", &text[..at], &text[at..]);
    // What was read of the text decides; the places above are only a guess at its layout.
    let after = plugins(&result).ok_or(InsertError::Layout)?;
    let expected = before.0.iter().map(|entry| entry.key.value.as_str()).chain([name]);
    let found = after.0.iter().map(|entry| entry.key.value.as_str());
    let (mut expected, mut found): (Vec<_>, Vec<_>) = (expected.collect(), found.collect());
    expected.sort_unstable();
    found.sort_unstable();
    if expected == found { Ok(result) } else { Err(InsertError::Layout) }
}

/// The line of a plugin in `[plugins]`.
pub fn plugin_line(name: &str, source: &str) -> String {
    match source.strip_prefix("builtin:") {
        Some(_) => format!("{} = {}", key(name), quoted(source)),
        None => format!("{} = {{ path = {} }}", key(name), quoted(source)),
    }
}

/// The table of plugins; an empty one if there is none, `None` if the text is no pipeline file.
fn plugins(text: &str) -> Option<Table> {
    let (root, errors) = Table::parse(&Arc::from(""), text);
    if !errors.is_empty() {
        return None;
    }
    let found = root.0.into_iter().find(|Entry { key, .. }| key.value == "plugins");
    match found.map(|entry| entry.value.value) {
        None => Some(Table::default()),
        Some(Kind::Table(table)) => Some(table),
        Some(_) => None,
    }
}

/// The lines that look like the header of a table, with where they begin.
fn headers(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    let lines = text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line)
    });
    lines.filter_map(|(start, line)| {
        let bare = line.split('#').next().unwrap_or_default();
        bare.starts_with('[').then_some((start, bare))
    })
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1)
}

/// Where the comment begins that stands directly above a line.
fn comment_start(text: &str, line: usize) -> usize {
    let mut start = line;
    for above in text[..line].split_inclusive('\n').rev() {
        if !above.starts_with('#') {
            break;
        }
        start -= above.len();
    }
    start
}
