//! Lanes: where the work of threads is shown. One that has ended leaves its lane to the next of
//! its kind, so there are as many lanes as there were threads at once.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What threads without a name do.
const UNNAMED: &str = "tool";

/// The lanes of one timeline.
#[derive(Default)]
pub(super) struct Lanes(Mutex<Vec<Lane>>);

struct Lane {
    kind: String,
    name: String,
    is_taken: bool,
}

/// A lane that a thread has, until it ends.
struct Seat {
    lanes: Arc<Lanes>,
    lane: usize,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.lanes.lock()[self.lane].is_taken = false;
    }
}

thread_local! {
    static SEAT: RefCell<Option<Seat>> = const { RefCell::new(None) };
}

impl Lanes {
    /// The lane of this thread.
    pub(super) fn of_this_thread(self: &Arc<Self>) -> usize {
        let seated = SEAT.try_with(|seat| {
            let mut seat = seat.borrow_mut();
            if let Some(Seat { lanes, lane }) = &*seat
                && Arc::ptr_eq(lanes, self)
            {
                return *lane;
            }
            let thread = std::thread::current();
            let lane = self.take(thread.name().unwrap_or(UNNAMED));
            *seat = Some(Seat { lanes: Arc::clone(self), lane });
            lane
        });
        // A thread that is about to end is none that anyone waits for.
        seated.unwrap_or_else(|_| self.take(UNNAMED))
    }

    fn take(&self, kind: &str) -> usize {
        let mut lanes = self.lock();
        let free = lanes.iter().position(|lane| lane.kind == kind && !lane.is_taken);
        if let Some(free) = free {
            lanes[free].is_taken = true;
            return free;
        }
        let number = lanes.iter().filter(|lane| lane.kind == kind).count() + 1;
        let is_only_one = number == 1 && !matches!(kind, UNNAMED | "step");
        let name = if is_only_one { kind.to_owned() } else { format!("{kind} {number}") };
        lanes.push(Lane { kind: kind.to_owned(), name, is_taken: true });
        lanes.len() - 1
    }

    /// The names of all lanes.
    pub(super) fn names(&self) -> Vec<String> {
        self.lock().iter().map(|lane| lane.name.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Lane>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_at_once_have_lanes_of_their_own_and_later_ones_have_them_again() {
        let lanes = Arc::new(Lanes::default());
        let own = lanes.of_this_thread();
        assert_eq!(lanes.of_this_thread(), own);
        for _ in 0..3 {
            let both = std::sync::Barrier::new(2);
            std::thread::scope(|scope| {
                let sit = || {
                    let lane = lanes.of_this_thread();
                    both.wait();
                    lane
                };
                let one = scope.spawn(sit);
                let other = sit_named(scope, &lanes, &both);
                assert_ne!(one.join().unwrap(), other);
            });
        }
        let names = lanes.names();
        assert_eq!(names[1..], ["tool 1", "step 1"].map(str::to_owned), "{names:?}");
    }

    fn sit_named<'scope>(
        scope: &'scope std::thread::Scope<'scope, '_>,
        lanes: &'scope Arc<Lanes>,
        both: &'scope std::sync::Barrier,
    ) -> usize {
        let sit = move || {
            // Behind the other one, so that the order of the lanes is known.
            while lanes.names().iter().all(|name| name != "tool 1") {
                std::thread::yield_now();
            }
            let lane = lanes.of_this_thread();
            both.wait();
            lane
        };
        let named = std::thread::Builder::new().name("step".to_owned());
        named.spawn_scoped(scope, sit).unwrap().join().unwrap()
    }
}
