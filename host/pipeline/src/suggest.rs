//! Did you mean: the known word nearest to an unknown one.

/// Returns the word that was probably meant, or `None` if none is near.
pub(crate) fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = 1 + word.chars().count() / 4;
    let distance = |candidate: &'a str| (strsim::osa_distance(word, candidate), candidate);
    let near_in_length = |candidate: &&str| candidate.len().abs_diff(word.len()) <= 4 * allowed;
    known
        .into_iter()
        .filter(|candidate| *candidate != word)
        .filter(near_in_length)
        .map(distance)
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.len().max(2))
        .min()
        .map(|(_, candidate)| candidate)
}

/// The help for an unknown word: `did you mean …?`, or the words that exist.
pub(crate) fn did_you_mean(word: &str, known: &[&str], kind: &str) -> Option<String> {
    if let Some(meant) = closest(word, known.iter().copied()) {
        return Some(format!("did you mean `{meant}`?"));
    }
    if known.is_empty() || known.len() > 12 {
        return None;
    }
    Some(format!("{kind}: {}", quoted_list(known)))
}

/// Words as a list: `a`, `b`, `c`.
pub(crate) fn quoted_list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_nearby_is_found_and_one_far_away_is_not() {
        let known = ["inputs", "outputs", "needs", "uses"];
        for (word, expected) in [
            ("input", Some("inputs")),
            ("imputs", Some("inputs")),
            ("need", Some("needs")),
            ("usse", Some("uses")),
            ("x", None),
            ("timeout", None),
        ] {
            assert_eq!(closest(word, known), expected, "{word}");
        }
    }
}
