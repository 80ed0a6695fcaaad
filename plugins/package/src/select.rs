//! From mappings to the sorted list of entries of an archive.

use std::collections::BTreeMap;

use belljar_sdk::prelude::*;
use belljar_sdk::{InputError, Kind};

use crate::config::{Config, Mapping};

/// One file of the archive.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its path in the archive.
    pub(crate) target: String,
    /// The input it is made from.
    pub(crate) source: String,
    /// Bytes.
    pub(crate) size: u64,
    executable: bool,
}

impl Entry {
    /// Returns the permissions: fixed, but for the right to execute.
    pub(crate) fn mode(&self) -> u32 {
        if self.executable { 0o755 } else { 0o644 }
    }
}

/// Finds the files of all mappings, sorted by their path in the archive. Symbolic links are
/// followed: the archive holds what they lead to.
///
/// # Errors
/// When nothing is selected, or two files have one place.
pub(crate) fn select(config: &Config, cx: &mut Cx) -> Result<Vec<Entry>, StepError> {
    let mut places: BTreeMap<String, String> = BTreeMap::new();
    for (at, mapping) in config.files.iter().enumerate() {
        let found = cx.inputs().glob_except(&mapping.from, &mapping.except);
        if found.is_empty() {
            cx.finding(Finding::warning(
                "empty-mapping",
                format!("`files[{at}]` matches no input"),
            ));
        }
        for source in found.into_iter().map(|found| found.path) {
            let target = place(mapping, &source)?;
            if let Some(other) = places.insert(target.clone(), source.clone())
                && other != source
            {
                fail!("duplicate-path", "`{other}` and `{source}` both become `{target}`");
            }
        }
    }
    if places.is_empty() {
        fail!("nothing-to-package", "no input matches `files`");
    }
    check_folders(&places)?;
    places.into_iter().map(|(target, source)| entry(target, source, cx)).collect()
}

fn place(mapping: &Mapping, source: &str) -> Result<String, StepError> {
    let (strip, to) = (mapping.strip.trim_end_matches('/'), mapping.to.trim_end_matches('/'));
    let rest = if strip.is_empty() {
        Some(source)
    } else {
        source.strip_prefix(strip).and_then(|rest| rest.strip_prefix('/'))
    };
    let Some(rest) = rest else {
        fail!("outside-strip", "`{source}` is not below `{strip}`, which is to be stripped");
    };
    Ok(if to.is_empty() { rest.to_owned() } else { format!("{to}/{rest}") })
}

/// A file cannot stand where another path needs a folder.
fn check_folders(places: &BTreeMap<String, String>) -> Result<(), StepError> {
    for (target, source) in places {
        for folder in crate::tarball::folders(target) {
            if let Some(other) = places.get(folder) {
                fail!(
                    "duplicate-path",
                    "`{other}` becomes `{folder}`, which is a folder because of `{source}`"
                );
            }
        }
    }
    Ok(())
}

fn entry(target: String, source: String, cx: &Cx) -> Result<Entry, StepError> {
    let stat = cx.inputs().stat(&source).map_err(|error| broken(&error))?;
    if stat.kind != Kind::File {
        fail!("not-a-file", "`{source}` leads to a folder: name the files in it");
    }
    Ok(Entry { target, source, size: stat.size, executable: stat.executable })
}

/// What a pattern matched is there; only what a link leads to can be missing or undeclared.
fn broken(error: &InputError) -> StepError {
    StepError::failed("broken-link", format!("what the link leads to cannot be read: {error}"))
}
