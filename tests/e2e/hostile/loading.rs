//! What is given to the host as a plugin.

use super::contract::{Ended, Scene};
use crate::harness::guest;

#[test]
fn a_power_that_no_step_is_given_is_refused_before_anything_runs() {
    belljar_cases::case!("A04", "D08");
    let component = std::fs::read(guest("opens_a_socket")).unwrap();
    let scene = Scene::with_plugin(&component, "");
    scene.ends(&Ended {
        exit: 5,
        code: "E0304",
        blame: "denied",
        names: &["plugin `evil`", "wasi:sockets/tcp@0.2", "a power that steps are not given"],
        help: "no grant gives it more",
    });
    assert!(!scene.outputs().exists());
}

#[test]
fn what_is_no_plugin_is_refused_with_what_it_is() {
    belljar_cases::case!("A02");
    let program = std::fs::read("/proc/self/exe").unwrap();
    for (bytes, is) in [
        (&b"#!/bin/sh\nrm -rf /\n"[..], "text"),
        (b"", "an empty file"),
        (b"\0asm\x01\0\0\0", "a core module"),
        (&program[..4_096], "ELF"),
    ] {
        let scene = Scene::with_plugin(bytes, "");
        scene.ends(&Ended {
            exit: 3,
            code: "E0301",
            blame: "plugin fault",
            names: &["plugin `evil`", is],
            help: "cargo build --target wasm32-wasip2",
        });
    }
}

#[test]
fn a_gibibyte_of_nothing_is_refused_quickly() {
    belljar_cases::case!("A02");
    let scene = Scene::with_plugin(b"", "");
    let file =
        std::fs::File::options().write(true).open(scene.workspace.path("plugins/other.wasm"));
    file.unwrap().set_len(1 << 30).unwrap();
    scene.attacked().exits(3).says(&["E0301", "at most 64 MiB are loaded"]);
}

#[test]
fn names_hold_plain_letters_only() {
    belljar_cases::case!("G06", "H06");
    let scene = Scene::empty();
    for (name, says) in [
        (r"ev\u001b[31mil", r"ev\u{1b}[31mil"),
        (r"st\u202eep", r"\u{202e}"),
        (r"l\u0456nt", r"`\u{456}` is none of them"),
        (r"lint\u200b", r"\u{200b}"),
    ] {
        // The names stand in the file as escapes of TOML.
        scene
            .workspace
            .write("belljar.toml", format!("[plugins]\n\"{name}\" = \"builtin:lint\"\n"));
        let run = scene.run(&["check"]).exits(2).says(&["E0202", says]);
        assert!(!run.stderr.contains(['\u{1b}', '\u{202e}', '\u{200b}']));
    }
}

#[test]
fn machine_code_is_no_plugin() {
    belljar_cases::case!("A10");
    let scene = Scene::of("nothing", &[], "");
    scene.attacked().exits(0);
    let folder = scene.workspace.store_path("aot-v1");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let largest = files.max_by_key(|path| std::fs::metadata(path).map_or(0, |found| found.len()));
    let code = std::fs::read(largest.expect("plugins were compiled")).unwrap();
    let scene = Scene::with_plugin(&code, "");
    scene.attacked().exits(3).says(&["E0301", "plugin `evil`"]);
}
