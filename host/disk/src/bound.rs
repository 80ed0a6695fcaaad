//! Bound: how long and how much of something is kept, and what has to go so that it is.

use std::path::{Path, PathBuf};

use crate::error::DiskError;
use crate::root::Root;
use crate::stat::{Kind, Stat};

/// How long and how much of one kind of thing is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bound {
    /// What was not used for so many milliseconds goes.
    pub age_ms: u64,
    /// The rest may take so many bytes together; the least recently used goes first.
    pub bytes: u64,
}

/// Something that may be kept or not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// What it is called.
    pub name: String,
    /// When it was last used, in milliseconds since 1970-01-01 UTC.
    pub used_ms: u64,
    /// What it takes.
    pub bytes: u64,
}

/// What was removed of one kind of thing, or would be, and what stays.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Swept {
    /// How many were removed.
    pub removed: u64,
    /// What they took, in bytes.
    pub removed_bytes: u64,
    /// How many stay.
    pub kept: u64,
    /// What they take, in bytes.
    pub kept_bytes: u64,
}

impl Bound {
    /// The same bound, but never more than so many bytes.
    #[must_use]
    pub fn at_most(self, bytes: u64) -> Self {
        Self { bytes: self.bytes.min(bytes), ..self }
    }

    /// Sorts out what has to go at the time `now_ms`, and counts what stays. What was used since
    /// `since_ms` stays and counts, whatever the bound: it is in use.
    pub fn over(self, mut items: Vec<Item>, now_ms: u64, since_ms: u64) -> (Vec<Item>, Swept) {
        items.sort_by(|one, two| (two.used_ms, &one.name).cmp(&(one.used_ms, &two.name)));
        let (mut doomed, mut swept, mut total) = (Vec::new(), Swept::default(), 0_u64);
        for item in items {
            total = total.saturating_add(item.bytes);
            let is_young = now_ms.saturating_sub(item.used_ms) <= self.age_ms;
            if item.used_ms >= since_ms || (is_young && total <= self.bytes) {
                swept.keep(item.bytes);
            } else {
                swept.remove(item.bytes);
                doomed.push(item);
            }
        }
        (doomed, swept)
    }
}

impl Swept {
    /// Counts one that stays.
    pub const fn keep(&mut self, bytes: u64) {
        self.kept += 1;
        self.kept_bytes += bytes;
    }

    /// Adds what was counted elsewhere.
    pub const fn add(&mut self, other: Self) {
        self.removed += other.removed;
        self.removed_bytes += other.removed_bytes;
        self.kept += other.kept;
        self.kept_bytes += other.kept_bytes;
    }

    /// Counts one that was removed.
    pub const fn remove(&mut self, bytes: u64) {
        self.removed += 1;
        self.removed_bytes += bytes;
    }
}

impl Stat {
    /// When content last changed or [`Root::touch`] was called, in milliseconds since 1970-01-01
    /// UTC.
    pub fn mtime_ms(&self) -> u64 {
        u64::try_from(self.mtime_ns / 1_000_000).unwrap_or(0)
    }
}

impl Root {
    /// What the files below a path take, in bytes, as far as they can be looked at. No link is
    /// followed; what vanishes meanwhile counts as nothing.
    pub fn bytes_below(&self, path: &str) -> u64 {
        let (mut total, mut folders) = (0_u64, vec![PathBuf::from(path)]);
        while let Some(folder) = folders.pop() {
            let Ok(entries) = self.dir().read_dir(&folder) else { continue };
            for entry in entries.filter_map(Result::ok) {
                let Ok(metadata) = entry.metadata() else { continue };
                if metadata.is_dir() {
                    folders.push(folder.join(entry.file_name()));
                } else {
                    total = total.saturating_add(metadata.len());
                }
            }
        }
        total
    }

    /// The regular files of a folder that is there or not, as things that were last used when
    /// they were last touched.
    ///
    /// # Errors
    /// When they cannot be looked at.
    pub fn items(&self, folder: &str) -> Result<Vec<Item>, DiskError> {
        let mut items = Vec::new();
        if self.stat(folder)?.is_none() {
            return Ok(items);
        }
        for listed in self.list(folder)? {
            let Some(name) = listed.name.to_str() else { continue };
            let path = Path::new(folder).join(name);
            let stat = self.stat(&path.to_string_lossy())?;
            if let Some(stat) = stat.filter(|stat| stat.kind == Kind::File) {
                let (used_ms, bytes) = (stat.mtime_ms(), stat.size);
                items.push(Item { name: name.to_owned(), used_ms, bytes });
            }
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::temp::Mode;

    fn item(name: &str, used_ms: u64, bytes: u64) -> Item {
        Item { name: name.to_owned(), used_ms, bytes }
    }

    #[track_caller]
    fn check(bound: Bound, since_ms: u64, gone: &[&str]) {
        let items = vec![item("old", 10, 5), item("new", 90, 7), item("middle", 50, 6)];
        let (doomed, swept) = bound.over(items, 100, since_ms);
        let names: Vec<_> = doomed.iter().map(|item| item.name.as_str()).collect();
        assert_eq!(names, gone);
        assert_eq!((swept.removed, swept.kept), (gone.len() as u64, 3 - gone.len() as u64));
        assert_eq!(swept.removed_bytes + swept.kept_bytes, 18);
    }

    #[test]
    fn the_old_go_then_the_least_recently_used_until_the_rest_fits() {
        let never = u64::MAX;
        check(Bound { age_ms: 1_000, bytes: 1_000 }, never, &[]);
        check(Bound { age_ms: 50, bytes: 1_000 }, never, &["old"]);
        check(Bound { age_ms: 1_000, bytes: 13 }, never, &["old"]);
        check(Bound { age_ms: 1_000, bytes: 12 }, never, &["middle", "old"]);
        check(Bound { age_ms: 1_000, bytes: 100 }.at_most(0), never, &["new", "middle", "old"]);
    }

    #[test]
    fn what_is_in_use_stays_whatever_the_bound() {
        check(Bound { age_ms: 0, bytes: 0 }, 50, &["old"]);
    }

    #[test]
    fn a_folder_is_measured_with_all_below_it_and_no_link_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        root.create_dir_all("a/b").unwrap();
        root.place_file("a/one", b"1", Mode::Plain, 7_000_000).unwrap();
        root.place_file("a/b/three", b"123", Mode::Plain, 0).unwrap();
        root.place_file("large", &[0; 4096], Mode::Plain, 0).unwrap();
        root.place_link("../large", "a/link").unwrap();
        let link = "../large".len() as u64;
        assert_eq!(root.bytes_below("a"), 4 + link);
        assert_eq!(root.bytes_below("nowhere"), 0);
        assert_eq!(root.items("a").unwrap(), [item("one", 7, 1)], "files only");
        assert_eq!(root.items("nowhere").unwrap(), []);
    }

    #[test]
    fn a_touched_file_counts_as_used_now() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        root.place_file("file", b"", Mode::Plain, 0).unwrap();
        root.touch("file").unwrap();
        let stat = root.stat("file").unwrap().unwrap();
        assert!(stat.mtime_ns > 1_500_000_000_000_000_000, "{stat:?}");
        assert!(root.touch("nowhere").is_err());
    }
}
