//! What is loaded as a plugin, what is refused, and what the AOT cache believes.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use belljar_model::ports::MemoryBlobs;
use belljar_model::{Blame, Digest, Fault};
use belljar_sandbox::{AotOptions, Loaded, Options, ReadComponent, Sandbox};
use bytes::Bytes;

use crate::harness::{Bench, GUEST};

fn load(bytes: &[u8]) -> Result<Loaded, Fault> {
    let (digest, bytes) = (Digest::of(bytes), Bytes::copy_from_slice(bytes));
    Bench::new(&[]).sandbox().load("it", digest, Arc::new(move || Ok(bytes.clone())))
}

#[track_caller]
fn check(bytes: &[u8], blame: Blame, code: &str, words: &[&str]) {
    let fault = load(bytes).expect_err("it should be refused");
    assert_eq!((fault.blame, fault.code.as_str()), (blame, code), "{fault:#?}");
    let text = format!("{fault:?}");
    for word in words {
        assert!(text.contains(word), "`{word}` is not in {fault:#?}");
    }
}

fn component(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).unwrap()
}

#[test]
fn a_plugin_tells_what_it_is_and_what_it_imports() {
    let loaded = load(&GUEST).unwrap();
    assert_eq!(loaded.descriptor.label(), "sandbox-guest@0.1.0");
    assert_eq!(loaded.size, GUEST.len() as u64);
    let asked: Vec<_> = loaded.imports.iter().filter(|import| !import.ambient).collect();
    let inputs = asked.iter().find(|import| import.interface == "belljar:step/inputs@0.1.0");
    let functions = &inputs.unwrap().functions;
    assert_eq!(functions[..], ["digest-of", "glob", "read", "read-range", "stat"]);
}

#[test]
fn what_is_no_component_is_refused() {
    belljar_cases::case!("A02");
    let check = |bytes: &[u8], word: &str| check(bytes, Blame::Plugin, "E0301", &[word]);
    check(b"", "an empty file");
    check(b"#!/bin/sh\n", "text");
    check(&component("(module)"), "a core module");
    check(&GUEST[..GUEST.len() / 2], "is cut off");
    let mut changed = GUEST.to_vec();
    changed[20] ^= 0xff;
    check(&changed, "is not valid");
}

#[test]
fn a_plugin_that_is_cut_off_anywhere_is_refused() {
    belljar_cases::case!("A01");
    let sandbox = Bench::new(&[]).sandbox();
    for part in 0..40 {
        let bytes = GUEST.slice(..GUEST.len() * part / 40);
        let digest = Digest::of(&bytes);
        let fault = sandbox.load("it", digest, Arc::new(move || Ok(bytes.clone()))).unwrap_err();
        assert!(["E0301", "E0302"].contains(&fault.code.as_str()), "{part}: {fault:#?}");
        assert_eq!(fault.blame, Blame::Plugin);
    }
}

#[test]
fn a_component_of_another_world_is_refused() {
    belljar_cases::case!("A03");
    check(&component("(component)"), Blame::Plugin, "E0302", &["does not export", "nothing"]);
    let newer = r#"(component
        (instance $step)
        (export "belljar:step/step@0.2.0" (instance $step)))"#;
    check(&component(newer), Blame::Plugin, "E0302", &["built for `belljar:step` 0.2.0", "0.1.0"]);
    let hollow = r#"(component
        (instance $step)
        (export "belljar:step/step@0.1.0" (instance $step)))"#;
    check(&component(hollow), Blame::Plugin, "E0302", &["does not fit"]);
}

