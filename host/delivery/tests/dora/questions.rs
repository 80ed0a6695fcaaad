//! Releases, risk, and where a file is: what each says of a ledger that was written by hand.

use belljar_delivery::reports::{EvidenceFile, FindAsk, find, releases, risk};
use belljar_model::class::Class;
use belljar_model::delivery::{ApprovalPolicy, Condition, Decision, DeployPlan, Environment};
use belljar_model::event::{Source, Status};
use belljar_model::ledger::{LedgerEvent, Outcome};
use belljar_model::sheet::Table;
use belljar_model::tool::Tier;
use belljar_model::{Digest, StepName};

use crate::golden::undone;
use crate::logs::{DAY, HOUR, Log, MIN, MONDAY, plan, release, started};

const PROD: &str = "production";

/// A plan that asks for so many approvals.
fn guarded(number: u64, count: u32) -> DeployPlan {
    let plan = plan(PROD, number);
    let approvals = ApprovalPolicy { count, ..ApprovalPolicy::default() };
    DeployPlan { environment: Environment { approvals, ..plan.environment }, ..plan }
}

/// A run of some steps, and its release.
fn build(log: &mut Log, at: u64, number: u64, evidence: Option<&str>) {
    let run = format!("run-{number}");
    let steps = [("lint", Class::Pure, None), ("test", Class::Exec, Some(Tier::T2))];
    let more = [("doc", Class::Pure, Some(Tier::Wasm)), ("package", Class::Exec, Some(Tier::T1))];
    for (name, class, tier) in steps.into_iter().chain(more) {
        log.push(
            at,
            LedgerEvent::Step {
                run: run.clone(),
                step: StepName::new(name),
                status: Status::Passed,
                plugin: "command@0.1.0".to_owned(),
                class,
                tier,
                source: Some(Source::Executed),
                action: None,
            },
        );
    }
    let evidence = evidence.map(str::to_owned);
    log.push(at, LedgerEvent::Release { release: release(number), evidence });
}

/// 1 is approved by two and live. 2 breaks the glass with an approval that has expired, falls ill and
/// is undone. 3 waits for a second approval. 4 is refused; one approval came too late for 1.
pub(crate) fn audited() -> Log {
    let mut log = Log::default();
    let [first, second] = [guarded(1, 2), guarded(2, 2)];
    build(&mut log, MONDAY, 1, Some("aa11"));
    log.approve(MONDAY, &first, "ana", MONDAY + DAY);
    log.approve(MONDAY, &first, "bo", MONDAY + DAY);
    log.apply(MONDAY + HOUR, first.clone());
    log.approve(MONDAY + HOUR, &first, "cy", MONDAY + DAY);
    log.finish(MONDAY + HOUR + 5 * MIN, (PROD, 1), Outcome::Live, &[]);
    build(&mut log, MONDAY + 2 * HOUR, 2, Some("bb22"));
    log.approve(MONDAY + 2 * HOUR, &second, "ana", MONDAY + 3 * HOUR);
    log.decide(MONDAY + 2 * HOUR, &second, ("bo", Decision::Reject), MONDAY + DAY);
    let (environment, deployment) = (PROD.to_owned(), 2);
    log.push(
        MONDAY + 3 * HOUR,
        LedgerEvent::BreakGlass {
            environment: environment.clone(),
            deployment,
            reason: "orders are lost".to_owned(),
            skipped: vec!["approvals".to_owned()],
        },
    );
    log.apply(MONDAY + 3 * HOUR, second);
    let detail = "500 from /health".to_owned();
    let condition = Condition::Unhealthy;
    log.push(
        MONDAY + 4 * HOUR,
        LedgerEvent::HealthChanged { environment, deployment, condition, detail },
    );
    log.undo(MONDAY + 4 * HOUR, (PROD, 2), 1);
    let (environment, reason) = (PROD.to_owned(), "unhealthy".to_owned());
    log.push(
        MONDAY + 4 * HOUR + MIN,
        LedgerEvent::RollbackApplied { environment: environment.clone(), deployment: 2 },
    );
    log.push(
        MONDAY + 4 * HOUR + 2 * MIN,
        LedgerEvent::Finished {
            environment: environment.clone(),
            deployment: 2,
            outcome: Outcome::RolledBack,
            reason: reason.clone(),
            live: Some(release(1).id),
            commits: vec![],
        },
    );
    let third = guarded(3, 2);
    let digest = third.digest();
    log.push(
        MONDAY + 5 * HOUR,
        LedgerEvent::Planned { plan_digest: digest, plan: Box::new(third.clone()) },
    );
    log.approve(MONDAY + 5 * HOUR, &third, "ana", MONDAY + DAY);
    log.push(MONDAY + 6 * HOUR, LedgerEvent::PlanVoided { environment, deployment: 4, reason });
    log.apply(MONDAY + 7 * HOUR, plan("staging", 1));
    log
}

