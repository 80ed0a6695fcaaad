//! What a ledger does when nothing goes wrong, and whom it refuses.

use std::collections::BTreeSet;

use belljar_model::ports::Ledger;
use belljar_model::{Blame, Code, Fault, LedgerEntry as Entry, LedgerEvent};

use super::{event, key, options};
use crate::{FileLedger, Filter, Options, ProblemKind, Proof, export, prove, verify};

fn entries(ledger: &FileLedger) -> Vec<Entry> {
    let mut entries = Vec::new();
    ledger.read(&mut |all| entries = all.to_vec()).unwrap();
    entries
}

#[test]
fn the_first_append_opens_the_ledger_and_nothing_is_made_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/ledger");
    let ledger = FileLedger::open(&path, options(key(1)));
    assert_eq!(entries(&ledger), []);
    assert_eq!(ledger.checkpoint().unwrap(), None);
    assert_eq!(verify(&path, None, None).unwrap_err().code.as_str(), "E0905");
    assert!(!folder.path().join("a").exists());

    let appended = ledger.append(vec![event(0), event(1)]).unwrap();
    assert_eq!(appended.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2]);
    let all = entries(&FileLedger::open_to_read(&path));
    assert_eq!(all[1..], appended);
    let opened = LedgerEvent::LedgerOpened {
        schema: "belljar.ledger/v1".to_owned(),
        origin: "example.org/shop".to_owned(),
        key: key(1).public(),
    };
    assert_eq!(all[0].event, opened);
    let verified = verify(&path, None, Some(&key(1).public())).unwrap();
    assert_eq!((verified.size, verified.problems), (3, vec![]));
    assert_eq!(verified.entries, all);
    assert_eq!(ledger.checkpoint().unwrap(), Some(verified.checkpoint));
}

#[test]
fn what_may_not_be_appended_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = FileLedger::open(folder.path(), options(key(1)));
    ledger.append(vec![event(0)]).unwrap();
    let no = Fault::new(Blame::Policy, Code::new("E0901"), "no");
    let mut shown = 0;
    let refused = ledger.append_if(vec![event(1)], &mut |all| {
        shown = all.len();
        Err(no.clone())
    });
    assert_eq!((refused, shown), (Err(no), 2));
    assert_eq!(entries(&ledger).len(), 2);
    assert_eq!(ledger.append(Vec::new()).unwrap(), []);
    assert_eq!(entries(&ledger).len(), 2);
}

#[test]
fn two_that_append_at_once_lose_nothing_and_see_each_other() {
    const EACH: u64 = 40;
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for writer in 0..2 {
            let path = folder.path();
            scope.spawn(move || {
                let ledger = FileLedger::open(path, options(key(1)));
                for number in 0..EACH {
                    let event = LedgerEvent::Applied {
                        environment: format!("writer {writer}"),
                        deployment: number,
                    };
                    let mut count = 0;
                    let appended = ledger.append_if(vec![event], &mut |all| {
                        count = all.len() as u64;
                        Ok(())
                    });
                    // The first of all is preceded by the opening of the ledger.
                    assert_eq!(appended.unwrap()[0].seq, count.max(1));
                }
            });
        }
    });
    let verified = verify(folder.path(), None, None).unwrap();
    assert_eq!((verified.size, verified.problems), (2 * EACH + 1, vec![]));
    for writer in 0..2 {
        let own = verified.entries.iter().filter_map(|entry| match &entry.event {
            LedgerEvent::Applied { environment, deployment } => {
                (*environment == format!("writer {writer}")).then_some(*deployment)
            }
            _ => None,
        });
        assert_eq!(own.collect::<Vec<_>>(), (0..EACH).collect::<Vec<_>>());
    }
}

#[test]
fn who_has_no_key_or_another_one_appends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = FileLedger::open(folder.path(), options(key(1)));
    assert_eq!(ledger.rotate(key(2)).unwrap_err().code.as_str(), "E0905");
    let bad = Options { origin: "two words".to_owned(), ..options(key(1)) };
    let bad = FileLedger::open(folder.path(), bad);
    assert_eq!(bad.append(vec![event(0)]).unwrap_err().code.as_str(), "E0903");
    ledger.append(vec![event(0)]).unwrap();
    for other in
        [FileLedger::open(folder.path(), options(key(2))), FileLedger::open_to_read(folder.path())]
    {
        assert_eq!(other.append(vec![event(1)]).unwrap_err().code.as_str(), "E0903");
        assert_eq!(entries(&other).len(), 2);
    }
}

