//! Nothing in a ledger can be changed unseen; and what only a witness can see, only one sees.

use std::sync::Mutex;

use belljar_model::ports::Ledger;
use belljar_model::{LedgerEntry as Entry, LedgerEvent};

use super::memory::Memory;
use super::{event, key, options};
use crate::checkpoint::Checkpoint;
use crate::files::{LINES, SLOTS};
use crate::history;
use crate::tree::{Hash, leaf_hash};
use crate::verify::{Copy, Line, check, check_with, read_line};
use crate::{FileLedger, ProblemKind, Verified};

const EVENTS: u64 = 1_000;
const TAMPERS: u64 = 10_000;

/// Numbers that are the same in every run.
struct Chance(u64);

impl Chance {
    /// A number below `end` (splitmix64).
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }
}

/// A ledger of so many events; at the end, single appends and a change of the key.
fn ledger(events: u64, first_key: u8, from: u64) -> (Memory, FileLedger) {
    let memory = Memory::default();
    let ledger = FileLedger::over(Box::new(memory.clone()), Some(options(key(first_key))));
    ledger.append((from..from + events - 14).map(event).collect()).unwrap();
    ledger.rotate(key(first_key + 1)).unwrap();
    for number in 0..12 {
        ledger.append(vec![event(from + number)]).unwrap();
    }
    (memory, ledger)
}

fn is_of_keys(event: &LedgerEvent) -> bool {
    matches!(event, LedgerEvent::LedgerOpened { .. } | LedgerEvent::KeyChanged { .. })
}

/// A good ledger, its entries, and two others to mix in: of other keys, and of the same.
struct World {
    good: Copy,
    lines: Vec<Vec<u8>>,
    hashes: Vec<Hash>,
    entries: Vec<Entry>,
    others: [Copy; 2],
    /// The good one, a little earlier.
    earlier: Copy,
}

impl World {
    fn new() -> Self {
        let (memory, open) = ledger(EVENTS, 1, 0);
        let good = memory.copy();
        let others = [ledger(EVENTS, 7, 3).0.copy(), ledger(EVENTS, 1, 5).0.copy()];
        let earlier = ledger(EVENTS - 20, 1, 0).0.copy();
        let mut entries = Vec::new();
        open.read(&mut |all| entries = all.to_vec()).unwrap();
        assert_eq!(entries.len() as u64, EVENTS);
        let lines: Vec<_> = history::lines(&good.lines).map(<[u8]>::to_vec).collect();
        let hashes = lines.iter().map(|line| leaf_hash(line)).collect();
        // Cheaper to clone, and the same for all that is looked at here.
        for entry in entries.iter_mut().filter(|entry| !is_of_keys(&entry.event)) {
            let event = LedgerEvent::Applied { environment: String::new(), deployment: 0 };
            *entry = Entry { actor: String::new(), host: String::new(), event, ..entry.clone() };
        }
        Self { good, lines, hashes, entries, others, earlier }
    }

    /// As `check`, but lines that were not changed are not read again: this test looks at ten
    /// million of them.
    fn check(&self, copy: &Copy) -> Verified {
        let read = |line: &[u8], seq: u64| -> Line {
            let index = usize::try_from(seq).unwrap();
            if self.lines.get(index).is_some_and(|good| good == line) {
                return (self.hashes[index], Ok(self.entries[index].clone()));
            }
            read_line(line, seq)
        };
        check_with(&read, copy, None, None)
    }

    /// Changes something. Returns what was done.
    fn tamper(&self, copy: &mut Copy, chance: &mut Chance) -> &'static str {
        let other = &self.others[chance.below(2)];
        match chance.below(4) {
            0 => tamper_slots(copy, other, &self.earlier, chance),
            _ => tamper_lines(&mut copy.lines, other, chance),
        }
    }
}

fn tamper_slots(
    copy: &mut Copy,
    other: &Copy,
    earlier: &Copy,
    chance: &mut Chance,
) -> &'static str {
    let slot = chance.below(2);
    let bytes = copy.slots[slot].as_mut().unwrap();
    match chance.below(6) {
        0 => {
            let place = chance.below(bytes.len());
            bytes[place] ^= 1 << chance.below(8);
            "a bit of a checkpoint flipped"
        }
        1 => {
            bytes.truncate(chance.below(bytes.len()));
            "a checkpoint cut off"
        }
        2 => {
            copy.slots[slot] = None;
            "a checkpoint removed"
        }
        3 => {
            copy.slots[slot].clone_from(&other.slots[chance.below(2)]);
            "a checkpoint of another ledger"
        }
        4 => {
            copy.slots.clone_from(&earlier.slots);
            "both checkpoints of another time"
        }
        _ => {
            let size = *copy.rotations.keys().next().unwrap();
            let bytes = copy.rotations.get_mut(&size).unwrap();
            let place = chance.below(bytes.len());
            bytes[place] ^= 1 << chance.below(8);
            "the proof of a change of the key altered"
        }
    }
}

