//! `credential` and `json-web-token`: secrets of well-known shapes.
//!
//! A shape is a prefix that its issuer reserved, and the characters that follow. Nothing is
//! judged by randomness alone, so ordinary text is never a finding. The secret itself is
//! never repeated in a message, because reports are shared more widely than files.

use std::ops::Range;

use crate::rule::Rule;
use crate::source::{Remark, SourceFile};

/// The form of one kind of secret.
struct Shape {
    /// What it is, for the message.
    name: &'static str,
    /// How it starts.
    prefix: &'static str,
    /// Which bytes may follow.
    alphabet: Alphabet,
    /// How many bytes follow.
    body: Range<usize>,
}

/// The bytes that the body of a secret consists of.
#[derive(Clone, Copy)]
enum Alphabet {
    /// Capitals and digits.
    Upper,
    /// Letters and digits.
    Alnum,
    /// Letters, digits, `-` and `_`.
    UrlSafe,
    /// As `UrlSafe`, and `.`.
    Dotted,
    /// As `UrlSafe`, and `/`.
    Path,
}

const MANY: usize = 4096;

const fn shape(
    name: &'static str,
    prefix: &'static str,
    alphabet: Alphabet,
    body: Range<usize>,
) -> Shape {
    Shape { name, prefix, alphabet, body }
}

/// Prefixes are written in two pieces where a whole one could be taken for a secret.
const SHAPES: &[Shape] = &[
    shape("AWS access key", "AKIA", Alphabet::Upper, 16..17),
    shape("AWS temporary access key", "ASIA", Alphabet::Upper, 16..17),
    shape("GitHub token", "ghp_", Alphabet::Alnum, 36..256),
    shape("GitHub OAuth token", "gho_", Alphabet::Alnum, 36..256),
    shape("GitHub user token", "ghu_", Alphabet::Alnum, 36..256),
    shape("GitHub server token", "ghs_", Alphabet::Dotted, 36..MANY),
    shape("GitHub refresh token", "ghr_", Alphabet::Alnum, 36..256),
    shape("GitHub fine-grained token", "github_pat_", Alphabet::UrlSafe, 82..256),
    shape("GitLab token", "glpat-", Alphabet::Dotted, 20..400),
    shape("GitLab deploy token", "gldt-", Alphabet::UrlSafe, 20..400),
    shape("GitLab runner token", "glrt-", Alphabet::Dotted, 20..400),
    shape("Slack bot token", "xoxb-", Alphabet::UrlSafe, 24..256),
    shape("Slack user token", "xoxp-", Alphabet::UrlSafe, 24..256),
    shape("Slack app token", "xapp-", Alphabet::UrlSafe, 24..256),
    shape("Slack webhook", "https://hooks.slack.com/services/T", Alphabet::Path, 38..100),
    shape("Stripe secret key", "sk_live_", Alphabet::Alnum, 20..256),
    shape("Stripe restricted key", "rk_live_", Alphabet::Alnum, 20..256),
    shape("npm token", "npm_", Alphabet::Alnum, 36..37),
    shape("PyPI token", "pypi-AgE", Alphabet::UrlSafe, 80..MANY),
    shape("Google API key", "AIza", Alphabet::UrlSafe, 35..36),
    shape("Google OAuth secret", "GOCSPX-", Alphabet::UrlSafe, 28..29),
    shape("OpenAI key", "sk-proj-", Alphabet::UrlSafe, 40..256),
    shape("Anthropic key", "sk-ant-", Alphabet::UrlSafe, 80..256),
    shape("Hugging Face token", "hf_", Alphabet::Alnum, 34..35),
    shape("SendGrid key", "SG.", Alphabet::Dotted, 66..67),
    shape("DigitalOcean token", "dop_v1_", Alphabet::Alnum, 64..65),
];

/// How many different characters a body must have: placeholders repeat a few.
const MIN_VARIETY: usize = 9;

