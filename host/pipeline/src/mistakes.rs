//! Mistakes: the diagnostics found so far.

use std::collections::BTreeSet;
use std::ops::Range;

use belljar_model::diagnostic::Level;
use belljar_model::{Code, Diagnostic};

/// A file, and the start and end of a region.
type Spot = (String, usize, usize);

/// Collects diagnostics. One mistake at one place is kept once, even if many steps are made
/// from that place: a template's mistake is one mistake.
#[derive(Default)]
pub(crate) struct Mistakes {
    found: Vec<Diagnostic>,
    seen: BTreeSet<(Code, Vec<Spot>)>,
}

impl Mistakes {
    /// Adds a mistake, unless the same code was already given to the same places.
    pub(crate) fn add(&mut self, diagnostic: Diagnostic) {
        let place = |label: &belljar_model::diagnostic::Label| {
            let Range { start, end } = label.span;
            (label.file.clone(), start, end)
        };
        let places = diagnostic.labels.iter().map(place).collect();
        if self.seen.insert((diagnostic.code.clone(), places)) {
            self.found.push(diagnostic);
        }
    }

    /// Whether there is an error, not only warnings.
    pub(crate) fn any_error(&self) -> bool {
        self.found.iter().any(|diagnostic| diagnostic.level == Level::Error)
    }

    /// All of them, in the order of `files`, then of the text.
    pub(crate) fn into_sorted(self, files: &[&str]) -> Vec<Diagnostic> {
        let mut found = self.found;
        found.sort_by_key(|diagnostic| {
            let first = diagnostic.labels.first();
            let rank = |file: &str| files.iter().position(|known| *known == file);
            first.map(|label| (rank(&label.file), label.span.start))
        });
        found
    }
}
