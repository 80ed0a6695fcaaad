//! A ledger or a store that is not what it was, and a disk that is full.

use std::path::Path;
use std::process::Command;

use super::site::Site;
use crate::harness::{Run, copy_folder};

#[test]
fn a_ledger_that_was_changed_refuses_every_deployment_and_the_place_is_named() {
    belljar_cases::case!("I07");
    let site = Site::of_folder("");
    site.deploy().exits(0);
    site.page("two");
    let check = |what: &str, place: &str, change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let site = site.copy();
        let text = std::fs::read(site.lines()).unwrap();
        let mut lines: Vec<Vec<u8>> =
            text.split_inclusive(|byte| *byte == b'\n').map(Vec::from).collect();
        change(&mut lines);
        std::fs::write(site.lines(), lines.concat()).unwrap();
        let before = site.pointer("live/live");
        let verified = site.run(&["ledger", "verify", "--json"]).exits(3).json();
        assert_eq!(verified["ok"], false, "{what}");
        let named = verified["problems"].to_string();
        assert!(named.contains(place), "{what}: `{place}` is not in {named}");
        site.deploy().exits(3).says(&["E0902"]);
        site.run(&["status"]).exits(3).says(&["E0902"]);
        assert_eq!(site.pointer("live/live"), before, "{what}: nothing has left");
        assert_eq!(
            std::fs::read(site.lines()).unwrap(),
            lines.concat(),
            "{what}: it is kept as it is"
        );
    };
    check("a flipped byte", "lines 1 to 16", &|lines| {
        let at = lines[4].len() / 2;
        lines[4][at] ^= 1;
    });
    check("a flipped byte in the last line", "\"line\":17", &|lines| {
        let line = lines.last_mut().unwrap();
        let at = line.len() / 2;
        line[at] ^= 1;
    });
    check("a line less", "\"line\":4", &|lines| drop(lines.remove(3)));
    check("no last line", "\"line\":17", &|lines| drop(lines.pop()));
    check("two lines swapped", "\"line\":4", &|lines| lines.swap(3, 4));
    check("a line twice", "\"line\":5", &|lines| lines.insert(3, lines[3].clone()));
    check("half of the last line", "\"line\":17", &|lines| {
        let line = lines.last_mut().unwrap();
        line.truncate(line.len() / 2);
    });
    check("nothing", "no checkpoint is valid", &|lines| lines.clear());
}

#[test]
fn what_was_never_confirmed_is_set_aside_and_the_ledger_goes_on() {
    let site = Site::of_folder("");
    site.deploy().exits(0);
    let mut text = std::fs::read(site.lines()).unwrap();
    text.extend_from_slice(b"{\"seq\":999,\"half of a li");
    std::fs::write(site.lines(), text).unwrap();
    site.page("two");
    site.deploy().exits(0);
    site.run(&["ledger", "verify"]).exits(0);
    let recovered = site.events().into_iter().filter(|one| one["type"] == "recovered").count();
    assert_eq!(recovered, 1);
}

/// The places of the blobs of the first release that can be damaged.
fn packed(site: &Site) -> Vec<std::path::PathBuf> {
    let pointer = site.workspace.read("live/live/current");
    let pointer: serde_json::Value = serde_json::from_str(&pointer).unwrap();
    let artifacts = pointer["artifacts"].as_array().unwrap().iter();
    let blob = |artifact: &serde_json::Value| {
        let digits = super::site::digits(artifact["digest"].as_str().unwrap()).to_owned();
        site.workspace.store_path(&format!("blobs-v1/{}/{}", &digits[..2], &digits[2..]))
    };
    artifacts.map(blob).collect()
}

