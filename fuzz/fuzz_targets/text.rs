//! Text from outside: made harmless, it moves no cursor and commands no CI system.
#![no_main]

use belljar_model::WorkspacePath;
use belljar_model::text::{harmless, harmless_lines, is_harmful, no_command};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let clean = harmless(text);
    assert!(!clean.contains(|letter| letter == '\n' || is_harmful(letter)), "{clean:?}");
    assert_eq!(harmless(&clean), clean, "made harmless twice is made harmless once");
    assert!(!harmless_lines(text).contains(is_harmful));
    let line = no_command(&clean);
    assert!(!line.trim_start().starts_with("::"), "{line:?}");
    for command in ["##[", "##vso[", "##teamcity["] {
        assert!(!line.contains(command), "{line:?}");
    }
    if let Ok(path) = WorkspacePath::parse(text) {
        assert!(!path.as_str().starts_with('/'));
        assert!(path.segments().all(|segment| segment != ".." && segment != "."));
        // A file may have a name that hides or reorders letters: what shows it makes it harmless.
        assert!(!path.as_str().contains(char::is_control), "{path:?}");
        if !path.is_root() {
            assert_eq!(WorkspacePath::parse(path.as_str()).as_ref(), Ok(&path));
        }
    }
});
