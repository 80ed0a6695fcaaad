//! `toml-syntax`: TOML that does not parse, or says the same thing twice.

use std::ops::Range;

use toml::de::DeTable;
use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use crate::rule::Rule;
use crate::source::{Remark, SourceFile, ceil_char_boundary, char_at, fragment};

/// How deep tables and arrays may nest: what the parser itself accepts.
const MAX_TOML_DEPTH: usize = 80;

/// Parses a TOML file and remarks on every mistake.
pub(crate) fn check(file: &SourceFile<'_>) -> Vec<Remark> {
    if let Some(range) = too_deep(file.text) {
        return vec![Remark::too_deep(range, MAX_TOML_DEPTH)];
    }
    let (_, errors) = DeTable::parse_recoverable(file.text);
    let remark = |error: toml::de::Error| {
        let range = place(file.text, error.span());
        Remark::new(Rule::TomlSyntax, range, fragment(error.message()))
    };
    errors.into_iter().map(remark).collect()
}

/// Finds the first place that is too deep. A dotted key opens a table for each of its parts.
fn too_deep(text: &str) -> Option<Range<usize>> {
    let (mut open, mut parts) = (0_usize, 0_usize);
    for token in Source::new(text).lex() {
        match token.kind() {
            TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => open += 1,
            TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                open = open.saturating_sub(1);
            }
            TokenKind::Dot => parts += 1,
            TokenKind::Newline | TokenKind::Comma | TokenKind::Equals => parts = 0,
            _ => {}
        }
        if open + parts > MAX_TOML_DEPTH {
            return Some(token.span().start()..token.span().end());
        }
    }
    None
}

/// Returns a range within the text that shows at least one character, where there is one.
fn place(text: &str, span: Option<Range<usize>>) -> Range<usize> {
    let span = span.unwrap_or(0..0);
    let start = ceil_char_boundary(text, span.start.min(text.len()));
    let end = ceil_char_boundary(text, span.end.min(text.len()));
    if end > start { start..end } else { char_at(text, start) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_places_exist, check_rule, texts};

    #[test]
    fn every_mistake_is_a_finding() {
        check_rule(
            "a.toml",
            "[a]\nb = \nc = 1\nc = 2\n",
            check,
            &[
                "2:5-3:1 toml-syntax: string values must be quoted, expected literal string",
                "4:1-4:2 toml-syntax: duplicate key",
            ],
        );
    }

    #[test]
    fn valid_files_pass() {
        for text in ["", "# x\n", "[a.b]\nc = { d = [1, 2.5, 1979-05-27] }\r\n", "\u{feff}a = 1\n"]
        {
            check_rule("a.toml", text, check, &[]);
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |count: usize| format!("a = {}{}", "[".repeat(count), "]".repeat(count));
        check_rule("a.toml", &deep(MAX_TOML_DEPTH), check, &[]);
        let message = "nests deeper than 80 levels; its syntax is not checked";
        let finding = format!("1:85-1:86 nesting-too-deep: {message}");
        check_rule("a.toml", &deep(100_000), check, &[&finding]);
        let finding = format!("1:162-1:163 nesting-too-deep: {message}");
        check_rule("a.toml", &format!("{}a = 1", "a.".repeat(100_000)), check, &[&finding]);
        let many = "a.b = { c = 1.5 }\n".replace('a', "x");
        let many: String = (0..500).map(|n| many.replace('x', &format!("x{n}"))).collect();
        check_rule("a.toml", &many, check, &[]);
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(128))]
        #[test]
        fn any_text_is_handled(text in texts()) {
            let file = SourceFile { path: "a.toml", kind: crate::file_kind::FileKind::Toml, text: &text };
            let remarks = check(&file);
            assert_places_exist(&text, &remarks);
            let parses = text.parse::<toml::Table>().is_ok();
            proptest::prop_assert_eq!(parses, remarks.is_empty());
        }
    }
}
