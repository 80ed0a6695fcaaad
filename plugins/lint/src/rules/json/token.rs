//! The tokens of JSON.

use std::ops::Range;

use crate::file_kind::JsonDialect;
use crate::rule::Rule;
use crate::source::{Remark, char_at};

/// What a token is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Lexeme {
    /// `{`
    OpenObject,
    /// `}`
    CloseObject,
    /// `[`
    OpenArray,
    /// `]`
    CloseArray,
    /// `,`
    Comma,
    /// `:`
    Colon,
    /// A string, with its escapes resolved.
    String(String),
    /// A number, `true`, `false` or `null`.
    Scalar,
    /// The end of the file.
    End,
}

/// A lexeme and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) lexeme: Lexeme,
    /// Its bytes.
    pub(crate) range: Range<usize>,
}

/// Reads tokens one by one.
#[derive(Clone)]
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    dialect: JsonDialect,
}

impl<'a> Lexer<'a> {
    /// Starts at the beginning of a text, after a byte order mark if there is one.
    pub(crate) fn new(text: &'a str, dialect: JsonDialect) -> Self {
        let at = text.len() - text.trim_start_matches('\u{feff}').len();
        Self { text, at: at.min('\u{feff}'.len_utf8()), dialect }
    }

    /// Returns the whole text.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// Reads the next token.
    ///
    /// # Errors
    ///
    /// Returns the remark about text that is no token.
    pub(crate) fn next(&mut self) -> Result<Token, Remark> {
        self.skip_blanks()?;
        let start = self.at;
        let Some(first) = self.rest().bytes().next() else {
            return Ok(Token { lexeme: Lexeme::End, range: start..start });
        };
        let lexeme = match first {
            b'{' => self.sign(Lexeme::OpenObject),
            b'}' => self.sign(Lexeme::CloseObject),
            b'[' => self.sign(Lexeme::OpenArray),
            b']' => self.sign(Lexeme::CloseArray),
            b',' => self.sign(Lexeme::Comma),
            b':' => self.sign(Lexeme::Colon),
            b'"' => self.string()?,
            _ => self.scalar()?,
        };
        Ok(Token { lexeme, range: start..self.at })
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn sign(&mut self, lexeme: Lexeme) -> Lexeme {
        self.at += 1;
        lexeme
    }

    fn skip_blanks(&mut self) -> Result<(), Remark> {
        loop {
            self.at =
                self.text.len() - self.rest().trim_start_matches([' ', '\t', '\n', '\r']).len();
            let rest = self.rest();
            let len = if rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if let Some(comment) = rest.strip_prefix("/*") {
                match comment.find("*/") {
                    Some(end) => end + 4,
                    None => return Err(self.wrong(rest.len(), "this comment does not end")),
                }
            } else {
                return Ok(());
            };
            if self.dialect == JsonDialect::Strict {
                let shown = rest[..len].lines().next().map_or(0, str::len);
                return Err(self.wrong(shown, "comments are not allowed in JSON"));
            }
            self.at += len;
        }
    }

    fn scalar(&mut self) -> Result<Lexeme, Remark> {
        let rest = self.rest();
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '+' | '-' | '.' | '_' | '$');
        let len = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let word = &rest[..len];
        if matches!(word, "true" | "false" | "null") || is_number(word) {
            self.at += len;
            return Ok(Lexeme::Scalar);
        }
        if len == 0 {
            let message = if rest.starts_with('\'') {
                "strings are in double quotes in JSON"
            } else {
                "not a JSON value"
            };
            return Err(self.wrong(char_at(rest, 0).end, message));
        }
        let digits = word.trim_start_matches(['+', '-', '.']);
        let numeric = digits.starts_with(|c: char| c.is_ascii_digit());
        Err(self.wrong(len, if numeric { "not a JSON number" } else { "not a JSON value" }))
    }

