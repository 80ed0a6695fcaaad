//! Tests: which records are used, by whom.

use belljar_model::ports::{ActionCache as _, Found, Record};
use belljar_model::trust::{Contradiction, digest_of};
use belljar_model::{Refusal, TrustLevel};
use ed25519_dalek::{Signer as _, SigningKey};

use crate::store::Store;
use crate::testing::{FakeClock, Fixture, action, family, result, trace, trust};
use crate::trust::{KnownWriter, Trust};

const HERE: u8 = 1;
const THERE: u8 = 2;

/// Records that action 0 had a result, on a machine at a level.
fn write(fixture: &mut Fixture, machine: u8, level: TrustLevel, summary: &str) {
    fixture.trust = trust(machine, level);
    put(&fixture.open(), summary);
}

fn put(store: &Store, summary: &str) -> Option<belljar_model::Dispute> {
    let (result, trace) = (result(summary, &[]), trace(0));
    let record = Record { action: action(0), family: family(0), result: &result, trace: &trace };
    store.for_workspace("here").put(record).unwrap()
}

/// Records that action 0 made a file.
fn make(store: &Store, content: &[u8]) -> Option<belljar_model::Dispute> {
    let blob = belljar_model::ports::BlobStore::put(store, content).unwrap();
    let (result, trace) = (result("", &[blob]), trace(0));
    let record = Record { action: action(0), family: family(0), result: &result, trace: &trace };
    store.for_workspace("here").put(record).unwrap()
}

/// What a machine finds.
fn find(fixture: &mut Fixture, trust: Trust) -> (Option<String>, Option<Refusal>) {
    fixture.trust = trust;
    let store = fixture.open();
    let cache = store.for_workspace("here");
    let Found { record, refused } = cache.find(&action(0)).unwrap();
    let mut traces = 0;
    let visit = &mut |_, _| {
        traces += 1;
        std::ops::ControlFlow::Continue(())
    };
    cache.traces(&family(0), visit).unwrap();
    assert_eq!(traces > 0, record.is_some(), "Traces are judged like results");
    (record.map(|record| record.result.summary), refused)
}

/// A machine that knows another one.
fn knowing(machine: u8, other: u8, level: TrustLevel, until: Option<u64>) -> Trust {
    let writer = KnownWriter { name: "other".to_owned(), level, until };
    let mut knowing = trust(machine, TrustLevel::Developer);
    knowing.known.insert(trust(other, level).key.public(), writer);
    knowing
}

#[test]
fn a_record_of_an_unknown_writer_is_a_miss_that_says_so() {
    belljar_cases::case!("H01");
    let mut fixture = Fixture::new();
    write(&mut fixture, THERE, TrustLevel::Protected, "theirs");
    let writer = trust(THERE, TrustLevel::Protected).key.public();
    let found = find(&mut fixture, trust(HERE, TrustLevel::Developer));
    assert_eq!(found, (None, Some(Refusal::UnknownWriter { writer })));
    let found = find(&mut fixture, knowing(HERE, THERE, TrustLevel::Protected, None));
    assert_eq!(found, (Some("theirs".to_owned()), None));
}

#[test]
fn a_writer_is_believed_no_further_than_its_level_and_its_day() {
    let mut fixture = Fixture::new();
    write(&mut fixture, THERE, TrustLevel::Protected, "theirs");
    let mut reader = knowing(HERE, THERE, TrustLevel::Developer, None);
    assert_eq!(find(&mut fixture, reader.clone()).0.as_deref(), Some("theirs"));
    reader.least = TrustLevel::Ci;
    let (level, least) = (TrustLevel::Developer, TrustLevel::Ci);
    assert_eq!(find(&mut fixture, reader), (None, Some(Refusal::TooLow { level, least })));
    let until = |until| knowing(HERE, THERE, TrustLevel::Ci, Some(until));
    assert!(find(&mut fixture, until(FakeClock::START)).0.is_some());
    let expired = find(&mut fixture, until(FakeClock::START - 1));
    assert_eq!(expired, (None, Some(Refusal::Expired { name: "other".to_owned() })));
}

