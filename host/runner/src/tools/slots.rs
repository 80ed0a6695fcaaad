//! Slots: how many processors the running tools may keep busy together.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use belljar_model::ports::Cancel;

/// How often a waiting run looks whether it was cancelled.
const LOOK: Duration = Duration::from_millis(50);

/// The processors that no tool has taken.
#[derive(Debug)]
pub(crate) struct Slots {
    all: u32,
    free: Mutex<u32>,
    freed: Condvar,
}

/// Processors that one run has taken, until it is dropped.
#[derive(Debug)]
pub(crate) struct Taken<'a> {
    slots: &'a Slots,
    count: u32,
}

impl Slots {
    /// Room for tools that keep `all` processors busy; at least one.
    pub(crate) fn new(all: u32) -> Self {
        let all = all.max(1);
        Self { all, free: Mutex::new(all), freed: Condvar::new() }
    }

    /// Waits for `count` processors, or for all if there are fewer. `None` if the run was
    /// cancelled before.
    pub(crate) fn take(&self, count: u32, cancel: &Cancel) -> Option<Taken<'_>> {
        let count = count.clamp(1, self.all);
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        while *free < count {
            if cancel.is_asked() {
                return None;
            }
            let waited = self.freed.wait_timeout(free, LOOK);
            free = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *free -= count;
        Some(Taken { slots: self, count })
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        *self.slots.free.lock().unwrap_or_else(PoisonError::into_inner) += self.count;
        self.slots.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_comes_back_and_nobody_takes_more_than_there_is() {
        let (slots, cancel) = (Slots::new(2), Cancel::new());
        let all = slots.take(99, &cancel).unwrap();
        assert_eq!(all.count, 2);
        cancel.ask();
        assert!(slots.take(1, &cancel).is_none(), "a cancelled run does not wait");
        drop(all);
        assert_eq!(slots.take(0, &cancel).unwrap().count, 1);
        assert_eq!(*slots.free.lock().unwrap(), 2);
    }
}
