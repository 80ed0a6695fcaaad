//! Who must agree, to what, and until when; and what is refused although it was agreed to.

use std::process::Command;

use serde_json::Value;

use super::site::{Site, folder_environment};
use crate::harness::Run;

/// A person with a key of their own.
struct Person {
    name: &'static str,
    keys: tempfile::TempDir,
    public: String,
}

/// A site in a repository, whose user Kim deploys what others wrote.
struct Guarded {
    site: Site,
    people: Vec<Person>,
    kim: String,
}

const ONE: &str = "approvals = { count = 1 }";

impl Guarded {
    /// A site with these environments. Kim, Ana and Bob are approvers; Mallory has a key.
    fn with(environments: &str) -> Self {
        let site = Site::with("");
        let kim = site.run(&["key", "new"]).exits(0).stdout.trim().to_owned();
        let person = |name| {
            let keys = tempfile::tempdir().unwrap();
            let folder = keys.path().to_str().unwrap().to_owned();
            let new = site.run_with(&["key", "new"], &[("BELLJAR_KEYS", &folder)]).exits(0);
            Person { name, keys, public: new.stdout.trim().to_owned() }
        };
        let people = ["ana", "bob", "mallory"].map(person).into_iter().collect();
        let guarded = Self { site, people, kim };
        guarded.configure(environments);
        guarded.site.workspace.write(".gitignore", "/dist/\n/live/\n/*.json\n");
        guarded.git(&["init", "--quiet"]);
        guarded.commit("dev");
        guarded
    }

    fn configure(&self, environments: &str) {
        let mut text = environments.to_owned();
        let known = self.people.iter().filter(|one| one.name != "mallory");
        for (name, key) in known.map(|one| (one.name, &one.public)).chain([("kim", &self.kim)]) {
            text += &format!(
                "[approver.{name}]\nkey = \"{key}\"\nauthors = [\"{name}@example.org\"]\n"
            );
        }
        self.site.configure(&text);
    }

    fn git(&self, arguments: &[&str]) {
        let output = Command::new("git")
            .current_dir(self.site.workspace.path(""))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .args(["-c", "commit.gpgSign=false"])
            .args(arguments)
            .output()
            .expect("git is installed");
        assert!(output.status.success(), "{output:?}");
    }

    /// Commits everything as somebody.
    fn commit(&self, author: &str) {
        let (name, mail) =
            (format!("user.name={author}"), format!("user.email={author}@example.org"));
        self.site.run(&["plugin", "update"]).exits(0); // the lock file is committed with the rest
        self.git(&["add", "--all"]);
        self.git(&["-c", &name, "-c", &mail, "commit", "--quiet", "--allow-empty", "-m", "change"]);
    }

    /// Signs with the key of a person, into a file.
    fn sign(&self, name: &str, arguments: &[&str]) -> Run {
        let person = self.people.iter().find(|one| one.name == name).unwrap();
        let keys = person.keys.path().to_str().unwrap();
        let file = format!("{name}.json");
        let all = [&["approvals"], arguments, &["--output", &file]].concat();
        self.site.run_with(&all, &[("BELLJAR_KEYS", keys)])
    }

    /// Signs as a person, and takes that into the ledger.
    fn decide(&self, name: &str, arguments: &[&str]) -> Run {
        self.sign(name, arguments).exits(0);
        self.import(name)
    }

    fn import(&self, name: &str) -> Run {
        self.site.run(&["approvals", "import", &format!("{name}.json")])
    }
}

/// Runs a case on a site whose first plan waits.
#[track_caller]
fn waiting(case: impl FnOnce(&Guarded)) {
    let guarded = Guarded::with(&folder_environment("live", ONE));
    guarded.site.deploy().exits(6);
    case(&guarded);
}

#[test]
fn an_approval_that_does_not_count_says_why_and_the_plan_waits_on() {
    belljar_cases::case!("I02");
    let check = |name: &str, author: &str, more: &[&str], why: &str| {
        let guarded = Guarded::with(&folder_environment("live", ONE));
        guarded.commit(author);
        guarded.site.deploy().exits(6);
        guarded.decide(name, &[&["approve", "live"], more].concat()).exits(0).says(&[why]);
        guarded.site.deploy().exits(6).says(&[why]);
        assert!(!guarded.site.workspace.path("live/live").exists(), "nothing has left");
        guarded.decide("bob", &["approve", "live"]).exits(0);
        guarded.site.deploy().exits(0);
    };
    check("ana", "ana", &[], "`ana` wrote");
    check("ana", "dev", &["--expires", "1ms"], "it has expired");
}

#[test]
fn nobody_approves_what_they_asked_for() {
    belljar_cases::case!("I01");
    waiting(|guarded| {
        guarded.site.run(&["approvals", "approve", "live"]).exits(0).says(&["`kim` has asked"]);
        let waiting = guarded.site.run(&["approvals", "ls", "--json"]).exits(0).json();
        assert_eq!(waiting[0]["counting"], Value::Array(Vec::new()));
        guarded.site.deploy().exits(6);
    });
}

#[test]
fn a_key_that_nobody_knows_and_a_decision_that_was_changed_are_refused() {
    belljar_cases::case!("I02");
    waiting(|guarded| {
        guarded.decide("mallory", &["approve", "live"]).exits(2).says(&["knows no approver"]);
        guarded.sign("ana", &["approve", "live"]).exits(0);
        let text = guarded.site.workspace.read("ana.json");
        let mut envelope: Value = serde_json::from_str(&text).unwrap();
        let payload = envelope["payload"].as_str().expect("it is DSSE").to_owned();
        // One letter of the Base64 text is another one.
        let at = payload.len() / 2;
        let other = if &payload[at..=at] == "A" { "B" } else { "A" };
        envelope["payload"] = format!("{}{other}{}", &payload[..at], &payload[at + 1..]).into();
        guarded.site.workspace.write("ana.json", envelope.to_string());
        guarded.import("ana").exits(5).says(&["E0954"]);
        guarded.site.deploy().exits(6);
    });
}

