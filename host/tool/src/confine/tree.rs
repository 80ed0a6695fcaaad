//! The tree of processes below one of them, as /proc shows it.

use std::fs;

/// What a tree holds at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Held {
    /// Processes and threads.
    pub(super) threads: u64,
    /// Bytes of memory, without what is only a copy of a file.
    pub(super) memory: u64,
}

/// Every process below one, parents before children. Processes that come and go in between may
/// be missed.
pub(crate) fn below(root: u32) -> Vec<u32> {
    let mut found = children(root);
    let mut next = 0;
    while let Some(&pid) = found.get(next) {
        found.extend(children(pid));
        next += 1;
    }
    found
}

/// The children of one process, of all of its threads.
pub(super) fn children(pid: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for thread in threads(pid) {
        let path = format!("/proc/{pid}/task/{thread}/children");
        let text = fs::read_to_string(path).unwrap_or_default();
        found.extend(text.split_ascii_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
    }
    found
}

fn threads(pid: u32) -> Vec<u32> {
    let Ok(listing) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    listing.flatten().filter_map(number).collect()
}

/// What these processes hold together.
pub(super) fn held(pids: &[u32]) -> Held {
    let mut held = Held::default();
    for &pid in pids {
        held.threads += u64::try_from(threads(pid).len()).unwrap_or(u64::MAX).max(1);
        held.memory += memory(pid).unwrap_or(0);
    }
    held
}

/// Resident pages that are not backed by a file: programs and libraries are shared, and the
/// kernel can drop them.
fn memory(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let kilobytes = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_ascii_whitespace().next()?.parse::<u64>().ok()
    };
    Some((kilobytes("RssAnon:")? + kilobytes("RssShmem:")?) * 1_024)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_child_is_found_below_its_parent_and_holds_memory() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let found = below(std::process::id());
        assert!(found.contains(&child.id()), "{found:?}");
        let held = held(&[std::process::id()]);
        assert!(held.threads >= 2 && held.memory > 0, "{held:?}");
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(!below(std::process::id()).contains(&child.id()));
    }
}
