//! `docs/reference/ledger.md` tells of every event.

use std::collections::BTreeMap;

const EVENTS: &str = include_str!("../../../model/src/ledger.rs");
const PAGE: &str = include_str!("../../../../docs/reference/ledger.md");

/// The events that the model declares, by their name in a line, and their fields.
fn declared() -> BTreeMap<String, Vec<String>> {
    let (_, body) = EVENTS.split_once("pub enum LedgerEvent {\n").unwrap();
    let (body, _) = body.split_once("\n}").unwrap();
    let mut events = BTreeMap::new();
    let mut event = String::new();
    for line in body.lines() {
        if let Some(name) = line.strip_prefix("    ").and_then(|line| line.strip_suffix(" {")) {
            event = kebab(name);
            events.insert(event.clone(), Vec::new());
        } else if let Some((field, _)) = line.trim().split_once(": ")
            && line.starts_with("        ")
            && !field.starts_with('/')
        {
            events.get_mut(&event).unwrap().push(field.to_owned());
        }
    }
    events
}

fn kebab(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

/// The events that the page describes: rows ``| `name` | `field`: text; `field`: text |``.
fn described() -> BTreeMap<String, Vec<String>> {
    let (_, rows) = PAGE.split_once("<!-- events -->\n").unwrap();
    let (rows, _) = rows.split_once("<!-- /events -->").unwrap();
    let rows = rows.lines().filter_map(|row| row.strip_prefix("| `"));
    let row = |row: &str| {
        let (name, fields) = row.split_once("` |").unwrap();
        let (_, fields) = fields.split_once('|').unwrap();
        let mut names: Vec<_> = fields.split("`: ").collect();
        names.pop(); // what stands behind the last name is no name
        let field = |text: &str| text.rsplit('`').next().unwrap_or_default().to_owned();
        (name.to_owned(), names.into_iter().map(field).collect())
    };
    rows.map(row).collect()
}

#[test]
fn the_page_describes_every_event_with_all_its_fields() {
    let declared = declared();
    assert!(declared.len() > 20, "the events of the model were not found: {declared:?}");
    assert_eq!(declared["key-changed"], ["old", "new"]);
    assert_eq!(described(), declared);
}
