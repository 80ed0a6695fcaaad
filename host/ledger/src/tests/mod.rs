//! Tests of whole ledgers, on a disk and in a memory that forgets.

mod basics;
mod interrupted;
mod memory;
mod page;
mod tampered;
mod tools;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use belljar_model::LedgerEvent;
use belljar_model::ports::Clock;

use crate::{LedgerKey, Options};

/// A clock that goes on by a millisecond each time it is asked.
struct Ticking(AtomicU64);

impl Clock for Ticking {
    fn now_ms(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

fn key(byte: u8) -> LedgerKey {
    LedgerKey::generate([byte; 32])
}

fn options(key: LedgerKey) -> Options {
    Options {
        origin: "example.org/shop".to_owned(),
        key,
        actor: "Ana <ana@example.org>".to_owned(),
        host: "build-1".to_owned(),
        clock: Arc::new(Ticking(AtomicU64::new(1_700_000_000_000))),
    }
}

/// An event that can be told from others.
fn event(number: u64) -> LedgerEvent {
    let (environment, reason) = ("staging".to_owned(), format!("the {number}th \"thaw\""));
    match number % 3 {
        0 => LedgerEvent::Applied { environment, deployment: number },
        1 => LedgerEvent::Unfrozen { environment, reason },
        _ => LedgerEvent::Frozen { environment: "production".to_owned(), until: None, reason },
    }
}