#[test]
fn what_has_less_behind_it_neither_takes_the_place_of_what_has_more_nor_hides_it() {
    belljar_cases::case!("H03");
    let mut fixture = Fixture::new();
    // The attack: the untrusted build fills the place first, on the very same machine.
    write(&mut fixture, HERE, TrustLevel::Untrusted, "evil");
    let protected = trust(HERE, TrustLevel::Protected);
    let (level, least) = (TrustLevel::Untrusted, TrustLevel::Protected);
    assert_eq!(
        find(&mut fixture, protected.clone()),
        (None, Some(Refusal::TooLow { level, least }))
    );
    write(&mut fixture, HERE, TrustLevel::Protected, "good");
    write(&mut fixture, HERE, TrustLevel::Untrusted, "evil again");
    assert_eq!(find(&mut fixture, protected).0.as_deref(), Some("good"));
    let mut all = trust(HERE, TrustLevel::Untrusted);
    all.least = TrustLevel::Untrusted;
    assert_eq!(find(&mut fixture, all).0.as_deref(), Some("good"), "the best one is served");
}

#[test]
fn many_traces_of_an_untrusted_writer_push_out_none_of_a_better_one() {
    let mut fixture = Fixture::new();
    write(&mut fixture, HERE, TrustLevel::Protected, "good");
    fixture.trust = trust(HERE, TrustLevel::Untrusted);
    let store = fixture.open();
    for number in 1..200 {
        let (result, trace) = (result("", &[]), trace(number));
        let (action, family) = (action(number), family(0));
        let record = Record { action, family, result: &result, trace: &trace };
        store.for_workspace("here").put(record).unwrap();
    }
    drop(store);
    let found = find(&mut fixture, trust(HERE, TrustLevel::Protected));
    assert_eq!(found.0.as_deref(), Some("good"));
}

/// Changes the only record of a store, as one would who can write to its file.
fn tamper(fixture: &Fixture, assignment: &str) {
    let store = fixture.open();
    let change = format!("UPDATE actions SET {assignment}");
    store.shared.database.with(|connection| Ok(connection.execute(&change, [])?)).unwrap();
}

#[test]
fn a_record_of_which_anything_was_changed_is_not_used() {
    belljar_cases::case!("H01");
    let other = postcard::to_stdvec(&result("changed", &[])).unwrap();
    let hex = belljar_model::hex::hex(&other);
    let zeros = "zeroblob(32)";
    for assignment in [
        format!("result = x'{hex}'"),
        format!("family = x'{}'", "09".repeat(32)),
        "level = 2".to_owned(),
        format!("writer = {zeros}"),
        "statement = x''".to_owned(),
        "statement = CAST(statement || x'30' AS BLOB)".to_owned(),
        format!("mac = {zeros}, signature = zeroblob(64)"),
    ] {
        let mut fixture = Fixture::new();
        write(&mut fixture, HERE, TrustLevel::Developer, "mine");
        tamper(&fixture, &assignment);
        let store = fixture.open();
        let cache = store.for_workspace("here");
        let found = cache.find(&action(0)).unwrap();
        assert_eq!(found.record, None, "{assignment}");
        assert!(found.refused.is_some(), "{assignment}");
    }
}

#[test]
fn what_is_no_record_at_all_is_a_miss_and_no_error() {
    belljar_cases::case!("H01");
    for column in ["level", "writer", "family", "result", "statement", "mac", "signature"] {
        let mut fixture = Fixture::new();
        write(&mut fixture, HERE, TrustLevel::Developer, "mine");
        tamper(&fixture, &format!("{column} = 'text'"));
        let store = fixture.open();
        let cache = store.for_workspace("here");
        assert_eq!(cache.find(&action(0)).unwrap().record, None, "{column}");
        store.writers().unwrap();
        assert_eq!(make(&store, b"again"), None, "{column}");
        assert!(cache.find(&action(0)).unwrap().record.is_some(), "{column}");
    }
}

#[test]
fn a_record_is_not_used_for_another_action() {
    belljar_cases::case!("H01");
    let mut fixture = Fixture::new();
    write(&mut fixture, HERE, TrustLevel::Developer, "mine");
    tamper(&fixture, &format!("action = x'{}'", "09".repeat(32)));
    let store = fixture.open();
    let found = store.for_workspace("here").find(&action(9)).unwrap();
    assert!(matches!(found.refused, Some(Refusal::NotAuthentic { .. })), "{found:?}");
}