fn cells(table: &Table) -> Vec<String> {
    table.rows.iter().map(|row| row.cells.join(" | ")).collect()
}

#[test]
fn releases_say_who_when_and_how_it_ended() {
    let log = audited();
    let sheet = releases(&log.entries, 0).sheet();
    let [one, two] = [1, 2].map(|number| release(number).short());
    let commit = "000000000000";
    let three = release(3).short();
    let ask = "Bo <bo@example.org>";
    let expected = [
        format!(
            "production | 1 | {one} | {commit} | live | 2026-01-05 01:00:00 | \
            2026-01-05 01:05:00 | 5 min | {ask} | ana, bo"
        ),
        format!(
            "production | 2 | {two} | {commit} | rolled-back | 2026-01-05 03:00:00 | \
            2026-01-05 04:02:00 | 1 h 2 min | {ask} | "
        ),
        format!("production | 3 | {three} | {commit} | planned |  |  |  | {ask} | ana"),
        "production | 4 |  |  | voided: unhealthy |  |  |  |  | ".to_owned(),
        format!(
            "staging | 1 | {one} | {commit} | at its gate | 2026-01-05 07:00:00 |  |  | {ask} | "
        ),
    ];
    assert_eq!(cells(&sheet.tables[0]), expected);
    let later = releases(&log.entries, MONDAY + 5 * HOUR);
    let numbers: Vec<_> = later.rows.iter().map(|row| (&*row.environment, row.number)).collect();
    assert_eq!(numbers, [(PROD, 3), (PROD, 4), ("staging", 1)]);
}

#[test]
fn risk_says_who_vouched_and_what_was_set_aside() {
    let log = audited();
    let report = risk(&log.entries, 0);
    let sheet = report.sheet();
    let [one, two] = [1, 2].map(|number| release(number).short());
    assert_eq!(
        cells(&sheet.tables[0]),
        [
            format!("production | 1 | {one} | 2 of 2: ana, bo | aa11 | 2 pure, 2 exec | t2"),
            format!("production | 2 | {two} | NONE of 2 | bb22 | 2 pure, 2 exec | t2"),
            format!("staging | 1 | {one} | none, none required | aa11 | 2 pure, 2 exec | t2"),
        ]
    );
    let granted = "deploy-token | app.example.org:443 | none";
    assert_eq!(cells(&sheet.tables[1])[0], format!("production | 1 | {granted}"));
    let broken = "2026-01-05 03:00:00: Ana <ana@example.org>: approvals: orders are lost";
    assert_eq!(cells(&sheet.tables[2]), [format!("production | 2 | {broken}")]);
    let ill = "production | 2 | 2026-01-05 04:00:00: unhealthy: 500 from /health";
    assert_eq!(cells(&sheet.tables[3]), [ill]);
    let unused: Vec<_> = report
        .unused
        .iter()
        .map(|unused| (unused.number, &*unused.approver, &*unused.reason))
        .collect();
    assert_eq!(
        unused,
        [
            (1, "cy", "its plan had been started before"),
            (2, "ana", "it had expired when its plan was started"),
            (3, "ana", "its plan was never started")
        ]
    );
    assert!(sheet.tables.iter().flat_map(|table| &table.rows).all(|row| !row.events.is_empty()));
}

#[test]
fn what_was_undone_says_by_which_deployment() {
    let log = undone();
    let report = releases(&log.entries, 0);
    let of = |number: u64| report.rows.iter().find(|row| row.number == number).unwrap();
    assert_eq!((&*of(2).state, &*of(2).undone_by), ("live, undone by #3", &[3][..]));
    assert_eq!((&*of(3).state, &*of(3).undone_by), ("live", &[][..]));
    let sheet = risk(&log.entries, 0).sheet();
    let undone: Vec<_> =
        cells(&sheet.tables[3]).into_iter().filter(|it| it.contains("undone")).collect();
    assert_eq!(
        undone,
        [
            "production | 2 | 2026-01-06 12:20:00: undone by #3",
            "production | 4 | 2026-01-07 10:07:00: undone by #5",
            "production | 6 | 2026-01-08 10:50:00: undone by #7",
            "production | 7 | 2026-01-09 12:10:00: undone by #10",
            "staging | 1 | 2026-01-05 10:00:00: undone by #2",
        ]
    );
    // Being undone is something that happened: 6 on Thursday, 7 on Friday.
    let friday = MONDAY + 4 * DAY;
    let numbers: Vec<_> =
        releases(&log.entries, friday).rows.iter().map(|row| row.number).collect();
    assert_eq!(numbers, [7, 8, 9, 10, 11, 12, 13]);
}

