//! Export: the lines of a ledger, or some of them, for other programs.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

use belljar_model::{Fault, LedgerEntry as Entry};
use serde_json::Value;

use crate::fault;
use crate::history::{self, Broken, History};
use crate::verify::{self, Copy};

/// Which lines are exported: those that everything here agrees with.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Filter {
    /// Numbers of entries; `None` for all.
    pub range: Option<Range<u64>>,
    /// Types of events, such as `finished`; empty for all.
    pub types: BTreeSet<String>,
    /// Events of this environment only.
    pub environment: Option<String>,
}

impl Filter {
    /// Whether a line is exported. It is looked at as JSON, so that types which are added later
    /// need no change here.
    fn takes(&self, entry: &Entry, line: &[u8]) -> bool {
        if self.range.as_ref().is_some_and(|range| !range.contains(&entry.seq)) {
            return false;
        }
        if self.types.is_empty() && self.environment.is_none() {
            return true;
        }
        let line: Value = serde_json::from_slice(line).unwrap_or_default();
        let text = |pointer: &str| line.pointer(pointer).and_then(Value::as_str);
        let has_type = text("/type").is_some_and(|name| self.types.contains(name));
        let environment = text("/environment").or(text("/plan/environment/name"));
        (self.types.is_empty() || has_type)
            && (self.environment.is_none() || environment == self.environment.as_deref())
    }
}

/// Writes the lines of the ledger in `folder` that `filter` takes, byte for byte, and returns
/// how many. With the empty filter, whoever has them can compute the root of the checkpoint.
///
/// # Errors
/// When the ledger cannot be read or is not what its checkpoint says, or `out` takes no more.
pub fn export(folder: &Path, filter: &Filter, out: &mut dyn Write) -> Result<u64, Fault> {
    let ledger = Confirmed::read(folder)?;
    let mut count = 0;
    let mut write = |line: &[u8]| -> io::Result<()> {
        out.write_all(line)?;
        out.write_all(b"\n")
    };
    for (_, line) in ledger.lines().filter(|(entry, line)| filter.takes(entry, line)) {
        write(line).map_err(|error| fault::export(&error))?;
        count += 1;
    }
    out.flush().map_err(|error| fault::export(&error))?;
    Ok(count)
}

/// A ledger that is what its checkpoint says, with the bytes of its lines.
pub(crate) struct Confirmed {
    pub(crate) history: History,
    copy: Copy,
}

impl Confirmed {
    /// Reads the ledger in a folder.
    ///
    /// # Errors
    /// When none is there, or it cannot be read or is not what its checkpoint says.
    pub(crate) fn read(folder: &Path) -> Result<Self, Fault> {
        let copy = Copy::of(folder)?;
        let mut history = History::default();
        match history.catch_up(&copy.lines, &copy.slots, None) {
            Ok(_) => Ok(Self { history, copy }),
            Err(Broken::Newer { line, reason }) => Err(fault::newer(line, &reason)),
            Err(Broken::Tampered) => {
                Err(fault::tampered(&verify::check(&copy, None, None).problems))
            }
        }
    }

    /// The entries with their lines.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (&Entry, &[u8])> {
        self.history.entries.iter().zip(history::lines(&self.copy.lines))
    }
}
