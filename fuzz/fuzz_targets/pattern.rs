//! Patterns: any list is one or an error, and matching takes no more than a moment.
#![no_main]

use belljar_model::pattern::Base;
use belljar_model::{Patterns, WorkspacePath};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|asked: (Vec<&str>, Vec<&str>)| {
    let (texts, paths) = asked;
    let Ok(patterns) = Patterns::parse(&texts) else { return };
    assert_eq!(patterns.texts(), texts);
    for path in paths.iter().filter_map(|path| WorkspacePath::parse(path).ok()) {
        if !patterns.matches(&path) {
            continue;
        }
        assert!(!patterns.is_empty());
        let is_below = |base| match base {
            Base::Path(base) | Base::Below(base) => path.is_within(base),
        };
        assert!(patterns.bases().any(is_below), "a walk of the bases would miss {path}");
    }
});
