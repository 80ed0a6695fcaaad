//! Answers: what a View says today, with the costly answers kept for one lookup.

use std::borrow::Cow;
use std::collections::BTreeMap;

use belljar_model::{Answer, Observation, Question, View};

/// Asks a View, and walks it only once for each glob: the traces of one family ask the same
/// globs again and again.
pub(crate) struct Answers<'a> {
    view: &'a View,
    globs: BTreeMap<Question, Answer>,
}

impl<'a> Answers<'a> {
    pub(crate) fn new(view: &'a View) -> Self {
        Self { view, globs: BTreeMap::new() }
    }

    /// What the View says to a question.
    pub(crate) fn of(&mut self, question: &Question) -> Cow<'_, Answer> {
        if !matches!(question, Question::Glob { .. }) {
            return Cow::Owned(self.view.answer(question));
        }
        if !self.globs.contains_key(question) {
            self.globs.insert(question.clone(), self.view.answer(question));
        }
        Cow::Borrowed(&self.globs[question])
    }

    /// Whether a question has the same answer as then.
    pub(crate) fn agree(&mut self, then: &Observation) -> bool {
        *self.of(&then.question) == then.answer
    }

    /// The View that is asked.
    pub(crate) const fn view(&self) -> &'a View {
        self.view
    }
}
