//! A lock file: any text is one, or all that is wrong with it at its place; what is read can be
//! written, and compares as unchanged with itself.
#![no_main]

use belljar_pipeline::lock::{Comparison, judge, parse_lock};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match parse_lock("belljar.lock", text) {
        Ok(lock) => {
            let written = lock.to_string();
            let again = parse_lock("belljar.lock", &written).expect("what was written can be read");
            assert_eq!(again, lock);
            for entry in lock.plugins.values() {
                assert_eq!(judge(Some(entry), entry), Comparison::Unchanged);
            }
        }
        Err(found) => {
            assert!(!found.is_empty(), "it says why");
            for label in found.iter().flat_map(|found| &found.labels) {
                assert!(text.get(label.span.clone()).is_some(), "it points into the text");
            }
        }
    }
});
