//! Appending: lines first, then the checkpoint that confirms them, each durable before the next.

use belljar_model::ledger::SCHEMA;
use belljar_model::{Fault, LedgerEntry as Entry, LedgerEvent};

use crate::checkpoint::{Checkpoint, is_origin};
use crate::fault;
use crate::file_ledger::{FileLedger, Options, State};
use crate::files::{LINES, SLOTS, Sharing, rotation};
use crate::history::{Best, History};
use crate::key::LedgerKey;
use crate::tree::{Frontier, leaf_hash};

impl FileLedger {
    /// Appends events if `may` agrees.
    pub(crate) fn append_events(
        &self,
        events: Vec<LedgerEvent>,
        may: &mut dyn FnMut(&[Entry]) -> Result<(), Fault>,
    ) -> Result<Vec<Entry>, Fault> {
        assert!(!events.iter().any(is_own), "the ledger alone appends what it tells of itself");
        self.change(|files, history, options| {
            may(&history.entries)?;
            let mut events = events;
            let count = events.len();
            if count == 0 {
                return Ok(Vec::new());
            }
            if history.size() == 0 {
                events.insert(0, opened(options));
            }
            files.commit(history, options, events, &[&options.key])?;
            Ok(history.entries[history.entries.len() - count..].to_vec())
        })
    }

    /// Signs with another key from here on. The change is an event that both keys sign.
    ///
    /// # Errors
    /// When nothing was recorded yet, or it cannot be recorded; then the key stays.
    pub fn rotate(&self, new: LedgerKey) -> Result<(), Fault> {
        self.change(|files, history, options| {
            if history.size() == 0 {
                return Err(fault::absent("there is no ledger yet whose key could be changed"));
            }
            let event = LedgerEvent::KeyChanged { old: options.key.public(), new: new.public() };
            files.commit(history, options, vec![event], &[&options.key, &new])?;
            options.key = new;
            Ok(())
        })
    }

    /// Does something with the whole ledger while nobody else can, after what an interruption
    /// left behind was set aside.
    fn change<T>(
        &self,
        change: impl FnOnce(&Self, &mut History, &mut Options) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut state = self.state();
        let State { history, options: Some(options) } = &mut *state else {
            return Err(fault::key("the ledger was opened for reading, without a key"));
        };
        self.files.prepare().map_err(fault::disk)?;
        let _lock = self.files.lock(Sharing::Nobody)?;
        let unconfirmed = self.catch_up(history, Some(&options.key))?;
        require_key(history, &options.key)?;
        if !unconfirmed.is_empty() {
            self.set_aside(history, options, &unconfirmed)?;
        }
        change(self, history, options)
    }

    /// Moves lines that were never confirmed out of the way, and records that.
    fn set_aside(
        &self,
        history: &mut History,
        options: &Options,
        unconfirmed: &[u8],
    ) -> Result<(), Fault> {
        let names = self.files.names().map_err(fault::disk)?;
        let size = history.size();
        let plain = format!("unconfirmed-{size}.bin");
        let numbered = (2..).map(|number| format!("unconfirmed-{size}-{number}.bin"));
        let mut free = std::iter::once(plain).chain(numbered).filter(|name| !names.contains(name));
        let file = free.next().expect("there are endlessly many names");
        self.files.write_whole(&file, unconfirmed).map_err(fault::disk)?;
        self.files.write_tail(LINES, history.end, &[]).map_err(fault::disk)?;
        tracing::warn!(%file, "set aside lines of the ledger that were never confirmed");
        let mut events = vec![LedgerEvent::Recovered { bytes: unconfirmed.len() as u64, file }];
        if size == 0 {
            events.insert(0, opened(options));
        }
        self.commit(history, options, events, &[&options.key])
    }

    /// Writes events and confirms them with a checkpoint that `keys` sign.
    fn commit(
        &self,
        history: &mut History,
        options: &Options,
        events: Vec<LedgerEvent>,
        keys: &[&LedgerKey],
    ) -> Result<(), Fault> {
        self.keep_rotation(history)?;
        let origin = match history.chain.origin() {
            Some(origin) => origin.to_owned(),
            None => self.begin(history, options)?,
        };
        let new = NewLines::of(history, options, events);
        let checkpoint = Checkpoint::sign(&origin, new.frontier.size(), new.frontier.root(), keys);
        if let Err(error) = self.files.write_tail(LINES, history.end, &new.bytes) {
            self.undo(history);
            return Err(fault::disk(error));
        }
        let slot = history.best.as_ref().map_or(0, |best| 1 - best.slot);
        if let Err(error) = self.files.write_tail(SLOTS[slot], 0, checkpoint.text().as_bytes()) {
            // The lines go only when it is sure that no checkpoint confirms them.
            if self.files.write_tail(SLOTS[slot], 0, &[]).is_ok() {
                self.undo(history);
            }
            return Err(fault::disk(error));
        }
        history.add(new.entries, new.frontier, new.bytes.len() as u64);
        history.best = Some(Best { slot, checkpoint });
        Ok(())
    }

