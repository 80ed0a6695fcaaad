//! Times in which nothing is deployed, and how points in time are read.

use belljar_model::Diagnostic;
use belljar_model::calendar::days;
use belljar_model::delivery::Freeze;
use toml::value::{Datetime, Offset};

use crate::codes;
use crate::mistakes::Mistakes;
use crate::place::Place;
use crate::suggest;
use crate::text::expect;
use crate::text::{Entry, Kind, Located, Value};

/// The keys of a freeze, in the order in which documentation shows them.
pub(crate) const KEYS: &[&str] = &["from", "until", "reason"];
/// How points in time are written, for messages.
const TIME: &str = "a time such as \"2026-12-20T00:00:00Z\"";
const DAY_MS: i64 = 86_400_000;

/// Reads the list. Mistakes are reported and left out.
pub(super) fn freezes(mistakes: &mut Mistakes, value: Value) -> Vec<Freeze> {
    let Kind::List(items) = value.value else {
        expect::wrong_type(mistakes, "freeze", "a list of tables, each with `from`", &value);
        return Vec::new();
    };
    items.into_iter().filter_map(|item| freeze(mistakes, item)).collect()
}

fn freeze(mistakes: &mut Mistakes, value: Value) -> Option<Freeze> {
    let at = value.at.clone();
    let table = expect::table(mistakes, "freeze[]", value)?;
    let (mut from, mut until, mut reason) = (None, None, String::new());
    let mut broken = false;
    for Entry { key, value } in table.0 {
        let field = format!("freeze.{}", key.value);
        match key.value.as_str() {
            "from" => {
                from = time(mistakes, &field, &value);
                broken |= from.is_none();
            }
            "until" => {
                until = time(mistakes, &field, &value);
                broken |= until.is_none();
            }
            "reason" => {
                let text = expect::text(mistakes, &field, "a text", value);
                reason = text.map(|text| text.value).unwrap_or_default();
            }
            _ => {
                expect::unknown_key(mistakes, "a freeze", &key, KEYS);
                broken |= suggest::closest(&key.value, ["from", "until"]).is_some();
            }
        }
    }
    if let (Some(from), Some(until)) = (&from, &until)
        && until.value <= from.value
    {
        let message = "this freeze ends before it begins";
        mistakes.add(
            Diagnostic::error(codes::BAD_TIME, message, until.at.label("until"))
                .label(from.at.label("from"))
                .help("write a later time in `until`, or leave it out until the freeze is lifted"),
        );
        return None;
    }
    if from.is_none() && !broken {
        let message = "this freeze does not say when it begins";
        bad(mistakes, message.to_owned(), &at, "add `from = \"2026-12-20T00:00:00Z\"`");
    }
    if broken {
        return None;
    }
    let until_ms = until.map(|until| until.value);
    Some(Freeze { from_ms: from?.value, until_ms, reason })
}

fn time(mistakes: &mut Mistakes, field: &str, value: &Value) -> Option<Located<u64>> {
    let (Kind::Text(text) | Kind::Date(text)) = &value.value else {
        expect::wrong_type(mistakes, field, TIME, value);
        return None;
    };
    match millis(text) {
        Ok(value_ms) => Some(Located { value: value_ms, at: value.at.clone() }),
        Err(reason) => {
            let message = format!("`{text}` is not {TIME}: {reason}");
            let help =
                "write the date, `T`, the time of day, and `Z` or an offset such as `+02:00`";
            bad(mistakes, message, &value.at, help);
            None
        }
    }
}

fn bad(mistakes: &mut Mistakes, message: String, at: &Place, help: &str) {
    mistakes.add(Diagnostic::error(codes::BAD_TIME, message, at.label("")).help(help));
}

/// Reads a time of RFC 3339, in milliseconds since 1970-01-01 UTC.
fn millis(text: &str) -> Result<u64, &'static str> {
    let read: Datetime = text.parse().map_err(|_| "it cannot be understood")?;
    let Datetime { date: Some(date), time: Some(time), offset } = read else {
        return Err("it has no date, or no time of day");
    };
    let offset_minutes = match offset.ok_or("it does not say in which zone")? {
        Offset::Z => 0,
        Offset::Custom { minutes } => i64::from(minutes),
    };
    let days = days(i64::from(date.year), i64::from(date.month), i64::from(date.day));
    let minutes = i64::from(time.hour) * 60 + i64::from(time.minute) - offset_minutes;
    let millis = i64::from(time.nanosecond.unwrap_or(0)) / 1_000_000;
    let millis = minutes * 60_000 + i64::from(time.second.unwrap_or(0)) * 1_000 + millis;
    u64::try_from(days * DAY_MS + millis).map_err(|_| "it is before 1970")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_counted_from_1970() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Ok(0)),
            ("1970-01-01T00:00:00.5Z", Ok(500)),
            ("1970-01-01T02:00:00+02:00", Ok(0)),
            ("1969-12-31T22:30:00-01:30", Ok(0)),
            ("2000-02-29T12:00:00Z", Ok(951_825_600_000)),
            ("2000-03-01T00:00:00Z", Ok(951_868_800_000)),
            ("2026-12-20T00:00:00Z", Ok(1_797_724_800_000)),
            ("2100-03-01T00:00:00Z", Ok(4_107_542_400_000)),
            ("1969-12-31T23:59:59Z", Err("it is before 1970")),
            ("2026-12-20T00:00:00", Err("it does not say in which zone")),
            ("2026-12-20", Err("it has no date, or no time of day")),
            ("12:00:00", Err("it has no date, or no time of day")),
            ("2026-02-29T00:00:00Z", Err("it cannot be understood")),
            ("2026-13-01T00:00:00Z", Err("it cannot be understood")),
            ("2026-12-20T25:00:00Z", Err("it cannot be understood")),
            ("tomorrow", Err("it cannot be understood")),
            ("", Err("it cannot be understood")),
        ] {
            assert_eq!(millis(text), expected, "{text:?}");
        }
    }

    #[test]
    fn every_day_comes_after_the_one_before() {
        let mut expected = 0;
        for year in 1970..=2400 {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let february = if leap { 29 } else { 28 };
            for (month, length) in (1..).zip([31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
            {
                for day in 1..=length {
                    assert_eq!(days(year, month, day), expected, "{year}-{month}-{day}");
                    expected += 1;
                }
            }
        }
    }
}
