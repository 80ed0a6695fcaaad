//! Documents do not rot: what they name exists.

use crate::tree::{Text, files, report, root};

/// The top-level folders. A word in backticks that begins with one is a path.
const TOPS: &[&str] =
    &["host", "sdk", "plugins", "wit", "examples", "tests", "docs", "xtask", "benches", ".ci"];
/// Documents about the past, where a path may be gone.
const HISTORY: &[&str] = &["CHANGELOG.md", "docs/design/"];

/// The paths in backticks outside of code blocks.
fn named_paths(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    let quoted = prose.flat_map(|prose| prose.split('`').skip(1).step_by(2));
    quoted.filter(|word| is_path(word)).collect()
}

fn is_path(word: &str) -> bool {
    let plain =
        !word.contains(|letter: char| letter.is_whitespace() || "*<>{}[]()$".contains(letter));
    let below = word.split_once('/').is_some_and(|(top, _)| TOPS.contains(&top));
    let top = ["Cargo.toml", "Cargo.lock", "clippy.toml", "deny.toml", "rust-toolchain.toml"];
    plain && (below || top.contains(&word))
}

/// The relative links of a Markdown text.
fn links(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    let links = prose.flat_map(|prose| prose.split("](").skip(1));
    let to = links.filter_map(|link| link.split([')', '#', ' ']).next());
    to.filter(|to| !to.is_empty() && !to.contains(':')).collect()
}

fn problems(file: &Text) -> Vec<String> {
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let gone = |path: &&str| !root().join(path.trim_end_matches('/')).exists();
    let paths = named_paths(&file.text).into_iter().filter(gone);
    let links = links(&file.text).into_iter();
    let broken = links.filter(|to| !root().join(folder).join(to).exists());
    paths
        .map(|path| format!("{}: `{path}` does not exist: correct the text", file.path))
        .chain(broken.map(|to| format!("{}: the link to `{to}` leads nowhere", file.path)))
        .collect()
}

#[test]
fn documents_name_what_exists() {
    let of_today = |path: &str| !HISTORY.iter().any(|past| path.starts_with(past));
    let ours = files().iter().filter(|file| file.is("md") && of_today(&file.path));
    // Examples are projects of their own: their paths count from themselves.
    let ours = ours.filter(|file| !file.path.starts_with("examples/"));
    report(&ours.flat_map(problems).collect::<Vec<_>>());
}

#[test]
fn the_architecture_names_every_crate() {
    let text = &crate::tree::file("docs/architecture.md").text;
    let crates = files().iter().filter_map(|file| file.path.strip_suffix("/Cargo.toml"));
    let missing = crates.filter(|folder| !text.contains(&format!("`{folder}`")));
    let missing = missing.filter(|folder| !folder.starts_with("examples/"));
    let problem = |folder| format!("docs/architecture.md: say what `{folder}` is for");
    report(&missing.map(problem).collect::<Vec<_>>());
}

#[test]
fn paths_are_told_from_other_words() {
    let text = "`host/model` and `a/b`, `host/*`, `Cargo.toml`\n```\n`docs/x`\n```\n[x](y.md#z) [w](https://w)";
    assert_eq!(named_paths(text), ["host/model", "Cargo.toml"]);
    assert_eq!(links(text), ["y.md"]);
}