    /// Takes back lines that were written and not confirmed. If it fails too, the next one who
    /// appends sets them aside.
    fn undo(&self, history: &History) {
        if let Err(error) = self.files.write_tail(LINES, history.end, &[]) {
            tracing::warn!(%error, "unconfirmed lines stay at the end of the ledger");
        }
    }

    /// Signs the empty ledger in both slots, so that there is never a line without a checkpoint
    /// before it. Returns the origin.
    fn begin(&self, history: &mut History, options: &Options) -> Result<String, Fault> {
        let origin = &options.origin;
        if !is_origin(origin) {
            let message = format!("`{origin}` cannot be the name of a ledger");
            return Err(fault::key(message).help("use a name without white space and `+`"));
        }
        let root = Frontier::default().root();
        let checkpoint = Checkpoint::sign(origin, 0, root, &[&options.key]);
        for name in SLOTS {
            let text = checkpoint.text();
            self.files.write_whole(name, text.as_bytes()).map_err(fault::disk)?;
        }
        history.best = Some(Best { slot: 1, checkpoint });
        Ok(origin.clone())
    }

    /// Keeps the checkpoint that both keys signed before its slot is written again: it proves
    /// for ever that the old key agreed to the new one.
    fn keep_rotation(&self, history: &History) -> Result<(), Fault> {
        let (Some(last), Some(best)) = (history.entries.last(), &history.best) else {
            return Ok(());
        };
        if !matches!(last.event, LedgerEvent::KeyChanged { .. }) {
            return Ok(());
        }
        let (name, text) = (rotation(history.size()), best.checkpoint.text());
        let kept = self.files.read(&name, 0).map_err(fault::disk)?;
        if kept.as_deref() == Some(text.as_bytes()) {
            return Ok(());
        }
        self.files.write_whole(&name, text.as_bytes()).map_err(fault::disk)
    }
}

/// Lines that are about to be written.
struct NewLines {
    entries: Vec<Entry>,
    bytes: Vec<u8>,
    frontier: Frontier,
}

impl NewLines {
    fn of(history: &History, options: &Options, events: Vec<LedgerEvent>) -> Self {
        let at = options.clock.now_ms();
        let (mut entries, mut bytes) = (Vec::with_capacity(events.len()), Vec::new());
        let mut frontier = history.frontier.clone();
        for event in events {
            let (actor, host) = (options.actor.clone(), options.host.clone());
            let entry = Entry { seq: frontier.size(), at, actor, host, event };
            let begin = bytes.len();
            serde_json::to_writer(&mut bytes, &entry).expect("an entry has a JSON form");
            frontier.push(leaf_hash(&bytes[begin..]));
            bytes.push(b'\n');
            entries.push(entry);
        }
        Self { entries, bytes, frontier }
    }
}

fn opened(options: &Options) -> LedgerEvent {
    let (schema, origin) = (SCHEMA.to_owned(), options.origin.clone());
    LedgerEvent::LedgerOpened { schema, origin, key: options.key.public() }
}

/// Whether only the ledger itself appends such an event.
fn is_own(event: &LedgerEvent) -> bool {
    use LedgerEvent::{KeyChanged, LedgerOpened, Recovered};
    matches!(event, LedgerOpened { .. } | KeyChanged { .. } | Recovered { .. })
}

fn require_key(history: &History, own: &LedgerKey) -> Result<(), Fault> {
    match history.chain.current() {
        Some(key) if key != own.public_key() => {
            let message = "the ledger is signed with another key than the one given";
            let fault = fault::key(message).note(format!("the key of the ledger is `{key}`"));
            let fault = fault.note(format!("the given key is `{}`", own.public()));
            Err(fault.help("use the key of the ledger, or change it with the old one at hand"))
        }
        _ => Ok(()),
    }
}
