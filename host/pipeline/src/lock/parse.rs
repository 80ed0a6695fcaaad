//! Parse: from the text of a lock file to what it says, or to all that is wrong with it.

use std::collections::BTreeSet;
use std::sync::Arc;

use belljar_model::{Class, Diagnostic, Digest};

use crate::codes;
use crate::place::Place;
use crate::suggest;
use crate::text::{Entry, Kind, Table, Text, Value};

use super::{ASKS, GRANTS, LockEntry, LockFile, Named, VERSION, world_of};

const HELP: &str = "only belljar writes this file: take it from version control, or remove it and \
                    run `belljar plugin update`, and then review what it says";

/// The keys of a plugin.
const KEYS: &[&str] =
    &["source", "label", "world", "class", "size", "blake3", "sha256", "imports", "asks", "grants"];

/// Reads the text of the lock file called `file`.
///
/// # Errors
/// All that is wrong with it, each at its place.
pub fn parse_lock(file: &str, text: &str) -> Result<LockFile, Vec<Diagnostic>> {
    let file: Arc<str> = Arc::from(file);
    let (root, errors) = Table::parse(&file, text);
    let mut reading = Reading { found: Vec::new() };
    for error in &errors {
        let end = text.len();
        let span = error.span().filter(|span| text.get(span.clone()).is_some());
        let place = Place { file: Arc::clone(&file), span: span.unwrap_or(end..end) };
        let message = format!("the lock file is not valid TOML: {}", error.message().trim());
        reading.found.push(
            Diagnostic::error(codes::LOCK_NO_TOML, message, place.label(""))
                .help("was it merged by hand? take one side, then run `belljar plugin update`"),
        );
    }
    let lock = if errors.is_empty() { reading.root(&file, root) } else { None };
    match lock {
        Some(lock) if reading.found.is_empty() => Ok(lock),
        _ => Err(reading.found),
    }
}

struct Reading {
    found: Vec<Diagnostic>,
}

/// The parts of a plugin, as far as they were read.
#[derive(Default)]
struct Parts {
    texts: [Option<Text>; 6],
    size: Option<u64>,
    imports: BTreeSet<String>,
    asks: Named,
    grants: Named,
}

/// The texts of a plugin, in the order of [`Parts::texts`].
const TEXTS: [&str; 6] = ["source", "label", "world", "class", "blake3", "sha256"];

impl Reading {
    fn bad(&mut self, message: String, at: &Place) {
        let diagnostic = Diagnostic::error(codes::BAD_LOCK, message, at.label(""));
        self.found.push(diagnostic.help(HELP));
    }

    fn root(&mut self, file: &Arc<str>, root: Table) -> Option<LockFile> {
        let mut lock = LockFile::default();
        let mut version = None;
        for Entry { key, value } in root.0 {
            match (key.value.as_str(), value.value) {
                ("version", Kind::Integer(number)) => version = Some((number, value.at)),
                ("plugin", Kind::Table(plugins)) => {
                    for Entry { key, value } in plugins.0 {
                        if let Some(entry) = self.plugin(&key, value) {
                            lock.plugins.insert(key.value, entry);
                        }
                    }
                }
                ("version" | "plugin", kind) => {
                    let wanted = if key.value == "version" { "a number" } else { "a table" };
                    self.wrong(&key.value, wanted, &kind, &value.at);
                }
                _ => self.unknown("the lock file", &key, &["version", "plugin"]),
            }
        }
        match version {
            Some((VERSION, _)) => Some(lock),
            Some((newer, at)) if newer > VERSION => {
                let message =
                    format!("this lock file needs a newer version: it says version {newer}");
                let label = at.label(format!("this version reads {VERSION}"));
                let newer = Diagnostic::error(codes::NEWER_LOCK, message, label);
                self.found = vec![newer.help("update belljar")];
                None
            }
            other => {
                let start = Place { file: Arc::clone(file), span: 0..0 };
                let at = other.map_or(start, |(_, at)| at);
                self.bad(format!("the lock file does not say `version = {VERSION}`"), &at);
                None
            }
        }
    }

    fn wrong(&mut self, field: &str, wanted: &str, found: &Kind, at: &Place) {
        self.bad(format!("`{field}` should be {wanted}, but is {}", found.in_words()), at);
    }

