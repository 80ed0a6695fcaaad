//! What no file of the project says: hosts of registries, and where somebody's machine keeps it.

use crate::tree::{Text, files, report};

/// What must not be said, in two pieces so that this file does not say it, and why.
const UNSAID: &[([&str; 2], &str)] = &[
    (["crates", ".io"], REGISTRY),
    (["ghcr", ".io"], REGISTRY),
    (["docker", ".io"], REGISTRY),
    (["quay", ".io"], REGISTRY),
    (["npmjs", ".com"], REGISTRY),
    (["npmjs", ".org"], REGISTRY),
    (["pypi", ".org"], REGISTRY),
    (["/home", "/"], MACHINE),
    (["/Users", "/"], MACHINE),
    (["C:\\", "Users"], MACHINE),
];
const REGISTRY: &str = "the project names no registry: use an example domain";
const MACHINE: &str = "this is a path of one machine: use a relative or a temporary one";

fn problems(file: &Text) -> Vec<String> {
    let said = UNSAID.iter().filter(|(pieces, _)| file.text.contains(&pieces.concat()));
    said.map(|(pieces, why)| format!("{}: `{}`: {why}", file.path, pieces.concat())).collect()
}

#[test]
fn no_file_names_a_registry_or_a_machine() {
    report(&files().iter().flat_map(problems).collect::<Vec<_>>());
}

#[test]
fn each_word_is_seen() {
    for (pieces, _) in UNSAID {
        let text = format!("see {}x", pieces.concat());
        assert_eq!(problems(&Text { path: "a.md".to_owned(), text }).len(), 1);
    }
}
