//! Life: a process that dies at one of its calls to the outside.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use belljar_model::{Blame, Fault};

use crate::fault::INTERRUPTED;

/// Whether the call at which the process dies still has its effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Moment {
    /// It dies before.
    Before,
    /// It dies after, so it never learns.
    After,
}

/// Counts calls, and ends the process at one of them.
#[derive(Default)]
pub(crate) struct Life {
    calls: AtomicUsize,
    /// 0 for never.
    dies_at: AtomicUsize,
    after: AtomicBool,
    dead: AtomicBool,
}

impl Life {
    /// Lets the process die at its `call`th call from now, counted from 1.
    pub(crate) fn end_at(&self, call: usize, moment: Moment) {
        self.calls.store(0, Ordering::SeqCst);
        self.dies_at.store(call, Ordering::SeqCst);
        self.after.store(moment == Moment::After, Ordering::SeqCst);
    }

    /// Starts another process. Returns whether the one before had died.
    pub(crate) fn begin_again(&self) -> bool {
        self.dies_at.store(0, Ordering::SeqCst);
        self.dead.swap(false, Ordering::SeqCst)
    }

    /// Makes one call that changes something outside.
    pub(crate) fn call<T>(&self, call: impl FnOnce() -> T) -> Result<T, Fault> {
        if self.dead.load(Ordering::SeqCst) {
            return Err(dead());
        }
        let count = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        if count != self.dies_at.load(Ordering::SeqCst) {
            return Ok(call());
        }
        if self.after.load(Ordering::SeqCst) {
            call();
        }
        self.dead.store(true, Ordering::SeqCst);
        Err(dead())
    }
}

fn dead() -> Fault {
    Fault::new(Blame::Infrastructure, INTERRUPTED, "the process is dead")
}