#[test]
fn a_key_is_changed_only_by_who_has_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = FileLedger::open(folder.path(), options(key(1)));
    for number in 0..3 {
        ledger.append(vec![event(number)]).unwrap();
    }
    let old = ledger.checkpoint().unwrap().unwrap();
    ledger.rotate(key(2)).unwrap();
    let changed = ledger.checkpoint().unwrap().unwrap();
    for number in 3..6 {
        ledger.append(vec![event(number)]).unwrap();
    }
    ledger.rotate(key(3)).unwrap();
    for known in [key(1), key(2), key(3)] {
        for against in [&old, &changed] {
            let verified = verify(folder.path(), Some(against), Some(&known.public())).unwrap();
            assert_eq!(verified.problems, [], "{known:?}");
        }
    }
    let kept = folder.path().join("rotation-5.checkpoint");
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), changed);
    std::fs::remove_file(kept).unwrap();
    let problems = verify(folder.path(), None, None).unwrap().problems;
    assert_eq!((problems[0].line, problems[0].kind), (Some(5), ProblemKind::Key));
    let problems = verify(folder.path(), None, Some(&key(4).public())).unwrap().problems;
    assert!(problems.iter().any(|problem| problem.message.contains("expected")));
}

#[test]
fn every_entry_is_proved_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = FileLedger::open(folder.path(), options(key(1)));
    ledger.append((0..20).map(event).collect()).unwrap();
    for entry in entries(&ledger) {
        let proof = prove(folder.path(), entry.seq).unwrap();
        assert_eq!(proof.verify(&key(1).public()).unwrap(), entry);
        assert_eq!(Proof::from_text(&proof.to_text()).unwrap(), proof);
        let json = serde_json::to_string(&proof).unwrap();
        assert_eq!(serde_json::from_str::<Proof>(&json).unwrap(), proof);
    }
    assert_eq!(prove(folder.path(), 21).unwrap_err().code.as_str(), "E0905");
    let proof = prove(folder.path(), 7).unwrap();
    let other = prove(folder.path(), 8).unwrap();
    let check = |wrong: Proof, key: &str| {
        assert_eq!(wrong.verify(key).unwrap_err().code.as_str(), "E0909", "{wrong:?}");
    };
    let public = key(1).public();
    check(proof.clone(), &key(2).public());
    check(Proof { line: other.line.clone(), ..proof.clone() }, &public);
    check(Proof { index: 8, ..proof.clone() }, &public);
    check(Proof { index: 1 << 40, ..proof.clone() }, &public);
    check(Proof { size: 20, ..proof.clone() }, &public);
    check(Proof { hashes: other.hashes.clone(), ..proof.clone() }, &public);
    check(Proof { hashes: Vec::new(), ..proof.clone() }, &public);
    check(Proof { checkpoint: String::new(), ..proof.clone() }, &public);
    let text = proof.to_text();
    let no_number = text.replace("index 7", "index x");
    let no_hash = text.replace("index 7\n", "index 7\nabcd\n");
    let carriage_returns = text.replace('\n', "\r\n");
    for text in ["", "c2sp.org/tlog-proof@v2\n", &no_number, &no_hash, &carriage_returns] {
        assert_eq!(Proof::from_text(text).unwrap_err().code.as_str(), "E0906", "{text}");
    }
}

#[test]
fn an_export_has_the_lines_that_were_asked_for_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = FileLedger::open(folder.path(), options(key(1)));
    ledger.append((0..9).map(event).collect()).unwrap();
    let check = |filter: Filter, expected: &[usize]| {
        let lines = std::fs::read_to_string(folder.path().join("ledger.jsonl")).unwrap();
        let lines: Vec<_> = lines.split_inclusive('\n').collect();
        let expected: String = expected.iter().map(|line| lines[*line]).collect();
        let mut out = Vec::new();
        let count = export(folder.path(), &filter, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected, "{filter:?}");
        assert_eq!(count, expected.lines().count() as u64);
    };
    let types = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let production = Some("production".to_owned());
    let all = Filter::default();
    check(all.clone(), &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    check(Filter { range: Some(2..4), ..all.clone() }, &[2, 3]);
    check(Filter { types: types(&["applied", "ledger-opened"]), ..all.clone() }, &[0, 1, 4, 7]);
    check(Filter { environment: production.clone(), ..all.clone() }, &[3, 6, 9]);
    check(Filter { environment: production, types: types(&["applied"]), ..all }, &[]);
    assert_eq!(Filter::default().types, BTreeSet::new());
}
