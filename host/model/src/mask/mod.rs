//! Mask: finds the values of secrets in what leaves the host, in the forms that programs give
//! them, and puts `***` in their place.
//!
//! A value is found as it is, reversed, in letters of the other case, in hexadecimal digits, in
//! base64 of both alphabets wherever it begins, percent-encoded, and escaped as in JSON or C,
//! even if only some of its bytes are. Of a value with several lines each line is looked for, too.
//!
//! **Limit:** this is against accidents and lazy thieves. Who holds a value and wants it out can
//! give it a form that nobody knows; what keeps it from going anywhere is that a step reaches
//! nothing but what it was granted.

mod forms;
mod scan;
#[cfg(test)]
mod tests;
mod veil;

use std::fmt;
use std::ops::Range;

use aho_corasick::AhoCorasick;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use zeroize::Zeroizing;

pub use self::scan::Scan;
pub use self::veil::Veil;
use crate::secret::{MASKED, SHORTEST, SecretValue};
use forms::{Form, LONGEST_SPELLING, forms, spelled};

/// Finds the values of some secrets.
#[derive(Default)]
pub struct Mask {
    /// Finds all patterns at once; `None` if there are no secrets.
    finder: Option<AhoCorasick>,
    /// What each pattern of the finder is: the value itself, or how the value with this number
    /// may begin.
    patterns: Vec<Option<usize>>,
    values: Vec<Zeroizing<Vec<u8>>>,
    /// The longest text that can be a value.
    longest: usize,
}

impl fmt::Debug for Mask {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Mask({} values)", self.values.len())
    }
}

/// Something that cannot be what it is without the value of a secret in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("it holds the value of a secret where nothing can be put in its place")]
pub struct Unmaskable;

impl Mask {
    /// A mask of these values.
    pub fn new<'a>(values: impl IntoIterator<Item = &'a SecretValue>) -> Self {
        let mut parts: Vec<Zeroizing<Vec<u8>>> = Vec::new();
        for value in values {
            parts.push(Zeroizing::new(value.expose().to_vec()));
            parts.extend(lines(value.expose()));
        }
        parts.sort_by(|one, other| one.as_slice().cmp(other));
        parts.dedup();
        let (mut texts, mut patterns) = (Vec::new(), Vec::new());
        let mut longest = 0;
        for (number, value) in parts.iter().enumerate() {
            longest = longest.max(value.len() * LONGEST_SPELLING);
            for form in forms(value) {
                let (text, pattern) = match form {
                    Form::Whole(text) => (text, None),
                    Form::Beginning(text) => (text, Some(number)),
                };
                longest = longest.max(text.len());
                texts.push(text);
                patterns.push(pattern);
            }
        }
        let finder = (!texts.is_empty()).then(|| {
            let mut builder = AhoCorasick::builder();
            let built =
                builder.ascii_case_insensitive(true).build(texts.iter().map(|text| &**text));
            built.expect("secrets are much smaller than what a finder can hold")
        });
        Self { finder, patterns, values: parts, longest }
    }

    /// Whether there is no value to be found.
    pub const fn is_empty(&self) -> bool {
        self.finder.is_none()
    }

    /// Whether a value occurs in `text`.
    pub fn finds(&self, text: &[u8]) -> bool {
        self.found(text).next().is_some()
    }

    /// Where values occur, by their ends.
    fn found<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = Range<usize>> + 'a {
        let all = self.finder.iter().flat_map(move |finder| finder.find_overlapping_iter(text));
        all.filter_map(move |found| match self.patterns[found.pattern().as_usize()] {
            None => Some(found.range()),
            Some(value) => {
                let start = found.start();
                let length = spelled(&text[start..], &self.values[value])?;
                Some(start..start + length)
            }
        })
    }

    /// Puts `***` in the place of every value. `None`: there is none.
    fn masked(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut ranges: Vec<Range<usize>> = self.found(text).collect();
        if ranges.is_empty() {
            return None;
        }
        ranges.sort_by_key(|range| (range.start, range.end));
        let mut out = Vec::with_capacity(text.len());
        let mut at = 0;
        let mut ranges = ranges.into_iter().peekable();
        while let Some(Range { start, mut end }) = ranges.next() {
            while let Some(next) = ranges.next_if(|next| next.start < end) {
                end = end.max(next.end);
            }
            out.extend_from_slice(&text[at..start]);
            out.extend_from_slice(MASKED.as_bytes());
            at = end;
        }
        out.extend_from_slice(&text[at..]);
        Some(out)
    }

    /// Puts `***` in the place of every value.
    pub fn bytes(&self, bytes: Bytes) -> Bytes {
        self.masked(&bytes).map_or(bytes, Bytes::from)
    }

    /// Puts `***` in the place of every value in a text.
    pub fn text(&self, text: String) -> String {
        match self.masked(text.as_bytes()) {
            Some(masked) => String::from_utf8_lossy(&masked).into_owned(),
            None => text,
        }
    }

    /// Whether a value occurs in any text within `thing`.
    pub fn finds_in(&self, thing: &impl Serialize) -> bool {
        // Each text is looked at as it is: in the bytes of its JSON it would be escaped once more.
        !self.is_empty()
            && serde_json::to_value(thing).is_ok_and(|value| self.finds_in_json(&value))
    }

    fn finds_in_json(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.finds(text.as_bytes()),
            Value::Array(items) => items.iter().any(|item| self.finds_in_json(item)),
            Value::Object(members) => members
                .iter()
                .any(|(name, value)| self.finds(name.as_bytes()) || self.finds_in_json(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    /// Puts `***` in the place of every value in every text within `thing`. No field can be
    /// forgotten: it goes through the form in which the thing is recorded.
    ///
    /// # Errors
    /// When it is no such thing any more with `***` in it.
    pub fn thing<T: Serialize + DeserializeOwned>(&self, thing: T) -> Result<T, Unmaskable> {
        if !self.finds_in(&thing) {
            return Ok(thing);
        }
        let json = serde_json::to_value(thing).map_err(|_| Unmaskable)?;
        serde_json::from_value(self.json(json)).map_err(|_| Unmaskable)
    }

    fn json(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.into_iter().map(|item| self.json(item)).collect(),
            Value::Object(members) => Value::Object(
                members
                    .into_iter()
                    .map(|(name, value)| (self.text(name), self.json(value)))
                    .collect(),
            ),
            other => other,
        }
    }
}

/// The lines of a value that has several, without those that say nothing (`-----BEGIN ..`).
fn lines(value: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    if !value.contains(&b'\n') {
        return Vec::new();
    }
    let lines = value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let lines = lines.filter(|line| line.len() >= SHORTEST && !line.starts_with(b"-----"));
    lines.map(|line| Zeroizing::new(line.to_vec())).collect()
}
