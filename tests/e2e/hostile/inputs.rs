//! Inputs that somebody prepared.

use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::contract::Scene;

/// Reading an input can take this long on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn links_lead_to_declared_inputs_and_nowhere_else() {
    belljar_cases::case!("C02");
    let scene = Scene::empty();
    scene.workspace.write("in/real", "real");
    let link = |to: &Path, name: &str| symlink(to, scene.workspace.path(name)).unwrap();
    link(&scene.canaries.folder().join("secret"), "in/absolute");
    link(Path::new("../secret.txt"), "in/undeclared");
    link(Path::new("/etc/passwd"), "in/passwd");
    link(Path::new("loop"), "in/loop");
    link(Path::new("b"), "in/a");
    link(Path::new("a"), "in/b");
    link(Path::new("real"), "in/0");
    for number in 0..60 {
        link(Path::new(&number.to_string()), &format!("in/{}", number + 1));
    }
    let led_out = ["in/absolute", "in/undeclared", "in/passwd", "in/loop", "in/a", "in/60"];
    scene.attack("read", &led_out, "");
    scene.attacked().exits(0);
    let log = scene.log();
    assert!(!log.contains("got "), "{log}");
    scene.attack("read", &["in/0", "in/20"], "");
    scene.attacked().exits(0);
    assert_eq!(scene.log().matches("got ").count(), 2, "links within are followed");
}

#[test]
fn what_has_no_content_is_refused_and_not_waited_for() {
    belljar_cases::case!("C08");
    for name in ["pipe", "socket"] {
        let scene = Scene::of("nothing", &[], "");
        scene.workspace.write("in/file", "x");
        let path = scene.workspace.path(&format!("in/{name}"));
        let _kept = if name == "pipe" {
            assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            None
        } else {
            Some(std::os::unix::net::UnixListener::bind(&path).unwrap())
        };
        let began = Instant::now();
        let run = scene.run(&["run", "--progress", "plain", "hostile"]);
        assert!(began.elapsed() < PATIENCE, "it waited {:?}", began.elapsed());
        run.exits(2).says(&["E0609", &format!("in/{name}")]);
        scene.assert_whole();
    }
}

#[test]
fn names_that_no_text_can_hold_are_refused_and_shown_with_escapes() {
    belljar_cases::case!("C11", "G06");
    for (name, shown) in
        [(&b"new\nline"[..], "new\\nline"), (b"\x1b[2J", "[2J"), (b"\xff\xfe", "in/")]
    {
        let scene = Scene::of("nothing", &[], "");
        scene.workspace.write("in/file", "x");
        let place = scene.workspace.path("in").join(std::ffi::OsStr::from_bytes(name));
        std::fs::write(place, "x").unwrap();
        let run = scene.run(&["run", "--progress", "plain", "hostile"]).exits(2);
        let run = run.says(&["E0609", shown, "a name that is not portable"]);
        let odd = |letter: char| letter.is_control() && letter != '\n';
        assert!(!run.stderr.contains(odd), "{:?}", run.stderr);
        scene.assert_whole();
    }
}

#[test]
fn three_thousand_directories_in_each_other_are_an_error() {
    belljar_cases::case!("C09");
    let scene = Scene::of("nothing", &[], "");
    scene.workspace.write("in/file", "x");
    let nest = "use strict; chdir 'in' or die; for (1..3000) { mkdir 'd' or die; chdir 'd' or die } \
                open(my $f, '>', 'f') or die; print $f 'deep'";
    let made =
        Command::new("perl").args(["-e", nest]).current_dir(scene.workspace.path("")).status();
    assert!(made.expect("`perl` of the base system makes deep directories").success());
    let began = Instant::now();
    let run = scene.run(&["run", "--progress", "plain"]);
    assert!(began.elapsed() < PATIENCE, "it took {:?}", began.elapsed());
    let run = run.exits(2).says(&["E0609", "in more than 256 folders"]);
    assert!(run.stderr.len() < 100_000, "what is long is not repeated: {}", run.stderr.len());
    scene.assert_whole();
    // What holds the workspace could not remove it otherwise.
    let removed = Command::new("rm").arg("-rf").arg(scene.workspace.path("in")).status();
    assert!(removed.unwrap().success());
}
