//! Forms: what a value looks like after a program has encoded it.

use zeroize::Zeroizing;

/// One thing that is looked for.
pub(super) enum Form {
    /// A text that is the value, as a whole.
    Whole(Zeroizing<Vec<u8>>),
    /// What the value may begin with when each of its bytes is written in a way of its own.
    Beginning(Zeroizing<Vec<u8>>),
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// All forms of a value. Letters of either case are the same to whoever looks for them.
pub(super) fn forms(value: &[u8]) -> Vec<Form> {
    let mut whole = vec![Zeroizing::new(value.to_vec()), reversed(value)];
    whole.push(Zeroizing::new(crate::hex::hex(value).into_bytes()));
    for before in 0..3 {
        for alphabet in [STANDARD, URL_SAFE] {
            whole.push(base64_within(value, before, alphabet));
        }
    }
    if let Ok(text) = std::str::from_utf8(value)
        && !text.is_ascii()
    {
        whole.push(Zeroizing::new(text.to_lowercase().into_bytes()));
        whole.push(Zeroizing::new(text.to_uppercase().into_bytes()));
        whole.push(Zeroizing::new(text.chars().rev().collect::<String>().into_bytes()));
        whole.push(in_json(text));
    }
    whole.sort_by(|one, other| one.as_slice().cmp(other));
    whole.dedup();
    let mut forms: Vec<Form> = whole.into_iter().map(Form::Whole).collect();
    if let [first, second, ..] = value {
        for one in spellings(*first) {
            for two in spellings(*second) {
                let beginning = Zeroizing::new([one.as_slice(), &two].concat());
                forms.push(Form::Beginning(beginning));
            }
        }
    }
    forms
}

fn reversed(value: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(value.iter().rev().copied().collect())
}

/// JSON of those who write ASCII only.
fn in_json(text: &str) -> Zeroizing<Vec<u8>> {
    let mut json = Zeroizing::new(Vec::new());
    let quoted = Zeroizing::new(serde_json::Value::from(text).to_string());
    for letter in quoted[1..quoted.len() - 1].encode_utf16() {
        match u8::try_from(letter) {
            Ok(byte) if byte.is_ascii() => json.push(byte),
            _ => json.extend(format!("\\u{letter:04x}").into_bytes()),
        }
    }
    json
}

/// What a value looks like within base64 that begins `before` bytes (modulo 3) earlier, without
/// the letters that also depend on what stands beside it.
fn base64_within(value: &[u8], before: usize, alphabet: &[u8; 64]) -> Zeroizing<Vec<u8>> {
    let bit = |at: usize| {
        let byte = (at / 8).checked_sub(before).and_then(|at| value.get(at));
        byte.map_or(0, |byte| byte >> (7 - at % 8) & 1)
    };
    let inner = (before * 8).div_ceil(6)..((before + value.len()) * 8) / 6;
    let letter = |at: usize| {
        let six = (at * 6..at * 6 + 6).fold(0, |six, at| six << 1 | bit(at));
        alphabet[usize::from(six)]
    };
    Zeroizing::new(inner.map(letter).collect())
}

/// The ways in which one byte is written where bytes are escaped one by one.
fn spellings(byte: u8) -> Vec<Vec<u8>> {
    let mut all = vec![
        vec![byte],
        format!("%{byte:02x}").into_bytes(),
        format!("\\u00{byte:02x}").into_bytes(),
        format!("\\x{byte:02x}").into_bytes(),
    ];
    if byte == b' ' {
        all.push(b"+".to_vec());
    }
    let short = SHORT.iter().filter(|(_, escaped)| *escaped == byte);
    all.extend(short.map(|(letter, _)| vec![b'\\', *letter]));
    all
}

/// The short escapes of JSON and of languages like C: the letter, and what it stands for.
const SHORT: [(u8, u8); 9] = [
    (b'n', b'\n'),
    (b'r', b'\r'),
    (b't', b'\t'),
    (b'b', 8),
    (b'f', 12),
    (b'"', b'"'),
    (b'\'', b'\''),
    (b'/', b'/'),
    (b'\\', b'\\'),
];

/// Reads a value from the beginning of `text`, byte by byte, each as it is or escaped, and
/// returns how long it was.
pub(super) fn spelled(text: &[u8], value: &[u8]) -> Option<usize> {
    value.iter().try_fold(0, |at, &byte| Some(at + one(text.get(at..)?, byte)?))
}

/// The longest text that [`spelled`] takes for one byte.
pub(super) const LONGEST_SPELLING: usize = 6;

fn one(text: &[u8], byte: u8) -> Option<usize> {
    let (&first, rest) = text.split_first()?;
    let same = |other: u8| other.eq_ignore_ascii_case(&byte);
    let is = |digits_at: usize| rest.get(digits_at..).and_then(digits).is_some_and(same);
    match first {
        b'%' if is(0) => Some(3),
        b'\\' if rest.first().is_some_and(|letter| short(*letter) == Some(byte)) => Some(2),
        b'\\' if rest.starts_with(b"x") && is(1) => Some(4),
        b'\\' if rest.starts_with(b"u00") && is(3) => Some(6),
        b'+' if byte == b' ' => Some(1),
        _ => same(first).then_some(1),
    }
}

fn short(letter: u8) -> Option<u8> {
    SHORT.iter().find(|(own, _)| *own == letter).map(|(_, byte)| *byte)
}

/// The byte that two hexadecimal digits of either case stand for.
fn digits(text: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (high, low) = (digit(*text.first()?)?, digit(*text.get(1)?)?);
    u8::try_from(high << 4 | low).ok()
}
