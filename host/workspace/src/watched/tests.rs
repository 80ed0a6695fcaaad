//! What a run saw, and what shows that it is different.

use std::os::unix::fs::symlink;
use std::time::{Duration, SystemTime};

use belljar_disk::Mode;
use belljar_model::Patterns;
use belljar_model::ports::{Inputs as _, WriteBack as _};

use super::*;
use crate::testing::Fixture;

fn output(path: &str) -> OutputFile {
    let path = WorkspacePath::parse(path).unwrap();
    OutputFile { digest: Digest::of(path.as_str().as_bytes()), path, executable: false }
}

/// A workspace at rest, in which a run saw `src/**`, `absent` and `link`, and made `out/deep/made`.
struct Case {
    fixture: Fixture,
    watched: Watched,
}

impl Case {
    fn new() -> Self {
        let fixture = Fixture::new(&["src/a", "src/in/b", "other"]);
        symlink("src/a", fixture.root.path().join("link")).unwrap();
        fixture.blobs.add(&["out/deep/made"]);
        fixture.open().write_back(&[output("out/deep/made")]).unwrap();
        rest(&fixture);
        let watched = watch(&fixture).unwrap();
        assert_eq!(changes(&watched, &fixture), []);
        Self { fixture, watched }
    }

    /// What is seen to have changed.
    fn after(change: impl Fn(&Fixture)) -> Vec<(String, ChangeKind)> {
        let Self { fixture, watched } = Self::new();
        change(&fixture);
        let bytes = postcard::to_stdvec(&watched).unwrap();
        assert_eq!(postcard::from_bytes::<Watched>(&bytes).as_ref(), Ok(&watched));
        let changes = changes(&watched, &fixture).into_iter();
        changes.map(|change| (change.path.to_string(), change.kind)).collect()
    }
}

fn changes(watched: &Watched, fixture: &Fixture) -> Vec<Change> {
    watched.clone().look(&fixture.root, 0).changes
}

fn watch(fixture: &Fixture) -> Option<Watched> {
    let workspace = fixture.open();
    let patterns = Patterns::parse(&["src/**/*", "absent", "link"]).unwrap();
    workspace.snapshot(&patterns).unwrap();
    workspace.write_back(&[output("out/deep/made")]).unwrap();
    workspace.watched([output("out/deep/made")].iter())
}

/// Waits until a change is sure to show: longer than a tick of the file system.
fn rest(fixture: &Fixture) {
    let start = SystemTime::now();
    while watch(fixture).is_none_or(|watched| watched.young())
        && start.elapsed().unwrap() < Duration::from_secs(10)
    {
        thread::yield_now();
    }
}

impl Watched {
    fn young(&self) -> bool {
        self.0.iter().any(|(_, look)| {
            matches!(
                look,
                Look::File { content: Content::Young(_), .. }
                    | Look::Made { content: Content::Young(_), .. }
            )
        })
    }
}

#[test]
fn what_a_run_did_not_look_at_may_change() {
    assert_eq!(Case::after(|_| ()), []);
    assert_eq!(Case::after(|fixture| fixture.write("other", "changed")), []);
    assert_eq!(Case::after(|fixture| fixture.write("out/deep/beside", "new")), []);
}

fn remove(fixture: &Fixture, path: &str) {
    assert!(fixture.root.remove(path).unwrap());
}

fn make_executable(fixture: &Fixture, path: &str) {
    fixture.root.set_mode(path, Mode::Executable).unwrap();
}

fn turn_the_link(fixture: &Fixture) {
    let link = fixture.root.path().join("link");
    std::fs::remove_file(&link).unwrap();
    symlink("src/in/b", &link).unwrap();
}

fn turn_a_folder_into_a_link(fixture: &Fixture) {
    let path = |name| fixture.root.path().join(name);
    std::fs::rename(path("out"), path("moved")).unwrap();
    symlink("moved", path("out")).unwrap();
}

fn set_the_time_back(fixture: &Fixture) {
    let path = fixture.root.path().join("src/a");
    let time = std::fs::metadata(&path).unwrap().modified().unwrap();
    std::fs::write(&path, "src/b").unwrap();
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
}

/// Something that happens to a workspace.
type Act<'a> = &'a dyn Fn(&Fixture);

