//! Puts the standard plugins and the pages of the error codes into the program.
//!
//! `BELLJAR_BUILTINS` names a folder of components (`cargo xtask` fills it). Without it the
//! program has no builtin plugins, and says so when one is asked for.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    println!("cargo::rerun-if-env-changed=BELLJAR_BUILTINS");
    println!("cargo::rerun-if-changed=build.rs");
    fs::write(out.join("builtins.rs"), builtins()).expect("OUT_DIR can be written");
    fs::write(out.join("pages.rs"), pages(&here.join("../../docs/errors"))).expect("as above");
}

/// Writes the table of `(name, BLAKE3 hash, bytes)`.
fn builtins() -> String {
    let mut table = String::from("&[\n");
    if let Some(folder) = env::var_os("BELLJAR_BUILTINS") {
        println!("cargo::rerun-if-changed={}", Path::new(&folder).display());
        for file in files(Path::new(&folder), "wasm") {
            println!("cargo::rerun-if-changed={}", file.display());
            let bytes = fs::read(&file).expect("a listed file can be read");
            let hash = blake3::hash(&bytes);
            let (name, path, hash) = (stem(&file), text(&file), hash.as_bytes());
            writeln!(table, "    ({name:?}, {hash:?}, include_bytes!({path:?})),")
                .expect("a String takes all");
        }
    }
    table + "]"
}

/// Writes the table of `(code, page)`.
fn pages(folder: &Path) -> String {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut table = String::from("&[\n");
    for file in files(folder, "md") {
        println!("cargo::rerun-if-changed={}", file.display());
        let (code, path) = (stem(&file), text(&file));
        writeln!(table, "    ({code:?}, include_str!({path:?})),").expect("a String takes all");
    }
    table + "]"
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| {
        panic!("the folder {} cannot be read: {error}", folder.display());
    });
    let paths = entries.map(|entry| entry.expect("a folder can be read to its end").path());
    let mut files: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .map(|path| path.canonicalize().expect("a listed file exists"))
        .collect();
    files.sort();
    files
}

/// A path as Rust source can name it.
fn text(path: &Path) -> &str {
    path.to_str().expect("a path that Rust source names is Unicode")
}

fn stem(file: &Path) -> &str {
    file.file_stem().and_then(|stem| stem.to_str()).expect("our file names are Unicode")
}
