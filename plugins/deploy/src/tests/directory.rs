//! The strategy `directory`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use belljar_sdk::deploy::{Condition, StorageProblem};
use belljar_sdk::serde_json::{self, Value};
use belljar_sdk_testing::{Deploy as Environment, Ready, json};

use crate::Deploy;

/// A storage that outlives a deployment.
type Storage = Rc<RefCell<BTreeMap<String, Vec<u8>>>>;

fn config(keep: u32) -> Value {
    json!({ "strategies": [{ "directory": { "to": "www", "keep": keep, "except": ["*.md"] } }] })
}

/// A release that is called by the text of one of its files.
fn release(name: &str, keep: u32, storage: &Storage) -> Environment<Deploy> {
    Environment::new()
        .config(config(keep))
        .artifact("dist/app", name)
        .artifact("dist/readme", "same")
        .artifact("notes.md", "left out")
        .storage(storage)
}

fn ready(name: &str, keep: u32, storage: &Storage) -> Ready<Deploy> {
    release(name, keep, storage).ready()
}

fn digits(id: &str) -> String {
    id.split(':').nth(1).unwrap().to_owned()
}

/// The ids of the live release and those before.
fn pointed(storage: &Storage) -> Vec<String> {
    let pointer: Value = serde_json::from_slice(&storage.borrow()["www/current"]).unwrap();
    let previous: Vec<String> = serde_json::from_value(pointer["previous"].clone()).unwrap();
    let live = pointer["release"].as_str().unwrap().to_owned();
    std::iter::once(live).chain(previous).collect()
}

/// Previews, applies, and sees that both did the same; then that there is nothing left to do.
fn deploy(ready: &Ready<Deploy>) -> Vec<String> {
    let before = ready.stored();
    let previewed = ready.preview();
    assert_eq!(ready.stored(), before, "a preview changed the storage");
    let applied = ready.apply();
    assert_eq!(previewed.effects(), applied.effects());
    assert_eq!(previewed.answer(), applied.answer());
    let seen = ready.observe();
    let seen = seen.answer();
    assert_eq!(seen.condition, Condition::Healthy, "{}", seen.detail);
    assert_eq!(seen.release.as_deref(), Some(ready.release()));
    let again = ready.apply();
    assert_eq!((again.lines(), again.answer().len()), (Vec::new(), 0));
    applied.lines()
}

#[test]
fn files_go_to_the_folder_of_the_release_and_then_the_pointer_is_switched() {
    let storage = Storage::default();
    let one = ready("1", 3, &storage);
    let own = format!("www/releases/{}", digits(one.release()));
    let expected = [
        format!("put {own}/dist/app"),
        format!("put {own}/dist/readme"),
        "swap www/current".into(),
    ];
    assert_eq!(deploy(&one), expected);
    let pointer: Value = serde_json::from_slice(&storage.borrow()["www/current"]).unwrap();
    assert_eq!(pointer["folder"], own);
    assert_eq!(pointer["artifacts"][0]["path"], "dist/app");
    assert_eq!(pointer["artifacts"][0]["size"], 1);
}

#[test]
fn the_newest_releases_stay_and_the_others_are_removed() {
    let storage = Storage::default();
    let releases: Vec<_> = (0..5).map(|at| ready(&at.to_string(), 3, &storage)).collect();
    let ids: Vec<&str> = releases.iter().map(Ready::release).collect();
    storage.borrow_mut().insert("www/releases/mine.txt".to_owned(), b"x".to_vec());
    storage.borrow_mut().insert("www/releases/mine/a".to_owned(), b"x".to_vec());
    storage.borrow_mut().insert("other".to_owned(), b"x".to_vec());
    for release in &releases {
        deploy(release);
    }
    assert_eq!(pointed(&storage), [ids[4], ids[3], ids[2]]);
    let objects = storage.borrow().clone();
    let there = |id: &str| objects.keys().any(|path| path.contains(&digits(id)));
    assert_eq!(
        ids.iter().map(|id| there(id)).collect::<Vec<_>>(),
        [false, false, true, true, true]
    );
    for own in ["www/releases/mine.txt", "www/releases/mine/a", "other"] {
        assert!(objects.contains_key(own), "{own} is gone");
    }
    // Back to one that is still there: nothing is uploaded.
    assert_eq!(deploy(&releases[2]), ["swap www/current"]);
    assert_eq!(pointed(&storage), [ids[2], ids[4], ids[3]]);
    // Back to one that is gone: it is uploaded again.
    assert_eq!(deploy(&releases[0]).len(), 3 + 2);
    assert_eq!(pointed(&storage), [ids[0], ids[2], ids[4]]);
    // With fewer to keep, the live one alone stays.
    assert_eq!(deploy(&ready("0", 1, &storage)).len(), 1 + 4);
    assert_eq!(pointed(&storage), [ids[0]]);
}