#[test]
fn every_import_that_is_too_much_is_named_at_once() {
    belljar_cases::case!("A03", "A04");
    let powers = r#"(component
        (import "wasi:sockets/tcp@0.2.6" (instance))
        (import "belljar:step/http@0.1.0" (instance)))"#;
    let words = ["wasi:sockets/tcp@0.2.6", "belljar:step/http@0.1.0"];
    check(&component(powers), Blame::Policy, "E0304", &words);
    let unknown = r#"(component
        (import "acme:db/query@1.0.0" (instance))
        (import "belljar:step/log@0.9.0" (instance))
        (import "wasi:http/types@0.2.0" (instance)))"#;
    let words = ["acme:db/query@1.0.0", "built for 0.9.0, this host offers 0.1.0", "wasi:http"];
    check(&component(unknown), Blame::Plugin, "E0303", &words);
}

#[test]
fn a_plugin_that_deploys_gets_nothing_that_steps_have() {
    belljar_cases::case!("A04");
    let deploys = |imports: &str| {
        component(&format!(
            r#"(component {imports}
                (instance $it)
                (export "belljar:step/step@0.1.0" (instance $it))
                (export "belljar:step/deployment@0.1.0" (instance $it)))"#
        ))
    };
    let of_steps = r#"
        (import "belljar:step/tool@0.1.0" (instance (export "granted" (func))))
        (import "belljar:step/report@0.1.0" (instance (export "coverage" (func))))"#;
    let words = ["belljar:step/tool@0.1.0", "belljar:step/report@0.1.0", "it exports `deployment`"];
    check(&deploys(of_steps), Blame::Plugin, "E0920", &words);
    let power = r#"(import "wasi:sockets/tcp@0.2.6" (instance))"#;
    check(&deploys(power), Blame::Policy, "E0304", &["wasi:sockets/tcp@0.2.6", "`effect-tool`"]);
    check(&deploys(""), Blame::Plugin, "E0302", &["does not fit"]);
    let newer = r#"(component
        (instance $it)
        (export "belljar:step/step@0.1.0" (instance $it))
        (export "belljar:step/deployment@0.2.0" (instance $it)))"#;
    check(&component(newer), Blame::Plugin, "E0302", &["built for `belljar:step` 0.2.0", "0.1.0"]);
    let alone = r#"(component
        (instance $it)
        (export "belljar:step/deployment@0.1.0" (instance $it)))"#;
    let words = ["does not export `belljar:step/step@0.1.0`"];
    check(&component(alone), Blame::Plugin, "E0302", &words);
}

#[test]
fn a_file_that_was_replaced_meanwhile_is_not_loaded() {
    let sandbox = Bench::new(&[]).sandbox();
    let read: ReadComponent = Arc::new(|| Ok(GUEST.clone()));
    let fault = sandbox.load("it", Digest::of(b"another"), read).unwrap_err();
    assert_eq!(fault.code.as_str(), "E0307");
}

/// Loads and executes the guest with an AOT folder, and returns how often its bytes were read.
fn reads(dir: &Path) -> usize {
    let blobs = Arc::new(MemoryBlobs::default());
    let aot = Some(AotOptions { dir: dir.to_owned(), key: [7; 32] });
    let options = Options { aot, blobs_in: blobs.clone(), blobs_out: blobs, parallel: 1 };
    let sandbox = Sandbox::new(options).unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let read: ReadComponent = Arc::new(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(GUEST.clone())
    });
    let loaded = sandbox.load("guest", Digest::of(&GUEST), read).unwrap();
    assert_eq!(loaded.descriptor.name, "sandbox-guest");
    let bench = Bench::new(&[]);
    bench.execute(&sandbox, &bench.action(&[&["sleep", "1"]])).outcome.unwrap();
    count.load(Ordering::SeqCst)
}

#[test]
fn a_compiled_plugin_is_kept_and_compiled_anew_when_one_bit_of_it_changed() {
    belljar_cases::case!("A10");
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(reads(dir.path()), 1, "it is compiled");
    assert_eq!(reads(dir.path()), 0, "it is taken from the folder");
    let files: Vec<_> =
        fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 2);
    for file in files {
        let mut bytes = fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&file, bytes).unwrap();
    }
    assert_eq!(reads(dir.path()), 1, "changed machine code is never run");
    assert_eq!(reads(dir.path()), 0, "and is put right again");
}
