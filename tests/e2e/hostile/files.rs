//! What a plugin tries with files.

use super::canaries::SECRET;
use super::contract::{Ended, Scene};

/// Every line of the log says that something was denied.
#[track_caller]
fn all_denied(scene: &Scene, count: usize) -> String {
    scene.attacked().exits(0);
    let log = scene.log();
    assert!(!log.contains("got "), "{log}");
    assert_eq!(log.lines().filter(|line| line.starts_with("denied ")).count(), count, "{log}");
    log
}

#[test]
fn nothing_outside_is_read_however_its_path_is_written() {
    belljar_cases::case!("C01");
    let scene = Scene::empty();
    let outside = scene.canaries.folder().join("secret").display().to_string();
    let upwards = format!("{}{outside}", "../".repeat(20));
    let paths = [
        "secret.txt",
        "./././secret.txt",
        "in/../secret.txt",
        "/secret.txt",
        "//secret.txt",
        "in.txt/../secret.txt",
        "in.txt/",
        "in.txt\0",
        "/etc/passwd",
        "../../../etc/passwd",
        "/proc/self/environ",
        "/proc/self/root/etc/passwd",
        &outside,
        &upwards,
    ];
    scene.attack("read", &paths, "");
    all_denied(&scene, paths.len());
    scene.attack("list", &["..", "/etc", "/proc", "../.."], "");
    all_denied(&scene, 4);
}

#[test]
fn only_declared_outputs_are_written() {
    belljar_cases::case!("C04");
    let scene = Scene::empty();
    let outside = scene.canaries.folder().join("new").display().to_string();
    let paths = ["in.txt", "secret.txt", "other.txt", "../up.txt", "/tmp/belljar-evil", &outside];
    for attack in ["write", "truncate"] {
        scene.attack(attack, &paths, "");
        let log = all_denied(&scene, paths.len());
        assert!(log.contains("`in.txt` cannot be written"), "{log}");
        assert!(log.contains("`outputs` of the step can declare it"), "{log}");
    }
    scene.attack("remove", &["in.txt", "secret.txt"], "");
    all_denied(&scene, 2);
    assert_eq!(scene.workspace.read("in.txt"), "in");
    assert_eq!(scene.workspace.read("secret.txt"), SECRET);
    assert!(!scene.workspace.path("other.txt").exists());
}

#[test]
fn a_file_keeps_its_place_and_its_name() {
    belljar_cases::case!("C05");
    for attack in ["link", "rename"] {
        let scene = Scene::of(attack, &["in.txt", "secret.txt", "/etc/passwd"], "");
        all_denied(&scene, 3);
        assert_eq!(scene.workspace.read("in.txt"), "in");
        assert!(!scene.outputs().exists());
    }
}

#[test]
fn an_output_out_of_place_is_no_output() {
    belljar_cases::case!("C04", "C11");
    for (path, shown) in [
        ("../up.txt", "../up.txt"),
        ("/tmp/x", "/tmp/x"),
        ("other.txt", "other.txt"),
        ("out/a\u{1b}[2Jb", "out/a\\u{1b}[2Jb"),
        ("out/back\\slash", "out/back\\slash"),
    ] {
        let scene = Scene::of("output", &[path], "");
        scene.ends(&Ended {
            exit: 3,
            code: "E0407",
            blame: "plugin fault",
            names: &["evil@0.1.0", shown],
            help: "",
        });
        assert!(!scene.outputs().exists(), "{path:?}");
    }
}

#[test]
fn odd_names_are_kept_as_they_are_or_refused_and_never_shown_raw() {
    belljar_cases::case!("C11", "G06");
    let longest = format!("out/{}", "n".repeat(255));
    let names = ["out/-rf", "out/\u{202e}txt.exe", "out/\u{200b}", "out/аdmin", "out/ ", &longest];
    let scene = Scene::of("output", &names, "");
    let said = scene.attacked().exits(0).stderr;
    let reordered = |letter| matches!(letter, '\u{202a}'..='\u{202e}' | '\u{200b}');
    assert!(!said.contains(reordered), "{said}");
    for name in names {
        assert_eq!(scene.workspace.read(name), name);
    }
    let too_long = format!("out/{}", "n".repeat(256));
    let scene = Scene::of("output", &[&too_long], "");
    let run = scene.attacked().exits(3).says(&["evil@0.1.0", "nnn"]);
    assert!(!run.stderr.contains("infrastructure"), "{}", run.stderr);
    assert!(!scene.outputs().exists());
}

#[test]
fn names_that_differ_little_are_kept_apart() {
    belljar_cases::case!("C12");
    let names = ["out/A.txt", "out/a.txt", "out/\u{e9}", "out/e\u{301}"];
    let scene = Scene::of("output", &names, "");
    scene.attacked().exits(0);
    std::fs::remove_dir_all(scene.outputs()).unwrap();
    // Nothing changed for the other step, so it is not told of.
    scene.run(&["run"]).exits(0);
    scene.assert_whole();
    for name in names {
        assert_eq!(scene.workspace.read(name), name, "each is restored as itself");
    }
}
