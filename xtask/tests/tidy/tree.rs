//! The project's files, read once.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// One text file of the project.
pub(crate) struct Text {
    /// Where it is: relative to the root, `/`-separated.
    pub(crate) path: String,
    /// What is in it.
    pub(crate) text: String,
}

impl Text {
    /// Returns whether the file's name ends in `.` and `extension`.
    pub(crate) fn is(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|own| own == extension)
    }
}

/// Folders that are made, not written.
const MADE: &[&str] = &["target", ".git", ".belljar", "dist", "node_modules", ".venv"];
/// Endings of the files that rules read.
const READ: &[&str] = &["rs", "toml", "md", "wit", "json", "yml", "yaml", "ts", "js", "sh"];

static FILES: LazyLock<Vec<Text>> = LazyLock::new(read_all);

/// The root of the cargo workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the root")
}

/// Every text file of the project, sorted by path.
pub(crate) fn files() -> &'static [Text] {
    &FILES
}

/// The Rust sources that are written by hand.
pub(crate) fn sources() -> impl Iterator<Item = &'static Text> {
    let generated = |file: &&Text| file.text.lines().take(3).any(|line| line.contains("Generated"));
    files().iter().filter(|file| file.is("rs")).filter(move |file| !generated(file))
}

/// The file at a path.
pub(crate) fn file(path: &str) -> &'static Text {
    let found = files().iter().find(|file| file.path == path);
    found.unwrap_or_else(|| panic!("the project has no readable file `{path}`"))
}

/// A manifest or another TOML file.
pub(crate) fn toml(text: &Text) -> toml::Table {
    text.text.parse().unwrap_or_else(|error| panic!("{}: {error}", text.path))
}

/// Fails with all problems at once, unless there is none.
#[track_caller]
pub(crate) fn report(problems: &[String]) {
    assert!(problems.is_empty(), "\n\n{}\n", problems.join("\n"));
}

fn read_all() -> Vec<Text> {
    let written = |entry: &walkdir::DirEntry| {
        let name = entry.file_name().to_string_lossy();
        // Wherever cargo builds, it leaves this mark.
        !MADE.contains(&&*name) && !entry.path().join("CACHEDIR.TAG").exists()
    };
    let walk = walkdir::WalkDir::new(root()).sort_by_file_name().into_iter();
    let mut found: Vec<Text> = walk
        .filter_entry(written)
        .map(|entry| entry.expect("the project's tree is readable").into_path())
        .filter(|path| path.is_file() && is_read(path))
        .map(|path| Text { path: relative(&path), text: read(&path) })
        .collect();
    found.sort_by(|left, right| left.path.cmp(&right.path));
    found
}

fn is_read(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    READ.contains(&&*extension)
}

fn relative(path: &Path) -> String {
    let below: PathBuf = path.strip_prefix(root()).expect("the walk starts at the root").into();
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// Reads a text; planted files of tests need not be one.
fn read(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    String::from_utf8_lossy(&bytes).into_owned()
}
