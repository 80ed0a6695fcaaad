//! The view: which paths of the machine are shown inside a sandbox, and as what.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Links that are followed for one path.
const MOST_LINKS: usize = 40;
/// What a sandbox has of its own, and never shows of the machine.
const OWN: [&str; 4] = ["/proc", "/dev", "/workspace", "/.belljar"];

/// Real files and folders, and the links that lead to them.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct View {
    /// Real paths, shown read-only where they are. None is within another.
    pub(super) shown: BTreeSet<PathBuf>,
    /// Links, made anew with the same text. None is within what is shown.
    pub(super) links: BTreeMap<PathBuf, PathBuf>,
}

impl View {
    /// Looks at each path: every link on the way to it is made anew, its end is shown.
    ///
    /// # Errors
    /// With the path that is not there, or that a sandbox does not show.
    pub(super) fn of<'a>(
        paths: impl IntoIterator<Item = &'a Path>,
    ) -> Result<Self, (PathBuf, String)> {
        let mut view = Self::default();
        for path in paths {
            view.add(path).map_err(|error| (path.to_owned(), error.to_string()))?;
        }
        view.settle();
        Ok(view)
    }

    fn add(&mut self, path: &Path) -> io::Result<()> {
        let mut now = PathBuf::from("/");
        let mut rest = parts(path)?;
        let mut followed = 0;
        while let Some(part) = rest.pop_front() {
            if part == ".." {
                now.pop();
                continue;
            }
            let next = now.join(&part);
            if !std::fs::symlink_metadata(&next)?.is_symlink() {
                now = next;
                continue;
            }
            followed += 1;
            if followed > MOST_LINKS {
                return Err(io::Error::other("too many links"));
            }
            let target = std::fs::read_link(&next)?;
            let mut onward = parts(&target)?;
            onward.append(&mut rest);
            rest = onward;
            if target.is_absolute() {
                now = PathBuf::from("/");
            }
            self.links.insert(next, target);
        }
        if now == Path::new("/") {
            return Err(io::Error::other("it is the whole machine"));
        }
        if let Some(own) = OWN.iter().find(|own| now.starts_with(own)) {
            return Err(io::Error::other(format!("a sandbox has `{own}` of its own")));
        }
        self.shown.insert(now);
        Ok(())
    }

    /// Leaves out what is within something that is shown anyway.
    fn settle(&mut self) {
        let mut outer: Option<PathBuf> = None;
        self.shown.retain(|path| {
            let within = outer.as_ref().is_some_and(|outer| path.starts_with(outer));
            if !within {
                outer = Some(path.clone());
            }
            !within
        });
        let shown = &self.shown;
        self.links.retain(|link, _| !covers(shown, link));
    }

    /// Whether this path is within what is shown.
    pub(super) fn covers(&self, path: &Path) -> bool {
        covers(&self.shown, path)
    }
}

fn covers(shown: &BTreeSet<PathBuf>, path: &Path) -> bool {
    path.ancestors().any(|ancestor| shown.contains(ancestor))
}

fn parts(path: &Path) -> io::Result<VecDeque<OsString>> {
    let mut parts = VecDeque::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => parts.push_back(name.to_owned()),
            Component::ParentDir => parts.push_back("..".into()),
            Component::RootDir | Component::CurDir => {}
            Component::Prefix(_) => return Err(io::Error::other("not a path of this system")),
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_made_anew_and_their_ends_are_shown() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(base.join("usr/lib/deep")).unwrap();
        std::fs::write(base.join("usr/lib/deep/file"), "").unwrap();
        symlink("usr/lib", base.join("lib")).unwrap();
        symlink(base.join("lib/deep/../deep/file"), base.join("absolute")).unwrap();
        let asked = [base.join("absolute"), base.join("lib/deep/file")];
        let view = View::of(asked.iter().map(PathBuf::as_path)).unwrap();
        assert_eq!(view.shown, BTreeSet::from([base.join("usr/lib/deep/file")]));
        let links: Vec<_> = view.links.keys().cloned().collect();
        assert_eq!(links, [base.join("absolute"), base.join("lib")]);

        let asked = [base.join("lib"), base.join("usr/lib/deep/file")];
        let view = View::of(asked.iter().map(PathBuf::as_path)).unwrap();
        assert_eq!(view.shown, BTreeSet::from([base.join("usr/lib")]));
        assert!(view.covers(&base.join("usr/lib/deep")));
    }

    #[test]
    fn what_is_absent_endless_or_the_sandboxs_own_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let endless = folder.path().join("endless");
        symlink(&endless, &endless).unwrap();
        let everything = folder.path().join("everything");
        symlink("/", &everything).unwrap();
        let check = |path: &Path, why: &str| {
            let (at, refused) = View::of([path]).unwrap_err();
            assert_eq!(at, path);
            assert!(refused.contains(why), "{refused}");
        };
        check(&folder.path().join("absent"), "No such file");
        check(&endless, "too many links");
        check(&everything, "the whole machine");
        check(Path::new("/proc/self"), "of its own");
        check(Path::new("/dev/null"), "of its own");
    }
}
