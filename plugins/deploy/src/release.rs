//! The id of a release, in the two forms in which it is written.

/// The hexadecimal digits of an id, which are also the name of its folder. They alone name the
/// release; the algorithm before and the size after them are dropped, so that a path has no `:`.
pub(crate) fn digits(id: &str) -> &str {
    id.split(':').nth(1).unwrap_or(id)
}

/// Whether a name is that of a release's folder: nothing else is ever removed.
pub(crate) fn is_digits(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether what something says of itself means this release: its id, or only its digits.
pub(crate) fn is_same(said: &str, id: &str) -> bool {
    said == id || said == digits(id)
}

/// The first digits of an id, for people.
pub(crate) fn short(id: &str) -> &str {
    let digits = digits(id);
    digits.get(..8).unwrap_or(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_of_an_id_name_it() {
        let hex = "ab".repeat(32);
        let id = format!("blake3:{hex}:12");
        assert_eq!((digits(&id), short(&id)), (hex.as_str(), "abababab"));
        assert!(is_digits(&hex) && !is_digits(&id) && !is_digits("site"));
        assert!(is_same(&hex, &id) && is_same(&id, &id) && !is_same("ab", &id));
    }
}
