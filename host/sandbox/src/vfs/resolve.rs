//! From the text of a path to what is there, one segment at a time.

use belljar_model::{Node, Question, WorkspacePath};

use super::Vfs;
use super::body::SharedFile;
use super::layer::{Written, is_scratch};
use crate::bindings::ambient::wasi::filesystem::types::ErrorCode;

/// The most links that one path may lead through, as on Linux.
const MAX_HOPS: u32 = 40;
/// The longest path, in bytes, as on Linux.
const MAX_LENGTH: usize = 4_096;

/// Whether a link at the end of a path is followed. Links on the way always are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Follow {
    /// The path means what the link points at.
    Yes,
    /// The path means the link.
    No,
}

/// Which files are seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scope {
    /// Inputs, and over them what the step has written.
    All,
    /// Inputs only.
    Inputs,
}

/// What is at a path. The paths have no links in them any more.
pub(crate) enum Found {
    /// A folder.
    Folder(WorkspacePath),
    /// An input file.
    Input(WorkspacePath),
    /// An input link that was not followed.
    Link(WorkspacePath),
    /// A file that the step has written.
    Written(WorkspacePath, SharedFile),
    /// Nothing.
    Missing(WorkspacePath),
}

/// What one more segment leads to.
enum Next {
    Folder,
    Input,
    Link(String),
    Written(SharedFile),
    Nothing,
}

impl Vfs {
    /// Finds what `text` means, seen from the folder `base`. Records the links on the way; what
    /// is found at the end is for the caller to record.
    pub(crate) fn resolve(
        &mut self,
        base: &WorkspacePath,
        text: &str,
        follow: Follow,
        scope: Scope,
    ) -> Result<Found, ErrorCode> {
        if text.is_empty() {
            return Err(ErrorCode::NoEntry);
        }
        if text.len() > MAX_LENGTH {
            return Err(ErrorCode::NameTooLong);
        }
        if text.starts_with('/') {
            return Err(ErrorCode::NotPermitted);
        }
        let mut here = base.clone();
        let mut rest: Vec<String> = text.rsplit('/').map(str::to_owned).collect();
        let mut hops = 0;
        while let Some(segment) = rest.pop() {
            if segment.is_empty() || segment == "." {
                continue;
            }
            if segment == ".." {
                self.present(&here);
                here = here.parent().ok_or(ErrorCode::NotPermitted)?;
                continue;
            }
            let next = here.join(&segment).ok_or(ErrorCode::NoEntry)?;
            let is_last = rest.is_empty();
            match self.look(&next, scope) {
                Next::Folder => here = next,
                Next::Written(file) if is_last => return Ok(Found::Written(next, file)),
                Next::Input if is_last => return Ok(Found::Input(next)),
                Next::Link(_) if is_last && follow == Follow::No => return Ok(Found::Link(next)),
                Next::Written(_) => return Err(ErrorCode::NotDirectory),
                Next::Input => {
                    self.present(&next);
                    return Err(ErrorCode::NotDirectory);
                }
                Next::Link(target) => {
                    self.ask(Question::Link(next));
                    hops += 1;
                    if hops > MAX_HOPS {
                        return Err(ErrorCode::Loop);
                    }
                    if target.starts_with('/') {
                        return Err(ErrorCode::NotPermitted);
                    }
                    rest.extend(target.rsplit('/').map(str::to_owned));
                }
                Next::Nothing => return self.missing(&next, &rest),
            }
        }
        Ok(Found::Folder(here))
    }

    fn look(&self, path: &WorkspacePath, scope: Scope) -> Next {
        if scope == Scope::All {
            match self.layer.get(path) {
                Some(Written::File(file, _)) => return Next::Written(file.clone()),
                Some(Written::Folder) => return Next::Folder,
                None if is_scratch(path) => return Next::Nothing,
                None => {}
            }
        }
        match self.view.root.get(path) {
            Some(Node::Directory(_)) => Next::Folder,
            Some(Node::File { .. }) => Next::Input,
            Some(Node::Symlink { target }) => Next::Link(target.clone()),
            None => Next::Nothing,
        }
    }

