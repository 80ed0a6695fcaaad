//! Numbers and durations of delivery, read with their places.

use belljar_model::Diagnostic;

use crate::codes;
use crate::lower::quantity;
use crate::mistakes::Mistakes;
use crate::text::expect;
use crate::text::{Kind, Located, Value};

/// The most that a count of delivery can be.
pub(super) const MOST: u32 = 1_000_000;

/// Reads a duration, in milliseconds.
pub(super) fn duration(mistakes: &mut Mistakes, field: &str, value: Value) -> Option<Located<u64>> {
    let duration = quantity::duration_field(mistakes, field, value)?;
    let millis = u64::try_from(duration.value.as_millis()).ok()?;
    Some(Located { value: millis, at: duration.at })
}

/// Reads a duration that is not zero, in milliseconds. `so` says what zero would mean.
pub(super) fn positive(
    mistakes: &mut Mistakes,
    field: &str,
    so: &str,
    value: Value,
) -> Option<Located<u64>> {
    let duration = duration(mistakes, field, value)?;
    if duration.value > 0 {
        return Some(duration);
    }
    let message = format!("`{field}` is zero, so {so}");
    let label = duration.at.label("");
    mistakes.add(
        Diagnostic::error(codes::ZERO_LIMIT, message, label)
            .help("leave it out to get the default"),
    );
    None
}

/// Reads a whole number.
pub(super) fn count(
    mistakes: &mut Mistakes,
    field: &str,
    least: u32,
    value: &Value,
) -> Option<Located<u32>> {
    let wanted = format!("a whole number from {least} to {MOST}");
    let Kind::Integer(number) = value.value else {
        expect::wrong_type(mistakes, field, &wanted, value);
        return None;
    };
    let count = u32::try_from(number).ok().filter(|count| (least..=MOST).contains(count));
    let Some(count) = count else {
        let message = format!("`{field}` should be {wanted}, but is {number}");
        mistakes.add(Diagnostic::error(codes::BAD_SIZE, message, value.at.label("")));
        return None;
    };
    Some(Located { value: count, at: value.at.clone() })
}
