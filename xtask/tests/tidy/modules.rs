//! No source is forgotten: each belongs to a `mod`, or is the root of a crate.

use std::collections::BTreeSet;

use crate::tree::{report, sources};

/// File names that are roots of crates, wherever they are.
const ROOTS: &[&str] = &["lib.rs", "main.rs", "build.rs"];
/// Folders whose files are roots of crates.
const ROOT_FOLDERS: &[&str] = &["examples", "benches", "bin", "fuzz_targets", "tests"];

/// The modules that a source declares in files of their own.
fn declared(text: &str) -> BTreeSet<String> {
    let file = syn::parse_file(text).expect("rustc takes this file");
    let outside = |item: syn::Item| match item {
        syn::Item::Mod(module) if module.content.is_none() => Some(module.ident.to_string()),
        _ => None,
    };
    file.items.into_iter().filter_map(outside).collect()
}

/// The module that a file is, and the files that may declare it; `None` for the root of a
/// crate.
fn parents(path: &str) -> Option<(&str, Vec<String>)> {
    let (folder, name) = path.rsplit_once('/')?;
    let (above, folder_name) = folder.rsplit_once('/').unwrap_or(("", folder));
    if name == "mod.rs" {
        let roots = ["lib.rs", "main.rs", "mod.rs"];
        return Some((folder_name, roots.map(|root| format!("{above}/{root}")).to_vec()));
    }
    if ROOTS.contains(&name) || ROOT_FOLDERS.contains(&folder_name) {
        return None;
    }
    let mut parents: Vec<String> =
        ["lib.rs", "main.rs", "mod.rs"].map(|root| format!("{folder}/{root}")).to_vec();
    // Some modules have their file beside their folder.
    parents.push(format!("{folder}.rs"));
    Some((name.strip_suffix(".rs")?, parents))
}

#[test]
fn no_source_is_forgotten() {
    let mut problems = Vec::new();
    for file in sources() {
        let Some((module, parents)) = parents(&file.path) else { continue };
        let declares = sources()
            .filter(|parent| parents.contains(&parent.path))
            .any(|parent| declared(&parent.text).contains(module));
        if !declares {
            problems.push(format!(
                "{}: no `mod {module};` in {}: nothing compiles this file",
                file.path,
                parents.join(" or ")
            ));
        }
    }
    report(&problems);
}

#[test]
fn a_module_is_looked_for_where_rustc_would_take_it_from() {
    let expect = |path, module| assert_eq!(parents(path).map(|(name, _)| name), module, "{path}");
    expect("host/model/src/lib.rs", None);
    expect("tests/guests/examples/loops.rs", None);
    expect("host/model/src/ports/mod.rs", Some("ports"));
    expect("host/model/src/ports/clock.rs", Some("clock"));
    assert!(declared("mod a;\nmod b { mod c; }").iter().eq(["a"]));
}
