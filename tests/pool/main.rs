//! A pool of workers as the program has one, called so often that what is left behind shows.
//!
//! The tests here count the memory and the descriptors of their own process, so they take turns
//! and no other test runs beside them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

mod bench;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bench::Bench;

/// Calls that trap, one after the other.
const TRAPS: u32 = 10_000;
/// How much more memory a process may have after them, in bytes.
const MORE: u64 = 20 << 20;

static TURN: Mutex<()> = Mutex::new(());

/// What a process holds of the machine.
#[derive(Debug)]
struct Held {
    /// Resident memory in bytes.
    memory: u64,
    /// The length of its table of descriptors, which never shrinks.
    descriptors: u64,
}

/// What `/proc` says of a process; it says this to everyone.
fn held(process: u32) -> Held {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let words = line.and_then(|line| line.split_whitespace().next());
        words
            .and_then(|word| word.parse::<u64>().ok())
            .unwrap_or_else(|| panic!("{name}: {status}"))
    };
    Held { memory: number("VmRSS:") << 10, descriptors: number("FDSize:") }
}

/// The descriptors of this process.
fn descriptors() -> BTreeSet<String> {
    let entries = std::fs::read_dir("/proc/self/fd").unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn ten_thousand_traps_leave_nothing_behind() {
    belljar_cases::case!("B06");
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let bench = Bench::new();
    let panics = bench.guest("panics");
    let trap = || {
        let fault = bench.run(&panics, "{}", Duration::from_secs(60)).outcome.unwrap_err();
        assert_eq!(fault.code.as_str(), "E0406", "{fault:#?}");
    };
    // What is made once is there after some calls.
    (0..500).for_each(|_| trap());
    let [worker] = bench.workers.waiting()[..] else { panic!("one worker serves all") };
    let before = ([held(worker), held(std::process::id())], descriptors().len());
    (0..TRAPS).for_each(|_| trap());
    assert_eq!(bench.workers.waiting(), [worker], "it was never replaced");
    let after = ([held(worker), held(std::process::id())], descriptors().len());
    assert_eq!(before.1, after.1, "the descriptors of this process");
    for (before, after) in before.0.iter().zip(&after.0) {
        assert!(after.memory <= before.memory + MORE, "{before:?}, {after:?}");
        assert_eq!(before.descriptors, after.descriptors);
    }
}

#[test]
fn an_instance_is_never_used_again_after_a_call_that_was_cut_off() {
    belljar_cases::case!("B10", "B01");
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let bench = Bench::new();
    let evil = bench.guest("evil");
    let limit = Duration::from_millis(300);
    for _ in 0..5 {
        let began = std::time::Instant::now();
        let cut_off = bench.run(&evil, r#"{"attack": "spin-calling"}"#, limit);
        let over = began.elapsed().saturating_sub(limit);
        assert_eq!(cut_off.outcome.unwrap_err().code.as_str(), "E0401");
        assert!(over <= Duration::from_millis(200), "it was ended {over:?} too late");
        let [worker] = bench.workers.waiting()[..] else { panic!("the same worker goes on") };
        let later = bench.run(&evil, r#"{"attack": "remember"}"#, Duration::from_secs(60));
        later.outcome.unwrap();
        let log: Vec<_> = later.log.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(log, ["called before: 0"]);
        assert_eq!(bench.workers.waiting(), [worker]);
    }
}
