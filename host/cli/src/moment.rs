//! Moments: lengths of time as they are typed.

use crate::error::CommandError;

/// Reads a length of time: a number and `ms`, `s`, `m`, `h` or `d`. In milliseconds.
///
/// # Errors
/// When it is something else.
pub(crate) fn length_ms(flag: &str, text: &str) -> Result<u64, CommandError> {
    let refused = || {
        let message = format!("`{flag} {text}` is no length of time");
        CommandError::usage_help(message, "a number and a unit, such as 90s, 5m, 8h or 30d")
    };
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(refused()),
    };
    let number: u64 = number.parse().map_err(|_| refused())?;
    number.checked_mul(unit_ms).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_a_number_and_a_unit() {
        let check = |text: &str, expected: Option<u64>| {
            assert_eq!(length_ms("--since", text).ok(), expected, "{text}");
        };
        check("250ms", Some(250));
        check("90s", Some(90_000));
        check("5m", Some(300_000));
        check("8h", Some(28_800_000));
        check("30d", Some(2_592_000_000));
        for bad in ["", "30", "d", "-1d", "1.5h", "3 d", "99999999999999999999d"] {
            check(bad, None);
        }
    }
}
