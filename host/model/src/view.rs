//! View: all that one step can see.
//!
//! The sandbox answers the guest from a View and records question and answer; the observed
//! lookup asks another View the same questions. Both go through [`View::answer`], so what a
//! guest was told and what is compared later cannot differ.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::digest::Digest;
use crate::directory::{Directory, Node, NodeKind};
use crate::observation::{Answer, Question};
use crate::path::WorkspacePath;
use crate::pattern::Patterns;
use crate::tool::GrantedTool;

/// The name under which a View's environment holds the step's time limit in milliseconds. A
/// step may ask for it, so it must be observed like everything else that is answered; no
/// variable has this name, since a name cannot hold `=`.
pub const TIME_LIMIT: &str = "=time-limit-ms";

/// The declared inputs and environment of one step, as they are now. Cheap to clone.
#[derive(Clone, Debug)]
pub struct View {
    /// The input files.
    pub root: Arc<Directory>,
    /// The patterns that declared them.
    pub declared: Patterns,
    /// The granted environment variables that are set, and [`TIME_LIMIT`].
    pub environment: Arc<BTreeMap<String, String>>,
    /// The granted tools, by name.
    pub tools: Arc<BTreeMap<String, GrantedTool>>,
}

impl View {
    /// Nothing at all: no files, no variables, no tools.
    pub fn empty() -> Self {
        Self {
            root: Arc::new(Directory::empty()),
            declared: Patterns::none(),
            environment: Arc::default(),
            tools: Arc::default(),
        }
    }

    /// Answers one question. Total and deterministic.
    pub fn answer(&self, question: &Question) -> Answer {
        match question {
            Question::Content(path) => match self.root.get(path) {
                Some(Node::File { digest, .. }) => Answer::Content(*digest),
                _ => Answer::Absent,
            },
            Question::Stat(path) => self.stat(path),
            Question::Executable(path) => match self.root.get(path) {
                Some(Node::File { executable, .. }) => Answer::Flag(*executable),
                _ => Answer::Absent,
            },
            Question::Listing(path) => self.root.folder(path).map_or(Answer::Absent, |folder| {
                let entry = |(name, node): (&String, &Node)| (name.clone(), node.kind());
                Answer::Listing(folder.nodes().iter().map(entry).collect())
            }),
            Question::Link(path) => match self.root.get(path) {
                Some(Node::Symlink { target }) => Answer::Link(target.clone()),
                _ => Answer::Absent,
            },
            Question::Glob { patterns, except } => self.glob(patterns, except),
            Question::Declared(path) => Answer::Flag(self.declared.matches(path)),
            Question::Environment(name) => self
                .environment
                .get(name)
                .map_or(Answer::Absent, |value| Answer::Content(Digest::of(value.as_bytes()))),
            Question::Tool(name) => {
                self.tools.get(name).map_or(Answer::Absent, |tool| Answer::Tool(*tool))
            }
            // Only who was granted it asks, and grants belong to the family.
            Question::Secret(_) => Answer::Flag(true),
        }
    }

    fn stat(&self, path: &WorkspacePath) -> Answer {
        if path.is_root() {
            return Answer::Stat(NodeKind::Directory, 0);
        }
        match self.root.get(path) {
            None => Answer::Absent,
            Some(Node::File { digest, .. }) => Answer::Stat(NodeKind::File, digest.size()),
            Some(node) => Answer::Stat(node.kind(), 0),
        }
    }

    /// A pattern that is not valid matches nothing; the sandbox refuses it before asking.
    fn glob(&self, patterns: &[String], except: &[String]) -> Answer {
        let (Ok(patterns), Ok(except)) = (Patterns::parse(patterns), Patterns::parse(except))
        else {
            return Answer::Paths(Vec::new());
        };
        let mut paths = Vec::new();
        self.root.walk(&mut |path, node| {
            if patterns.matches(path) && !except.matches(path) {
                paths.push((path.clone(), node.kind()));
            }
        });
        Answer::Paths(paths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Entry;
    use crate::tool::Tier;

    const CC: GrantedTool =
        GrantedTool { identity: Digest::from_parts([7; 32], 1), tier: Tier::T1 };

    fn path(text: &str) -> WorkspacePath {
        WorkspacePath::parse(text).unwrap()
    }

    fn view() -> View {
        let file = |at: &str, content: &str| Entry {
            path: path(at),
            node: Node::File { digest: Digest::of(content.as_bytes()), executable: false },
        };
        let link =
            Entry { path: path("link"), node: Node::Symlink { target: "a/b.txt".to_owned() } };
        View {
            root: Arc::new(Directory::from_entries([file("a/b.txt", "one"), link])),
            declared: Patterns::parse(&["a", "link"]).unwrap(),
            environment: Arc::new(BTreeMap::from([("NAME".to_owned(), "value".to_owned())])),
            tools: Arc::new(BTreeMap::from([("cc".to_owned(), CC)])),
        }
    }

    #[test]
    fn every_question_has_the_answer_of_the_tree() {
        let view = view();
        let check = |question, answer| assert_eq!(view.answer(&question), answer, "{question:?}");
        check(Question::Content(path("a/b.txt")), Answer::Content(Digest::of(b"one")));
        check(Question::Content(path("a")), Answer::Absent);
        check(Question::Stat(path("a/b.txt")), Answer::Stat(NodeKind::File, 3));
        check(Question::Stat(path("a/c.txt")), Answer::Absent);
        check(Question::Stat(WorkspacePath::root()), Answer::Stat(NodeKind::Directory, 0));
        check(Question::Stat(path("link")), Answer::Stat(NodeKind::Symlink, 0));
        check(Question::Link(path("link")), Answer::Link("a/b.txt".to_owned()));
        check(Question::Executable(path("a/b.txt")), Answer::Flag(false));
        check(Question::Declared(path("a/new.txt")), Answer::Flag(true));
        check(Question::Declared(path("b")), Answer::Flag(false));
        check(Question::Environment("NAME".to_owned()), Answer::Content(Digest::of(b"value")));
        check(Question::Environment("OTHER".to_owned()), Answer::Absent);
        check(Question::Tool("cc".to_owned()), Answer::Tool(CC));
        check(Question::Tool("ld".to_owned()), Answer::Absent);
        let listing = vec![("b.txt".to_owned(), NodeKind::File)];
        check(Question::Listing(path("a")), Answer::Listing(listing));
        let glob = Question::Glob { patterns: vec!["**/*.txt".to_owned()], except: vec![] };
        check(glob, Answer::Paths(vec![(path("a/b.txt"), NodeKind::File)]));
    }
}
