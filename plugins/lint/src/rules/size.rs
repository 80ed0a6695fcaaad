//! `file-size`: files that are larger than the configured limit.

use crate::rule::Rule;
use crate::source::Remark;

/// Compares the size of a file with the limit, both in bytes.
pub(crate) fn check(size: u64, limit: u64) -> Option<Remark> {
    (size > limit).then(|| {
        let message = format!("{} is more than the limit of {}", human(size), human(limit));
        Remark::whole(Rule::FileSize, message)
    })
}

/// Returns a size to one digit, rounded up so that what exceeds a limit also looks so.
fn human(bytes: u64) -> String {
    let scaled = |unit: u64| {
        let tenths = bytes.saturating_mul(10).div_ceil(unit);
        if tenths.is_multiple_of(10) {
            (tenths / 10).to_string()
        } else {
            format!("{}.{}", tenths / 10, tenths % 10)
        }
    };
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", scaled(1024)),
        _ => format!("{} MiB", scaled(1_048_576)),
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn only_more_than_the_limit_is_too_much() {
        assert_eq!(check(1024, 1024), None);
        let message = |size, limit| check(size, limit).map(|remark| remark.message);
        assert_eq!(message(1025, 1024).as_deref(), Some("1.1 KiB is more than the limit of 1 KiB"));
        assert_eq!(message(12, 10).as_deref(), Some("12 bytes is more than the limit of 10 bytes"));
        assert_eq!(
            message(5 << 20, 1 << 20).as_deref(),
            Some("5 MiB is more than the limit of 1 MiB")
        );
        assert!(check(u64::MAX, 1).is_some());
    }
}
