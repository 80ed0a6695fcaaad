//! The store under fire, in a minute or two. The long forms: `cargo xtask soak`.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use belljar_fire::{Exerciser, Outcome};

/// One at a time: a process that is being started holds copies of all locks of this one, until it
/// is another program; and each of these keeps both processors busy by itself.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn exerciser(seed: u64, turns: u64) -> Exerciser {
    Exerciser {
        program: PathBuf::from(env!("CARGO_BIN_EXE_belljar-fire")),
        seed,
        turns,
        keep: false,
    }
}

/// Says what was tried, in the output of the tests, and fails if it was too little.
#[expect(clippy::print_stdout, reason = "it belongs to the result of these tests")]
fn expect(outcome: &Outcome, floor: usize) {
    println!("{outcome}");
    outcome.expect(floor);
}

#[test]
fn a_process_killed_at_any_write_loses_nothing_that_was_promised() {
    let _alone = alone();
    expect(&belljar_fire::kills(&exerciser(1, 60), 500).unwrap(), 500);
}

#[test]
fn a_call_that_fails_is_told_clearly_and_leaves_a_valid_store() {
    let _alone = alone();
    belljar_cases::case!("H04");
    expect(&belljar_fire::errors(&exerciser(2, 60), 600).unwrap(), 400);
}

#[test]
fn eight_processes_that_are_killed_at_random_keep_their_store() {
    let _alone = alone();
    let crowd = Exerciser { keep: true, ..exerciser(3, 100) };
    expect(&belljar_fire::crowd(&crowd, Duration::from_secs(8)).unwrap(), 16);
}

#[test]
fn garbage_collection_takes_nothing_from_a_process_at_work() {
    let _alone = alone();
    let crowd = Exerciser { keep: true, ..exerciser(4, 60) };
    expect(&belljar_fire::collecting(&crowd, Duration::from_secs(5)).unwrap(), 50);
}

#[test]
fn damage_to_any_file_is_found_before_use() {
    let _alone = alone();
    belljar_cases::case!("C15", "H02");
    expect(&belljar_fire::damage(5, 10_000).unwrap(), 10_000);
}

/// Where disks cannot be mounted, `cargo xtask test` says so at its end: it asks the same.
#[test]
fn a_power_cut_loses_nothing_that_was_promised() {
    let _alone = alone();
    if let Some(why) = belljar_fire::why_not() {
        belljar_fire::not_tried("power cuts", &why).unwrap();
        return;
    }
    let outcome = belljar_fire::power(&exerciser(6, 2_000), 10, Duration::from_secs(60)).unwrap();
    for remark in outcome.remarks.iter().filter(|remark| remark.starts_with("NOT TRIED")) {
        belljar_fire::not_tried("power cuts on one kind of disk", remark).unwrap();
    }
    expect(&outcome, 10);
}
