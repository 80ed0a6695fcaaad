//! Durations, sizes, counts and times in words.

/// A duration given in microseconds: `0.14s`, `12.90s`, `1m 04s`, `2h 03m`.
pub fn duration_us(us: u64) -> String {
    let seconds = us / 1_000_000;
    match seconds {
        0..60 => {
            // Rounding down keeps 59.999 s from becoming 60.00 s.
            format!("{seconds}.{:02}s", us % 1_000_000 / 10_000)
        }
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// A size in bytes: `412 B`, `1.5 KiB`, `3.1 GiB`; one decimal, rounded down.
pub fn size(bytes: u64) -> String {
    const UNITS: [(&str, u32); 4] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let Some((unit, bits)) = UNITS.into_iter().find(|(_, bits)| bytes >> bits > 0) else {
        return format!("{bytes} B");
    };
    let tenths = (u128::from(bytes) * 10) >> bits;
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// A number with its noun: `1 step`, `14 steps`, `2 entries`, `3 matches`.
pub fn count(number: usize, noun: &str) -> String {
    format!("{} {}", grouped(number as u64), plural(number, noun))
}

/// The noun as it stands behind a number.
pub fn plural(number: usize, noun: &str) -> String {
    if number == 1 {
        return noun.to_owned();
    }
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if noun.ends_with(['s', 'x']) || noun.ends_with("ch") => format!("{noun}es"),
        _ => format!("{noun}s"),
    }
}

/// A number in groups of three: `18 204`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// How long ago `at` was, both in milliseconds since 1970-01-01 UTC: `just now`, `12s ago`,
/// `3m ago`, `2h ago`, `11d ago`. A time that has not come yet is `just now`: clocks differ.
pub fn ago(at: u64, now: u64) -> String {
    let seconds = now.saturating_sub(at) / 1000;
    match seconds {
        0..5 => "just now".to_owned(),
        5..60 => format!("{seconds}s ago"),
        60..3600 => format!("{}m ago", seconds / 60),
        3600..86_400 => format!("{}h ago", seconds / 3600),
        _ => format!("{}d ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_the_precision_that_matters() {
        for (us, shown) in [
            (0, "0.00s"),
            (140_000, "0.14s"),
            (12_900_000, "12.90s"),
            (59_999_999, "59.99s"),
            (64_000_000, "1m 04s"),
            (7_380_000_000, "2h 03m"),
            (u64::MAX, "5124095576h 01m"),
        ] {
            assert_eq!(duration_us(us), shown);
        }
    }

    #[test]
    fn sizes_have_one_decimal() {
        for (bytes, shown) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1536, "1.5 KiB"),
            (3_328_599_655, "3.1 GiB"),
            (u64::MAX, "16777215.9 TiB"),
        ] {
            assert_eq!(size(bytes), shown);
        }
    }

    #[test]
    fn nouns_follow_their_number() {
        for (number, noun, shown) in [
            (0, "step", "0 steps"),
            (1, "step", "1 step"),
            (18_204, "blob", "18 204 blobs"),
            (2, "entry", "2 entries"),
            (2, "day", "2 days"),
            (3, "match", "3 matches"),
        ] {
            assert_eq!(count(number, noun), shown);
        }
        assert_eq!(grouped(1_234_567), "1 234 567");
    }

    #[test]
    fn times_are_relative() {
        for (seconds, shown) in [
            (0, "just now"),
            (12, "12s ago"),
            (200, "3m ago"),
            (9000, "2h ago"),
            (950_400, "11d ago"),
        ] {
            assert_eq!(ago(1000, 1000 + seconds * 1000), shown);
        }
        assert_eq!(ago(2000, 1000), "just now");
    }
}
