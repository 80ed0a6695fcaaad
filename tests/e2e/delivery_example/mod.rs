//! The example of delivery, from a commit to production: what is approved goes live on a real
//! process, what is ill comes back, and the ledger knows it all.

mod site;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::examples::{Edit, check_all, example, project};
use crate::native_examples::{environment, virtual_environment};
use site::{Platform, Site, TOKEN};

/// How long a release may be ill until the old one is healthy, beyond what its gate takes.
const SPARE_MS: u64 = 5000;

const GREEN: &str = r#""green": { "minutes": 2, "degrees": 75 }"#;
const OOLONG: &str = r#""oolong": { "minutes": 5, "degrees": 88 }"#;

#[test]
fn from_a_commit_to_production_and_back() {
    let site = Site::new();
    goes_to_staging_at_once(&site);
    neither_its_author_nor_who_asked_can_approve_it(&site);
    two_others_bring_it_to_production(&site);
    staging_catches_what_is_ill_everywhere(&site);
    production_goes_back_when_it_is_ill_there(&site);
    a_broken_glass_is_on_record(&site);
    a_person_goes_back(&site);
    a_release_is_promoted_as_it_is(&site);
    the_ledger_answers(&site);
    strangers_agree_on_the_ledger(&site);
    what_runs_is_compared_with_the_ledger(&site);
}

fn goes_to_staging_at_once(site: &Site) {
    site.belljar("deploy staging").exits(0).says(&["staging#1", "is live and healthy"]);
    site.assert_runs("staging", &site.staging);
    let (status, answer) = site.staging.get("/steep/oolong");
    assert_eq!((status, answer["text"].as_str()), (200, Some("oolong: 4 minutes at 88 degrees")));
    assert_eq!(site.production.get("/health").0, 503, "nothing is in production yet");
}

fn neither_its_author_nor_who_asked_can_approve_it(site: &Site) {
    let ana = "ana <ana@example.com>";
    site.belljar_for(ana, "deploy production").exits(6).says(&["0 of 2 approvals"]);
    site.approve(&["ana", "cleo"]).says(&[
        "production#1 has 0 of 2 approvals",
        "`ana` has asked for this deployment",
        "`cleo` wrote",
    ]);
    site.approve(&["ben"]).says(&["production#1 has 1 of 2 approvals"]);
    site.belljar("deploy production").exits(6);
    assert_eq!(site.production.get("/health").0, 503, "nothing has left");
}

fn two_others_bring_it_to_production(site: &Site) {
    site.menu(&[GREEN, OOLONG].join(", "));
    site.belljar("deploy staging").exits(0);
    site.belljar("deploy production").exits(6).says(&["production#2 has 0 of 2 approvals"]);
    // What ben has signed was another plan.
    site.belljar("approvals import run/ben.approval");
    site.belljar("deploy production").exits(6).says(&["production#2 has 0 of 2 approvals"]);
    site.approve(&["ana", "ben"]).says(&["production#2 has 2 of 2 approvals"]);
    site.belljar("deploy production").exits(0).says(&["production#2", "is live and healthy"]);
    site.assert_runs("production", &site.production);
    let (_, answer) = site.production.get("/steep/oolong");
    assert_eq!(answer["text"], "oolong: 5 minutes at 88 degrees");
}

