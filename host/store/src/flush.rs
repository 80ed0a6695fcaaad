//! Flush: how that which was put becomes durable, on a thread of its own.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use belljar_model::ports::Clock;
use belljar_model::{ActionResult, Digest, Fault};

use crate::blobs::Blobs;
use crate::database::Database;
use crate::error::StoreError;
use crate::overlay::{Batch, Overlay};
use crate::records;
use crate::trust::Judge;

/// How long the thread lets work gather before it flushes. A crash loses at most this much.
const GATHER: Duration = Duration::from_millis(200);

/// How many rows make it flush at once.
const MANY: usize = 512;

/// What the threads that use a store share.
pub(crate) struct Shared {
    pub(crate) blobs: Blobs,
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) judge: Judge,
    state: Mutex<State>,
    changed: Condvar,
    /// Held for the length of a flush.
    flushing: Mutex<()>,
}

#[derive(Default)]
struct State {
    overlay: Overlay,
    /// What a flush could not write because the disk was full. It comes before the overlay's.
    held: Option<Batch>,
    thread: Option<JoinHandle<()>>,
    stage: Stage,
    /// Why nothing is written any more. What is on the disk after a failed barrier is not
    /// known, so no later record may count on it.
    broken: Option<Fault>,
}

/// What the flushing thread should do.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Stage {
    /// Nothing waits for it.
    #[default]
    Idle,
    /// Something was put since the last flush.
    Dirty,
    /// The store is being closed.
    Closing,
}

impl Shared {
    pub(crate) fn new(
        blobs: Blobs,
        database: Database,
        clock: Arc<dyn Clock>,
        judge: Judge,
    ) -> Self {
        let (state, changed, flushing) = (Mutex::default(), Condvar::new(), Mutex::default());
        Self { blobs, database, clock, judge, state, changed, flushing }
    }

    /// Looks at what is not in the database yet.
    pub(crate) fn peek<T>(&self, look: impl FnOnce(&Overlay) -> T) -> T {
        look(&self.lock().overlay)
    }

    /// Adds to what a later flush writes. Use the records of a run sparingly: a use alone does
    /// not wake the thread.
    pub(crate) fn touch(&self, change: impl FnOnce(&mut Overlay)) {
        change(&mut self.lock().overlay);
    }

    /// Adds to what is written soon.
    pub(crate) fn queue(self: &Arc<Self>, change: impl FnOnce(&mut Overlay)) {
        self.touch(change);
        self.wake();
    }

    /// Makes sure that the thread runs and knows of work.
    pub(crate) fn wake(self: &Arc<Self>) {
        let mut state = self.lock();
        if state.thread.is_none() {
            let shared = Arc::clone(self);
            let started = thread::Builder::new()
                .name("store-flush".to_owned())
                .spawn(move || shared.flush_until_closed());
            state.thread = started.ok(); // without it, all is written at the end
        }
        let many = state.overlay.queue().len() >= MANY;
        if state.stage == Stage::Idle || many {
            state.stage = state.stage.max_dirty();
            self.changed.notify_one();
        }
    }

    fn flush_until_closed(&self) {
        let mut state = self.lock();
        loop {
            while state.stage == Stage::Idle {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            let gathering = |state: &mut State| {
                state.stage == Stage::Dirty && state.overlay.queue().len() < MANY
            };
            let gathered = self.changed.wait_timeout_while(state, GATHER, gathering);
            state = gathered.unwrap_or_else(PoisonError::into_inner).0;
            if state.stage == Stage::Closing {
                return;
            }
            state.stage = Stage::Idle;
            drop(state);
            // The fault is kept, and told by the flush that someone waits for.
            let _ = self.flush();
            state = self.lock();
        }
    }

    /// Writes all that was put until now, and returns when it is durable.
    pub(crate) fn flush(&self) -> Result<(), Fault> {
        let _alone = self.flushing.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let (batch, is_last) = {
                let mut state = self.lock();
                if let Some(fault) = &state.broken {
                    return Err(fault.clone());
                }
                let held = state.held.take();
                let is_last = held.is_none();
                (held.unwrap_or_else(|| state.overlay.take()), is_last)
            };
            self.write(batch)?;
            if is_last {
                return Ok(());
            }
        }
    }

    fn write(&self, batch: Batch) -> Result<(), Fault> {
        let _span = tracing::trace_span!("flush").entered();
        // Blobs are looked at after the records were taken: each record's blobs are among them.
        let written = self.blobs.publish().map_err(StoreError::Disk).and_then(|added| {
            if batch.is_empty() && added == 0 {
                return Ok(());
            }
            self.database.with(|connection| records::write(connection, &batch, &self.judge, added))
        });
        let Err(error) = written else {
            self.lock().overlay.written(&batch);
            return Ok(());
        };
        let can_be_tried_again = error.left_nothing_behind();
        let fault = self.explain(error);
        let mut state = self.lock();
        if can_be_tried_again {
            state.held = Some(batch);
        } else {
            state.broken = Some(fault.clone());
        }
        Err(fault)
    }

    /// An error as a fault. Of a full disk, it says how much is missing.
    pub(crate) fn explain(&self, error: StoreError) -> Fault {
        error.explained(self.blobs.root(), self.blobs.waiting_bytes()).into()
    }