#[test]
fn an_approval_that_cannot_be_read_approves_nothing() {
    let mut log = Log::default();
    let plan = guarded(1, 1);
    log.approve(MONDAY, &plan, "ana", MONDAY + DAY);
    if let LedgerEvent::Approval { envelope, .. } = &mut log.entries[0].event {
        envelope.payload = "e30=".to_owned();
    }
    log.apply(MONDAY + MIN, plan);
    let report = risk(&log.entries, 0);
    assert!(report.rows[0].approvers.is_empty());
    assert_eq!(report.unused[0].reason, "what it says cannot be read");
    let sheet = report.sheet();
    assert_eq!(sheet.tables[0].rows[0].cells[3..], ["NONE of 1", "NONE", "unknown", "unknown"]);
}

/// The evidence of [`audited`]: the first release read `Cargo.lock` in one version, the second
/// in another.
fn evidence(digest: &str) -> Option<Vec<EvidenceFile>> {
    let content: &[u8] = match digest {
        "aa11" => b"one",
        "bb22" => b"two",
        _ => return None,
    };
    let digest = Digest::of(content).to_string();
    let file = |step: &str| EvidenceFile {
        path: "Cargo.lock".to_owned(),
        digest: digest.clone(),
        step: step.to_owned(),
    };
    Some(vec![file("test"), file("package")])
}

#[test]
fn a_file_is_found_by_its_path_and_the_first_digits_of_its_digest() {
    let log = audited();
    let one = Digest::of(b"one");
    let check = |path: &str, digest: Option<&str>, expected: &[u64]| {
        let ask = FindAsk { path: path.to_owned(), digest: digest.map(str::to_owned) };
        let report = find(&log.entries, &evidence, ask);
        let found: Vec<_> = report.found.iter().map(|found| found.release).collect();
        let expected: Vec<_> = expected.iter().map(|number| release(*number).id).collect();
        assert_eq!(found, expected, "{path} {digest:?}");
        assert_eq!(report.excluded, []);
    };
    check("Cargo.lock", None, &[1, 2]);
    check("Cargo.lock", Some(&one.hex()[..6]), &[1]);
    check("Cargo.lock", Some(&one.hex().to_uppercase()), &[1]);
    check("Cargo.lock", Some(&format!("blake3:{}", &one.hex()[..6])), &[1]);
    check("Cargo.lock", Some(&one.to_string()), &[1]);
    check("Cargo.lock", Some(&format!("blake3:{}:4", one.hex())), &[]);
    check("Cargo.lock", Some("x"), &[]);
    check("Cargo", None, &[]);
    check("dist/app.tar", None, &[1, 2]);
    check("dist/app.tar", Some(&Digest::of(&2_u64.to_le_bytes()).hex()), &[2]);
}

#[test]
fn a_release_was_live_from_its_last_effect_until_the_next_one() {
    let log = audited();
    let ask = FindAsk { path: "Cargo.lock".to_owned(), digest: None };
    let sheet = find(&log.entries, &evidence, ask).sheet();
    let [one, two] = [1, 2].map(|number| release(number).short());
    let [first, second] = [&b"one"[..], b"two"].map(|it| Digest::of(it).hex()[..12].to_owned());
    let first = format!("{one} | 000000000000 | {first} | read by test, read by package");
    let second = format!("{two} | 000000000000 | {second} | read by test, read by package");
    assert_eq!(
        cells(&sheet.tables[0]),
        [
            format!("{first} | production | 1 | 2026-01-05 01:00:00 to 2026-01-05 03:00:00"),
            format!("{first} | production | 1 | NOW, since 2026-01-05 04:01:00"),
            format!("{first} | staging | 1 | NOW, since 2026-01-05 07:00:00"),
            format!("{second} | production | 2 | 2026-01-05 03:00:00 to 2026-01-05 04:01:00"),
        ]
    );
    assert_eq!(sheet.about, ["2 of 2 releases"]);
}

#[test]
fn a_release_without_evidence_is_named() {
    let mut log = Log::default();
    build(&mut log, MONDAY, 1, None);
    build(&mut log, MONDAY, 2, Some("lost"));
    let ask = FindAsk { path: "Cargo.lock".to_owned(), digest: None };
    let report = find(&log.entries, &evidence, ask);
    assert_eq!((report.found.len(), report.releases), (0, 2));
    let reasons: Vec<_> = report.excluded.iter().map(|it| &*it.reason).collect();
    assert_eq!(
        reasons,
        [
            "no evidence was written: only its artifacts were looked at",
            "its evidence cannot be read: only its artifacts were looked at"
        ]
    );
}

#[test]
fn a_release_that_never_went_anywhere_was_never_live() {
    let mut log = Log::default();
    build(&mut log, MONDAY, 1, Some("aa11"));
    log.push(MONDAY, started(PROD, 1, guarded(1, 0).digest()));
    let ask = FindAsk { path: "Cargo.lock".to_owned(), digest: None };
    let sheet = find(&log.entries, &evidence, ask).sheet();
    assert_eq!(sheet.tables[0].rows[0].cells[4..], ["", "", "never"]);
}