const KEY_BLOCK: &str = "-----BEGIN ";

/// Finds secrets with reserved prefixes, and private keys.
pub(crate) fn check(file: &SourceFile<'_>) -> Vec<Remark> {
    let mut remarks: Vec<Remark> = SHAPES.iter().flat_map(|shape| find(file.text, shape)).collect();
    remarks.extend(private_keys(file.text));
    remarks
}

/// Finds JSON web tokens: two encoded objects and a signature.
pub(crate) fn web_tokens(file: &SourceFile<'_>) -> Vec<Remark> {
    let is_token = |range: &Range<usize>| {
        let mut parts = file.text[range.clone()].split('.');
        let mut object =
            || parts.next().is_some_and(|part| part.starts_with("eyJ") && part.len() > 12);
        object() && object() && parts.next().is_some_and(|part| part.len() > 12)
    };
    let found = starts(file.text, "eyJ").map(|at| at..run(file.text, at, Alphabet::Dotted));
    found
        .filter(is_token)
        .map(|range| secret(Rule::JsonWebToken, "a JSON web token", file.text, range))
        .collect()
}

fn find<'a>(text: &'a str, shape: &'a Shape) -> impl Iterator<Item = Remark> + 'a {
    starts(text, shape.prefix).filter_map(move |at| {
        let body = at + shape.prefix.len();
        let end = run(text, body, shape.alphabet);
        // A sentence may go on with a period after the secret.
        let end = body + text[body..end].trim_end_matches('.').len();
        let fits = shape.body.contains(&(end - body)) && is_varied(&text[body..end]);
        let name = format!("a {}", shape.name);
        fits.then(|| secret(Rule::Credential, &name, text, at..end))
    })
}

