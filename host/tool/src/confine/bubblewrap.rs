//! bubblewrap: which one is used, and whether it can be trusted.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use belljar_model::Fault;

use super::fault;

/// The oldest version that has all that we ask.
const OLDEST: (u32, u32) = (0, 8);

/// The number of users that have none in a namespace.
const NOBODY: u32 = 65_534;

/// A bubblewrap that was looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Bubblewrap {
    /// Where it is.
    pub(super) path: PathBuf,
    /// How a folder is passed to it.
    pub(super) folders: Folders,
}

/// How a folder is passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Folders {
    /// As an open descriptor, so that nobody puts another in its place meanwhile.
    Descriptor,
    /// By its path.
    Path,
}

/// Finds it in `PATH`, once for each value of `PATH`.
pub(super) fn find() -> Result<Bubblewrap, Fault> {
    static FOUND: Mutex<Option<(std::ffi::OsString, Bubblewrap)>> = Mutex::new(None);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found = FOUND.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some((_, bubblewrap)) = found.as_ref().filter(|(at, _)| *at == path) {
        return Ok(bubblewrap.clone());
    }
    let bubblewrap = find_in(&path).map_err(|why| fault::no_bubblewrap(&why))?;
    *found = Some((path, bubblewrap.clone()));
    Ok(bubblewrap)
}

fn find_in(path: &std::ffi::OsStr) -> Result<Bubblewrap, String> {
    let places = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    let mut refused = None;
    for place in places.map(|folder| folder.join("bwrap")).filter(|place| place.exists()) {
        match examine(&place) {
            Ok(bubblewrap) => return Ok(bubblewrap),
            Err(why) => refused = refused.or(Some(why)),
        }
    }
    Err(refused.unwrap_or_else(|| "there is no `bwrap` in PATH".to_owned()))
}

fn examine(place: &Path) -> Result<Bubblewrap, String> {
    let shown = place.display();
    let path = std::fs::canonicalize(place).map_err(|error| format!("`{shown}`: {error}"))?;
    trusted(&path)?;
    let says = |argument: &str| {
        let output = Command::new(&path).arg(argument).env_clear().output();
        let output = output.map_err(|error| format!("`{shown}` cannot be executed: {error}"))?;
        Ok::<_, String>(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let version = says("--version")?;
    if parse(&version).is_none_or(|version| version < OLDEST) {
        let (major, minor) = OLDEST;
        let version = version.trim();
        return Err(format!("`{shown}` is {version:?}, and {major}.{minor} is needed"));
    }
    let by_descriptor = says("--help")?.contains("--bind-fd ");
    let folders = if by_descriptor { Folders::Descriptor } else { Folders::Path };
    Ok(Bubblewrap { path, folders })
}

/// Only root may have put it there, and nobody else may change it.
fn trusted(path: &Path) -> Result<(), String> {
    let root = std::fs::metadata("/").map_err(|error| error.to_string())?.uid();
    for place in path.ancestors() {
        let shown = place.display();
        let found = std::fs::metadata(place).map_err(|error| format!("`{shown}`: {error}"))?;
        // In a namespace of users, root of the machine has the number of nobody.
        if found.uid() != root || ![0, NOBODY].contains(&root) {
            return Err(format!("`{shown}` does not belong to root"));
        }
        if found.mode() & 0o022 != 0 {
            return Err(format!("`{shown}` can be changed by others than root"));
        }
    }
    Ok(())
}

/// `bubblewrap 0.8.0` → `(0, 8)`.
fn parse(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.trim().rsplit(' ').next()?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert_eq!(parse("bubblewrap 0.8.0\n"), Some((0, 8)));
        assert_eq!(parse("bubblewrap 0.11.0"), Some((0, 11)));
        assert_eq!(parse("something else"), None);
        assert!((0, 11) > OLDEST && (0, 7) < OLDEST);
    }

    #[test]
    fn one_that_others_can_change_is_refused() {
        belljar_cases::case!("D14");
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("bwrap");
        std::fs::write(&place, "#!/bin/sh\necho bubblewrap 0.8.0\n").unwrap();
        std::fs::set_permissions(&place, PermissionsExt::from_mode(0o777)).unwrap();
        let refused = find_in(folder.path().as_os_str()).unwrap_err();
        assert!(refused.contains("root"), "{refused}");
    }

    #[test]
    fn a_path_without_it_says_so() {
        belljar_cases::case!("D14");
        let folder = tempfile::tempdir().unwrap();
        let refused = find_in(folder.path().as_os_str()).unwrap_err();
        assert_eq!(refused, "there is no `bwrap` in PATH");
    }
}
