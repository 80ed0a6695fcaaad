//! Files that are no plugins: each gets one clear error, and other steps go on.

use crate::harness::{TestWorkspace, guest};

/// A step `bad` whose plugin has these bytes, beside a step `good`.
fn with_plugin(bytes: &[u8]) -> TestWorkspace {
    let workspace = TestWorkspace::new();
    let good = workspace.import(&guest("does_nothing"));
    workspace.write("bad.wasm", bytes).write(
        "belljar.toml",
        format!(
            "[plugins]\nbad = {{ path = \"bad.wasm\" }}\ngood = {{ path = {good:?} }}\n\
             [step.bad]\nuses = \"bad\"\n[step.good]\nuses = \"good\"\n"
        ),
    );
    workspace
}

#[track_caller]
fn check(bytes: &[u8], exit: i32, words: &[&str]) {
    let workspace = with_plugin(bytes);
    let run = workspace.run(["run", "--progress", "plain"]).exits(exit).says(words);
    let passed = |line: &str| line.contains("PASS") && line.contains("good");
    assert!(run.stderr.lines().any(passed), "the other step goes on: {}", run.stderr);
    workspace.assert_store_is_clean();
}

/// An empty core module: the magic bytes and version 1.
const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// An empty component: the magic bytes, version 13 and layer 1.
const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

#[test]
fn a_text_file_is_no_component() {
    belljar_cases::case!("A02");
    check(b"hello", 3, &["E0301", "`bad`", "text"]);
}

#[test]
fn an_empty_file_is_no_component() {
    belljar_cases::case!("A02");
    check(b"", 3, &["E0301", "empty"]);
}

#[test]
fn a_core_module_is_no_component() {
    belljar_cases::case!("A02");
    check(CORE_MODULE, 3, &["E0301", "core module"]);
}

#[test]
fn a_truncated_component_is_refused() {
    belljar_cases::case!("A01");
    let whole = std::fs::read(guest("does_nothing")).unwrap();
    check(&whole[..whole.len() / 2], 3, &["E0301"]);
}

#[test]
fn a_component_of_another_world_is_refused() {
    belljar_cases::case!("A03");
    check(EMPTY_COMPONENT, 3, &["E0302", "belljar:step/step"]);
}

#[test]
fn a_component_of_another_version_is_refused_with_both_versions() {
    belljar_cases::case!("A03");
    let bytes = std::fs::read(guest("does_nothing")).unwrap();
    // The version is spelled out in every import and export; the lengths stay the same.
    let other = replaced(&bytes, b"@0.1.0", b"@0.9.0");
    check(&other, 3, &["0.9.0", "0.1.0"]);
}

#[test]
fn an_unknown_import_is_named() {
    belljar_cases::case!("A03");
    let bytes = std::fs::read(guest("panics")).unwrap();
    let other = replaced(&bytes, b"wasi:cli/stderr@0.2", b"wasi:cli/stdxyz@0.2");
    check(&other, 3, &["wasi:cli/stdxyz"]);
}

#[test]
fn a_plugin_file_that_is_missing_is_the_files_fault() {
    let workspace = with_plugin(b"");
    std::fs::remove_file(workspace.path("bad.wasm")).unwrap();
    workspace.run(["run"]).exits(2).says(&["E0312", "bad.wasm", "does not exist"]);
}

#[test]
fn a_builtin_that_does_not_exist_names_those_that_do() {
    let workspace = TestWorkspace::with("[plugins]\nx = \"builtin:lnt\"\n[step.s]\nuses = \"x\"\n");
    workspace.run(["run"]).exits(2).says(&["E0311", "builtin:lnt", "builtin:lint"]);
}

#[test]
fn a_compiled_plugin_with_a_flipped_byte_is_compiled_again() {
    belljar_cases::case!("A10");
    let workspace = TestWorkspace::new();
    let plugin = workspace.import(&guest("does_nothing"));
    let pipeline = format!("[plugins]\ng = {{ path = {plugin:?} }}\n[step.s]\nuses = \"g\"\n");
    workspace.write("belljar.toml", pipeline);
    workspace.run(["run"]).exits(0);
    let mut flipped = 0;
    for file in files_below(&workspace.store_path("aot-v1")) {
        let mut bytes = std::fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::remove_file(&file).unwrap();
        std::fs::write(&file, bytes).unwrap();
        flipped += 1;
    }
    assert!(flipped >= 2, "the cache of compiled plugins was found");
    workspace.run(["run", "--force"]).exits(0).says(&["PASS"]);
}

#[test]
fn inspect_shows_what_a_plugin_could_do() {
    belljar_cases::case!("A11");
    let workspace = TestWorkspace::new();
    let plugin = guest("probe").display().to_string();
    let answer = workspace.run(["plugin", "inspect", &plugin, "--json"]).exits(0).json();
    let imports = answer["imports"].as_array().unwrap();
    let inputs = imports
        .iter()
        .find(|import| import["interface"].as_str().unwrap().starts_with("belljar:step/inputs"));
    let functions = &inputs.expect("the probe reads inputs")["functions"];
    assert!(functions.as_array().unwrap().iter().any(|name| name == "digest-of"), "{functions}");
    assert_eq!(answer["class"], "pure");
    assert_eq!(answer["descriptor"]["name"], "probe");
    let text = workspace.run(["plugin", "inspect", &plugin]).exits(0).stdout;
    assert!(text.contains("digest-of") && text.contains("blake3:"), "{text}");
}

fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len(), "the sections keep their lengths");
    let mut bytes = bytes.to_vec();
    let mut at = 0;
    let mut count = 0;
    while let Some(found) = bytes[at..].windows(old.len()).position(|window| window == old) {
        bytes[at + found..at + found + new.len()].copy_from_slice(new);
        at += found + new.len();
        count += 1;
    }
    assert!(count > 0, "the component holds the text");
    bytes
}

fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}