#[test]
fn every_change_of_what_it_looked_at_shows() {
    let changes: [(&str, Act<'_>, &[&str]); 12] = [
        ("content", &|fixture| fixture.write("src/a", "x"), &["src/", "src/a"]),
        ("content and size", &|fixture| fixture.write("src/a", "changed"), &["src/", "src/a"]),
        ("gone", &|fixture| remove(fixture, "src/in/b"), &["src/in/", "src/in/b"]),
        ("new", &|fixture| fixture.write("src/in/c", "new"), &["src/in/"]),
        ("new folder", &|fixture| fixture.root.create_dir_all("src/new").unwrap(), &["src/"]),
        ("mode", &|fixture| make_executable(fixture, "src/a"), &["src/a"]),
        ("there", &|fixture| fixture.write("absent", "it is"), &["absent"]),
        ("output", &|fixture| fixture.write("out/deep/made", "by hand"), &["out/deep/made!"]),
        ("output gone", &|fixture| remove(fixture, "out/deep/made"), &["out/deep/made!"]),
        ("link", &turn_the_link, &["link"]),
        ("a link instead of a folder", &turn_a_folder_into_a_link, &["out"]),
        ("content with its old time", &set_the_time_back, &["src/a"]),
    ];
    for (what, change, expected) in changes {
        let seen = Case::after(change).into_iter().map(|(path, kind)| match kind {
            ChangeKind::Listing => path + "/",
            ChangeKind::Node => path,
            ChangeKind::Made => path + "!",
        });
        assert_eq!(seen.collect::<Vec<_>>(), expected, "{what}");
    }
}

#[test]
fn a_file_that_was_just_written_is_read_again() {
    let fixture = Fixture::new(&["lone"]);
    let workspace = fixture.open();
    workspace.snapshot(&Patterns::parse(&["lone"]).unwrap()).unwrap();
    let watched = workspace.watched([].iter()).unwrap();
    assert_eq!(changes(&watched, &fixture), []);
    // As long as it may have been written just now, it is read at each look.
    let mut looked = watched.clone();
    let now = || {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        u64::try_from(now.as_millis()).unwrap()
    };
    assert_eq!(looked.look(&fixture.root, 0), Looked::default());
    assert_eq!(looked, watched);
    // Then once, and no more.
    while looked.look(&fixture.root, now()).settled == 0 {
        thread::yield_now();
    }
    assert!(watched.young() && !looked.young());
    assert_eq!(looked.look(&fixture.root, now()), Looked::default());
    // Within one tick of the clock that stamps files, or not: it shows.
    std::fs::write(fixture.root.path().join("lone"), "anew").unwrap();
    assert_ne!(changes(&watched, &fixture), []);
}

#[test]
fn many_paths_are_looked_at_in_parts() {
    let names: Vec<_> = (0..2 * MANY).map(|number| format!("src/f{number}")).collect();
    let fixture = Fixture::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    fixture.blobs.add(&["out/deep/made"]);
    fixture.open().write_back(&[output("out/deep/made")]).unwrap();
    rest(&fixture);
    let watched = watch(&fixture).unwrap();
    assert_eq!(changes(&watched, &fixture), []);
    fixture.write(&format!("src/f{MANY}"), "changed");
    assert_ne!(changes(&watched, &fixture), []);
}

#[test]
fn a_later_run_adds_what_it_saw_and_hides_no_change() {
    let Case { fixture, watched } = Case::new();
    // In place, so that no list of names changes.
    let write = |path, text| std::fs::write(fixture.root.path().join(path), text).unwrap();
    write("src/in/b", "changed");
    let outdated: BTreeSet<_> =
        changes(&watched, &fixture).into_iter().map(|change| change.path).collect();
    let later = watch(&fixture).unwrap();
    let both = watched.clone().renewed(&outdated, later).unwrap();
    assert_eq!(changes(&both, &fixture), []);
    // This one comes after both looks.
    write("src/a", "changed too");
    let left = changes(&both, &fixture);
    assert_eq!(left.iter().map(|change| change.path.as_str()).collect::<Vec<_>>(), ["src/a"]);
    // And here between them: the steps of the later run saw it, and those of the earlier did not.
    assert_eq!(watched.clone().renewed(&outdated, watch(&fixture).unwrap()), None);
    std::fs::write(fixture.root.path().join("absent"), "for a while").unwrap();
    let seen = watch(&fixture).unwrap();
    assert!(fixture.root.remove("absent").unwrap());
    let outdated = ["src/a", "src/in/b"].map(|path| WorkspacePath::parse(path).unwrap()).into();
    assert_eq!(watched.renewed(&outdated, seen), None, "what was there only for a while");
}

#[test]
fn what_a_later_run_reads_stays_what_a_step_has_made() {
    let Case { fixture, watched } = Case::new();
    let workspace = fixture.open();
    workspace.snapshot(&Patterns::parse(&["out/deep/made"]).unwrap()).unwrap();
    let later = workspace.watched([].iter()).unwrap();
    let both = watched.renewed(&BTreeSet::new(), later).unwrap();
    std::fs::write(fixture.root.path().join("out/deep/made"), "by hand").unwrap();
    let kinds: Vec<_> = changes(&both, &fixture).iter().map(|change| change.kind).collect();
    assert_eq!(kinds, [ChangeKind::Made]);
}

#[test]
fn behind_a_link_is_nothing_and_that_does_not_change() {
    let fixture = Fixture::new(&["src/a"]);
    symlink("src", fixture.root.path().join("other")).unwrap();
    let workspace = fixture.open();
    let patterns = Patterns::parse(&["other/a", "other/deep/b", "none/c"]).unwrap();
    workspace.snapshot(&patterns).unwrap();
    let watched = workspace.watched([].iter()).unwrap();
    assert_eq!(changes(&watched, &fixture), []);
    // What would make a difference is on the way.
    fixture.write("none/c", "there");
    std::fs::remove_file(fixture.root.path().join("other")).unwrap();
    fixture.write("other/a", "there");
    let changes = changes(&watched, &fixture).into_iter();
    let paths: Vec<_> = changes.map(|change| change.path.to_string()).collect();
    assert_eq!(paths, ["none", "other"]);
}

#[test]
fn a_folder_that_only_the_later_run_listed_is_watched_for_names() {
    let fixture = Fixture::new(&["src/a"]);
    let only = |pattern: &str| {
        let workspace = fixture.open();
        workspace.snapshot(&Patterns::parse(&[pattern]).unwrap()).unwrap();
        workspace.watched([].iter())
    };
    let at_rest = |pattern| loop {
        match only(pattern) {
            Some(watched) if !watched.young() => break watched,
            _ => thread::yield_now(),
        }
    };
    let (earlier, later) = (at_rest("src/a"), at_rest("src/*"));
    let both = earlier.renewed(&BTreeSet::new(), later).unwrap();
    fixture.write("src/b", "new");
    let kinds: Vec<_> = changes(&both, &fixture).iter().map(|change| change.kind).collect();
    assert_eq!(kinds, [ChangeKind::Listing]);
}
