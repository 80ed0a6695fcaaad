//! The text of a lock file: one line for each fact, always in the same order.

use std::collections::BTreeSet;
use std::fmt;

use super::{LockFile, Named, VERSION};

const HEAD: &str = "\
# Which plugins this pipeline uses, what each can do, and what was accepted of it.
# Written by belljar: keep it under version control, and change it with `belljar plugin update`.
";

impl fmt::Display for LockFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{HEAD}version = {VERSION}")?;
        for (name, entry) in &self.plugins {
            write!(out, "\n[plugin.{}]\n", key(name))?;
            for (field, value) in [
                ("source", entry.source.as_str()),
                ("label", &entry.label),
                ("world", &entry.world),
                ("class", &entry.class.to_string()),
            ] {
                writeln!(out, "{field} = {}", quoted(value))?;
            }
            writeln!(out, "size = {}", entry.digest.size())?;
            writeln!(out, "blake3 = {}", quoted(&entry.digest.hex()))?;
            writeln!(out, "sha256 = {}", quoted(&entry.sha256))?;
            list(out, "imports", &entry.imports)?;
            named(out, "asks", &entry.asks)?;
            named(out, "grants", &entry.grants)?;
        }
        Ok(())
    }
}

fn named(out: &mut fmt::Formatter<'_>, field: &str, all: &Named) -> fmt::Result {
    all.iter().try_for_each(|(kind, names)| list(out, &format!("{field}.{}", key(kind)), names))
}

fn list(out: &mut fmt::Formatter<'_>, field: &str, names: &BTreeSet<String>) -> fmt::Result {
    if names.is_empty() {
        return Ok(());
    }
    writeln!(out, "{field} = [")?;
    names.iter().try_for_each(|name| writeln!(out, "  {},", quoted(name)))?;
    writeln!(out, "]")
}

/// A key as TOML writes it.
pub(super) fn key(text: &str) -> String {
    let is_bare = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    if !text.is_empty() && text.chars().all(is_bare) { text.to_owned() } else { quoted(text) }
}

/// A text as TOML writes it.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            _ if letter.is_control() => quoted += &format!("\\u{:04X}", u32::from(letter)),
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}