/// Returns where a prefix starts a word.
fn starts<'a>(text: &'a str, prefix: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(prefix).map(|(at, _)| at).filter(|&at| {
        let before = at.checked_sub(1).map(|before| text.as_bytes()[before]);
        !before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// Returns the end of the run of an alphabet that starts at `start`.
fn run(text: &str, start: usize, alphabet: Alphabet) -> usize {
    let allowed = |byte: u8| match alphabet {
        Alphabet::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        Alphabet::Alnum => byte.is_ascii_alphanumeric(),
        Alphabet::UrlSafe => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
        Alphabet::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'),
        Alphabet::Path => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/'),
    };
    let len = text.as_bytes()[start..].iter().take(MANY).take_while(|&&byte| allowed(byte)).count();
    start + len
}

/// Returns whether a body is neither a placeholder nor marked as an example.
fn is_varied(body: &str) -> bool {
    let mut seen = [false; 128];
    for byte in body.bytes() {
        seen[usize::from(byte & 0x7f)] = true;
    }
    let upper = body.to_ascii_uppercase();
    let marked = ["EXAMPLE", "PLACEHOLDER", "REDACTED", "XXXX", "1234567890"];
    seen.iter().filter(|&&seen| seen).count() >= MIN_VARIETY
        && !marked.iter().any(|mark| upper.contains(mark))
}

/// Finds the headers of private keys that a key follows; prose and parsers name only headers.
fn private_keys(text: &str) -> impl Iterator<Item = Remark> + '_ {
    text.match_indices(KEY_BLOCK).filter_map(|(at, _)| {
        let label_start = at + KEY_BLOCK.len();
        let label_len = text[label_start..].bytes().take(40).position(|byte| byte == b'-')?;
        let label = &text[label_start..label_start + label_len];
        let end = label_start + label_len + "-----".len();
        let is_private = label.ends_with("PRIVATE KEY") || label == "PGP PRIVATE KEY BLOCK";
        let header_ends = text.get(end - 5..end) == Some("-----");
        let found = is_private && header_ends && has_key_after(&text.as_bytes()[end..]);
        found.then(|| {
            Remark::new(Rule::Credential, at..end, "a private key is kept in the tree")
                .with_help(Some(HELP.to_owned()))
        })
    })
}

const HELP: &str = "revoke it, and keep its successor in a secret store";

/// Returns whether a long run of base64 is near the start.
fn has_key_after(bytes: &[u8]) -> bool {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let window = &bytes[..bytes.len().min(300)];
    let runs = window.split(|&byte| !is_base64(byte));
    runs.into_iter().any(|run| run.len() >= 40)
}

/// Makes a remark that shows no more of a secret than its first four characters.
fn secret(rule: Rule, what: &str, text: &str, range: Range<usize>) -> Remark {
    let shown: String = text[range.clone()].chars().take(4).collect();
    let message = format!("`{shown}****` looks like {what}");
    Remark::new(rule, range, message).with_help(Some(HELP.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_places_exist, check_rule, texts};

    /// A body with enough variety, made here so that no file holds a secret.
    fn body(len: usize) -> String {
        "Ab3dE5gH7jK9mN2pQ4rS6tU8vW".chars().cycle().take(len).collect()
    }

    #[test]
    fn every_shape_is_found_without_being_shown() {
        for shape in SHAPES {
            let body = match shape.alphabet {
                Alphabet::Upper => body(shape.body.start).to_uppercase(),
                _ => body(shape.body.start),
            };
            let secret = format!("{}{body}", shape.prefix);
            let mask = shape.prefix.chars().chain(body.chars()).take(4).collect::<String>();
            let finding = format!(
                "1:5-1:{} credential: `{mask}****` looks like a {}",
                5 + secret.len(),
                shape.name
            );
            check_rule("a", &format!("k = {secret}\n"), check, &[&finding]);
        }
    }

    #[test]
    fn placeholders_and_other_lengths_pass() {
        for text in [
            format!("AKIA{}", "IOSFODNN7EXAMPLE"),
            format!("ghp_{}", "x".repeat(36)),
            format!("ghp_{}", body(20)),
            format!("AIza{}", body(40)),
            format!("xAKIA{}", body(16).to_uppercase()),
            "sk_live_ is the prefix".to_owned(),
        ] {
            check_rule("a", &text, check, &[]);
        }
    }

    #[test]
    fn a_private_key_needs_a_key() {
        let header = format!("{KEY_BLOCK}RSA PRIVATE KEY-----");
        let text = format!("\n{header}\n{}\n", body(64));
        check_rule(
            "a.pem",
            &text,
            check,
            &["2:1-2:32 credential: a private key is kept in the tree"],
        );
        let text = format!("\"{header}\\n{}\"", body(64));
        check_rule(
            "a.js",
            &text,
            check,
            &["1:2-1:33 credential: a private key is kept in the tree"],
        );
        check_rule("a.rs", &format!("if line == \"{header}\" {{ parse() }}"), check, &[]);
        check_rule("a.pem", &format!("{KEY_BLOCK}PUBLIC KEY-----\n{}\n", body(64)), check, &[]);
    }

    #[test]
    fn web_tokens_have_three_parts() {
        let token = format!("eyJ{0}.eyJ{0}.{0}", body(20));
        check_rule(
            "a",
            &token,
            web_tokens,
            &["1:1-1:69 json-web-token: `eyJA****` looks like a JSON web token"],
        );
        check_rule("a", &format!("eyJ{0}.{0}.{0}", body(20)), web_tokens, &[]);
        check_rule("a", &token, check, &[]);
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(256))]
        #[test]
        fn any_text_is_handled(text in texts(), prefix in 0..SHAPES.len()) {
            let text = format!("{text}{}{text}{KEY_BLOCK}{text}", SHAPES[prefix].prefix);
            let file = SourceFile { path: "a", kind: crate::file_kind::FileKind::Text, text: &text };
            assert_places_exist(&text, &check(&file));
            assert_places_exist(&text, &web_tokens(&file));
        }
    }
}
