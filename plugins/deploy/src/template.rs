//! Texts with placeholders: `https://files.example.com/{release}/{path}`.

/// Names and what stands for them.
pub(crate) type Values<'a> = [(&'a str, &'a str)];

/// Replaces each `{name}` whose name is known, in one pass: what is put in is not looked at again.
/// Other braces stay as they are.
pub(crate) fn fill(template: &str, values: &Values<'_>) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        filled.push_str(before);
        let known = values.iter().find_map(|(name, value)| {
            let after = from[1..].strip_prefix(name)?.strip_prefix('}')?;
            Some((value, after))
        });
        if let Some((value, after)) = known {
            filled.push_str(value);
            rest = after;
        } else {
            filled.push('{');
            rest = &from[1..];
        }
    }
    filled + rest
}

/// The names of all placeholders of an address, known or not. A brace without its other half
/// counts as one.
pub(crate) fn placeholders(address: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = address;
    while let Some(open) = rest.find(['{', '}']) {
        let from = &rest[open..];
        let end = if from.starts_with('{') { from.find('}').map_or(1, |end| end + 1) } else { 1 };
        let (braces, after) = from.split_at(end);
        names.push(braces.trim_start_matches('{').trim_end_matches('}'));
        rest = after;
    }
    names
}

/// Escapes what has a meaning of its own in an address. `/` stays: a path has segments.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_' | b'~') {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_filled_in_once_and_other_braces_stay() {
        let values = [("a", "{b}"), ("b", "2")];
        let check = |template: &str, filled: &str| assert_eq!(fill(template, &values), filled);
        check("x", "x");
        check("{a}-{b}", "{b}-2");
        check("{c} {.status} {", "{c} {.status} {");
        check("{{b}}", "{2}");
        check("{b", "{b");
    }

    #[test]
    fn every_brace_of_an_address_is_a_placeholder() {
        let check = |address: &str, names: &[&str]| assert_eq!(placeholders(address), names);
        check("a/{release}/{path}", &["release", "path"]);
        check("a/{", &[""]);
        check("}{x}", &["", "x"]);
        check("plain", &[]);
    }

    #[test]
    fn what_has_a_meaning_in_an_address_is_escaped() {
        assert_eq!(escape("a b/c?d#e%é.txt"), "a%20b/c%3Fd%23e%25%C3%A9.txt");
    }
}
