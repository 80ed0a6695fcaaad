//! Tests of masking: what is found, and what is left alone.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;

use super::*;

const VALUE: &str = "p/ä\"s\\s w?rd%41>";

fn mask(values: &[&str]) -> Mask {
    let value = |value: &&str| SecretValue::new(value.as_bytes().to_vec()).expect("long enough");
    Mask::new(&values.iter().map(value).collect::<Vec<_>>())
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(mask(&[VALUE, "p/ä\"s\\s w"]).text(text.to_owned()), expected, "{text}");
}

/// Every encoding of a value that a mask promises to find.
fn encodings(value: &str) -> Vec<String> {
    let hex = crate::hex::hex(value.as_bytes());
    let percent = value.bytes().fold(String::new(), |all, byte| all + &format!("%{byte:02X}"));
    let json = serde_json::to_string(value).expect("a text has a JSON form");
    let mut all = vec![
        value.to_owned(),
        hex.to_uppercase(),
        hex,
        percent.to_lowercase(),
        percent,
        json[1..json.len() - 1].to_owned(),
        value.chars().rev().collect(),
        value.to_uppercase(),
        value.to_lowercase(),
    ];
    for before in ["", "u", "us"] {
        all.push(STANDARD.encode(format!("{before}{value}")));
        all.push(URL_SAFE.encode(format!("{before}{value}")));
    }
    all
}

#[test]
fn a_value_is_found_as_it_is_and_the_longest_one_counts() {
    check(&format!("a {VALUE}{VALUE} b"), "a ****** b");
    check("p/ä\"s\\s w!", "***!");
    check("nothing here", "nothing here");
    check("", "");
    check("p/ä", "p/ä");
}

#[test]
fn a_value_is_found_in_the_forms_that_programs_give_it() {
    check("x=p%2F%C3%A4%22s%5Cs+w%3Frd%2541%3E&y", "x=***&y");
    check("x=p%2f%c3%a4%22s%5cs%20w?rd%2541>", "x=***");
    check(r#""p\/ä\"s\\s w?rd%41\u003e""#, r#""***""#);
    check(r#""p/\u00e4\"s\\s w?rd%41>""#, r#""***""#);
    check(r"p/\xc3\xA4\x22s\\s w?rd%41>", "***");
    check("P/Ä\"S\\S W?RD%41>", "***");
    check(&VALUE.chars().rev().collect::<String>(), "***");
    let hex = crate::hex::hex(VALUE.as_bytes());
    check(&format!("0x{}.", hex.to_uppercase()), "0x***.");
    check(&hex, "***");
}

#[test]
fn a_value_is_found_wherever_it_begins_in_base64() {
    for before in ["", "u", "us", "user", "user:"] {
        for after in ["", "a", "ab", "abc"] {
            for alphabet in [&STANDARD, &URL_SAFE] {
                let encoded = alphabet.encode(format!("{before}{VALUE}{after}"));
                let found = mask(&[VALUE]).text(encoded.clone());
                let (left, right) = found.split_once("***").expect("it is found");
                assert!(left.len() + right.len() <= encoded.len() - VALUE.len(), "{found}");
            }
        }
    }
}

#[test]
fn each_line_of_a_value_is_found_but_not_what_every_key_begins_with() {
    let key = "-----BEGIN KEY-----\nMIIEvQIBADAN\nBgkqhkiG9w0B\n-----END KEY-----\n";
    let mask = mask(&[key]);
    assert_eq!(mask.text("> MIIEvQIBADAN <".to_owned()), "> *** <");
    assert_eq!(mask.text("-----BEGIN KEY-----".to_owned()), "-----BEGIN KEY-----");
    assert_eq!(mask.text(key.to_owned()), "***");
}

#[test]
fn every_text_of_a_thing_is_masked_and_nothing_else_of_it_changes() {
    let mask = mask(&["hunter22"]);
    let fault = |text: &str| {
        let code = crate::Code::new("E0400");
        crate::Fault::new(crate::Blame::Project, code, text).note(text).help(text)
    };
    assert_eq!(mask.thing(fault("no hunter22")), Ok(fault("no ***")));
    assert_eq!(mask.thing(fault("no")), Ok(fault("no")));
    assert!(mask.finds_in(&fault("no 68756e7465723232")));
    assert!(!mask.finds_in(&fault("no")));
    assert_eq!(Mask::default().text("hunter22".to_owned()), "hunter22");
}

#[test]
fn a_veil_grows_and_clones_share_it() {
    let veil = Veil::default();
    let clone = veil.clone();
    assert!(clone.mask().is_empty());
    veil.cover(&SecretValue::new(b"hunter22".to_vec()).expect("long enough"));
    assert!(clone.mask().finds(b"a HUNTER22"));
}

proptest! {
    #[test]
    fn any_encoding_of_any_secret_in_any_text_is_masked(
        value in "[ -~äß€😀]{8,40}", before in "[ -~]{0,40}", after in "[ -~]{0,40}",
    ) {
        let mask = mask(&[&value]);
        for encoded in encodings(&value) {
            let text = format!("{before}{encoded}{after}");
            let masked = mask.text(text.clone());
            prop_assert!(masked.contains("***"), "{text}");
            prop_assert!(!masked.contains(&value), "{masked}");
            prop_assert!(!mask.finds(masked.replace("***", "\0").as_bytes()), "{masked}");
        }
    }

    #[test]
    fn a_text_without_a_secret_is_unchanged(text in "[a-zA-Z0-9+/=%\\\\ ]{0,400}") {
        // No letter of the value is a letter of the text, in any encoding: `~~~~` is `fn5+fg`.
        let mask = mask(&["\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}\u{7}\u{e}\u{f}\u{10}"]);
        prop_assert_eq!(mask.text(text.clone()), text);
    }

    #[test]
    fn a_value_across_pieces_is_found(
        before in proptest::collection::vec(any::<u8>(), 0..300), cuts in proptest::collection::vec(1usize..40, 1..40),
    ) {
        for encoded in encodings("hunter22 hunter22") {
            let text = [&before, encoded.as_bytes(), &before].concat();
            let mut scan = Scan::new(std::sync::Arc::new(mask(&["hunter22 hunter22"])));
            let (mut at, mut found) = (0, false);
            for cut in cuts.iter().cycle() {
                if at >= text.len() { break; }
                let end = (at + cut).min(text.len());
                found |= scan.finds(&text[at..end]);
                at = end;
            }
            prop_assert!(found, "{encoded}");
        }
    }
}

#[test]
fn a_value_with_a_quote_is_found_in_every_text_of_a_thing() {
    let value = "hunter2/Zq8v\"Lk3+TnWx0";
    let json = serde_json::to_string(value).expect("a text has a JSON form");
    let reversed: String = value.chars().rev().collect();
    for text in [value, &json, &reversed] {
        let masked = mask(&[value]).thing(vec![format!("log {text}")]).expect("a list of texts");
        assert!(masked[0].contains("***") && !masked[0].contains("Lk3"), "{masked:?}");
    }
}
