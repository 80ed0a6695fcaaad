//! Which files are outputs of the pipeline, and so are no inputs.

use std::collections::HashMap;

use belljar_model::pattern::Base;
use belljar_model::{Patterns, WorkspacePath};

/// The declared outputs of all steps, found by the folders in which they lie: a pipeline has
/// thousands of patterns, of which a path concerns one or two.
pub(crate) struct Outputs {
    patterns: Vec<Patterns>,
    by_base: HashMap<String, Vec<Candidate>>,
}

#[derive(Clone, Copy)]
struct Candidate {
    /// Which of the patterns.
    index: usize,
    /// Whether all below the base is meant, without exception.
    whole: bool,
}

impl Outputs {
    pub(crate) fn new(patterns: &[Patterns]) -> Self {
        let mut by_base: HashMap<String, Vec<Candidate>> = HashMap::new();
        for (index, patterns) in patterns.iter().enumerate() {
            let exceptions = patterns.texts().iter().any(|text| text.starts_with('!'));
            for base in patterns.bases() {
                let (path, whole) = match base {
                    Base::Path(path) => (path, !exceptions),
                    Base::Below(path) => (path, false),
                };
                let candidate = Candidate { index, whole };
                by_base.entry(path.as_str().to_owned()).or_default().push(candidate);
            }
        }
        Self { patterns: patterns.to_vec(), by_base }
    }

    /// Whether a file at `path` is an output.
    pub(crate) fn contain(&self, path: &WorkspacePath) -> bool {
        self.any(path, |candidate| candidate.whole || self.patterns[candidate.index].matches(path))
    }

    /// Whether all that lies below `folder` are outputs, as far as is easily known.
    pub(crate) fn cover(&self, folder: &WorkspacePath) -> bool {
        self.any(folder, |candidate| candidate.whole)
    }

    fn any(&self, path: &WorkspacePath, holds: impl Fn(Candidate) -> bool) -> bool {
        if self.by_base.is_empty() {
            return false;
        }
        let text = path.as_str();
        let ends = text.match_indices('/').map(|(end, _)| end).chain([text.len()]);
        [0].into_iter().chain(ends).any(|end| {
            let candidates = self.by_base.get(&text[..end]);
            candidates.is_some_and(|candidates| candidates.iter().any(|each| holds(*each)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_an_output_exactly_if_a_step_declares_it() {
        let steps = [&["dist", "!dist/keep"][..], &["*.log", "gen/**/*.rs"], &["bundle"]];
        let patterns = steps.map(|texts| Patterns::parse(texts).unwrap());
        let outputs = Outputs::new(&patterns);
        for text in [
            "dist",
            "dist/a",
            "dist/a/b",
            "dist/keep",
            "dist/keep/a",
            "a.log",
            "a/a.log",
            "gen/a.rs",
            "gen/a/b.rs",
            "gen/a.txt",
            "bundle",
            "bundle/x/y",
            "bundles",
            "src/a.rs",
        ] {
            let path = WorkspacePath::parse(text).unwrap();
            let expected = patterns.iter().any(|patterns| patterns.matches(&path));
            assert_eq!(outputs.contain(&path), expected, "{text}");
        }
        let covered = |text| outputs.cover(&WorkspacePath::parse(text).unwrap());
        assert!(covered("bundle") && covered("bundle/x"));
        assert!(!covered("dist") && !covered("gen") && !covered("src"));
    }
}
