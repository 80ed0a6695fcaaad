//! What is kept of what the commands made.

use std::collections::{BTreeMap, BTreeSet};

use belljar_sdk::prelude::*;
use belljar_sdk::{Log, OutError, Ran};

/// How many names a line of the log shows.
const SHOWN: usize = 5;

/// The files of all commands so far.
#[derive(Default)]
pub(crate) struct Kept {
    /// The digest of each file of the step, by path.
    files: BTreeMap<String, String>,
    /// What matches `writes`, but is no output.
    undeclared: BTreeSet<String>,
    /// Links cannot be kept.
    links: BTreeSet<String>,
}

impl Kept {
    /// Keeps what the command at `pointer` made.
    ///
    /// # Errors
    /// When it changed what an earlier command made: an output is written once.
    pub(crate) fn take(&mut self, ran: &Ran, pointer: &str) -> Result<(), StepError> {
        for file in ran.files() {
            if self.files.get(&file.path) == Some(&file.digest) {
                continue;
            }
            match ran.keep(&file.path, &file.path) {
                Ok(digest) => drop(self.files.insert(file.path, digest)),
                Err(error) if error.problem == OutError::NotDeclared => {
                    self.undeclared.insert(file.path);
                }
                Err(error) if error.problem == OutError::Exists => {
                    let message = format!(
                        "changes `{}`, which an earlier command made: an output is written once, \
                         so let one command do both, or leave the first form in `.scratch/`",
                        file.path
                    );
                    return Err(StepError::invalid_config(pointer, message));
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.links.extend(ran.links().into_iter().map(|link| link.path));
        Ok(())
    }

    /// Returns how many outputs there are.
    pub(crate) fn count(&self) -> usize {
        self.files.keys().filter(|path| !path.starts_with(".scratch/")).count()
    }

    /// Says in the log what was not kept.
    pub(crate) fn tell(&self, log: &Log) {
        tell(log, &self.undeclared, "match `writes`, but are not among the step's outputs");
        tell(log, &self.links, "are symbolic links, which cannot be outputs");
    }
}

fn tell(log: &Log, paths: &BTreeSet<String>, why: &str) {
    if paths.is_empty() {
        return;
    }
    let mut names: Vec<String> = paths.iter().take(SHOWN).map(|path| format!("`{path}`")).collect();
    if paths.len() > SHOWN {
        names.push(format!("{} more", paths.len() - SHOWN));
    }
    log.warn(format_args!("dropped: {} {why}", names.join(", ")));
}
