//! Times, names and commands of delivery in words.

use std::borrow::Cow;

use belljar_model::calendar::date;
use belljar_model::delivery::Revision;

use crate::sanitize;
use crate::style::Style;

const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

/// How many letters of a name a heading or a cell shows. A branch is named by whoever makes it.
pub(super) const LONGEST_NAME: usize = 40;

/// How many digits of a commit are shown.
const COMMIT_DIGITS: usize = 7;

/// How long something lasts so far, in one unit: `12s`, `3m`, `26h`, `11d`.
pub(super) fn age(since_ms: u64, now_ms: u64) -> String {
    let ms = now_ms.saturating_sub(since_ms);
    match ms {
        0..MINUTE_MS => format!("{}s", ms / SECOND_MS),
        MINUTE_MS..HOUR_MS => format!("{}m", ms / MINUTE_MS),
        // "1d" would say too little of the hours in which most is watched.
        HOUR_MS..=172_799_999 => format!("{}h", ms / HOUR_MS),
        _ => format!("{}d", ms / DAY_MS),
    }
}

/// A set length of time, exactly: `500ms`, `5s`, `1m 30s`, `24h`, `2d`.
pub(super) fn length(ms: u64) -> String {
    const UNITS: [(&str, u64); 5] =
        [("d", DAY_MS), ("h", HOUR_MS), ("m", MINUTE_MS), ("s", SECOND_MS), ("ms", 1)];
    let mut rest = ms;
    let mut parts = Vec::new();
    for (unit, size) in UNITS {
        // A day is what people call 24 hours only from the second one on.
        if rest < size || (unit == "d" && rest < 2 * DAY_MS) {
            continue;
        }
        parts.push(format!("{}{unit}", rest / size));
        rest %= size;
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

/// `2026-11-21 08:23 UTC`, of milliseconds since 1970-01-01 UTC.
pub(super) fn instant(ms: u64) -> String {
    let (year, month, day) = date(ms / DAY_MS);
    let minutes = ms % DAY_MS / MINUTE_MS;
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", minutes / 60, minutes % 60)
}

/// `main@7c9e1f0`, `7c9e1f0` without a branch; changes in no commit are said. `None` without a
/// repository.
pub(super) fn version(revision: Option<&Revision>, style: &Style) -> Option<String> {
    let Revision { commit, branch, dirty } = revision?;
    let branch = branch
        .as_deref()
        .map_or_else(String::new, |name| format!("{}@", beginning(name, LONGEST_NAME, style)));
    let dirty = if *dirty { "+changes" } else { "" };
    Some(format!("{branch}{}{dirty}", commit_id(commit)))
}

/// The first digits of a commit.
pub(super) fn commit_id(commit: &str) -> String {
    clean(commit).chars().take(COMMIT_DIGITS).collect()
}

/// One harmless line.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    sanitize::line(text)
}

/// At most `longest` letters of a harmless line; a cut is marked.
pub(super) fn cut(text: &str, longest: usize, style: &Style) -> String {
    let text = clean(text);
    match text.char_indices().nth(longest) {
        None => text.into_owned(),
        Some((end, _)) => {
            let left = text[end..].chars().count();
            format!("{}{} ({left} more letters)", &text[..end], style.symbol("…", "..."))
        }
    }
}

/// The beginning of a harmless line, for a cell of a table; a cut is marked.
pub(super) fn beginning(text: &str, longest: usize, style: &Style) -> String {
    let text = clean(text);
    match text.char_indices().nth(longest) {
        None => text.into_owned(),
        Some((end, _)) => format!("{}{}", &text[..end], style.symbol("…", "...")),
    }
}

/// A command that can be pasted into a shell.
pub(super) fn command(verb: &str, argument: &str) -> String {
    let argument = clean(argument);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_:./@#".contains(&byte);
    if argument.bytes().all(plain) && !argument.starts_with(['#', '-']) && !argument.is_empty() {
        format!("belljar {verb} {argument}")
    } else {
        format!("belljar {verb} '{}'", argument.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_one_unit() {
        let check = |ms: u64, shown: &str| assert_eq!(age(1_000, 1_000 + ms), shown);
        check(0, "0s");
        check(59_999, "59s");
        check(3 * MINUTE_MS, "3m");
        check(26 * HOUR_MS, "26h");
        check(48 * HOUR_MS - 1, "47h");
        check(48 * HOUR_MS, "2d");
        assert_eq!(age(2_000, 1_000), "0s", "clocks differ");
    }

    #[test]
    fn set_lengths_are_exact() {
        let check = |ms: u64, shown: &str| assert_eq!(length(ms), shown);
        check(0, "0s");
        check(500, "500ms");
        check(5_000, "5s");
        check(90_000, "1m 30s");
        check(24 * HOUR_MS, "24h");
        check(49 * HOUR_MS, "2d 1h");
    }

    #[test]
    fn instants_are_dates_and_times() {
        let check = |seconds: u64, shown: &str| assert_eq!(instant(seconds * 1_000), shown);
        check(0, "1970-01-01 00:00 UTC");
        check(951_782_400, "2000-02-29 00:00 UTC");
        check(1_709_251_199, "2024-02-29 23:59 UTC");
        check(1_735_603_200, "2024-12-31 00:00 UTC");
        check(1_767_225_600, "2026-01-01 00:00 UTC");
        check(4_107_542_400, "2100-03-01 00:00 UTC");
        assert!(instant(u64::MAX).ends_with(" UTC"));
    }

    #[test]
    fn versions_say_branch_commit_and_changes() {
        let check = |branch: Option<&str>, dirty: bool, shown: &str| {
            let branch = branch.map(str::to_owned);
            let revision = Revision { commit: "7c9e1f0a55".into(), branch, dirty };
            assert_eq!(version(Some(&revision), &Style::plain()).as_deref(), Some(shown));
        };
        check(Some("main"), false, "main@7c9e1f0");
        check(None, true, "7c9e1f0+changes");
        check(Some("a\nb"), false, "a\\nb@7c9e1f0");
        assert_eq!(version(None, &Style::plain()), None);
    }

    #[test]
    fn commands_can_be_pasted() {
        let check = |argument: &str, shown: &str| assert_eq!(command("history", argument), shown);
        check("production#42", "belljar history production#42");
        check("a b'; rm", "belljar history 'a b'\\''; rm'");
        check("#1", "belljar history '#1'");
        check("", "belljar history ''");
    }

    #[test]
    fn what_is_cut_is_counted() {
        let style = Style::plain();
        assert_eq!(cut("abcdef", 6, &style), "abcdef");
        assert_eq!(cut("abcüef", 3, &style), "abc... (3 more letters)");
        assert_eq!(beginning("abcdef", 6, &style), "abcdef");
        assert_eq!(beginning("abcüef", 4, &style), "abcü...");
    }
}
