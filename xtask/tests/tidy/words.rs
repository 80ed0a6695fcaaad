//! What no file of the project says: hosts of registries, and where somebody's machine keeps it.

use crate::tree::{Text, files, report};

/// What must not be said, in two pieces so that this file does not say it.
const REGISTRIES: &[[&str; 2]] = &[
    ["crates", ".io"],
    ["ghcr", ".io"],
    ["docker", ".io"],
    ["quay", ".io"],
    ["npmjs", ".com"],
    ["npmjs", ".org"],
    ["pypi", ".org"],
];
const MACHINES: &[[&str; 2]] = &[["/home", "/"], ["/Users", "/"], ["C:\\", "Users"]];

fn problems(file: &Text) -> Vec<String> {
    let say = |unsaid: &[[&str; 2]], why: &str| -> Vec<String> {
        let said = unsaid.iter().map(|pieces| pieces.concat());
        let said = said.filter(|word| file.text.contains(word));
        said.map(|word| format!("{}: `{word}`: {why}", file.path)).collect()
    };
    let mut found = say(REGISTRIES, "the project names no registry: use an example domain");
    // The end-to-end tests ask for such paths, to see that a guest gets none of them.
    if !file.path.starts_with("tests/") {
        found.extend(say(MACHINES, "a path of one machine: use a relative or a temporary one"));
    }
    found
}

#[test]
fn no_file_names_a_registry_or_a_machine() {
    report(&files().iter().flat_map(problems).collect::<Vec<_>>());
}

#[test]
fn each_word_is_seen() {
    for pieces in REGISTRIES.iter().chain(MACHINES) {
        let text = format!("see {}x", pieces.concat());
        assert_eq!(problems(&Text { path: "a.md".to_owned(), text }).len(), 1);
    }
}