/// A tea without minutes: no test looks at the menu, but the service does.
fn staging_catches_what_is_ill_everywhere(site: &Site) {
    let before = site.live("staging");
    site.menu(&[r#""black": { "minutes": 0, "degrees": 88 }"#, GREEN, OOLONG].join(", "));
    site.belljar("deploy staging").exits(1).says(&["answered 500", "Rolled back"]);
    assert_eq!(site.live("staging"), before);
    site.assert_runs("staging", &site.staging);
    // It was never healthy in staging, so it does not come any further.
    site.belljar("deploy production").exits(5).says(&["staging"]);
    site.assert_runs("production", &site.production);
}

/// The kettle of production is not as hot as that of staging.
fn production_goes_back_when_it_is_ill_there(site: &Site) {
    let before = site.live("production");
    site.menu(&[r#""black": { "minutes": 3, "degrees": 98 }"#, GREEN, OOLONG].join(", "));
    site.belljar("deploy staging").exits(0);
    site.belljar("deploy production").exits(6);
    site.approve(&["ana", "ben"]);
    site.belljar("deploy production").exits(1).says(&["answered 500", "is live and healthy again"]);
    assert_eq!(site.live("production"), before);
    site.assert_runs("production", &site.production);
    assert_eq!(site.production.get("/steep/black").0, 404);

    let events = site.events();
    let at = |kind: &str, and: &dyn Fn(&Value) -> bool| {
        let mut found = events.iter().filter(|event| event["type"] == kind);
        let event = found.rfind(|event| event["environment"] == "production" && and(event));
        event.unwrap_or_else(|| panic!("no {kind}"))["at"].as_u64().unwrap()
    };
    let ill = at("observed", &|event| event["condition"] == "unhealthy");
    let healthy = at("finished", &|event| event["outcome"] == "rolled-back");
    // The gate looks three times, 200 ms apart.
    let took = healthy - ill;
    assert!(took <= 2 * 200 + SPARE_MS, "the old release was healthy after {took} ms");
    let recovery = site.figure("Failed deployment recovery time");
    assert_eq!(recovery["exact"]["numerator"], took, "{recovery}");
    assert_eq!((site.fail_rate(), &recovery["n"]), ((1, 2), &1.into()));
}

fn a_broken_glass_is_on_record(site: &Site) {
    site.menu(&[r#""black": { "minutes": 3, "degrees": 90 }"#, GREEN, OOLONG].join(", "));
    site.belljar("deploy staging").exits(0);
    let reason = "--break-glass=everybody-is-asleep --incident=T-7";
    let run = site.belljar(&format!("deploy production {reason}")).exits(0);
    let run = run.says(&["Set aside", "approvals: everybody-is-asleep"]);
    assert!(!run.stderr.contains("approve with"), "{}", run.stderr);
    site.assert_runs("production", &site.production);
    assert_eq!(site.production.get("/steep/black").0, 200);
    let risk = site.belljar("report risk").exits(0).stdout;
    assert!(risk.contains("everybody-is-asleep"), "{risk}");
    assert_eq!(site.figure("Deployment rework rate")["n"], 3);
    assert_eq!(site.figure("Deployment frequency")["n"], 3);
    assert_eq!(site.fail_rate(), (1, 3));
}

fn a_person_goes_back(site: &Site) {
    // What was approved once and was healthy may come back without asking anybody.
    site.belljar("rollback production").exits(0).says(&["is live and healthy"]);
    site.assert_runs("production", &site.production);
    assert_eq!(site.production.get("/steep/black").0, 404, "the menu before had no black tea");
    assert_eq!(site.fail_rate(), (2, 4), "what a person went back from has failed");
}

fn a_release_is_promoted_as_it_is(site: &Site) {
    site.belljar("promote staging production").exits(6);
    site.approve(&["ana", "ben"]);
    site.belljar("promote staging production").exits(0);
    assert_eq!(site.live("production"), site.live("staging"));
    site.assert_runs("production", &site.production);
    let events = site.events();
    let last = |kind: &str| events.iter().rposition(|event| event["type"] == kind).unwrap();
    assert!(last("run") < last("planned"), "nothing was built for it");
}

fn the_ledger_answers(site: &Site) {
    let history = site.belljar("history production").exits(0).stdout;
    for word in ["rolled-back", "promoted from: staging#", "everybody-is-asleep"] {
        assert!(history.contains(word), "no `{word}` in\n{history}");
    }
    let history = site.belljar("history production --json").exits(0).json();
    let first = history.as_array().unwrap().iter().find(|one| one["number"] == 1).unwrap();
    assert_eq!(first["approvers"], serde_json::json!(["ben"]), "of three, one counted: {first}");
    let find = site.belljar("find service/menu.json --format json").exits(0).json();
    let rows = find["tables"][0]["rows"].as_array().unwrap();
    let cell = |row: &Value, number: usize| row["cells"][number].as_str().unwrap().to_owned();
    let live: Vec<_> = rows.iter().filter(|row| cell(row, 6).starts_with("NOW")).collect();
    let mut places: Vec<_> = live.iter().map(|row| (cell(row, 4), cell(row, 0))).collect();
    places.sort();
    let id = site.live("staging").split(':').nth(1).unwrap()[..8].to_owned();
    assert_eq!(places, [("production".to_owned(), id.clone()), ("staging".to_owned(), id)]);
    site.belljar("find service/nothing.json").exits(4);
}

/// A verifier that has no code of Belljar sees the same root.
fn strangers_agree_on_the_ledger(site: &Site) {
    let verified = site.belljar("ledger verify").exits(0).stdout;
    let foreign = project().join("host/ledger/tests/foreign");
    let programs = virtual_environment("foreign", &foreign.join("requirements.txt"));
    let ledger = site.workspace.path(".belljar/ledger-v1");
    let mut verify = Command::new(programs.join("python"));
    let output = verify.arg(foreign.join("verify.py")).arg(ledger).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let [lines, root, "ok"] = said.split_whitespace().collect::<Vec<_>>()[..] else {
        panic!("it says {said}");
    };
    assert!(verified.contains(&format!("size {lines}, root {root}")), "{verified}, but {said}");
    let checkpoint = site.belljar("ledger checkpoint").exits(0).stdout;
    assert!(checkpoint.contains(root), "{checkpoint}");
}

fn what_runs_is_compared_with_the_ledger(site: &Site) {
    site.belljar("watch-env --once").exits(0);
    // Somebody activates the release before, past Belljar.
    let (live, events) = (site.live("production"), site.events());
    let other = events
        .iter()
        .filter(|event| event["environment"] == "production" && event["outcome"] == "live")
        .map(|event| event["live"].as_str().unwrap())
        .find(|release| *release != live);
    let other = other.unwrap().split(':').nth(1).unwrap();
    let body = format!("{{\"release\": \"{other}\"}}");
    let (status, answer) = site.production.request(&format!(
        "POST /activate HTTP/1.0\r\nauthorization: Bearer {TOKEN}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ));
    assert_eq!(status, 200, "{answer}");
    let seen = site.belljar("watch-env --once").exits(1);
    seen.says(&["production#", &format!("drift: {} is live", &other[..8])]);
    // The policy is to go back after two unhealthy looks: another release than ours is one.
    let mut watch = site.command("ci", &[], "watch-env production");
    let mut watch = watch.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let gone_back = || {
        let events = site.events();
        let mut ends = events.iter().filter(|event| event["type"] == "finished");
        let end = ends.rfind(|event| event["environment"] == "production");
        end.is_some_and(|end| end["live"] != live.as_str())
    };
    let until = Instant::now() + Duration::from_secs(60);
    while !gone_back() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(100));
    }
    watch.kill().unwrap();
    watch.wait().unwrap();
    assert!(gone_back(), "nobody went back");
    site.assert_runs("production", &site.production);
}

/// The token is not known to who only sees what was sent.
#[test]
fn the_platform_takes_nothing_without_the_token() {
    let workspace = example("delivery");
    let platform = Platform::start(&workspace, "staging", "100");
    let id = "0".repeat(64);
    for (start, status) in [
        (format!("PUT /releases/{id}/tea.pyz HTTP/1.0\r\nauthorization: Bearer no\r\n"), 401),
        ("POST /activate HTTP/1.0\r\n".to_owned(), 401),
        (format!("PUT /releases/{id}/..%2f HTTP/1.0\r\nauthorization: Bearer {TOKEN}\r\n"), 400),
        (format!("PUT /else/{id}/tea.pyz HTTP/1.0\r\nauthorization: Bearer {TOKEN}\r\n"), 404),
        ("GET /health HTTP/1.0\r\n".to_owned(), 503),
    ] {
        let (answered, says) = platform.request(&format!("{start}\r\n"));
        assert_eq!(answered, status, "{start}: {says}");
    }
}

#[test]
fn delivery() {
    let menu = Edit {
        file: "service/menu.json",
        append: "\n",
        runs: &[
            ("package", "file-changed service/menu.json"),
            ("sources", "file-changed service/menu.json"),
        ],
    };
    let tests = Edit {
        file: "tests/test_text.py",
        append: "\n\ndef test_more():\n    assert tea.text\n",
        runs: &[
            ("sources", "file-changed tests/test_text.py"),
            ("test", "file-changed tests/test_text.py"),
        ],
    };
    let person = environment(&[]);
    let person: Vec<_> = person.iter().map(|(name, value)| (*name, value.as_str())).collect();
    check_all(&example("delivery"), &person, &[menu, tests]);
}