    /// `rest` are the segments behind the first that is missing, the last one first.
    fn missing(&mut self, first: &WorkspacePath, rest: &[String]) -> Result<Found, ErrorCode> {
        let mut path = first.clone();
        for segment in rest.iter().rev().filter(|segment| !matches!(segment.as_str(), "" | ".")) {
            let Some(next) = path.join(segment) else {
                self.absent(first);
                return Err(ErrorCode::NoEntry);
            };
            path = next;
        }
        Ok(Found::Missing(path))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use belljar_model::{
        Action, Class, Digest, Directory, Entry, Limits, Observation, Patterns, View,
    };

    use super::super::Blobs;
    use super::*;
    use crate::testing::NoBlobs;

    fn path(text: &str) -> WorkspacePath {
        WorkspacePath::parse(text).unwrap()
    }

    fn vfs() -> Vfs {
        let file = || Node::File { digest: Digest::of(b"x"), executable: false };
        let link = |target: &str| Node::Symlink { target: target.to_owned() };
        let entries = [
            ("a/b/file", file()),
            ("a/up", link("../top")),
            ("top", file()),
            ("dir", link("a/b")),
            ("loop", link("loop")),
            ("out", link("../x")),
            ("abs", link("/etc/passwd")),
        ];
        let entries = entries.map(|(at, node)| Entry { path: path(at), node });
        let action = Action {
            plugin: Digest::of(b""),
            class: Class::Pure,
            config: "{}".to_owned(),
            grants: Vec::new(),
            outputs: Patterns::none(),
            view: View {
                root: Arc::new(Directory::from_entries(entries)),
                declared: Patterns::none(),
                environment: Arc::new(BTreeMap::new()),
                tools: Arc::default(),
            },
        };
        let blobs = Blobs { inputs: Arc::new(NoBlobs), outputs: Arc::new(NoBlobs) };
        Vfs::new(&action, &Limits::default(), blobs)
    }

    #[track_caller]
    fn check(text: &str, expected: &str, asked: &[Question]) {
        let mut vfs = vfs();
        let found = match vfs.resolve(&WorkspacePath::root(), text, Follow::Yes, Scope::All) {
            Ok(Found::Folder(path)) => format!("folder {path}"),
            Ok(Found::Input(path)) => format!("input {path}"),
            Ok(Found::Missing(path)) => format!("missing {path}"),
            Ok(Found::Link(_) | Found::Written(..)) => unreachable!("links are followed"),
            Err(code) => code.name().to_owned(),
        };
        assert_eq!(found, expected, "{text}");
        let trace: Vec<Question> =
            vfs.finish().0.0.into_iter().map(|Observation { question, .. }| question).collect();
        assert_eq!(trace, asked, "{text}");
    }

    #[test]
    fn paths_lead_to_what_is_there_and_links_are_recorded() {
        check("a/b/file", "input a/b/file", &[]);
        check("./a//b/.", "folder a/b", &[]);
        check("dir/file", "input a/b/file", &[Question::Link(path("dir"))]);
        check("a/up", "input top", &[Question::Link(path("a/up")), Question::Stat(path("a"))]);
        check("a/../top", "input top", &[Question::Stat(path("a"))]);
        check("a/new/x", "missing a/new/x", &[]);
    }

    #[test]
    fn nothing_leads_out_of_the_workspace() {
        check("..", "not-permitted", &[]);
        check("a/../../x", "not-permitted", &[Question::Stat(path("a"))]);
        check("/etc/passwd", "not-permitted", &[]);
        check("out", "not-permitted", &[Question::Link(path("out"))]);
        check("abs", "not-permitted", &[Question::Link(path("abs"))]);
        check("loop", "loop", &[Question::Link(path("loop"))]);
    }

    #[test]
    fn what_cannot_be_a_name_is_not_there() {
        check("a\\b", "no-entry", &[]);
        check("a/b\0c", "no-entry", &[]);
        check("top/x", "not-directory", &[Question::Stat(path("top"))]);
        check("new/../top", "no-entry", &[Question::Stat(path("new"))]);
    }
}
