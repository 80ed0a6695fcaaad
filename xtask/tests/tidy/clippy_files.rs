//! Clippy reads one `clippy.toml`, the nearest, and merges nothing: a stricter one must repeat
//! what the root's says.

use crate::tree::{Text, file, files, report, toml};

/// The crates without I/O. Each has a `clippy.toml` that bans the world outside.
const PURE: &[&str] = &["host/model", "host/pipeline", "host/runner"];

/// What the pure crates may not call, or the beginning of it.
const BANNED: &[&str] = &[
    "std::fs::",
    "std::net::",
    "std::env::var",
    "std::process::Command",
    "std::time::SystemTime::now",
    "std::time::Instant::now",
    "std::collections::HashMap",
    "std::collections::HashSet",
];

/// What `root` says and `stricter` does not.
fn missing(root: &toml::Table, stricter: &Text) -> Vec<String> {
    let own = toml(stricter);
    let repeated = |key: &str, value: &toml::Value| match (own.get(key), value) {
        (Some(toml::Value::Array(own)), toml::Value::Array(root)) => {
            root.iter().all(|entry| own.contains(entry))
        }
        (own, root) => own == Some(root),
    };
    root.iter()
        .filter(|(key, value)| !repeated(key, value))
        .map(|(key, value)| {
            format!("{}: repeat `{key} = {value}`, since clippy merges nothing", stricter.path)
        })
        .collect()
}

fn not_banned(stricter: &Text) -> Vec<String> {
    BANNED
        .iter()
        .filter(|path| !stricter.text.contains(&format!("\"{path}")))
        .map(|path| format!("{}: ban `{path}`: a pure crate has no way outside", stricter.path))
        .collect()
}

#[test]
fn stricter_clippy_files_hold_the_common_part() {
    let root = toml(file("clippy.toml"));
    let stricter = files().iter().filter(|file| file.path.ends_with("/clippy.toml"));
    report(&stricter.flat_map(|stricter| missing(&root, stricter)).collect::<Vec<_>>());
}

#[test]
fn pure_crates_ban_the_world_outside() {
    let stricter = PURE.iter().map(|folder| file(&format!("{folder}/clippy.toml")));
    report(&stricter.flat_map(not_banned).collect::<Vec<_>>());
}

#[test]
fn a_weaker_file_is_seen() {
    let root: toml::Table = "limit = 60\nwords = [\"a\"]".parse().expect("valid");
    let text = |text: &str| Text { path: "x/clippy.toml".to_owned(), text: text.to_owned() };
    assert_eq!(missing(&root, &text("limit = 70\nwords = [\"b\"]")).len(), 2);
    assert!(missing(&root, &text("limit = 60\nwords = [\"b\", \"a\"]")).is_empty());
    assert_eq!(not_banned(&text("")).len(), BANNED.len());
}