fn tamper_lines(bytes: &mut Vec<u8>, other: &Copy, chance: &mut Chance) -> &'static str {
    let place = chance.below(bytes.len());
    let mut lines: Vec<_> = history::lines(bytes).collect();
    let line = chance.below(lines.len());
    let others: Vec<_> = history::lines(&other.lines).collect();
    let what = match chance.below(9) {
        0 => {
            bytes[place] ^= 1 << chance.below(8);
            return "a bit flipped";
        }
        1 => {
            bytes.truncate(place);
            return "cut off";
        }
        2 => {
            bytes.insert(place, b' ');
            return "a space inserted";
        }
        3 => {
            lines.remove(line);
            "a line removed"
        }
        4 => {
            lines.insert(line, lines[line]);
            "a line doubled"
        }
        5 => {
            let second = (line + 1 + chance.below(lines.len() - 1)) % lines.len();
            lines.swap(line, second);
            "two lines swapped"
        }
        6 => {
            lines.insert(line, others[line]);
            "a line of another ledger inserted"
        }
        7 => {
            // Number 0 differs from that of the ledger of the same key only in nothing.
            let line = line.max(1);
            lines.truncate(line);
            lines.extend(&others[line..]);
            "the rest replaced by that of another ledger"
        }
        _ => {
            lines.truncate(line);
            "lines at the end removed"
        }
    };
    let end: &[u8] = if lines.is_empty() { b"" } else { b"\n" };
    *bytes = [&lines.join(&b'\n'), end].concat();
    what
}

#[test]
fn ten_thousand_tampers_are_all_found() {
    belljar_cases::case!("I07");
    let world = World::new();
    assert_eq!(check(&world.good, None, None).problems, []);
    assert_eq!(world.check(&world.good).problems, []);
    let done = Mutex::new(std::collections::BTreeMap::<&str, u64>::new());
    std::thread::scope(|scope| {
        for part in 0..4 {
            let (world, done) = (&world, &done);
            scope.spawn(move || {
                let mut chance = Chance(part);
                for number in 0..TAMPERS / 4 {
                    let mut copy = world.good.clone();
                    let what = world.tamper(&mut copy, &mut chance);
                    let found = world.check(&copy).problems;
                    assert!(!found.is_empty(), "{what} ({part}, {number}) was not found");
                    *done.lock().unwrap().entry(what).or_default() += 1;
                }
            });
        }
    });
    let done = done.into_inner().unwrap();
    assert_eq!(done.values().sum::<u64>(), TAMPERS);
    assert_eq!(done.len(), 15, "each kind was tried: {done:?}");
}

#[test]
fn what_can_be_said_of_a_change_is_said() {
    let (memory, _) = ledger(40, 1, 0);
    let good = memory.copy();
    let text = String::from_utf8(good.lines.clone()).unwrap();
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    let check = |lines: String, expected: &[(Option<u64>, ProblemKind)]| {
        let copy = Copy { lines: lines.into_bytes(), ..good.clone() };
        let found: Vec<_> = check(&copy, None, None).problems;
        let found: Vec<_> = found.iter().map(|problem| (problem.line, problem.kind)).collect();
        assert_eq!(found, expected);
    };
    let changed = text.replacen("the 1th", "the 2th", 1);
    check(changed, &[(None, ProblemKind::Content)]);
    let broken = text.replacen("the 1th \\\"", "the 1th \"", 1);
    check(broken, &[(Some(3), ProblemKind::Line), (None, ProblemKind::Content)]);
    let cut = lines[..39].concat();
    check(cut, &[(Some(40), ProblemKind::Truncated)]);
    let longer = format!("{text}{}", lines[3]);
    check(longer, &[(Some(41), ProblemKind::Unconfirmed)]);
    let torn = format!("{text}{{\"seq\":");
    check(torn, &[(Some(41), ProblemKind::Unconfirmed)]);
    let removed = [&lines[..38], &lines[39..]].concat().concat();
    let expected = [
        (Some(39), ProblemKind::Line),
        (None, ProblemKind::Content),
        (Some(40), ProblemKind::Truncated),
    ];
    check(removed, &expected);
}

