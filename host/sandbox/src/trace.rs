//! Recorder: every question of a guest, once, in the order first asked.

use std::collections::HashSet;

use belljar_model::{Answer, Observation, Question, Trace, View, WorkspacePath};

/// Writes down what a guest asked and was told.
#[derive(Default)]
pub(crate) struct Recorder {
    asked: HashSet<Question>,
    observations: Vec<Observation>,
}

impl Recorder {
    /// Answers a question from `view` and records it.
    pub(crate) fn ask(&mut self, view: &View, question: Question) -> Answer {
        let answer = view.answer(&question);
        if self.asked.insert(question.clone()) {
            self.observations.push(Observation { question, answer: answer.clone() });
        }
        answer
    }

    /// Records that nothing is at `path`.
    ///
    /// Questions do not follow links, so the folders on the way are part of the answer: if one
    /// became a link, there could be something behind it.
    pub(crate) fn absent(&mut self, view: &View, path: &WorkspacePath) {
        let mut ancestors = Vec::new();
        let mut above = path.parent();
        while let Some(folder) = above.filter(|folder| !folder.is_root()) {
            above = folder.parent();
            ancestors.push(folder);
        }
        for folder in ancestors.into_iter().rev() {
            let missing = self.ask(view, Question::Stat(folder)) == Answer::Absent;
            if missing {
                return;
            }
        }
        self.ask(view, Question::Stat(path.clone()));
    }

    /// Records that something is at `path`, unless a recorded listing of its folder says so.
    pub(crate) fn present(&mut self, view: &View, path: &WorkspacePath) {
        let listed =
            path.parent().is_some_and(|folder| self.asked.contains(&Question::Listing(folder)));
        if !listed {
            self.ask(view, Question::Stat(path.clone()));
        }
    }

    /// Returns the Trace. What `Stat` said of a file is left out when its content was asked for:
    /// the digest says the same and more.
    pub(crate) fn finish(mut self) -> Trace {
        let asked = &self.asked;
        self.observations.retain(|observation| match &observation.question {
            Question::Stat(path) => {
                let is_file =
                    matches!(observation.answer, Answer::Stat(belljar_model::NodeKind::File, _));
                !(is_file && asked.contains(&Question::Content(path.clone())))
            }
            _ => true,
        });
        Trace(self.observations)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use belljar_model::{Digest, Directory, Entry, Node, Patterns};

    use super::*;

    fn path(text: &str) -> WorkspacePath {
        WorkspacePath::parse(text).unwrap()
    }

    fn view(files: &[&str]) -> View {
        let entry = |at: &&str| Entry {
            path: path(at),
            node: Node::File { digest: Digest::of(b"x"), executable: false },
        };
        View {
            root: Arc::new(Directory::from_entries(files.iter().map(entry))),
            declared: Patterns::none(),
            environment: Arc::new(BTreeMap::new()),
            tools: Arc::default(),
        }
    }

    fn asked(recorder: Recorder) -> Vec<Question> {
        recorder.finish().0.into_iter().map(|observation| observation.question).collect()
    }

    #[test]
    fn a_question_is_recorded_once() {
        let (mut recorder, view) = (Recorder::default(), view(&["a"]));
        recorder.ask(&view, Question::Stat(path("a")));
        recorder.ask(&view, Question::Stat(path("a")));
        assert_eq!(asked(recorder), [Question::Stat(path("a"))]);
    }

    #[test]
    fn what_is_absent_depends_on_the_folders_above_up_to_the_first_that_is_missing() {
        let (mut recorder, view) = (Recorder::default(), view(&["a/b/c"]));
        recorder.absent(&view, &path("a/b/x"));
        recorder.absent(&view, &path("a/y/z/x"));
        let stats = ["a", "a/b", "a/b/x", "a/y"].map(|text| Question::Stat(path(text)));
        assert_eq!(asked(recorder), stats);
    }

    #[test]
    fn content_says_more_than_stat() {
        let (mut recorder, view) = (Recorder::default(), view(&["a", "b"]));
        recorder.ask(&view, Question::Stat(path("a")));
        recorder.ask(&view, Question::Content(path("a")));
        recorder.ask(&view, Question::Stat(path("b")));
        let expected = [Question::Content(path("a")), Question::Stat(path("b"))];
        assert_eq!(asked(recorder), expected);
    }

    #[test]
    fn a_listing_says_that_its_entries_are_there() {
        let (mut recorder, view) = (Recorder::default(), view(&["a/b"]));
        recorder.ask(&view, Question::Listing(path("a")));
        recorder.present(&view, &path("a/b"));
        assert_eq!(asked(recorder), [Question::Listing(path("a"))]);
    }
}
