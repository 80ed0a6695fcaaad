//! Lookup: from the words of the pipeline file to a file that can be executed.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use belljar_model::{Blame, Fault};

use super::Surroundings;
use crate::fault;

/// Finds the executable of tool `tool`: an absolute path, one below the home, or a name.
pub(crate) fn lookup(tool: &str, program: &str, at: &Surroundings) -> Result<PathBuf, Fault> {
    let absent = |why: String| Fault::new(Blame::Configuration, fault::NOT_FOUND, why);
    if program.contains('/') {
        let path = at.expand(program).filter(|path| path.is_absolute()).ok_or_else(|| {
            absent(format!("tool `{tool}`: `{program}` is neither absolute nor below `~/`"))
        })?;
        if is_executable(&path) {
            return Ok(path);
        }
        let why = if path.exists() { "is not an executable file" } else { "is not there" };
        return Err(absent(format!("tool `{tool}`: `{program}` {why}")).help(mend(tool)));
    }
    if let Some(found) = search(program, &at.path) {
        return Ok(found);
    }
    let message = format!("tool `{tool}`: no `{program}` was found in PATH");
    let mut fault = absent(message).note(format!("PATH is `{}`", at.path)).help(mend(tool));
    if let Some(near) = nearest(program, &at.path) {
        fault = fault.note(format!("there is `{near}`"));
    }
    Err(fault)
}

/// The first executable of this name in a `PATH`.
pub(crate) fn search(name: &str, path: &str) -> Option<PathBuf> {
    folders(path).map(|folder| folder.join(name)).find(|place| is_executable(place))
}

fn folders(path: &str) -> impl Iterator<Item = &Path> {
    path.split(':').map(Path::new).filter(|folder| folder.is_absolute())
}

pub(crate) fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

fn mend(tool: &str) -> String {
    format!("install it, or set another program for `{tool}` in `[tools]`: a name, `~/…` or `/…`")
}

/// The name in PATH that is most like `name`, if one is very much like it.
fn nearest(name: &str, path: &str) -> Option<String> {
    let listed = folders(path).filter_map(|folder| folder.read_dir().ok()).flatten();
    let names = listed.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let near = names.map(|other| (strsim::osa_distance(name, &other), other));
    let most = (name.len() / 3).clamp(1, 3);
    near.filter(|(distance, _)| *distance <= most).min().map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture() -> (tempfile::TempDir, Surroundings) {
        let folder = tempfile::tempdir().unwrap();
        for (name, mode) in [("mytool", 0o755), ("plain", 0o644)] {
            let path = folder.path().join(name);
            std::fs::write(&path, "").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let at = Surroundings {
            root: folder.path().join("root"),
            home: Some(folder.path().to_owned()),
            path: format!("relative::/nowhere:{}", folder.path().display()),
            own: Vec::new(),
        };
        (folder, at)
    }

    #[test]
    fn a_program_is_found_by_name_by_path_and_below_the_home() {
        let (folder, at) = fixture();
        let place = folder.path().join("mytool");
        for program in ["mytool", "~/mytool", place.to_str().unwrap()] {
            assert_eq!(lookup("t", program, &at).unwrap(), place, "{program}");
        }
    }

    #[test]
    fn what_is_not_found_says_where_it_was_looked_for_and_what_is_near() {
        let (_folder, at) = fixture();
        let fault = lookup("t", "mytol", &at).unwrap_err();
        assert_eq!((fault.blame, &fault.code), (Blame::Configuration, &fault::NOT_FOUND));
        assert!(fault.notes.iter().any(|note| note.contains(&at.path)), "{fault:?}");
        assert!(fault.notes.contains(&"there is `mytool`".to_owned()), "{fault:?}");
        assert!(fault.help.unwrap().contains("[tools]"));
        for program in ["./mytool", "plain", "~/plain", "~/absent", "/absent"] {
            assert!(lookup("t", program, &at).is_err(), "{program}");
        }
    }
}
