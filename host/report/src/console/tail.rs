//! Tail: the last lines of a log.

use std::collections::VecDeque;

/// How many lines are kept.
const KEPT: usize = 10;

/// The last lines of a step's log.
#[derive(Default)]
pub(super) struct Tail {
    lines: VecDeque<String>,
    earlier: usize,
}

impl Tail {
    pub(super) fn push(&mut self, line: &str) {
        if self.lines.len() == KEPT {
            self.lines.pop_front();
            self.earlier += 1;
        }
        self.lines.push_back(line.to_owned());
    }

    /// The lines, oldest first.
    pub(super) fn lines(&self) -> impl ExactSizeIterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }

    /// How many lines came before them.
    pub(super) const fn earlier(&self) -> usize {
        self.earlier
    }
}
