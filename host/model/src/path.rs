//! WorkspacePath: a place below the workspace root, the same on every platform.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

/// A `/`-separated path below the workspace root; the empty path is the root itself.
///
/// It has no empty, `.` or `..` segment, no backslash and no NUL, so joining it to a directory
/// handle can never lead upwards. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct WorkspacePath(Arc<str>);

/// Why a text is not a path below the workspace root.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It starts at the root of the machine.
    #[error("`{0}` is absolute; paths start at the workspace root")]
    Absolute(String),
    /// It leaves the workspace.
    #[error("`{0}` leaves the workspace")]
    Upwards(String),
    /// It holds an empty segment, `.`, a backslash, a control character, or a name of more than
    /// 255 bytes.
    #[error("`{path}` has the segment `{segment}`, which is not allowed in a path")]
    Segment {
        /// The whole text.
        path: String,
        /// The part that is wrong.
        segment: String,
    },
}

impl WorkspacePath {
    /// The workspace root.
    pub fn root() -> Self {
        Self(Arc::from(""))
    }

    /// Parses a non-empty path as a person writes it. One leading `./` and one trailing `/` are
    /// dropped.
    ///
    /// # Errors
    /// When the text is absolute, leads upwards, or holds a segment that is not portable.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        if text.starts_with('/') {
            return Err(PathError::Absolute(text.to_owned()));
        }
        let inner = text.strip_prefix("./").unwrap_or(text);
        let inner = inner.strip_suffix('/').unwrap_or(inner);
        for segment in inner.split('/') {
            if segment == ".." {
                return Err(PathError::Upwards(text.to_owned()));
            }
            if !is_name(segment) {
                let segment = segment.escape_debug().to_string();
                return Err(PathError::Segment { path: text.to_owned(), segment });
            }
        }
        Ok(Self(Arc::from(inner)))
    }

    /// The path as text; `""` for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the workspace root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The segments from the root on; none for the root.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/').filter(|segment| !segment.is_empty())
    }

    /// The last segment; `""` for the root.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or("")
    }

    /// The directory that holds this path, or `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        Some(Self(Arc::from(self.0.rsplit_once('/').map_or("", |(parent, _)| parent))))
    }

    /// The path of `name` within this directory, or `None` if `name` is not one plain segment.
    pub fn join(&self, name: &str) -> Option<Self> {
        if !is_name(name) || name == ".." {
            return None;
        }
        Some(if self.is_root() {
            Self(Arc::from(name))
        } else {
            Self(Arc::from(format!("{}/{name}", self.0)))
        })
    }

    /// Whether this path is `directory` or lies below it.
    pub fn is_within(&self, directory: &Self) -> bool {
        directory.is_root()
            || self
                .0
                .strip_prefix(&*directory.0)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// The longest name of a file that file systems take, in bytes.
const MAX_NAME: usize = 255;

/// Whether `segment` may name one entry of a directory.
fn is_name(segment: &str) -> bool {
    !matches!(segment, "" | ".")
        && segment.len() <= MAX_NAME
        && !segment.contains(|letter: char| matches!(letter, '/' | '\\') || letter.is_control())
}

impl fmt::Display for WorkspacePath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.is_root() { "." } else { &self.0 })
    }
}

impl fmt::Debug for WorkspacePath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}", &*self.0)
    }
}

impl<'de> Deserialize<'de> for WorkspacePath {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        /// Takes the text where it lies: a Trace has a path in each of its Observations.
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = WorkspacePath;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a path below the workspace root")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<WorkspacePath, E> {
                if text.is_empty() {
                    return Ok(WorkspacePath::root());
                }
                WorkspacePath::parse(text).map_err(E::custom)
            }
        }
        from.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paths_are_kept_and_tidied() {
        for (text, kept) in [("a/b.txt", "a/b.txt"), ("./a", "a"), ("a/", "a"), ("ü/…", "ü/…")]
        {
            assert_eq!(WorkspacePath::parse(text).unwrap().as_str(), kept);
        }
    }

    #[test]
    fn paths_that_could_leave_the_workspace_are_refused() {
        belljar_cases::case!("C01");
        for text in
            ["", "/", "/etc", "..", "../a", "a/../b", "a/..", ".", "a//b", "a/./b", "a\\b", "a\0b"]
        {
            assert!(WorkspacePath::parse(text).is_err(), "{text:?}");
        }
        let root = WorkspacePath::root();
        for name in ["", ".", "..", "a/b", "a\\b"] {
            assert!(root.join(name).is_none(), "{name:?}");
        }
    }

    #[test]
    fn a_path_knows_where_it_lies() {
        let path = WorkspacePath::parse("src/a/b.rs").unwrap();
        assert_eq!(path.name(), "b.rs");
        assert_eq!(path.parent().unwrap().as_str(), "src/a");
        assert!(path.is_within(&WorkspacePath::parse("src").unwrap()));
        assert!(!path.is_within(&WorkspacePath::parse("sr").unwrap()), "not a prefix of letters");
        assert!(path.is_within(&WorkspacePath::root()));
    }
}
