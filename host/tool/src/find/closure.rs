//! Closure: what the pipeline file adds to what a tool may read, and what none may.

use std::path::{Path, PathBuf};

use belljar_model::{Blame, Fault};

use super::Surroundings;
use crate::fault;

/// What a sandbox has of its own, or what is the machine itself.
const NEVER: [&str; 3] = ["/proc", "/sys", "/dev"];

/// Reads the entries of a tool's `closure`.
pub(crate) fn declared(
    tool: &str,
    entries: &[String],
    at: &Surroundings,
) -> Result<Vec<PathBuf>, Fault> {
    let path = |entry: &String| {
        let path = at.expand(entry).filter(|path| path.is_absolute() && path.exists());
        let path = path.ok_or_else(|| {
            let message = format!("tool `{tool}`: `{entry}` of its closure is not there");
            Fault::new(Blame::Configuration, fault::CLOSURE_ABSENT, message).help(format!(
                "take it out of `closure` of `{tool}`, or install what it belongs to"
            ))
        })?;
        allowed(tool, &path, at)?;
        Ok(path)
    };
    entries.iter().map(path).collect()
}

/// Whether a tool may read this and all below it.
pub(crate) fn allowed(tool: &str, path: &Path, at: &Surroundings) -> Result<(), Fault> {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let Some(why) = refusal(&real, at) else { return Ok(()) };
    let message = format!("tool `{tool}` may not read `{}`: {why}", at.show(path));
    Err(Fault::new(Blame::Policy, fault::CLOSURE_REFUSED, message)
        .help("name what the tool needs in it, one by one"))
}

fn refusal(real: &Path, at: &Surroundings) -> Option<&'static str> {
    let same = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
    if real == Path::new("/") {
        return Some("it is the whole machine");
    }
    if NEVER.iter().any(|never| real.starts_with(never)) {
        return Some("it belongs to the system itself");
    }
    if at.home.as_ref().map(same).is_some_and(|home| home.starts_with(real)) {
        return Some("the whole home directory is in it");
    }
    let own = |own: PathBuf| own.starts_with(real) || real.starts_with(own);
    if at.own.iter().map(same).any(own) {
        return Some("belljar keeps its own files there");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gives_away_too_much_is_refused_and_what_is_absent_is_named() {
        belljar_cases::case!("D01");
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        for name in ["home/inner", "store/blobs", "lib"] {
            std::fs::create_dir_all(base.join(name)).unwrap();
        }
        std::os::unix::fs::symlink("/", base.join("everything")).unwrap();
        let at = Surroundings {
            root: base.join("root"),
            home: Some(base.join("home")),
            path: String::new(),
            own: vec![base.join("store")],
        };
        let check = |entry: &str, code| {
            let entry = entry.replace("BASE", base.to_str().unwrap());
            let fault = declared("t", &[entry], &at).map(drop).map_err(|fault| fault.code);
            assert_eq!(fault, code);
        };
        check("BASE/lib", Ok(()));
        check("~/inner", Ok(()));
        for entry in [
            "/",
            "/proc/self",
            "/sys",
            "/dev/null",
            "BASE/home",
            "BASE",
            "~/",
            "BASE/everything",
            "BASE/store/blobs",
        ] {
            check(entry, Err(fault::CLOSURE_REFUSED));
        }
        check("BASE/absent", Err(fault::CLOSURE_ABSENT));
        check("~/absent", Err(fault::CLOSURE_ABSENT));
        check("relative", Err(fault::CLOSURE_ABSENT));
    }
}
