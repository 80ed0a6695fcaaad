//! A rough scanner for JavaScript and TypeScript: enough to count what nests.
//!
//! It knows strings, comments, templates and regular expressions, so that brackets within them
//! do not count. Whether `/` divides is decided by the token before it.

use std::ops::Range;

/// What a token does to nesting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// `(`, `[`, `{` or `${`.
    Open,
    /// `)`, `]` or `}`.
    Close,
    /// An identifier or a keyword.
    Word,
    /// A number, a string or a regular expression.
    Literal,
    /// The start of a template.
    Template,
    /// Any other sign.
    Sign,
}

/// Signs of several characters; longer ones stand before their beginnings.
const SIGNS: &[&str] = &[
    "...", "===", "!==", "</", "/>", "=>", "**", "++", "--", "?.", "??", "==", "!=", "<=", ">=",
    "&&", "||", "<<",
];

/// Words after which a `/` starts a regular expression.
const BEFORE_REGEX: &[&str] = &[
    "return",
    "typeof",
    "case",
    "in",
    "of",
    "delete",
    "void",
    "throw",
    "new",
    "else",
    "do",
    "instanceof",
    "yield",
    "await",
];

/// Reads tokens one by one.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    braces: Vec<Brace>,
    place: Place,
    slash: Slash,
}

/// What an open brace belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Brace {
    Code,
    Template,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Code,
    Template,
}

/// What a `/` means after the last token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slash {
    Regex,
    Division,
}

impl<'a> Scanner<'a> {
    /// Starts at the beginning of a script.
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0, braces: Vec::new(), place: Place::Code, slash: Slash::Regex }
    }

    /// Returns the next token and its bytes, or `None` at the end.
    pub(crate) fn next(&mut self) -> Option<(Shape, Range<usize>)> {
        if self.place == Place::Template
            && let Some(range) = self.template_text()
        {
            return Some((Shape::Open, range));
        }
        self.skip_blanks();
        let start = self.at;
        let shape = self.token()?;
        let word = &self.text[start..self.at];
        self.slash = match shape {
            Shape::Open | Shape::Sign => Slash::Regex,
            Shape::Word if BEFORE_REGEX.contains(&word) => Slash::Regex,
            Shape::Close | Shape::Word | Shape::Literal | Shape::Template => Slash::Division,
        };
        Some((shape, start..self.at))
    }

    /// Skips the text between the tags of JSX.
    pub(crate) fn skip_markup_text(&mut self) {
        let rest = self.rest();
        self.at += rest.find(['<', '{', '}']).unwrap_or(rest.len());
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn token(&mut self) -> Option<Shape> {
        let rest = self.rest();
        let first = rest.chars().next()?;
        let (shape, len) = match first {
            '(' | '[' => (Shape::Open, 1),
            '{' => {
                self.braces.push(Brace::Code);
                (Shape::Open, 1)
            }
            ')' | ']' => (Shape::Close, 1),
            '}' => {
                if self.braces.pop() == Some(Brace::Template) {
                    self.place = Place::Template;
                }
                (Shape::Close, 1)
            }
            '`' => {
                self.place = Place::Template;
                (Shape::Template, 1)
            }
            '"' | '\'' => (Shape::Literal, string_len(rest)),
            '0'..='9' => (Shape::Literal, run(rest, |c| is_word(c) || c == '.')),
            _ if is_word(first) => (Shape::Word, run(rest, is_word)),
            '/' if self.slash == Slash::Regex && regex_len(rest).is_some() => {
                (Shape::Literal, regex_len(rest).unwrap_or(1))
            }
            _ => {
                let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
                (Shape::Sign, sign.map_or(first.len_utf8(), |sign| sign.len()))
            }
        };
        self.at += len;
        Some(shape)
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest().trim_start();
            self.at = self.text.len() - rest.len();
            let comment = if rest.starts_with("//") || (self.at == 0 && rest.starts_with("#!")) {
                rest.find('\n').unwrap_or(rest.len())
            } else if let Some(comment) = rest.strip_prefix("/*") {
                comment.find("*/").map_or(rest.len(), |end| end + 4)
            } else {
                return;
            };
            self.at += comment;
        }
    }

    /// Goes on in a template, to its end or to the next `${`, which is returned.
    fn template_text(&mut self) -> Option<Range<usize>> {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                // The escaped byte is ASCII or the first of a character; neither is a sign.
                b'\\' => self.at += 2,
                b'`' => {
                    self.at += 1;
                    self.place = Place::Code;
                    return None;
                }
                b'$' if bytes.get(self.at + 1) == Some(&b'{') => {
                    self.braces.push(Brace::Template);
                    self.place = Place::Code;
                    self.slash = Slash::Regex;
                    self.at += 2;
                    return Some(self.at - 2..self.at);
                }
                _ => self.at += 1,
            }
        }
        self.at = self.text.len();
        self.place = Place::Code;
        None
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '#' | '\\' | '\u{200c}' | '\u{200d}')
}

fn run(text: &str, is_part: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is_part(c)).unwrap_or(text.len())
}

/// Returns the length of a string, which ends at its quote or at the end of the line.
fn string_len(text: &str) -> usize {
    let quote = text.chars().next();
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' => return at,
            _ if Some(c) == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Returns the length of a regular expression, if it ends on its line.
fn regex_len(text: &str) -> Option<usize> {
    let (mut escaped, mut class) = (false, false);
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\n' => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '/' if !class => return Some(at + 1 + run(&text[at + 1..], is_word)),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let mut scanner = Scanner::new(text);
        let tokens: Vec<&str> =
            std::iter::from_fn(|| scanner.next()).map(|(_, range)| &text[range]).collect();
        assert_eq!(tokens, expected);
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        check(
            "#!/bin/x (\na('(', \"\\\"(\") // (\n/* ( */ b",
            &["a", "(", "'('", ",", "\"\\\"(\"", ")", "b"],
        );
        check("'( \n(", &["'( ", "("]);
    }

    #[test]
    fn templates_hold_code() {
        check(
            "`a(${b({`(${c}`})}(` + d",
            &["`", "${", "b", "(", "{", "`", "${", "c", "}", "}", ")", "}", "+", "d"],
        );
        check("`\\`(`x", &["`", "x"]);
        check("`${", &["`", "${"]);
        check("`\\é`", &["`"]);
    }

    #[test]
    fn a_slash_divides_after_an_operand() {
        check("a / (b) / c", &["a", "/", "(", "b", ")", "/", "c"]);
        check("x = /[/(]\\/(/g;", &["x", "=", "/[/(]\\/(/g", ";"]);
        check("return /(/", &["return", "/(/"]);
        check("= / (\n", &["=", "/", "("]);
    }

    #[test]
    fn long_signs_are_one_token() {
        check("a?.b=>c</d/>1.5e3...", &["a", "?.", "b", "=>", "c", "</", "d", "/>", "1.5e3..."]);
    }
}
