//! Calendar: dates of the Gregorian calendar, and days since 1970-01-01.
//!
//! Years are counted from March here, so that the day that leap years have more is their last one.

/// From 0000-03-01 to 1970-01-01, in days.
const BEFORE_1970: i64 = 719_468;
/// After so many days the calendar repeats itself: 400 years.
const ERA: u64 = 146_097;

/// Year, month and day of a number of days since 1970-01-01.
pub const fn date(days: u64) -> (u64, u64, u64) {
    let days = days + BEFORE_1970.unsigned_abs();
    let (era, day) = (days / ERA, days % ERA);
    let year = (day - day / 1_460 + day / 36_524 - day / (ERA - 1)) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + (month <= 2) as u64, month, day)
}

/// The days from 1970-01-01 to a date, which may lie before it.
pub const fn days(year: i64, month: i64, day: i64) -> i64 {
    let years = if month > 2 { year } else { year - 1 };
    let months = (month + 9) % 12;
    let in_year = (153 * months + 2) / 5 + day - 1;
    years * 365 + years.div_euclid(4) - years.div_euclid(100) + years.div_euclid(400) + in_year
        - BEFORE_1970
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_a_number_of_days_and_back() {
        let check = |year: u64, month: u64, day: u64, expected: u64| {
            let [y, m, d] = [year, month, day].map(|part| i64::try_from(part).unwrap());
            assert_eq!(days(y, m, d), i64::try_from(expected).unwrap(), "{year}-{month}-{day}");
            assert_eq!(date(expected), (year, month, day), "{expected}");
        };
        check(1970, 1, 1, 0);
        check(1972, 2, 29, 789);
        check(2000, 2, 29, 11_016);
        check(2000, 3, 1, 11_017);
        check(2100, 3, 1, 47_541);
        assert_eq!(days(1969, 12, 31), -1);
        for number in 0..200_000 {
            let (year, month, day) = date(number);
            let [y, m, d] = [year, month, day].map(|part| i64::try_from(part).unwrap());
            assert_eq!(days(y, m, d), i64::try_from(number).unwrap());
        }
    }
}