#[test]
fn a_machine_knows_its_records_by_mac_or_by_signature() {
    let mut fixture = Fixture::new();
    write(&mut fixture, HERE, TrustLevel::Developer, "mine");
    tamper(&fixture, "mac = zeroblob(32)");
    let own = trust(HERE, TrustLevel::Developer);
    assert_eq!(find(&mut fixture, own.clone()).0.as_deref(), Some("mine"));
    tamper(&fixture, "mac = x'00', signature = x'00'");
    assert_eq!(find(&mut fixture, own).0, None);
}

#[test]
fn the_mac_of_a_writer_counts_for_nothing_elsewhere() {
    let mut fixture = Fixture::new();
    write(&mut fixture, THERE, TrustLevel::Ci, "theirs");
    tamper(&fixture, "signature = zeroblob(64)");
    let reader = knowing(HERE, THERE, TrustLevel::Ci, None);
    assert!(matches!(find(&mut fixture, reader).1, Some(Refusal::NotAuthentic { .. })));
}

#[test]
fn a_changed_trace_is_shown_to_nobody() {
    let mut fixture = Fixture::new();
    write(&mut fixture, HERE, TrustLevel::Developer, "mine");
    let other = belljar_model::hex::hex(&postcard::to_stdvec(&trace(7)).unwrap());
    tamper(&fixture, &format!("trace = x'{other}'"));
    let store = fixture.open();
    let none = &mut |_, _| panic!("it is not what was recorded");
    store.for_workspace("here").traces(&family(0), none).unwrap();
}

#[test]
fn the_same_action_with_other_outputs_raises_an_alarm_and_neither_is_used() {
    belljar_cases::case!("H03");
    let fixture = Fixture::new();
    let store = fixture.open();
    assert_eq!(make(&store, b"one"), None);
    assert_eq!(make(&store, b"one"), None, "the same again is no contradiction");
    store.flush().unwrap();
    let dispute = make(&store, b"two").expect("it had another output");
    let digest = |content: &[u8]| Some(belljar_model::Digest::of(content));
    let path = belljar_model::WorkspacePath::parse("out/0").unwrap();
    let expected = Contradiction::Output(path, digest(b"one"), digest(b"two"));
    assert_eq!(dispute.contradictions, [expected]);
    let disputed = |store: &Store| {
        let found = store.for_workspace("here").find(&action(0)).unwrap();
        assert_eq!(found, Found { record: None, refused: Some(Refusal::Disputed) });
    };
    disputed(&store);
    drop(store);
    let store = fixture.open();
    disputed(&store);
    assert_eq!(store.disputes().unwrap()[0].dispute, dispute);
    assert!(store.settle(&action(0)).unwrap());
    assert!(!store.settle(&action(0)).unwrap(), "it is settled");
    assert_eq!(make(&store, b"two"), None);
    assert!(store.for_workspace("here").find(&action(0)).unwrap().record.is_some());
}

#[test]
fn who_has_less_behind_it_cannot_stop_the_use_of_what_has_more() {
    let mut fixture = Fixture::new();
    fixture.trust = trust(HERE, TrustLevel::Protected);
    assert_eq!(make(&fixture.open(), b"good"), None);
    fixture.trust = trust(HERE, TrustLevel::Untrusted);
    assert!(make(&fixture.open(), b"evil").is_some(), "it is told");
    fixture.trust = trust(HERE, TrustLevel::Protected);
    let store = fixture.open();
    assert!(store.for_workspace("here").find(&action(0)).unwrap().record.is_some());
}

#[test]
fn a_signature_is_one_that_others_can_verify() {
    let mut fixture = Fixture::new();
    write(&mut fixture, HERE, TrustLevel::Ci, "mine");
    let store = fixture.open();
    let read = |connection: &mut rusqlite::Connection| {
        let select = "SELECT statement, signature, result FROM actions";
        Ok(connection.query_row(select, [], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, Vec<u8>>(2)?))
        })?)
    };
    let (statement, signature, result) = store.shared.database.with(read).unwrap();
    let expected = SigningKey::from_bytes(&[HERE; 32]).sign(&statement).to_bytes();
    assert_eq!(signature, expected);
    let said = belljar_model::trust::Statement::parse(&statement).unwrap();
    assert_eq!((said.result, said.level), (digest_of(&result), TrustLevel::Ci));
}
