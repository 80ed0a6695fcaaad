//! Every example is complete, so that its folder can be copied and used.

use std::collections::BTreeSet;

use crate::tree::{file, files, report};

/// The names of the folders in `examples/`.
fn examples() -> BTreeSet<&'static str> {
    let below = files().iter().filter_map(|file| file.path.strip_prefix("examples/"));
    below.filter_map(|path| Some(path.split_once('/')?.0)).collect()
}

#[test]
fn every_example_has_a_pipeline_and_says_what_it_shows() {
    let mut problems = Vec::new();
    for example in examples() {
        for name in ["belljar.toml", "README.md"] {
            let path = format!("examples/{example}/{name}");
            if !files().iter().any(|file| file.path == path) {
                problems.push(format!("{path} is missing: an example is a whole that works"));
            }
        }
    }
    report(&problems);
}

#[test]
fn the_readme_leads_to_every_example() {
    let readme = &file("README.md").text;
    let missing = examples().into_iter().map(|name| format!("examples/{name}"));
    let missing = missing.filter(|path| !readme.contains(path));
    report(&missing.map(|path| format!("README.md: say what `{path}` shows")).collect::<Vec<_>>());
}
