//! The catalogue of attacks: tests name what is in it, and readers find the page.

use std::collections::BTreeSet;

use crate::tree::{Text, file, files, report, root, sources};

/// The ids that a source claims to answer.
fn claimed(text: &str) -> Vec<&str> {
    let marks = text.split("belljar_cases::case!(").skip(1);
    let lists = marks.filter_map(|rest| rest.split(')').next());
    lists.flat_map(|list| list.split('"').skip(1).step_by(2)).collect()
}

fn unknown(source: &Text, known: &BTreeSet<String>) -> Vec<String> {
    let ids = claimed(&source.text).into_iter();
    let unknown = ids.filter(|id| !known.contains(*id));
    let path = &source.path;
    unknown
        .map(|id| format!("{path}: `{id}` is not in docs/security/catalogue.toml: add it there"))
        .collect()
}

#[test]
fn tests_answer_attacks_of_the_catalogue() {
    let path = root().join("docs/security/catalogue.toml");
    let text = std::fs::read_to_string(path).expect("the catalogue is there");
    let table: toml::Table = toml::from_str(&text).expect("it is TOML");
    let attacks = table["attack"].as_array().expect("it lists attacks");
    let ids = attacks.iter().filter_map(|attack| attack["id"].as_str().map(str::to_owned));
    let known: BTreeSet<String> = ids.collect();
    assert_eq!(known.len(), attacks.len(), "each attack has an id of its own");
    let ours = |source: &&Text| {
        !source.path.starts_with("xtask/") && !source.path.starts_with("tests/cases/")
    };
    report(&sources().filter(ours).flat_map(|source| unknown(source, &known)).collect::<Vec<_>>());
}

#[test]
fn readers_find_the_page_of_cases() {
    let links = |path: &str| file(path).text.contains("docs/security/cases.md");
    let silent = ["README.md", "SECURITY.md"].into_iter().filter(|path| !links(path));
    report(
        &silent.map(|path| format!("{path}: link to docs/security/cases.md")).collect::<Vec<_>>(),
    );
    assert!(files().iter().any(|file| file.path == "docs/security/cases.md"));
}

#[test]
fn claims_are_read_from_the_macro() {
    let text = "belljar_cases::case!(\"C01\", \"C02\");\nbelljar_cases::case!(\n\"D01\",\n);";
    assert_eq!(claimed(text), ["C01", "C02", "D01"]);
}
