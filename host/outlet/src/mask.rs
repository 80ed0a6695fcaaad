//! Mask: finds the values of secrets in what comes back, in the forms that programs give them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// A base64 text of fewer letters is found too easily where there is no secret.
const SHORTEST_BASE64: usize = 5;

/// One value, and what it looks like in base64.
pub(crate) struct Mask {
    value: Zeroizing<Vec<u8>>,
    base64: Vec<Zeroizing<Vec<u8>>>,
    shown: Vec<u8>,
}

impl Mask {
    pub(crate) fn new(name: &str, value: &[u8]) -> Self {
        let base64 = base64_forms(value);
        let shown = format!("[secret {name}]").into_bytes();
        Self { value: Zeroizing::new(value.to_vec()), base64, shown }
    }

    /// How many bytes at the beginning of `text` are the value, in any form.
    fn at(&self, text: &[u8]) -> Option<usize> {
        let value: &[u8] = &self.value;
        if text.starts_with(value) {
            return Some(value.len());
        }
        spelled(text, value, escaped).or_else(|| spelled(text, value, hexadecimal)).or_else(|| {
            self.base64.iter().find(|form| text.starts_with(form)).map(|form| form.len())
        })
    }
}

/// What a value looks like within base64, wherever in the encoded text it begins: three forms in
/// each alphabet, without the letters that also depend on what stands beside it.
fn base64_forms(value: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut forms = Vec::new();
    for before in 0..3_usize {
        let mut padded = Zeroizing::new(vec![0; before]);
        padded.extend_from_slice(value);
        let inner = (before * 8).div_ceil(6)..(padded.len() * 8) / 6;
        for alphabet in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let text = Zeroizing::new(alphabet.encode(&*padded));
            let form = Zeroizing::new(text.as_bytes()[inner.clone()].to_vec());
            if form.len() >= SHORTEST_BASE64 && !forms.contains(&form) {
                forms.push(form);
            }
        }
    }
    forms
}

/// Reads `value` from the beginning of `text`, letter by letter, and returns how long it was.
fn spelled(
    text: &[u8],
    value: &[u8],
    letter: impl Fn(&[u8], u8) -> Option<usize>,
) -> Option<usize> {
    value.iter().try_fold(0, |at, &byte| Some(at + letter(&text[at..], byte)?))
}

/// One byte as it is, percent-encoded, or escaped as in JSON.
fn escaped(text: &[u8], byte: u8) -> Option<usize> {
    let (&first, rest) = text.split_first()?;
    match first {
        b'%' if digits(rest) == Some(byte) => Some(3),
        b'\\' if short_escape(rest.first().copied()) == Some(byte) => Some(2),
        b'\\' if rest.starts_with(b"u00") && digits(&rest[3..]) == Some(byte) => Some(6),
        b'+' if byte == b' ' => Some(1),
        _ => (first == byte).then_some(1),
    }
}

fn short_escape(letter: Option<u8>) -> Option<u8> {
    match letter? {
        b'n' => Some(b'\n'),
        b'r' => Some(b'\r'),
        b't' => Some(b'\t'),
        letter @ (b'"' | b'\\' | b'/') => Some(letter),
        _ => None,
    }
}

fn hexadecimal(text: &[u8], byte: u8) -> Option<usize> {
    (digits(text) == Some(byte)).then_some(2)
}

/// The byte that two hexadecimal digits of either case stand for.
fn digits(text: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (high, low) = (digit(*text.first()?)?, digit(*text.get(1)?)?);
    u8::try_from(high << 4 | low).ok()
}

/// Replaces every occurrence of a value by the secret's name. `None`: there is none.
pub(crate) fn masked(masks: &[Mask], text: &[u8]) -> Option<Vec<u8>> {
    let mut out: Option<Vec<u8>> = None;
    let mut at = 0;
    while at < text.len() {
        let found = masks.iter().filter_map(|mask| Some((mask.at(&text[at..])?, mask)));
        // The longest: one secret may be the beginning of another.
        if let Some((length, mask)) = found.max_by_key(|(length, _)| *length) {
            out.get_or_insert_with(|| text[..at].to_vec()).extend_from_slice(&mask.shown);
            at += length;
            continue;
        }
        if let Some(out) = &mut out {
            out.push(text[at]);
        }
        at += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::*;

    const VALUE: &str = "p/ä\"s\\s w?rd%41>";

    fn check(text: &[u8], expected: &str) {
        let masks = [Mask::new("token", VALUE.as_bytes()), Mask::new("short", b"p/\xc3\xa4\"s")];
        let found = masked(&masks, text).unwrap_or_else(|| text.to_vec());
        assert_eq!(String::from_utf8_lossy(&found), expected, "{}", String::from_utf8_lossy(text));
    }

    #[test]
    fn a_value_is_found_as_it_is_and_the_longest_one_counts() {
        check(format!("a {VALUE}{VALUE} b").as_bytes(), "a [secret token][secret token] b");
        check("p/ä\"s!".as_bytes(), "[secret short]!");
        check(b"nothing here", "nothing here");
        check(b"", "");
        check(&VALUE.as_bytes()[..4], "p/ä");
    }

    #[test]
    fn a_value_is_found_in_the_forms_that_programs_give_it() {
        check(b"x=p%2F%C3%A4%22s%5Cs+w%3Frd%2541%3E&y", "x=[secret token]&y");
        check(b"x=p%2f%c3%a4%22s%5cs%20w?rd%2541>", "x=[secret token]");
        check(r#""p\/ä\"s\\s w?rd%41\u003e""#.as_bytes(), r#""[secret token]""#);
        let hex = VALUE.bytes().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().concat();
        check(format!("0x{hex}.").as_bytes(), "0x[secret token].");
        check(hex.to_lowercase().as_bytes(), "[secret token]");
    }

    #[test]
    fn a_value_is_found_wherever_it_begins_in_base64() {
        for before in ["", "u", "us", "user", "user:"] {
            for after in ["", "a", "ab", "abc"] {
                let text = format!("{before}{VALUE}{after}");
                for alphabet in [&STANDARD, &URL_SAFE] {
                    let encoded = alphabet.encode(&text);
                    let masks = [Mask::new("token", VALUE.as_bytes())];
                    let found = masked(&masks, encoded.as_bytes()).expect("it is found");
                    let found = String::from_utf8(found).unwrap();
                    let (left, right) = found.split_once("[secret token]").unwrap();
                    assert!(left.len() + right.len() <= encoded.len() - VALUE.len(), "{found}");
                }
            }
        }
    }
}
