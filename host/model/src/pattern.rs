//! Patterns: which paths are meant.
//!
//! A pattern is a gitignore-style glob from the workspace root: `*` stays within one segment,
//! `**` crosses segments, `?`, `[a-z]` and `{a,b}` as usual. A pattern without wildcards means
//! the path itself and all that lies below it. A leading `!` takes paths out again, wherever it
//! stands in the list.

use std::sync::Arc;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::path::{PathError, WorkspacePath};

/// A list of patterns, ready to match. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Patterns(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    texts: Vec<String>,
    include: Side,
    exclude: Side,
}

/// The patterns of one sign. Literals are kept apart: most patterns are plain paths, and making
/// a matcher for a path costs more than looking at it.
#[derive(Debug, Default)]
struct Side {
    literals: Vec<WorkspacePath>,
    bases: Vec<WorkspacePath>,
    globs: Option<GlobSet>,
}

/// Where a walk must look for what the patterns may match.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Base<'a> {
    /// This very path, and all below it if it is a folder.
    Path(&'a WorkspacePath),
    /// Some of what is below this folder.
    Below(&'a WorkspacePath),
}

impl<'a> Base<'a> {
    /// The path, or the folder.
    pub const fn path(self) -> &'a WorkspacePath {
        match self {
            Self::Path(path) | Self::Below(path) => path,
        }
    }
}

/// One pattern of a list is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct PatternError {
    /// Which one, counted from 0.
    pub index: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl Patterns {
    /// Patterns that match nothing.
    pub fn none() -> Self {
        Self(Arc::new(Inner { texts: vec![], include: Side::default(), exclude: Side::default() }))
    }

    /// Parses a list of patterns.
    ///
    /// # Errors
    /// When a pattern is absolute, leads upwards, or is no valid glob.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, PatternError> {
        let (mut include, mut exclude) = (Building::default(), Building::default());
        for (index, text) in texts.iter().enumerate() {
            let text = text.as_ref();
            let (side, body) = match text.strip_prefix('!') {
                Some(body) => (&mut exclude, body),
                None => (&mut include, text),
            };
            side.add(body).map_err(|reason| PatternError { index, reason })?;
        }
        let texts = texts.iter().map(|text| text.as_ref().to_owned()).collect();
        let (include, exclude) = (include.build()?, exclude.build()?);
        Ok(Self(Arc::new(Inner { texts, include, exclude })))
    }

    /// The patterns as written.
    pub fn texts(&self) -> &[String] {
        &self.0.texts
    }

    /// Whether nothing can match.
    pub fn is_empty(&self) -> bool {
        self.0.include.literals.is_empty() && self.0.include.globs.is_none()
    }

    /// Whether `path` is meant.
    pub fn matches(&self, path: &WorkspacePath) -> bool {
        self.0.include.matches(path) && !self.0.exclude.matches(path)
    }

    /// The places that together hold all that may match.
    pub fn bases(&self) -> impl Iterator<Item = Base<'_>> {
        let Side { literals, bases, .. } = &self.0.include;
        literals.iter().map(Base::Path).chain(bases.iter().map(Base::Below))
    }
}

impl PartialEq for Patterns {
    fn eq(&self, other: &Self) -> bool {
        self.0.texts == other.0.texts
    }
}

impl Eq for Patterns {}

/// As they are written.
impl Serialize for Patterns {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.texts().serialize(to)
    }
}

impl<'de> Deserialize<'de> for Patterns {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&Vec::<String>::deserialize(from)?).map_err(D::Error::custom)
    }
}

impl Side {
    fn matches(&self, path: &WorkspacePath) -> bool {
        self.literals.iter().any(|literal| path.is_within(literal))
            || self.globs.as_ref().is_some_and(|globs| globs.is_match(path.as_str()))
    }
}

#[derive(Default)]
struct Building {
    side: Side,
    globs: Vec<globset::Glob>,
}

impl Building {
    fn add(&mut self, body: &str) -> Result<(), String> {
        if !body.contains(['*', '?', '[', '{', '\\']) {
            let path = WorkspacePath::parse(body).map_err(|error| error.to_string())?;
            self.side.literals.push(path);
            return Ok(());
        }
        if body.starts_with('/') {
            return Err(PathError::Absolute(body.to_owned()).to_string());
        }
        let body = body.strip_prefix("./").unwrap_or(body);
        if body.split('/').any(|segment| segment == "..") {
            return Err(PathError::Upwards(body.to_owned()).to_string());
        }
        let glob = GlobBuilder::new(body)
            .literal_separator(true)
            .backslash_escape(true)
            .build()
            .map_err(|error| format!("`{body}` is not a glob: {}", error.kind()))?;
        self.globs.push(glob);
        self.side.bases.push(literal_base(body));
        Ok(())
    }

    fn build(self) -> Result<Side, PatternError> {
        let Self { mut side, globs } = self;
        if !globs.is_empty() {
            let mut set = GlobSetBuilder::new();
            for glob in globs {
                set.add(glob);
            }
            let failed = |error: globset::Error| PatternError {
                index: 0,
                reason: format!("the patterns are too large together: {}", error.kind()),
            };
            side.globs = Some(set.build().map_err(failed)?);
        }
        Ok(side)
    }
}

/// The folder that a glob cannot leave: its segments up to the first with a wildcard.
fn literal_base(glob: &str) -> WorkspacePath {
    let mut base = WorkspacePath::root();
    for segment in glob.split('/') {
        if segment.contains(['*', '?', '[', '{', '\\']) {
            break;
        }
        match base.join(segment) {
            Some(next) => base = next,
            None => break,
        }
    }
    base
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(patterns: &[&str], yes: &[&str], no: &[&str]) {
        let patterns = Patterns::parse(patterns).unwrap();
        for path in yes {
            assert!(patterns.matches(&WorkspacePath::parse(path).unwrap()), "{path} should match");
        }
        for path in no {
            assert!(!patterns.matches(&WorkspacePath::parse(path).unwrap()), "{path} should not");
        }
    }

    #[test]
    fn a_plain_path_means_itself_and_all_below() {
        check(&["docs"], &["docs", "docs/a/b.md"], &["doc", "docs2", "x/docs"]);
    }

    #[test]
    fn a_star_stays_within_a_segment_and_two_cross() {
        check(&["src/*.rs"], &["src/a.rs"], &["src/a/b.rs", "a.rs"]);
        check(&["src/**/*.rs"], &["src/a.rs", "src/a/b.rs"], &["lib/a.rs"]);
        check(&["**/*"], &["a", "a/b"], &[]);
        check(&["*.{ts,tsx}"], &["a.ts", "b.tsx"], &["a.js", "x/a.ts"]);
    }

    #[test]
    fn an_exclamation_mark_takes_out_wherever_it_stands() {
        check(&["!a/b", "a/**"], &["a/c"], &["a/b", "a/b/c"]);
    }

    #[test]
    fn patterns_that_leave_the_workspace_are_refused() {
        belljar_cases::case!("C01");
        for text in ["../a", "/a", "a/../*", "/**", "[", ""] {
            assert!(Patterns::parse(&[text]).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_bases_say_where_to_look() {
        let patterns = Patterns::parse(&["a/b/**/*.rs", "c/d", "*.md", "!a/x"]).unwrap();
        let bases: Vec<_> = patterns.bases().map(|base| format!("{base:?}")).collect();
        assert_eq!(bases, [r#"Path("c/d")"#, r#"Below("a/b")"#, r#"Below("")"#]);
    }
}
