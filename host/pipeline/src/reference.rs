//! Reference: how a step is named in `needs` and on the command line.

use crate::pipeline::Step;

/// `member:name[values]`, where a part that is left out means all. A name may hold the
/// wildcards `*` (any text) and `?` (one character), so may a member.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference<'a> {
    /// The part before `:`, a folder's last segment or its whole path; `None` means all.
    pub member: Option<&'a str>,
    /// The plain name.
    pub plain: &'a str,
    /// The part in brackets; `None` means all.
    pub values: Option<&'a str>,
}

impl<'a> Reference<'a> {
    /// Takes a reference or a step's full name apart. Every text is a reference.
    pub fn parse(text: &'a str) -> Self {
        let (member, rest) = match text.split_once(':') {
            Some(("", rest)) => (None, rest),
            Some((member, rest)) => (Some(member), rest),
            None => (None, text),
        };
        let bracket = rest.strip_suffix(']').and_then(|inner| inner.split_once('['));
        match bracket {
            Some((plain, values)) => Self { member, plain, values: Some(values) },
            None => Self { member, plain: rest, values: None },
        }
    }

    /// Whether it holds a wildcard.
    pub fn is_glob(&self) -> bool {
        let parts = [self.member, Some(self.plain), self.values];
        parts.into_iter().flatten().any(|part| part.contains(['*', '?']))
    }

    /// Whether it means this step.
    pub fn means(&self, step: &Step) -> bool {
        let own = Reference::parse(step.name.as_str());
        wild_match(self.plain, own.plain)
            && self.values.is_none_or(|values| {
                own.values.is_some_and(|own_values| wild_match(values, own_values))
            })
            && self.member.is_none_or(|member| {
                let path = step.member.as_ref();
                own.member.is_some_and(|own_member| wild_match(member, own_member))
                    || path.is_some_and(|path| {
                        wild_match(member, path.as_str()) || wild_match(member, path.name())
                    })
            })
    }
}

/// Whether `text` is `pattern`, in which `*` stands for any text and `?` for one character.
fn wild_match(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut seen) = (0, 0);
    // Where to go on when the text stops to match: after the last star, one character later.
    let mut retry = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some('*') => {
                retry = Some((at + 1, seen + 1));
                at += 1;
            }
            Some(letter) if *letter == '?' || *letter == text[seen] => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((star, from)) = retry else { return false };
                (at, seen) = (star, from);
                retry = Some((star, from + 1));
            }
        }
    }
    pattern[at..].iter().all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_has_three_parts() {
        let check = |text, member, plain, values| {
            assert_eq!(Reference::parse(text), Reference { member, plain, values }, "{text}");
        };
        check("test", None, "test", None);
        check(":test", None, "test", None);
        check("web:test[debug,linux]", Some("web"), "test", Some("debug,linux"));
        check("a/web:*", Some("a/web"), "*", None);
        check("", None, "", None);
        check("[", None, "[", None);
    }

    #[test]
    fn stars_match_any_text_and_question_marks_one_character() {
        for (pattern, text, expected) in [
            ("test-*", "test-a", true),
            ("test-*", "test", false),
            ("*", "", true),
            ("a*b*c", "aXbYbc", true),
            ("a*b*c", "aXbYb", false),
            ("?", "ä", true),
            ("?", "", false),
            ("a", "ab", false),
        ] {
            assert_eq!(wild_match(pattern, text), expected, "{pattern} {text}");
        }
    }
}