#[test]
fn an_approval_is_for_one_plan_in_one_environment() {
    belljar_cases::case!("I02");
    let both = folder_environment("live", ONE) + &folder_environment("other", ONE);
    let guarded = Guarded::with(&both);
    guarded.site.deploy().exits(6);
    guarded.site.run(&["deploy", "other"]).exits(6);
    guarded.decide("ana", &["approve", "other"]).exits(0);
    guarded.site.deploy().exits(6);
    guarded.site.run(&["deploy", "other"]).exits(0);

    guarded.sign("bob", &["approve", "live"]).exits(0);
    guarded.site.page("two");
    guarded.commit("dev");
    guarded.site.deploy().exits(6);
    let history = guarded.site.history();
    assert_eq!((&history[0]["phase"], &history[1]["phase"]), (&"planned".into(), &"voided".into()));
    guarded.import("bob").exits(2).says(&["does not wait", "voided"]);
    guarded.site.deploy().exits(6);
    assert_eq!(guarded.site.pointer("live/live"), None);
}

#[test]
fn a_rejection_holds_against_any_approval() {
    waiting(|guarded| {
        guarded.decide("ana", &["approve", "live"]).exits(0);
        guarded.decide("bob", &["reject", "live", "-m", "not on a Friday"]).exits(0);
        guarded.site.deploy().exits(5).says(&["E0943", "not on a Friday"]);
        assert_eq!(guarded.site.pointer("live/live"), None);
    });
}

#[test]
fn whatever_changes_after_an_approval_needs_a_new_one() {
    belljar_cases::case!("I02", "H10");
    let check = |what: &str, change: &dyn Fn(&Guarded)| {
        let guarded = Guarded::with(&folder_environment("live", ONE));
        // A first release is live, so that the storage has something to change.
        guarded.site.deploy().exits(6);
        guarded.decide("ana", &["approve", "live"]).exits(0);
        guarded.site.deploy().exits(0);
        guarded.site.page("two");
        guarded.commit("dev");
        guarded.site.deploy().exits(6);
        guarded.decide("ana", &["approve", "live"]).exits(0);
        change(&guarded);
        guarded.commit("dev");
        let before = guarded.site.pointer("live/live");
        guarded.site.deploy().exits(6);
        let history = guarded.site.history();
        assert_eq!(history[0]["phase"], "planned", "{what}: {history:#?}");
        assert_eq!(history[1]["phase"], "voided", "{what}: {history:#?}");
        assert_eq!(guarded.site.pointer("live/live"), before, "{what}: nothing has left");
        guarded.decide("ana", &["approve", "live"]).exits(0);
        guarded.site.deploy().exits(0);
    };
    let reconfigured = |from: &'static str, to: &'static str| {
        move |guarded: &Guarded| {
            let text = folder_environment("live", ONE);
            assert!(text.contains(from), "{from}");
            guarded.configure(&text.replace(from, to));
        }
    };
    check("configuration", &reconfigured("directory = {}", "directory = { keep = 2 }"));
    check("gate", &reconfigured("count = 2", "count = 3"));
    check("storage", &reconfigured("fs:live/live", "fs:live/elsewhere"));
    check("artifact", &|guarded| guarded.site.page("three"));
    check("what is live", &|guarded| {
        let pointer = guarded.site.workspace.read("live/live/current");
        let live = guarded.site.live().unwrap();
        let other = "0".repeat(live.len());
        guarded.site.workspace.write("live/live/current", pointer.replace(&live, &other));
    });
}

#[test]
fn what_nobody_knows_the_author_of_is_not_planned() {
    let guarded = Guarded::with(&folder_environment("live", ONE));
    guarded.site.page("in no commit");
    guarded.site.deploy().exits(5).says(&["E0950", "in no commit"]);
    assert!(guarded.site.history().is_empty());
}

#[test]
fn order_and_freezes_are_rules_and_breaking_glass_is_remembered() {
    let text =
        folder_environment("staging", "") + &folder_environment("live", "needs=[\"staging\"]");
    let site = Site::with(&text);
    site.deploy().exits(5).says(&["E0945", "staging"]);
    site.run(&["deploy", "staging"]).exits(0);
    site.run(&["freeze", "live", "-m", "a sale"]).exits(0);
    site.deploy().exits(5).says(&["E0944", "a sale"]);
    assert_eq!(site.status()["frozen"]["reason"], "a sale");
    assert_eq!(site.pointer("live/live"), None);
    site.run(&["deploy", "live", "--break-glass", "the sale page is wrong"]).exits(0);
    let risk = site.run(&["report", "risk", "--json"]).exits(0);
    risk.json();
    assert!(risk.stdout.contains("the sale page is wrong"), "{risk:#?}");
    assert_eq!(site.history()[0]["broken_glass"]["skipped"][0], "freeze");

    site.run(&["freeze", "live", "--lift", "-m", "over"]).exits(0);
    let freeze = "[[environment.live.freeze]]\nfrom = 2001-01-01T00:00:00Z\nreason = \"forever\"\n";
    site.configure(&format!("{text}{freeze}"));
    site.deploy().exits(5).says(&["E0944", "forever"]);
    // What is set aside is only what was named.
    let named = ["deploy", "live", "--break-glass", "why", "--skip", "order"];
    site.run(&named).exits(5).says(&["E0944"]);
}