    fn unknown(&mut self, owner: &str, key: &Text, known: &[&str]) {
        let message = format!("{owner} has no key `{}`", key.value);
        let mut diagnostic =
            Diagnostic::error(codes::BAD_LOCK, message, key.at.label("not known here"));
        diagnostic.help = suggest::did_you_mean(&key.value, known, "the keys are");
        self.found.push(diagnostic);
    }

    fn plugin(&mut self, name: &Text, value: Value) -> Option<LockEntry> {
        let Kind::Table(table) = value.value else {
            self.wrong(&name.value, "a table", &value.value, &value.at);
            return None;
        };
        let mut parts = Parts::default();
        for Entry { key, value } in table.0 {
            self.part(&mut parts, &key, value);
        }
        self.entry(name, parts)
    }

    fn part(&mut self, parts: &mut Parts, key: &Text, value: Value) {
        let field = key.value.as_str();
        let at = value.at.clone();
        match (field, value.value) {
            ("size", Kind::Integer(size)) if size >= 0 => parts.size = size.try_into().ok(),
            ("imports", kind) => {
                parts.imports = self.names(field, kind, &at);
            }
            ("asks", kind) => parts.asks = self.named("asks", kind, &at, ASKS),
            ("grants", kind) => parts.grants = self.named("grants", kind, &at, GRANTS),
            (_, Kind::Text(text)) if TEXTS.contains(&field) => {
                let index = TEXTS.iter().position(|known| *known == field);
                parts.texts[index.expect("it is one of them")] = Some(Text { value: text, at });
            }
            (_, kind) if KEYS.contains(&field) => {
                let wanted = if field == "size" { "a count of bytes" } else { "a text" };
                self.wrong(field, wanted, &kind, &at);
            }
            _ => self.unknown("a plugin of the lock file", key, KEYS),
        }
    }

    fn names(&mut self, field: &str, kind: Kind, at: &Place) -> BTreeSet<String> {
        let Kind::List(items) = kind else {
            self.wrong(field, "a list of texts", &kind, at);
            return BTreeSet::new();
        };
        let mut names = BTreeSet::new();
        for Value { value, at } in items {
            match value {
                Kind::Text(name) => {
                    names.insert(name);
                }
                other => self.wrong(field, "a list of texts", &other, &at),
            }
        }
        names
    }

    fn named(&mut self, field: &str, kind: Kind, at: &Place, kinds: &[&str]) -> Named {
        let Kind::Table(table) = kind else {
            self.wrong(field, "a table of lists", &kind, at);
            return Named::new();
        };
        let mut all = Named::new();
        for Entry { key, value } in table.0 {
            if kinds.contains(&key.value.as_str()) {
                let names = self.names(&key.value, value.value, &value.at);
                if !names.is_empty() {
                    all.insert(key.value, names);
                }
            } else {
                self.unknown(&format!("`{field}`"), &key, kinds);
            }
        }
        all
    }

    /// Puts an entry together, if all of it is there.
    fn entry(&mut self, name: &Text, parts: Parts) -> Option<LockEntry> {
        let Parts { texts, size, imports, asks, grants } = parts;
        for (field, text) in TEXTS.iter().zip(&texts) {
            if text.is_none() {
                self.bad(format!("the plugin `{}` has no `{field}`", name.value), &name.at);
            }
        }
        if size.is_none() {
            self.bad(format!("the plugin `{}` has no `size`", name.value), &name.at);
        }
        let [Some(source), Some(label), Some(world), Some(class), Some(blake3), Some(sha256)] =
            texts
        else {
            return None;
        };
        let known = [Class::Pure, Class::Exec, Class::Effect];
        let known = known.into_iter().find(|one| one.to_string() == class.value);
        if known.is_none_or(|class| world_of(class) != world.value) {
            let message = format!("there is no `{}` of the class `{}`", world.value, class.value);
            self.bad(message, &class.at);
        }
        if !is_hash(&sha256.value) {
            self.bad("`sha256` is not 64 lower-case hexadecimal digits".to_owned(), &sha256.at);
        }
        let digest = format!("blake3:{}:{}", blake3.value, size?).parse::<Digest>().ok();
        let digest = digest.filter(|_| is_hash(&blake3.value));
        if digest.is_none() {
            self.bad("`blake3` is not 64 lower-case hexadecimal digits".to_owned(), &blake3.at);
        }
        Some(LockEntry {
            source: source.value,
            label: label.value,
            world: world.value,
            class: known?,
            digest: digest?,
            sha256: sha256.value,
            imports,
            asks,
            grants,
        })
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
