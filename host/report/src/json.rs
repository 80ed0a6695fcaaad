//! Events as JSON lines, and back.
//!
//! One line is one [`Event`], with the fields of that type and its kind in `event`. The first
//! line, `run-started`, names the schema `belljar.events/v1`: within it, fields and kinds are
//! only ever added.

use belljar_model::Event;
use serde::Serialize;

use crate::sanitize;

/// An event as one line, without its end.
///
/// Characters that a terminal would obey are written as `\u` escapes, so that the stream can be
/// looked at as it is.
pub fn line(event: &Event) -> String {
    harmless(serde_json::to_string(event).expect("an event is plain values"))
}

/// A document as several lines, as harmless as [`line`].
pub fn document(document: &impl Serialize) -> String {
    harmless(serde_json::to_string_pretty(document).expect("a document is plain values"))
}

/// Reads a recording. Lines that this version does not know are skipped: kinds of events that
/// a later version added, and a last line that was cut off when the host was killed.
pub fn read(recording: &str) -> Vec<Event> {
    recording.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Outside of strings JSON holds nothing but ASCII, so the escapes land inside of strings.
fn harmless(json: String) -> String {
    let json = without_commands(json);
    // Nearly every event is plain ASCII, and serde_json has escaped what that has of control
    // characters, but for the last: two looks over bytes are far cheaper than one over letters.
    let is_plain = json.is_ascii() && !json.as_bytes().contains(&0x7f);
    if is_plain || !json.contains(is_escaped) {
        return json;
    }
    let mut text = String::with_capacity(json.len() + 32);
    for letter in json.chars() {
        if is_escaped(letter) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            text.push(letter);
        }
    }
    text
}

/// CI services look for some commands anywhere in a line, and a line of JSON is one as well. The
/// escape means the same letter to whoever parses it.
fn without_commands(json: String) -> String {
    if !sanitize::may_hold_marks(&json) {
        return json;
    }
    let mut text = String::with_capacity(json.len() + 32);
    sanitize::without_marks(&json, "\\u0023", &mut text);
    text
}

/// serde_json has escaped what is below a space; a newline is one that it made itself.
const fn is_escaped(letter: char) -> bool {
    sanitize::is_harmful(letter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_recording_reads_as_it_was_written() {
        let events = testing::hostile_run();
        let text: String = events.iter().map(|event| line(event) + "\n").collect();
        assert_eq!(read(&text), events);
    }

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        belljar_cases::case!("G01", "G03");
        for event in testing::hostile_run() {
            let line = line(&event);
            assert!(
                !line.contains(|letter| sanitize::is_harmful(letter) || letter == '\n'),
                "{line}"
            );
        }
        assert_eq!(document(&["\u{9b}\u{e0041}"]), "[\n  \"\\u009b\\udb40\\udc41\"\n]");
    }

    #[test]
    fn what_a_ci_service_would_obey_is_escaped_and_means_the_same() {
        belljar_cases::case!("G02");
        let texts = ["x ##vso[task.x]y", "##TeamCity[z]", "###[group]", "\\##[a]", "# ## plain"];
        let text = document(&texts);
        let lower = text.to_lowercase();
        assert!(
            !["##[", "##vso[", "##teamcity["].iter().any(|mark| lower.contains(mark)),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).expect("it is JSON"), texts);
        assert!(text.contains("# ## plain"), "{text}");
    }

    #[test]
    fn unknown_kinds_and_a_cut_last_line_are_skipped() {
        let known = line(&testing::started());
        let text = format!("{{\"event\":\"from-the-future\",\"x\":1}}\n{known}\n{}", &known[..20]);
        assert_eq!(read(&text), [testing::started()]);
    }
}
