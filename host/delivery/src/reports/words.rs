//! Times and lengths of time for people.

use belljar_model::calendar::date;

const DAY_MS: u64 = 86_400_000;

/// `2026-03-01 12:00:05`, in UTC, of milliseconds since 1970.
pub(super) fn instant(ms: u64) -> String {
    let (year, month, day) = date(ms / DAY_MS);
    let seconds = ms % DAY_MS / 1_000;
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// `2 d 3 h`, `3 h 20 min`, `4 min 5 s`, `850 ms`: the two largest units, the rest is dropped.
pub(super) fn length(ms: u64) -> String {
    const UNITS: [(&str, u64); 4] =
        [("d", DAY_MS), ("h", 3_600_000), ("min", 60_000), ("s", 1_000)];
    let Some(first) = UNITS.iter().position(|(_, size)| ms >= *size) else {
        return format!("{ms} ms");
    };
    let (unit, size) = UNITS[first];
    let whole = ms / size;
    match UNITS.get(first + 1) {
        Some((unit_below, below)) if ms % size >= *below => {
            format!("{whole} {unit} {} {unit_below}", ms % size / below)
        }
        None if ms % size >= 100 => format!("{whole}.{} {unit}", ms % size / 100),
        _ => format!("{whole} {unit}"),
    }
}

/// `1 deployment`, `2 deployments`.
pub(super) fn count(n: u64, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// `12.5 %`, rounded half up to one decimal. The whole is not 0.
pub(super) fn percent(part: u64, of: u64) -> String {
    let (part, of) = (u128::from(part), u128::from(of));
    let tenths = (part * 2_000 + of) / (2 * of);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_dates_and_times() {
        let check = |seconds: u64, text: &str| assert_eq!(instant(seconds * 1_000), text);
        check(0, "1970-01-01 00:00:00");
        check(951_782_400, "2000-02-29 00:00:00");
        check(1_709_251_199, "2024-02-29 23:59:59");
        check(1_709_251_200, "2024-03-01 00:00:00");
        check(1_767_225_600, "2026-01-01 00:00:00");
        check(4_107_542_400, "2100-03-01 00:00:00");
    }

    #[test]
    fn lengths_have_two_units() {
        let check = |ms: u64, text: &str| assert_eq!(length(ms), text);
        check(0, "0 ms");
        check(999, "999 ms");
        check(1_000, "1 s");
        check(1_550, "1.5 s");
        check(60_999, "1 min");
        check(245_000, "4 min 5 s");
        check(12_000_000, "3 h 20 min");
        check(DAY_MS + 59_000, "1 d");
        check(2 * DAY_MS + 3 * 3_600_000, "2 d 3 h");
    }

    #[test]
    fn shares_are_rounded_half_up() {
        let check = |part, of, text: &str| assert_eq!(percent(part, of), text);
        check(0, 3, "0.0 %");
        check(1, 3, "33.3 %");
        check(2, 3, "66.7 %");
        check(1, 2_000, "0.1 %");
        check(3, 3, "100.0 %");
    }
}
