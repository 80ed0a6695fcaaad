//! Frame: all that a run depends on outside of its workspace, as one digest.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use belljar_disk::{Root, Stat};
use belljar_model::Digest;

use crate::env::EnvVar;
use crate::trust;

/// Separates these digests from all others, and from those of other versions.
const DOMAIN: &[u8] = b"belljar frame of a run v1";

/// Gathers what a run depends on.
struct Gathered(Vec<u8>);

impl Gathered {
    /// Adds a part with its length, so that no two lists of parts are the same bytes.
    fn add(&mut self, part: &[u8]) {
        self.0.extend_from_slice(&(part.len() as u64).to_le_bytes());
        self.0.extend_from_slice(part);
    }

    /// Adds what may be missing.
    fn add_or_none(&mut self, part: Option<&[u8]>) {
        self.add(&[u8::from(part.is_some())]);
        self.add(part.unwrap_or_default());
    }
}

/// The digest of this program, its arguments, the folder in which it was started, whom it
/// trusts, and the variables that it reads, with those that steps were granted. `None` if one of
/// them cannot be had.
pub(super) fn frame(granted: &[String]) -> Option<Digest> {
    let mut frame = Gathered(Vec::new());
    frame.add(DOMAIN);
    let program = std::env::current_exe().ok()?;
    frame.add(program.as_os_str().as_bytes());
    let Stat { size, mtime_ns, ctime_ns, inode, .. } = look(&program)?;
    for number in [size, inode] {
        frame.add(&number.to_le_bytes());
    }
    for time in [mtime_ns, ctime_ns] {
        frame.add(&time.to_le_bytes());
    }
    frame.add(std::env::current_dir().ok()?.as_os_str().as_bytes());
    for argument in std::env::args_os().skip(1) {
        frame.add(argument.as_bytes());
    }
    let variables = EnvVar::ALL.iter().copied().chain(granted.iter().map(String::as_str));
    for name in variables {
        frame.add(name.as_bytes());
        frame.add_or_none(std::env::var_os(name).as_deref().map(OsStr::as_bytes));
    }
    frame.add_or_none(trust::writers_text().ok()?.as_deref());
    Some(Digest::of(&frame.0))
}

fn look(file: &Path) -> Option<Stat> {
    let folder = Root::open(file.parent()?).ok()?;
    folder.stat(file.file_name()?.to_str()?).ok()?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart() {
        let digest = |parts: &[Option<&[u8]>]| {
            let mut gathered = Gathered(Vec::new());
            for part in parts {
                gathered.add_or_none(*part);
            }
            Digest::of(&gathered.0)
        };
        let lists: [&[Option<&[u8]>]; 6] = [
            &[],
            &[None],
            &[Some(b"")],
            &[Some(b"ab"), Some(b"c")],
            &[Some(b"a"), Some(b"bc")],
            &[Some(b"abc")],
        ];
        for (at, one) in lists.iter().enumerate() {
            for (other_at, other) in lists.iter().enumerate() {
                assert_eq!(digest(one) == digest(other), at == other_at, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_granted_variable_is_part_of_it() {
        let name = |text: &str| vec![text.to_owned()];
        let (one, other) = (frame(&name("PATH_A")), frame(&name("PATH_B")));
        assert!(one.is_some() && one != other && one == frame(&name("PATH_A")));
    }
}
