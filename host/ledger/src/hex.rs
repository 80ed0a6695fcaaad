//! Hexadecimal digits: how keys, roots and evidence are written.

use std::fmt::Write as _;

/// Writes bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a text takes all");
        text
    })
}

/// Reads exactly 64 lower-case hexadecimal digits.
pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != 64 || !text.as_bytes().iter().all(is_digit) {
        return None;
    }
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_only_in_the_form_in_which_they_are_written() {
        let bytes = [0xab; 32];
        let text = hex(&bytes);
        assert_eq!(text, "ab".repeat(32));
        assert_eq!(unhex(&text), Some(bytes));
        for wrong in [text.to_uppercase(), text[1..].to_owned(), text.replacen('a', "+", 1)] {
            assert_eq!(unhex(&wrong), None, "{wrong}");
        }
    }
}
