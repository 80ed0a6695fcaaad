//! Hexadecimal digits: how digests and keys are written.

/// Writes bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// Reads exactly 64 lower-case hexadecimal digits.
pub fn unhex(text: &str) -> Option<[u8; 32]> {
    let text = text.as_bytes();
    if text.len() != 64 {
        return None;
    }
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut hash = [0; 32];
    for (place, pair) in hash.iter_mut().zip(text.chunks_exact(2)) {
        *place = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(hash)
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
