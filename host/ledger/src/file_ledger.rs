//! FileLedger: a ledger in a folder, which several processes may use at once.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use belljar_model::ports::{Clock, Ledger};
use belljar_model::{Fault, LedgerEntry as Entry, LedgerEvent};

use crate::fault;
use crate::files::{Files, Folder, LINES, Sharing, slots};
use crate::history::{Broken, History};
use crate::key::LedgerKey;
use crate::verify;

/// What one who appends needs.
pub struct Options {
    /// The name of a ledger that is made new, such as `example.org/shop`: without white space
    /// and `+`. One that is there keeps its name.
    pub origin: String,
    /// The key that signs the checkpoints.
    pub key: LedgerKey,
    /// Who appends: a name, and an e-mail address if there is one.
    pub actor: String,
    /// The machine.
    pub host: String,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// A ledger in a folder. Nothing is made before the first event is appended.
pub struct FileLedger {
    pub(crate) files: Box<dyn Files>,
    state: Mutex<State>,
}

/// What is known of the ledger.
pub(crate) struct State {
    pub(crate) history: History,
    /// `None` for one who only reads.
    pub(crate) options: Option<Options>,
}

impl FileLedger {
    /// Opens the ledger in `folder`, which need not be there yet, for appending. The disk is not
    /// looked at before the ledger is used.
    pub fn open(folder: &Path, options: Options) -> Self {
        Self::over(Box::new(Folder::new(folder)), Some(options))
    }

    /// Opens the ledger in `folder`, which need not be there yet, for reading. Needs no key and
    /// makes no file.
    pub fn open_to_read(folder: &Path) -> Self {
        Self::over(Box::new(Folder::new(folder)), None)
    }

    pub(crate) fn over(files: Box<dyn Files>, options: Option<Options>) -> Self {
        Self { files, state: Mutex::new(State { history: History::default(), options }) }
    }

    /// The checkpoint as it is now, to be kept elsewhere: whoever holds it can prove later that
    /// nothing up to here was changed. `None` if nothing was recorded yet.
    ///
    /// # Errors
    /// When the ledger cannot be read, or is not what its checkpoint says.
    pub fn checkpoint(&self) -> Result<Option<String>, Fault> {
        let mut state = self.state();
        self.refresh(&mut state.history)?;
        Ok(state.history.best.as_ref().map(|best| best.checkpoint.text()))
    }

    /// The state is never left half changed, so a panic elsewhere does not spoil it.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what others appended.
    fn refresh(&self, history: &mut History) -> Result<(), Fault> {
        let lock = self.files.lock(Sharing::Readers)?;
        let caught_up = self.catch_up(history, None);
        drop(lock);
        caught_up.map(drop)
    }

    /// Takes in what others appended, while the folder is locked. Returns the bytes at the end
    /// that no checkpoint confirms.
    pub(crate) fn catch_up(
        &self,
        history: &mut History,
        own: Option<&LedgerKey>,
    ) -> Result<Vec<u8>, Fault> {
        let slots = slots(&*self.files).map_err(fault::disk)?;
        let tail = self.files.read(LINES, history.end).map_err(fault::disk)?.unwrap_or_default();
        let own = own.map(LedgerKey::public_key);
        match history.catch_up(&tail, &slots, own.as_ref()) {
            Ok(unconfirmed) => Ok(tail[tail.len() - unconfirmed..].to_vec()),
            Err(Broken::Newer { line, reason }) => Err(fault::newer(line, &reason)),
            Err(Broken::Tampered) => Err(self.tampered(history)),
        }
    }

    /// Says as well as possible what is wrong.
    fn tampered(&self, history: &History) -> Fault {
        let copy = match verify::Copy::read(&*self.files) {
            Ok(copy) => copy,
            Err(error) => return fault::disk(error),
        };
        let mut problems = verify::check(&copy, None, None).problems;
        if problems.is_empty() {
            problems.push(verify::Problem::rewritten(history.size()));
        }
        fault::tampered(&problems)
    }
}

impl Ledger for FileLedger {
    /// `may` must not use this ledger.
    fn append_if(
        &self,
        events: Vec<LedgerEvent>,
        may: &mut dyn FnMut(&[Entry]) -> Result<(), Fault>,
    ) -> Result<Vec<Entry>, Fault> {
        self.append_events(events, may)
    }

    /// `read` must not use this ledger.
    fn read(&self, read: &mut dyn FnMut(&[Entry])) -> Result<(), Fault> {
        let mut state = self.state();
        self.refresh(&mut state.history)?;
        read(&state.history.entries);
        Ok(())
    }
}
