//! Quantities: durations such as `5m` and sizes such as `512MiB`.

use std::time::Duration;

use belljar_model::Diagnostic;

use crate::codes;
use crate::mistakes::Mistakes;
use crate::text::expect;
use crate::text::{Located, Value};

/// How durations are written, for messages.
pub(crate) const DURATION: &str = "a duration such as \"90s\", \"5m\" or \"1h 30m\"";
/// How sizes are written, for messages.
pub(crate) const SIZE: &str = "a size such as \"512MiB\" or \"1GB\"";

const DURATION_UNITS: &[(&str, u64)] = &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
const SIZE_UNITS: &[(&str, u64)] = &[
    ("B", 1),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Reads numbers with units, such as `1h 30m`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = 0_u64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (millis, after) = amount(rest, DURATION_UNITS)?;
        total = total.checked_add(millis)?;
        rest = after;
    }
    Some(Duration::from_millis(total))
}

/// Reads a field that takes a duration. What is none is reported.
pub(crate) fn duration_field(
    mistakes: &mut Mistakes,
    field: &str,
    value: Value,
) -> Option<Located<Duration>> {
    let text = expect::text(mistakes, field, DURATION, value)?;
    let Some(duration) = duration(&text.value) else {
        let message = format!("`{}` is not {DURATION}", text.value);
        let label = text.at.label("");
        mistakes.add(
            Diagnostic::error(codes::BAD_DURATION, message, label)
                .note("the units are `ms`, `s`, `m` and `h`"),
        );
        return None;
    };
    Some(Located { value: duration, at: text.at })
}

/// Reads one number with a unit, such as `512MiB`, in bytes. `None` if it is no size.
pub fn size(text: &str) -> Option<u64> {
    let (bytes, rest) = amount(text.trim(), SIZE_UNITS)?;
    rest.is_empty().then_some(bytes)
}

/// Reads one number and its unit. Returns the product, and what comes after.
fn amount<'a>(text: &'a str, units: &[(&str, u64)]) -> Option<(u64, &'a str)> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit())?;
    let number: u64 = text[..digits].parse().ok()?;
    let rest = text[digits..].trim_start();
    let letters = rest.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(letters);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    Some((number.checked_mul(*factor)?, rest.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_sum_of_numbers_with_units() {
        for (text, expected) in [
            ("5m", Some(300_000)),
            ("1h 30m", Some(5_400_000)),
            ("1m30s", Some(90_000)),
            ("250 ms", Some(250)),
            ("0s", Some(0)),
            ("", None),
            ("5", None),
            ("5 minutes", None),
            ("m", None),
            ("-5m", None),
            ("1.5h", None),
            ("99999999999999999999h", None),
            ("9999999999999999h", None),
        ] {
            assert_eq!(duration(text), expected.map(Duration::from_millis), "{text:?}");
        }
    }

    #[test]
    fn a_size_is_one_number_with_a_unit() {
        for (text, expected) in [
            ("512MiB", Some(512 << 20)),
            ("1 GB", Some(1_000_000_000)),
            ("7B", Some(7)),
            ("7", None),
            ("7MiB 3B", None),
            ("1mb", None),
            ("99999999TiB", None),
        ] {
            assert_eq!(size(text), expected, "{text:?}");
        }
    }
}