#[test]
fn a_deployment_that_broke_off_anywhere_is_finished_by_the_next_one() {
    let start = || {
        let storage = Storage::default();
        for name in ["1", "2"] {
            deploy(&ready(name, 2, &storage));
        }
        storage
    };
    let whole = start();
    let steps = deploy(&ready("3", 2, &whole)).len();
    assert_eq!(steps, 2 + 1 + 2);
    for stop in 0..steps {
        let storage = start();
        let broken = release("3", 2, &storage).stop_after(stop).apply();
        assert_eq!(broken.lines().len(), stop);
        assert!(broken.message().contains("could not be reached"), "{}", broken.message());
        assert_eq!(deploy(&ready("3", 2, &storage)).len(), steps - stop);
        assert_eq!(*storage.borrow(), *whole.borrow(), "stopped after {stop}");
    }
}

#[test]
fn what_broke_off_and_is_not_wanted_any_more_is_removed() {
    for stop in 0..5 {
        let storage = Storage::default();
        for name in ["1", "2"] {
            deploy(&ready(name, 2, &storage));
        }
        release("3", 2, &storage).stop_after(stop).apply();
        let four = ready("4", 2, &storage);
        deploy(&four);
        let folders: std::collections::BTreeSet<String> = storage
            .borrow()
            .keys()
            .filter_map(|path| path.split('/').nth(2).map(str::to_owned))
            .collect();
        let kept = pointed(&storage).iter().map(|id| digits(id)).collect();
        assert_eq!(folders, kept, "stopped after {stop}");
    }
}

#[test]
fn without_a_pointer_nothing_is_removed() {
    let storage = Storage::default();
    let one = ready("1", 1, &storage);
    deploy(&one);
    storage.borrow_mut().remove("www/current");
    let applied = ready("2", 1, &storage).apply();
    assert!(
        !applied.lines().iter().any(|line| line.starts_with("remove")),
        "{:?}",
        applied.lines()
    );
}

#[test]
fn a_file_of_another_size_is_put_again() {
    let storage = Storage::default();
    let one = ready("1", 3, &storage);
    deploy(&one);
    let place = format!("www/releases/{}/dist/readme", digits(one.release()));
    storage.borrow_mut().insert(place.clone(), b"s".to_vec());
    let seen = one.observe();
    let detail = "1 of 2 files are missing or have another size, such as `dist/readme`";
    assert_eq!(
        (seen.answer().condition, seen.answer().detail.as_str()),
        (Condition::Unhealthy, detail)
    );
    assert_eq!(seen.answer().release.as_deref(), Some(one.release()));
    assert_eq!(deploy(&one), [format!("put {place}")]);
}

#[test]
fn a_pointer_of_somebody_else_is_not_overwritten() {
    let storage = Storage::default();
    storage.borrow_mut().insert("www/current".to_owned(), b"v1.2".to_vec());
    let one = ready("1", 3, &storage);
    assert!(one.preview().message().contains("`www/current`"), "{}", one.preview().message());
    assert!(one.apply().lines().is_empty());
    assert_eq!(one.observe().answer().condition, Condition::Unhealthy);
}

#[test]
fn what_is_seen_is_what_the_pointer_names() {
    let storage = Storage::default();
    let (one, two) = (ready("1", 3, &storage), ready("2", 3, &storage));
    let check = |ready: &Ready<Deploy>, condition: Condition, live: Option<&str>| {
        let seen = ready.observe();
        assert_eq!((seen.answer().condition, seen.answer().release.as_deref()), (condition, live));
    };
    check(&one, Condition::Unhealthy, None);
    deploy(&one);
    check(&one, Condition::Healthy, Some(one.release()));
    check(&two, Condition::Unhealthy, Some(one.release()));
    for problem in [StorageProblem::Unreachable, StorageProblem::Denied] {
        let lost = release("1", 3, &storage).storage_problem(problem).ready();
        check(&lost, Condition::Unknown, None);
        assert!(lost.apply().result().is_err());
    }
}

#[test]
fn two_strategies_work_together() {
    let storage = Storage::default();
    let tool = json!({ "apply": [{ "command": ["reload"] }], "observe": { "command": ["ping"] } });
    let config = json!({ "strategies": [{ "directory": {} }, { "tool": tool }] });
    let ready = |code: i32| {
        let environment = Environment::<Deploy>::new().config(config.clone()).artifact("a", "1");
        let environment = environment.tool("reload", |_| belljar_sdk_testing::ToolAnswer::exit(0));
        let ping = move |_: &_| belljar_sdk_testing::ToolAnswer::exit(code);
        environment.tool("ping", ping).storage(&storage).ready()
    };
    let lines = ready(0).apply().lines();
    assert_eq!((lines.len(), lines[2].as_str()), (3, "run reload"));
    let check = |code: i32, condition: Condition| {
        let seen = ready(code).observe();
        assert_eq!(seen.answer().condition, condition);
        assert_eq!(seen.answer().release.as_deref(), Some(ready(code).release()));
    };
    check(0, Condition::Healthy);
    check(1, Condition::Unhealthy);
}
