//! Packages that lie within each other, and patterns of the files that belong to one of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::shard::literal;

/// The folder of the package that a file belongs to: the nearest above it.
pub(crate) fn owner<'a>(file: &str, folders: &'a BTreeSet<String>) -> Option<&'a str> {
    let mut folder = file;
    while let Some((above, _)) = folder.rsplit_once('/') {
        if let Some(found) = folders.get(above) {
            return Some(found);
        }
        folder = above;
    }
    folders.get("").map(String::as_str)
}

/// Patterns of the files of the packages at `folders`, and of no other package: whole folders
/// where no other package lies within them, and single files elsewhere.
pub(crate) fn patterns(
    folders: &BTreeSet<String>,
    files: &BTreeSet<String>,
    all: &BTreeSet<String>,
) -> Vec<String> {
    let others: BTreeSet<&str> =
        all.difference(folders).flat_map(|folder| folders_above(folder)).collect();
    let mut patterns = BTreeSet::new();
    for file in files {
        let Some(owner) = owner(file, all).filter(|owner| folders.contains(*owner)) else {
            continue;
        };
        let whole = folders_above(file)
            .filter(|folder| *folder != file.as_str() && within(folder, owner))
            .filter(|folder| !folder.is_empty() && !others.contains(folder))
            .last();
        patterns.insert(whole.unwrap_or(file));
    }
    let pattern = |path: &str| {
        let pattern = literal(path);
        // A path is a pattern for all that is below it only as long as it has no wildcards.
        let is_folder = pattern != path && !files.contains(path);
        if is_folder { format!("{pattern}/**") } else { pattern }
    };
    patterns.into_iter().map(pattern).collect()
}

/// A path and all folders above it, the longest first.
fn folders_above(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| {
        (!path.is_empty()).then(|| path.rsplit_once('/').map_or("", |(above, _)| above))
    })
}

fn within(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Everything that can be reached from `start` in a graph, with `start` itself.
pub(crate) fn reachable(
    start: impl IntoIterator<Item = String>,
    needs: &BTreeMap<String, BTreeSet<String>>,
) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut left: Vec<String> = start.into_iter().collect();
    while let Some(next) = left.pop() {
        left.extend(
            needs.get(&next).into_iter().flatten().filter(|n| !reached.contains(*n)).cloned(),
        );
        reached.insert(next);
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(items: &[&str]) -> BTreeSet<String> {
        items.iter().map(|&item| item.to_owned()).collect()
    }

    #[test]
    fn patterns_cover_a_package_and_no_other_within_it() {
        let files = set(&[
            "Cargo.toml",
            "src/lib.rs",
            "src/x/y.rs",
            "crates/a/src/lib.rs",
            "crates/notes.md",
            "crates/a/inner/src/lib.rs",
            "crates/a/inner/t.rs",
            "[id]/page.rs",
        ]);
        let all = set(&["", "crates/a", "crates/a/inner"]);
        let check = |folders: &[&str], expected: &[&str]| {
            assert_eq!(patterns(&set(folders), &files, &all), expected, "{folders:?}");
        };
        check(&[""], &["Cargo.toml", "\\[id\\]/**", "crates/notes.md", "src"]);
        check(&["crates/a"], &["crates/a/src"]);
        check(&["crates/a/inner"], &["crates/a/inner"]);
        check(&["crates/a", "crates/a/inner"], &["crates/a", "crates/a/inner"]);
        assert_eq!(owner("crates/a/b/c.rs", &all), Some("crates/a"));
        assert_eq!(owner("x.rs", &set(&["a"])), None);
    }

    #[test]
    fn a_circle_of_needs_ends() {
        let needs = BTreeMap::from([
            ("a".to_owned(), set(&["b"])),
            ("b".to_owned(), set(&["a", "c"])),
            ("d".to_owned(), set(&["a"])),
        ]);
        assert_eq!(reachable(["a".to_owned()], &needs), set(&["a", "b", "c"]));
    }
}