    /// The blobs that records name which are not written yet.
    pub(crate) fn awaited(&self) -> BTreeSet<Digest> {
        let state = self.lock();
        let batches = state.held.iter().chain([state.overlay.queue()]);
        let records = batches.flat_map(|batch| &batch.records);
        let results = records.filter_map(|record| postcard::from_bytes(&record.result).ok());
        results.flat_map(|result: ActionResult| result.blobs().collect::<Vec<_>>()).collect()
    }

    /// Ends the thread. What is queued stays queued.
    pub(crate) fn close(&self) {
        let thread = {
            let mut state = self.lock();
            state.stage = Stage::Closing;
            self.changed.notify_one();
            state.thread.take()
        };
        if let Some(thread) = thread {
            // Its only panic would be a defect; closing must not add a second one.
            let _ = thread.join();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stage {
    const fn max_dirty(self) -> Self {
        match self {
            Self::Idle | Self::Dirty => Self::Dirty,
            Self::Closing => Self::Closing,
        }
    }
}

#[cfg(test)]
mod tests {
    use belljar_model::ports::{ActionCache as _, BlobSource as _, BlobStore as _, Record};
    use belljar_model::{Blame, Code};

    use super::*;
    use crate::layout;
    use crate::store::Store;
    use crate::testing::{Fixture, action, family, result, trace};

    /// Puts a record that names a blob, both made of `number`.
    fn put(store: &Store, number: u8) {
        let blob = store.put(&[number; 100]).unwrap();
        let (result, trace) = (result("", &[blob]), trace(number));
        let (action, family) = (action(number), family(0));
        let record = Record { action, family, result: &result, trace: &trace };
        store.for_workspace("here").put(record).unwrap();
    }

    /// A store whose process died: nothing is flushed any more, its lease is gone, and its
    /// files stay.
    fn crash(store: Store) {
        store.shared.close();
        store.shared.lock().broken =
            Some(Fault::new(Blame::Infrastructure, Code::new("E0601"), "crashed"));
        drop(store);
    }

    fn is_recorded(store: &Store, number: u8) -> bool {
        let result = store.for_workspace("here").get(&action(number)).unwrap();
        result.is_some_and(|result| store.get(&result.outputs[0].digest).unwrap().is_some())
    }

    #[test]
    fn a_crash_before_a_flush_leaves_the_flushes_before_it() {
        let fixture = Fixture::new();
        let store = fixture.open();
        store.shared.close();
        put(&store, 1);
        store.flush().unwrap();
        put(&store, 2);
        crash(store);
        let store = fixture.open();
        assert!(is_recorded(&store, 1) && !is_recorded(&store, 2));
        assert!(store.verify().unwrap().is_clean());
        assert!(store.root.list(layout::TEMP).unwrap().is_empty(), "strays were removed");
    }

    #[test]
    fn a_crash_between_blobs_and_records_leaves_blobs_without_records() {
        let fixture = Fixture::new();
        let store = fixture.open();
        store.shared.close();
        put(&store, 1);
        assert_eq!(store.shared.blobs.publish().unwrap(), 100);
        crash(store);
        let store = fixture.open();
        assert!(!is_recorded(&store, 1));
        assert_eq!(store.stat().unwrap().blobs, 1);
        assert!(store.verify().unwrap().is_clean());
    }

    #[test]
    fn what_is_dropped_is_flushed() {
        let fixture = Fixture::new();
        put(&fixture.open(), 1);
        assert!(is_recorded(&fixture.open(), 1));
    }

    #[test]
    fn after_a_failed_flush_nothing_is_written_and_all_stays_readable() {
        let fixture = Fixture::new();
        let store = fixture.open();
        store.shared.close();
        put(&store, 1);
        // The blob's place is taken by a file where a folder must be.
        let blob = belljar_model::Digest::of(&[1; 100]);
        let shard = layout::blob(&blob)[..layout::BLOBS.len() + 3].to_owned();
        store.root.write_atomic(&shard, b"", belljar_disk::Mode::Plain).unwrap();
        let fault = store.flush().unwrap_err();
        assert_eq!(fault.code.as_str(), "E0601");
        assert!(store.root.remove(&shard).unwrap());
        assert_eq!(store.flush().unwrap_err(), fault, "the first fault is told again");
        put(&store, 2);
        assert!(is_recorded(&store, 1) && is_recorded(&store, 2), "for this process");
        drop(store);
        let store = fixture.open();
        assert!(!is_recorded(&store, 1) && !is_recorded(&store, 2));
    }

    #[test]
    fn many_threads_put_and_find_their_own() {
        let fixture = Fixture::new();
        let store = fixture.open();
        thread::scope(|scope| {
            for thread in 0..8 {
                let store = &store;
                scope.spawn(move || {
                    for number in 0..30 {
                        put(store, thread * 30 + number);
                        assert!(is_recorded(store, thread * 30 + number));
                        if number % 10 == 0 {
                            store.flush().unwrap();
                        }
                    }
                });
            }
        });
        drop(store);
        let store = fixture.open();
        assert!((0..240).all(|number| is_recorded(&store, number)));
        let report = store.verify().unwrap();
        assert!(report.is_clean());
        assert_eq!((report.blobs, report.records), (240, 240));
    }
}
