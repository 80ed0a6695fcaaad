//! Components that were made to hurt whoever loads them.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use belljar_model::{Blame, Digest, Fault};
use belljar_sandbox::{Loaded, Sandbox};
use bytes::Bytes;

use crate::component::{component, nested, with_section};
use crate::harness::{Bench, COMMAND, DEPLOY_GUEST, GUEST};

/// How long loading may take at most, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many mutants there are.
const MUTANTS: u64 = 2_000;

fn load(sandbox: &Sandbox, bytes: &[u8]) -> Result<Loaded, Fault> {
    let (digest, bytes) = (Digest::of(bytes), Bytes::copy_from_slice(bytes));
    let began = Instant::now();
    let loaded = sandbox.load("evil", digest, Arc::new(move || Ok(bytes.clone())));
    assert!(began.elapsed() < PATIENCE, "took {:?}", began.elapsed());
    loaded
}

#[track_caller]
fn refused(bytes: &[u8]) -> Fault {
    let fault = load(&Bench::new(&[]).sandbox(), bytes).expect_err("it should be refused");
    assert!([Blame::Plugin, Blame::Policy].contains(&fault.blame), "{fault:#?}");
    assert!(fault.message.len() < 1_000, "{fault:#?}");
    fault
}

/// Numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).expect("it is less than a size")
    }

    /// A copy of a component in which something is wrong.
    fn mutant(&mut self, of: &[u8]) -> Vec<u8> {
        let mut bytes = of.to_vec();
        match self.below(6) {
            0 => bytes.truncate(self.below(of.len())),
            1 => {
                let (from, len) = (self.below(of.len()), self.below(4_096) + 1);
                let part = of[from..of.len().min(from + len)].to_vec();
                let at = self.below(of.len());
                bytes.splice(at..at, part);
            }
            2 => {
                let (at, len) = (self.below(of.len()), self.below(64) + 1);
                bytes.drain(at..of.len().min(at + len));
            }
            // The beginning says what there is, and how much of it.
            3 => bytes[8 + self.below(4_096)] ^= 1 << self.below(8),
            _ => {
                for _ in 0..=self.below(64) {
                    let at = self.below(of.len());
                    bytes[at] = self.below(256).to_le_bytes()[0];
                }
            }
        }
        bytes
    }
}

#[test]
fn two_thousand_mutants_are_plugins_or_refused() {
    belljar_cases::case!("A01");
    let sandbox = Bench::new(&[]).sandbox();
    let sources = [&*GUEST, &*DEPLOY_GUEST, &*COMMAND];
    let work = |half: u64| {
        let mut refused = 0;
        for seed in (1..=MUTANTS).filter(|seed| seed % 2 == half) {
            let mut numbers = Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let source = sources[numbers.below(sources.len())];
            let mutant = numbers.mutant(source);
            let result = catch_unwind(AssertUnwindSafe(|| load(&sandbox, &mutant)));
            match result.unwrap_or_else(|_| panic!("mutant {seed} made the host panic")) {
                Ok(_) => {}
                Err(fault) => {
                    assert_ne!(fault.blame, Blame::Infrastructure, "mutant {seed}: {fault:#?}");
                    refused += 1;
                }
            }
        }
        refused
    };
    let refused: u64 = std::thread::scope(|scope| {
        let halves = [0, 1].map(|half| scope.spawn(move || work(half)));
        halves.into_iter().map(|half| half.join().expect("no mutant ends it")).sum()
    });
    assert!(refused > MUTANTS / 2, "only {refused} were refused: these are no mutants");
}

#[test]
fn what_is_much_too_large_is_not_even_read() {
    belljar_cases::case!("A02");
    let sandbox = Bench::new(&[]).sandbox();
    let digest = Digest::from_parts(*Digest::of(b"").hash(), 1 << 30);
    let read = || -> Result<Bytes, Fault> { panic!("nobody reads it") };
    let fault = sandbox.load("evil", digest, Arc::new(read)).expect_err("it is too large");
    assert_eq!((fault.blame, fault.code.as_str()), (Blame::Plugin, "E0301"));
    assert!(fault.message.contains("1 GiB") && fault.message.contains("64 MiB"), "{fault}");
}

#[test]
fn thousands_of_imports_types_and_levels_are_refused() {
    belljar_cases::case!("A05");
    let mut imports = String::from("(component");
    for number in 0..50_000 {
        let _ = write!(imports, "(import \"a:b/c{number}@1.0.0\" (instance))");
    }
    let fault = refused(&component(&(imports + ")")));
    let said: usize = fault.notes.iter().map(String::len).sum();
    assert!(said < 10_000, "not all of 50,000 names are repeated: {said} bytes");
    let types = format!("(component {})", "(type (func))".repeat(100_000));
    refused(&component(&types));
    refused(&nested(1_000));
}

#[test]
fn each_proposal_that_is_not_offered_is_named() {
    belljar_cases::case!("A07");
    for (feature, inner) in [
        ("threads", "(core module (memory 1 1 shared))"),
        ("memory64", "(core module (memory i64 1))"),
        ("gc", "(core module (type (struct (field i32))))"),
        ("exceptions", "(core module (tag))"),
        ("tail", "(core module (func return_call 0))"),
        (
            "relaxed",
            "(core module (func (param v128) (result v128)
                local.get 0 local.get 0 i8x16.relaxed_swizzle))",
        ),
        ("stack switching", "(core module (type (func)) (type (cont 0)))"),
        ("custom page sizes", "(core module (memory 1 (pagesize 1)))"),
        (
            "wide arithmetic",
            "(core module (func i64.const 0 i64.const 0 i64.const 0 i64.const 0
            i64.add128 drop drop))",
        ),
        ("async", "(type (future u32))"),
        ("async", "(type (stream u8))"),
    ] {
        let fault = refused(&component(&format!("(component {inner})")));
        let text = format!("{fault:?}").to_lowercase().replace('-', " ");
        assert_eq!(fault.code.as_str(), "E0301", "{inner}: {fault:#?}");
        assert!(text.contains(feature), "`{feature}` is not named: {fault:#?}");
    }
}

#[test]
fn what_a_module_wants_at_once_is_limited() {
    belljar_cases::case!("B03", "B04");
    let least = |min: u64| {
        let mut bytes = Vec::new();
        let mut rest = min;
        while rest >= 0x80 {
            bytes.push(u8::try_from(rest & 0x7f).expect("seven bits") | 0x80);
            rest >>= 7;
        }
        bytes.push(u8::try_from(rest).expect("seven bits"));
        bytes
    };
    let table = [&[1, 0x70, 0][..], &least(100_000_000)].concat();
    let memory = [&[1, 0][..], &least(65_536)].concat();
    for (section, content) in [(4, table), (5, memory)] {
        let fault = refused(&with_section(&GUEST, section, &content));
        assert!(["E0301", "E0306", "E0402", "E0405"].contains(&fault.code.as_str()), "{fault:#?}");
    }
    let many =
        "(core module (memory 1))".to_owned() + &"(core instance (instantiate 0))".repeat(10_000);
    refused(&component(&format!("(component {many})")));
}
