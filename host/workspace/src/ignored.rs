//! Which files version control ignores: the `.gitignore` files from the root down to a folder.

use std::path::Path;
use std::sync::Arc;

use belljar_model::WorkspacePath;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The rules that hold in one folder. Only files within the workspace count: what is ignored
/// must not depend on the machine.
#[derive(Debug)]
pub(crate) struct Rules {
    folder: WorkspacePath,
    here: Gitignore,
    above: Option<Arc<Rules>>,
    /// Whether the folder itself is ignored, and so all that is in it.
    pub(crate) all: bool,
}

impl Rules {
    /// The rules of `folder`: those of the folder above, and the text of its own `.gitignore`.
    pub(crate) fn new(folder: WorkspacePath, above: Option<Arc<Self>>, text: &[u8]) -> Self {
        let all = above.as_ref().is_some_and(|above| above.ignore_folder(&folder));
        Self { here: parse(text), folder, above, all }
    }

    fn ignore_folder(&self, folder: &WorkspacePath) -> bool {
        self.all || self.ignore(Path::new(folder.as_str()), Shape::Folder)
    }

    /// Whether something in this folder is ignored. `path` starts at the workspace root.
    pub(crate) fn ignore(&self, path: &Path, shape: Shape) -> bool {
        let mut rules = Some(self);
        while let Some(Self { folder, here, above, .. }) = rules {
            let inner = path.strip_prefix(folder.as_str()).unwrap_or(path);
            match here.matched(inner, shape == Shape::Folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => rules = above.as_deref(),
            }
        }
        false
    }
}

/// What the rules need to know of a thing: some hold for folders only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// A directory.
    Folder,
    /// Anything else.
    Other,
}

/// Lines that are no valid patterns are skipped, as version control does.
fn parse(text: &[u8]) -> Gitignore {
    if text.is_empty() {
        return Gitignore::empty();
    }
    let mut builder = GitignoreBuilder::new("");
    let text = String::from_utf8_lossy(text);
    for line in text.strip_prefix('\u{feff}').unwrap_or(&text).lines() {
        let _ = builder.add_line(None, line);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_of_the_nearest_folder_wins() {
        let rules = |folder: &str, above, text: &str| {
            let folder = WorkspacePath::parse(folder).unwrap_or_else(|_| WorkspacePath::root());
            Arc::new(Rules::new(folder, above, text.as_bytes()))
        };
        let root = rules("", None, "*.log\n/top\nbuild/\n[broken\n");
        let inner = rules("a/b", Some(Arc::clone(&root)), "!keep.log\n/own\n");
        let check = |rules: &Rules, path: &str, shape, expected: bool| {
            assert_eq!(rules.ignore(Path::new(path), shape), expected, "{path}");
        };
        check(&root, "x.log", Shape::Other, true);
        check(&root, "top", Shape::Other, true);
        check(&root, "build", Shape::Folder, true);
        check(&root, "build", Shape::Other, false);
        check(&inner, "a/b/x.log", Shape::Other, true);
        check(&inner, "a/b/keep.log", Shape::Other, false);
        check(&inner, "a/b/own", Shape::Other, true);
        check(&inner, "a/b/top", Shape::Other, false);
        assert!(rules("build", Some(root), "").all);
    }
}
