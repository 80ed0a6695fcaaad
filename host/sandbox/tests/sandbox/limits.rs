//! How a guest that does not behave is ended, and what is said about it.

use std::sync::Arc;
use std::time::Duration;

use belljar_model::limits::Limit;
use belljar_model::ports::{BlobSource, MemoryBlobs};
use belljar_model::{Blame, Digest, Fault};
use bytes::Bytes;

use crate::harness::{Bench, Ran};

#[track_caller]
fn check(ran: &Ran, blame: Blame, code: &str, message: &str) {
    let fault = ran.fault();
    assert_eq!((fault.blame, fault.code.as_str()), (blame, code), "{fault:#?}");
    assert!(fault.message.contains(message), "{fault:#?}");
}

fn small() -> Bench {
    let mut bench = Bench::new(&["out/**"]);
    bench.limits.time = Limit::default_of(Duration::from_millis(200));
    bench.limits.memory = Limit { value: 16 << 20, set_at: Some("belljar.toml:3".to_owned()) };
    bench.limits.output_bytes = Limit::default_of(1_000);
    bench.limits.output_files = Limit::default_of(2);
    bench
}

#[test]
fn limits_end_the_step() {
    belljar_cases::case!("B01", "B03", "B05", "C10");
    let check = |ops: &[&[&str]], code, message| {
        check(&small().run(ops), Blame::Plugin, code, message);
    };
    check(&[&["spin"]], "E0401", "longer than 200ms");
    check(&[&["allocate", "64"]], "E0402", "more than 16 MiB");
    check(&[&["grow", "out/a", "1"]], "E0403", "more than 1000 bytes");
    let write: &[&[&str]] =
        &[&["output", "out/1", ""], &["output", "out/2", ""], &["write", ".scratch/3", ""]];
    check(write, "E0403", "more than 2 files");
    check(&[&["recurse"]], "E0404", "used up its stack");
}

#[test]
fn a_limit_names_the_place_where_it_is_set() {
    belljar_cases::case!("B03");
    let ran = small().run(&[&["allocate", "64"]]);
    assert_eq!(ran.fault().notes, ["`limits.memory` is 16 MiB (set at belljar.toml:3)"]);
    assert!(ran.execution.cost.peak_memory <= 16 << 20);
}

#[test]
fn too_many_findings_end_the_step() {
    let mut bench = Bench::new(&[]);
    bench.limits.findings = Limit::default_of(1);
    let ran = bench.run(&[&["finding", "a", "one"], &["finding", "a", "two"]]);
    check(&ran, Blame::Plugin, "E0405", "more than 1 findings");
}

#[test]
fn a_panic_is_told_with_its_message_place_and_functions() {
    let ran = Bench::new(&[]).run(&[&["panic", "all is lost\u{1b}[2J"]]);
    check(&ran, Blame::Plugin, "E0406", "sandbox-guest@0.1.0 panicked: all is lost\\u{1b}[2J");
    let notes = &ran.fault().notes;
    assert!(notes.iter().any(|note| note.contains("tests/guest/src/lib.rs:")), "{notes:#?}");
    let backtrace = notes.iter().find(|note| note.starts_with("backtrace:")).unwrap();
    assert!(
        backtrace.contains("belljar_sandbox_guest::run") && !backtrace.contains("std::"),
        "{backtrace}"
    );
}

#[test]
fn an_exit_is_no_result() {
    let ran = Bench::new(&[]).run(&[&["exit", "0"]]);
    check(&ran, Blame::Plugin, "E0406", "ended itself with exit code 0");
}

#[test]
fn breaking_a_rule_of_the_interface_is_the_plugins_fault() {
    let check = |ops: &[&[&str]], message| {
        check(&Bench::new(&[]).run(ops), Blame::Plugin, "E0411", message);
    };
    check(&[&["glob", "a[/**"]], "pattern that is not valid");
    check(&[&["finding", "../a", "m"]], "`../a`, which is no path");
    check(&[&["coverage", "gcov"]], "coverage as `gcov`");
}

#[test]
fn a_declared_output_that_was_not_written_is_missed() {
    let ran = Bench::new(&["out/a", "out/*.b"]).run(&[&["output", "out/x.b", ""]]);
    check(&ran, Blame::Plugin, "E0702", "did not write the declared output `out/a`");
}

#[test]
fn the_configuration_is_the_users_fault() {
    let bench = Bench::new(&[]);
    let sandbox = bench.sandbox();
    let mut action = bench.action(&[]);
    action.config = r#"{"ops": 1}"#.to_owned();
    let guest = Arc::new(|| Ok(crate::harness::GUEST.clone()));
    sandbox.load("guest", action.plugin, guest).unwrap();
    let fault = bench.execute(&sandbox, &action).outcome.unwrap_err();
    assert_eq!((fault.blame, fault.code.as_str()), (Blame::Configuration, "E0409"));
    assert_eq!(fault.config_problems.len(), 1);
}

#[test]
fn a_cancelled_run_has_no_result() {
    let bench = Bench::new(&[]);
    bench.cancel.now();
    check(&bench.run(&[&["spin"]]), Blame::Cancelled, "E0408", "cancelled");
    let bench = Bench::new(&[]);
    bench.cancel.ask();
    let ran = bench.run(&[&["asked-to-stop"]]);
    assert_eq!(ran.log(), ["true"]);
    check(&ran, Blame::Cancelled, "E0408", "cancelled");
    check(&Bench::new(&[]).run(&[&["cancelled"]]), Blame::Cancelled, "E0408", "cancelled");
}

#[test]
fn sleeping_takes_no_time() {
    belljar_cases::case!("B02");
    let ran = Bench::new(&[]).run(&[&["sleep", "86400"]]);
    assert_eq!(ran.log(), ["true"]);
    ran.result();
}

#[test]
fn an_input_without_content_is_the_machines_fault() {
    let bench = Bench::new(&[]).file("a", "one");
    let ran = bench.run_reading(Arc::new(MemoryBlobs::default()), &[&["read", "a"]]);
    check(&ran, Blame::Infrastructure, "E0412", "the input `a`");
}

struct Panicking;

impl BlobSource for Panicking {
    fn get(&self, _digest: &Digest) -> Result<Option<Bytes>, Fault> {
        panic!("a mistake of ours")
    }
}

#[test]
fn a_panic_of_the_host_ends_only_the_step() {
    let bench = Bench::new(&[]).file("a", "one");
    let ran = bench.run_reading(Arc::new(Panicking), &[&["read", "a"]]);
    check(&ran, Blame::Infrastructure, "E0410", "the sandbox panicked");
    assert_eq!(ran.fault().notes, ["a mistake of ours"]);
}
