//! End-to-end tests: the program as a person runs it, on real plugins and hostile guests.
//!
//! `cargo xtask test` builds the program, the plugins and the guests, and says where they are.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop there")]

mod harness;

mod audit;
mod cache;
mod cancel;
mod changing;
mod commands;
mod config;
mod delivering;
mod delivery_example;
mod examples;
mod full_disk;
mod guests;
mod guides;
mod hostile;
mod imports;
mod isolation;
mod lock;
mod misses;
mod native_examples;
mod ordinary_user;
mod plugins;
mod secrets;
mod store;
mod timeline;
mod trust;
mod unchanged;
mod upkeep;
mod workers;

/// A test file that this list forgets is never compiled, so its tests never run.
#[test]
fn no_test_file_is_forgotten() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e");
    let text = std::fs::read_to_string(folder.join("main.rs")).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let listed = name == "main" || text.contains(&format!("mod {name};"));
        assert!(listed, "{} is not in e2e/main.rs", path.display());
    }
}