#[test]
fn a_way_back_that_is_not_whole_refuses_the_plan_until_it_is_built_again() {
    belljar_cases::case!("I06");
    let check = |damage: &dyn Fn(&Path)| {
        let site = Site::of_folder("");
        site.deploy().exits(0);
        let first = site.live();
        let blobs = packed(&site);
        damage(&blobs[0]);
        site.page("two");
        site.deploy().exits(3).says(&["E0948", "dist/site.tar.gz"]);
        assert_eq!(site.history().len(), 1, "there is no plan");
        assert_eq!(site.pointer("live/live"), first);
        // As its page says.
        site.page("one");
        site.run(&["run", "--force"]).exits(0);
        site.page("two");
        site.deploy().exits(0);
    };
    check(&|blob| std::fs::remove_file(blob).unwrap());
    check(&|blob| {
        let mut bytes = std::fs::read(blob).unwrap();
        bytes[20] ^= 1;
        std::fs::remove_file(blob).unwrap();
        std::fs::write(blob, bytes).unwrap();
    });
}

#[test]
fn going_back_to_a_release_that_is_not_whole_is_refused_before_anything_leaves() {
    belljar_cases::case!("I06");
    let site = Site::of_folder("");
    site.deploy().exits(0);
    let blobs = packed(&site);
    site.page("two");
    site.deploy().exits(0);
    let second = site.live();
    for blob in blobs {
        std::fs::remove_file(blob).unwrap();
    }
    let lines = site.line_count();
    let run = site.run(&["rollback", "live"]);
    assert_ne!(run.code, 0, "{run:#?}");
    assert!(run.stderr.contains("E0948"), "{run:#?}");
    assert_eq!(site.line_count(), lines, "there is no plan");
    assert_eq!((site.live(), site.pointer("live/live")), (second.clone(), second));
}

/// Runs `deploy live` while the ledger's disk has so many bytes, and keeps what it holds after.
fn on_a_small_disk(site: &Site, bytes: usize) -> Run {
    let folder = site.workspace.path(".belljar/ledger-v1");
    let kept = site.keys().join("kept");
    copy_folder(&folder, &kept);
    let deploy = site.command();
    let script = "cp -r \"$1/.\" \"$2\" && rm -r \"$1\"/* || exit 99; shift; into=$1; shift
        \"$@\"; code=$?; cp -r \"$into/.\" \"$KEPT\" || exit 98; exit $code";
    let mut command = Command::new("bwrap");
    command.args(["--dev-bind", "/", "/", "--size", &bytes.to_string(), "--tmpfs"]).arg(&folder);
    command.args(["sh", "-c", script, "sh"]).arg(&kept).arg(&folder);
    command.arg(deploy.get_program()).args(["deploy", "live"]).env_clear().env("KEPT", &kept);
    command.envs(deploy.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(deploy.get_current_dir().unwrap());
    let run = Run::of(&command.output().expect("bwrap is installed"));
    assert_ne!(run.code, 98, "{run:#?}");
    std::fs::remove_dir_all(&folder).unwrap();
    copy_folder(&kept, &folder);
    std::fs::remove_dir_all(&kept).unwrap();
    run
}

#[test]
fn nothing_leaves_that_a_full_disk_cannot_remember() {
    belljar_cases::case!("I07");
    let first = Site::of_folder("");
    first.deploy().exits(0);
    first.page("two");
    let (mut refused, mut through) = (0, false);
    // A page of memory at a time: the disk is full at another event each time.
    for pages in 4..40 {
        let site = first.copy();
        let before = site.pointer("live/live");
        let run = on_a_small_disk(&site, pages * 4096);
        if run.code == 99 {
            // There is no room for what the ledger holds already.
            continue;
        }
        site.run(&["ledger", "verify"]).exits(0);
        if run.code == 0 {
            through = true;
            break;
        }
        refused += 1;
        assert_eq!(run.code, 3, "{pages} pages: {run:#?}");
        let intended = site.events().into_iter().filter(|one| one["type"] == "effect-intended");
        let second = intended.filter(|one| one["deployment"] == 2).count();
        if second == 0 {
            assert_eq!(site.pointer("live/live"), before, "{pages} pages");
            let releases = std::fs::read_dir(site.workspace.path("live/live/releases")).unwrap();
            assert_eq!(releases.count(), 1, "{pages} pages: nothing has left");
        }
        site.deploy().exits(0);
        assert_eq!(site.pointer("live/live"), site.live(), "{pages} pages");
        site.run(&["ledger", "verify"]).exits(0);
    }
    assert!(refused >= 2 && through, "{refused} times the disk was full");
}