    fn string(&mut self) -> Result<Lexeme, Remark> {
        let start = self.at;
        self.at += 1;
        let mut value = String::new();
        loop {
            let rest = self.rest();
            let plain = rest.find(|c: char| c == '"' || c == '\\' || c < ' ').unwrap_or(rest.len());
            value.push_str(&rest[..plain]);
            self.at += plain;
            match self.rest().bytes().next() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Lexeme::String(value));
                }
                Some(b'\\') => value.push(self.escape()?),
                Some(b'\t') => return Err(self.wrong(1, "a tab in a string is written `\\t`")),
                Some(byte) if byte != b'\n' && byte != b'\r' => {
                    return Err(self.wrong(1, "control character in a string"));
                }
                _ => {
                    let range = start..self.at;
                    return Err(Remark::new(Rule::JsonSyntax, range, "this string does not end"));
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, Remark> {
        let rest = self.rest();
        let after = rest[1..].chars().next();
        let value = match after {
            Some(c @ ('"' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => return self.unicode_escape(),
            _ => {
                let len = 1 + after.filter(|&c| c >= ' ').map_or(0, char::len_utf8);
                return Err(self.wrong(len, "unknown escape in a string"));
            }
        };
        self.at += 2;
        Ok(value)
    }

    /// Half of a surrogate pair counts as one replacement character: RFC 8259 allows it, and
    /// for the comparison of keys that is close enough.
    fn unicode_escape(&mut self) -> Result<char, Remark> {
        let digits = self.rest()[2..].bytes().take(4).take_while(u8::is_ascii_hexdigit).count();
        if digits < 4 {
            return Err(self.wrong(2 + digits, "`\\u` is followed by four hexadecimal digits"));
        }
        let code = u32::from_str_radix(&self.rest()[2..6], 16).unwrap_or(0);
        self.at += 6;
        Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn wrong(&self, len: usize, message: &str) -> Remark {
        Remark::new(Rule::JsonSyntax, self.at..self.at + len, message)
    }
}

/// Returns whether a word is a number as JSON writes it.
fn is_number(word: &str) -> bool {
    let digits =
        |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let mut rest = word.strip_prefix('-').unwrap_or(word);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest.starts_with('0')) {
        return false;
    }
    rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let len = digits(fraction);
        if len == 0 {
            return false;
        }
        rest = &fraction[len..];
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let len = digits(exponent);
        return len > 0 && len == exponent.len();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_the_grammar() {
        for good in ["0", "-0", "10", "1.5", "1e5", "1.0E-10", "-1.2e+3"] {
            assert!(is_number(good), "{good}");
        }
        for bad in ["", "-", "01", "1.", ".5", "+1", "1e", "0x10", "1.e5", "1e5.0", "NaN"] {
            assert!(!is_number(bad), "{bad}");
        }
    }

    #[track_caller]
    fn wrong(text: &str, range: Range<usize>, message: &str) {
        let remark = Lexer::new(text, JsonDialect::Strict).next().expect_err(text);
        assert_eq!((remark.range, remark.message.as_str()), (Some(range), message));
    }

    #[test]
    fn what_is_no_token_is_named() {
        wrong("'a'", 0..1, "strings are in double quotes in JSON");
        wrong("\"a\nb\"", 0..2, "this string does not end");
        wrong("\"a\\", 2..3, "unknown escape in a string");
        wrong("\"\\é\"", 1..4, "unknown escape in a string");
        wrong("\"\\u12g\"", 1..5, "`\\u` is followed by four hexadecimal digits");
        wrong("\"\t\"", 1..2, "a tab in a string is written `\\t`");
        wrong("\"\u{1}\"", 1..2, "control character in a string");
        wrong("  01", 2..4, "not a JSON number");
        wrong("€", 0..3, "not a JSON value");
    }

    #[test]
    fn escapes_are_resolved() {
        let token = Lexer::new(r#""\"\\\/\b\f\n\r\t\u00e9\ud800""#, JsonDialect::Strict).next();
        let expected = "\"\\/\u{8}\u{c}\n\r\té\u{fffd}".to_owned();
        assert_eq!(token.map(|token| token.lexeme), Ok(Lexeme::String(expected)));
    }
}
