//! Whatever interrupts an append at whatever point: what was confirmed stays, and what was not
//! is there wholly or not at all.

use belljar_model::ports::Ledger;
use belljar_model::{Fault, LedgerEntry as Entry, LedgerEvent};

use super::memory::{Failure, Memory};
use super::{event, key, options};
use crate::FileLedger;
use crate::verify::check;

/// What is interrupted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Doing {
    Append,
    Rotate,
}

impl Doing {
    fn to(self, ledger: &FileLedger) -> Result<(), Fault> {
        match self {
            Self::Append => ledger.append(vec![event(100), event(101)]).map(drop),
            Self::Rotate => ledger.rotate(key(2)),
        }
    }
}

fn open(memory: &Memory, byte: u8) -> FileLedger {
    FileLedger::over(Box::new(memory.clone()), Some(options(key(byte))))
}

fn entries(ledger: &FileLedger) -> Vec<Entry> {
    let mut entries = Vec::new();
    ledger.read(&mut |all| entries = all.to_vec()).unwrap();
    entries
}

/// Makes a ledger of some appends, and then lets something fail at this step. Returns whether
/// the step was reached.
struct Case {
    appends: u64,
    doing: Doing,
    failure: Failure,
    step: u64,
    seed: usize,
}

impl Case {
    fn run(&self) -> bool {
        let memory = Memory::default();
        let ledger = open(&memory, 1);
        for number in 0..self.appends {
            ledger.append(vec![event(number)]).unwrap();
        }
        let before = entries(&ledger);
        memory.fail_at(self.step, self.failure);
        let done = self.doing.to(&ledger);
        let is_reached = memory.heal();
        let ledger = if self.failure == Failure::Dies {
            let mut seed = self.seed;
            memory.cut_power(|choices| {
                seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1_442_695);
                (seed >> 17) % choices
            });
            open(&memory, 1)
        } else {
            ledger
        };
        self.go_on(&memory, &ledger, &before, &done);
        is_reached
    }

    fn go_on(
        &self,
        memory: &Memory,
        ledger: &FileLedger,
        before: &[Entry],
        done: &Result<(), Fault>,
    ) {
        let what = format!("{self:?}");
        let last = match ledger.append(vec![event(200)]) {
            Ok(last) => last,
            // The change of the key was recorded before the process died.
            Err(fault) => {
                assert_eq!((self.doing, fault.code.as_str()), (Doing::Rotate, "E0903"), "{what}");
                open(memory, 2).append(vec![event(200)]).unwrap()
            }
        };
        let verified = check(&memory.copy(), None, None);
        assert_eq!(verified.problems, [], "{what}");
        let all = verified.entries;
        assert_eq!(all.last(), last.last(), "{what}");
        assert_eq!(all[..before.len()], *before, "{what}");
        assert_eq!(entries(&open(memory, 1)), all, "{what}");
        let is_there = |wanted: &LedgerEvent| all.iter().any(|entry| entry.event == *wanted);
        match self.doing {
            Doing::Append => {
                let there = [100, 101].map(|number| is_there(&event(number)));
                assert_eq!(there[0], there[1], "all or none: {what}");
                assert!(done.is_err() || there[0], "what was confirmed is there: {what}");
            }
            Doing::Rotate => {
                let (old, new) = (key(1).public(), key(2).public());
                let is_changed = is_there(&LedgerEvent::KeyChanged { old, new });
                assert!(done.is_err() || is_changed, "what was confirmed is there: {what}");
            }
        }
    }
}

impl std::fmt::Debug for Case {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { appends, doing, failure, step, seed } = self;
        write!(out, "{doing:?} after {appends}, {failure:?} at {step}, seed {seed}")
    }
}

#[test]
fn an_append_that_is_interrupted_at_any_point_leaves_a_ledger_that_goes_on() {
    let mut reached = 0;
    for (appends, doing) in
        [(0, Doing::Append), (1, Doing::Append), (4, Doing::Append), (2, Doing::Rotate)]
    {
        for failure in [Failure::Once, Failure::Dies] {
            let seeds = if failure == Failure::Dies { 12 } else { 1 };
            for step in 0.. {
                let case = |seed| Case { appends, doing, failure, step, seed };
                let is_reached = (0..seeds).all(|seed| case(seed).run());
                if !is_reached {
                    break;
                }
                reached += 1;
            }
        }
    }
    assert!(reached >= 2 * (10 + 3 * 6), "only {reached} points of interruption were there");
}

#[test]
fn unconfirmed_lines_are_set_aside_and_that_is_recorded() {
    let memory = Memory::default();
    let ledger = open(&memory, 1);
    ledger.append(vec![event(0)]).unwrap();
    memory.fail_at(2, Failure::Dies); // the lines are written, the checkpoint is not begun
    assert_eq!(ledger.append(vec![event(1)]).unwrap_err().code.as_str(), "E0901");
    memory.heal();
    let found = check(&memory.copy(), None, None);
    let kinds: Vec<_> = found.problems.iter().map(|problem| problem.kind).collect();
    assert_eq!(kinds, [crate::ProblemKind::Unconfirmed]);
    let ledger = open(&memory, 1);
    assert_eq!(entries(&ledger).len(), 2, "one who reads does not see them");
    assert_eq!(ledger.append(vec![event(2)]).unwrap()[0].seq, 3);
    let LedgerEvent::Recovered { bytes, file } = &entries(&ledger)[2].event else {
        panic!("it is recorded")
    };
    let kept = crate::files::Files::read(&memory, file, 0).unwrap().unwrap();
    assert_eq!(file, "unconfirmed-2.bin");
    assert_eq!(kept.len() as u64, *bytes);
    assert!(kept.ends_with(b"\n"));
}