#[test]
fn a_ledger_cut_back_to_a_valid_earlier_state_is_found_only_with_a_witness() {
    belljar_cases::case!("I07");
    let memory = Memory::default();
    let open = || FileLedger::over(Box::new(memory.clone()), Some(options(key(1))));
    let ledger = open();
    ledger.append(vec![event(0)]).unwrap();
    let earlier = memory.copy();
    ledger.append(vec![event(1)]).unwrap();
    let witness = ledger.checkpoint().unwrap().unwrap();
    let witness = Checkpoint::parse(witness.as_bytes()).unwrap();

    assert_eq!(check(&earlier, None, Some(&key(1).public_key())).problems, []);
    let found = check(&earlier, Some(&witness), None).problems;
    assert_eq!((found.len(), found[0].kind), (1, ProblemKind::Truncated));
    assert!(found[0].message.contains("3 lines, but 2"), "{}", found[0]);

    // Going on from there makes a fork, which the witness shows too.
    memory.set(LINES, earlier.lines.clone());
    for (name, slot) in SLOTS.iter().zip(&earlier.slots) {
        memory.set(name, slot.clone().unwrap());
    }
    let fault = ledger.append(vec![event(5)]).unwrap_err();
    assert_eq!(fault.code.as_str(), "E0902", "one who runs is a witness too");
    open().append(vec![event(5), event(6)]).unwrap();
    assert_eq!(check(&memory.copy(), None, None).problems, []);
    let found = check(&memory.copy(), Some(&witness), None).problems;
    assert_eq!((found.len(), found[0].kind), (1, ProblemKind::Fork));
}

#[test]
fn another_ledger_in_its_place_is_found_only_by_its_key_or_a_witness() {
    belljar_cases::case!("I07");
    let [one, other] = [1, 7].map(|first| ledger(40, first, 0).0.copy());
    assert_eq!(check(&other, None, None).problems, []);
    let found = check(&other, None, Some(&key(2).public_key())).problems;
    assert_eq!((found.len(), found[0].kind), (1, ProblemKind::Key));
    let witness = one.slots.iter().flatten().map(|slot| Checkpoint::parse(slot).unwrap());
    for witness in witness {
        let found = check(&other, Some(&witness), None).problems;
        assert_eq!((found.len(), found[0].kind), (1, ProblemKind::Checkpoint));
        assert_eq!(check(&one, Some(&witness), Some(&key(1).public_key())).problems, []);
    }
}

#[test]
fn a_tampered_ledger_is_neither_read_nor_repaired() {
    belljar_cases::case!("I07");
    let (memory, ledger) = ledger(40, 1, 0);
    let text = String::from_utf8(memory.copy().lines).unwrap();
    let changed = text.replacen("the 1th", "the 2th", 1).into_bytes();
    memory.set(LINES, changed.clone());
    let fresh = FileLedger::over(Box::new(memory.clone()), Some(options(key(2))));
    for fault in [fresh.append(vec![event(0)]).unwrap_err(), fresh.read(&mut |_| ()).unwrap_err()] {
        assert_eq!(fault.code.as_str(), "E0902");
        assert!(fault.notes[0].contains("one of the lines 1 to 28"), "{:?}", fault.notes);
        assert!(fault.help.unwrap().contains("backup"));
    }
    assert_eq!(memory.copy().lines, changed, "nothing was written");
    drop(ledger);
}

#[test]
fn a_signed_line_of_a_newer_version_is_no_tamper() {
    let (memory, _) = ledger(40, 1, 0);
    let line = br#"{"seq":40,"at":1,"actor":"a","host":"h","type":"from-the-future"}"#;
    let mut copy = memory.copy();
    copy.lines.extend([line.as_slice(), b"\n"].concat());
    let mut frontier = crate::tree::Frontier::default();
    for line in history::lines(&copy.lines) {
        frontier.push(leaf_hash(line));
    }
    let signed = Checkpoint::sign("example.org/shop", 41, frontier.root(), &[&key(2)]);
    memory.set(LINES, copy.lines);
    memory.set(SLOTS[0], signed.text().into_bytes());
    let reader = FileLedger::over(Box::new(memory), None);
    assert_eq!(reader.read(&mut |_| ()).unwrap_err().code.as_str(), "E0908");
}
