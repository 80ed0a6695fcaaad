//! `json-syntax` and `duplicate-key` in JSON.
//!
//! The parser keeps its nesting in a list of its own and never calls itself, so no file can
//! exhaust the stack. It stops at the first mistake: what follows one is guesswork.

mod token;

use std::collections::BTreeMap;
use std::ops::Range;

use self::token::{Lexeme, Lexer, Token};
use crate::file_kind::{FileKind, JsonDialect};
use crate::rule::Rule;
use crate::source::{MAX_DEPTH, Remark, SourceFile};

/// Parses a JSON file and remarks on its first mistake and on repeated keys.
pub(crate) fn check(file: &SourceFile<'_>) -> Vec<Remark> {
    let dialect = match file.kind {
        FileKind::Json(dialect) => dialect,
        _ => JsonDialect::Strict,
    };
    let mut parser = Parser {
        lexer: Lexer::new(file.text, dialect),
        dialect,
        stack: Vec::new(),
        duplicates: Vec::new(),
    };
    let stopped = parser.document().err();
    parser.duplicates.into_iter().chain(stopped).collect()
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// A value, and nothing else.
    Value,
    /// The first element of an array, or its end.
    ElementOrEnd,
    /// The first key of an object, or its end.
    KeyOrEnd,
    /// A comma, or the end of what is open.
    CommaOrEnd,
}

/// Something open: an array, or an object with the keys seen so far.
enum Open {
    Array(Range<usize>),
    Object(Range<usize>, BTreeMap<String, usize>),
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    dialect: JsonDialect,
    stack: Vec<Open>,
    duplicates: Vec<Remark>,
}

impl Parser<'_> {
    fn document(&mut self) -> Result<(), Remark> {
        let mut expect = Expect::Value;
        loop {
            let token = self.lexer.next()?;
            if expect == Expect::CommaOrEnd && self.stack.is_empty() {
                return match token.lexeme {
                    Lexeme::End => Ok(()),
                    _ => Err(syntax(token.range, "expected the end of the file")),
                };
            }
            expect = match expect {
                Expect::ElementOrEnd if token.lexeme == Lexeme::CloseArray => self.close(),
                Expect::Value | Expect::ElementOrEnd => self.value(token)?,
                Expect::KeyOrEnd if token.lexeme == Lexeme::CloseObject => self.close(),
                Expect::KeyOrEnd => self.key(token)?,
                Expect::CommaOrEnd => self.comma_or_end(&token)?,
            };
        }
    }

    fn value(&mut self, token: Token) -> Result<Expect, Remark> {
        let Token { lexeme, range } = token;
        let (open, expect) = match lexeme {
            Lexeme::String(_) | Lexeme::Scalar => return Ok(Expect::CommaOrEnd),
            Lexeme::OpenArray => (Open::Array(range.clone()), Expect::ElementOrEnd),
            Lexeme::OpenObject => (Open::Object(range.clone(), BTreeMap::new()), Expect::KeyOrEnd),
            Lexeme::End => return Err(self.unfinished(range, "a value")),
            Lexeme::CloseArray | Lexeme::CloseObject | Lexeme::Comma | Lexeme::Colon => {
                return Err(syntax(range, "expected a value"));
            }
        };
        if self.stack.len() == MAX_DEPTH {
            return Err(Remark::too_deep(range, MAX_DEPTH));
        }
        self.stack.push(open);
        Ok(expect)
    }

    fn key(&mut self, token: Token) -> Result<Expect, Remark> {
        let Token { lexeme, range } = token;
        let key = match lexeme {
            Lexeme::String(key) => key,
            Lexeme::End => return Err(self.unfinished(range, "a key")),
            _ => return Err(syntax(range, "expected a key in double quotes")),
        };
        let text = self.lexer.text();
        if let Some(Open::Object(_, keys)) = self.stack.last_mut() {
            if let Some(&first) = keys.get(&key) {
                self.duplicates.push(duplicate_key(range.clone(), line_of(text, first)));
            } else {
                keys.insert(key, range.start);
            }
        }
        let colon = self.lexer.next()?;
        match colon.lexeme {
            Lexeme::Colon => Ok(Expect::Value),
            Lexeme::End => Err(self.unfinished(colon.range, "`:`")),
            _ => Err(syntax(colon.range, "expected `:` after the key")),
        }
    }

    fn comma_or_end(&mut self, token: &Token) -> Result<Expect, Remark> {
        let range = token.range.clone();
        let in_object = matches!(self.stack.last(), Some(Open::Object(..)));
        match (&token.lexeme, in_object) {
            (Lexeme::CloseObject, true) | (Lexeme::CloseArray, false) => Ok(self.close()),
            (Lexeme::Comma, _) => self.after_comma(range, in_object.into()),
            (Lexeme::End, true) => Err(self.unfinished(range, "`,` or `}`")),
            (Lexeme::End, false) => Err(self.unfinished(range, "`,` or `]`")),
            (_, true) => Err(syntax(range, "expected `,` or `}`")),
            (_, false) => Err(syntax(range, "expected `,` or `]`")),
        }
    }

    /// After a comma another member must follow; with comments allowed, the end may as well.
    fn after_comma(&mut self, comma: Range<usize>, within: Within) -> Result<Expect, Remark> {
        if self.dialect == JsonDialect::Commented {
            return Ok(within.first());
        }
        let next = self.lexer.clone().next()?;
        match next.lexeme {
            Lexeme::CloseObject | Lexeme::CloseArray => {
                Err(syntax(comma.clone(), "trailing comma").with_fix(comma, ""))
            }
            _ => Ok(within.first()),
        }
    }

    fn close(&mut self) -> Expect {
        self.stack.pop();
        Expect::CommaOrEnd
    }

    /// The file ends too early: points at what is still open, where the mistake often is.
    fn unfinished(&self, end: Range<usize>, wanted: &str) -> Remark {
        let message = format!("the file ends where {wanted} is expected");
        let help = self.stack.last().map(|open| {
            let (Open::Array(range) | Open::Object(range, _)) = open;
            let line = line_of(self.lexer.text(), range.start);
            format!("`{}` of line {line} is not closed", &self.lexer.text()[range.clone()])
        });
        Remark::new(Rule::JsonSyntax, end, message).with_help(help)
    }
}

/// What a comma stands in.
#[derive(Clone, Copy)]
enum Within {
    Array,
    Object,
}

impl From<bool> for Within {
    fn from(in_object: bool) -> Self {
        if in_object { Self::Object } else { Self::Array }
    }
}

impl Within {
    fn first(self) -> Expect {
        match self {
            Self::Array => Expect::ElementOrEnd,
            Self::Object => Expect::KeyOrEnd,
        }
    }
}

fn syntax(range: Range<usize>, message: &str) -> Remark {
    Remark::new(Rule::JsonSyntax, range, message)
}

/// Makes the remark about a key that was on `first_line` before.
pub(crate) fn duplicate_key(range: Range<usize>, first_line: usize) -> Remark {
    Remark::new(Rule::DuplicateKey, range, format!("this key is already on line {first_line}"))
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_places_exist, check_rule, fixed, texts};

    #[track_caller]
    fn bad(text: &str, expected: &str) {
        check_rule("a.json", text, check, &[expected]);
    }

    #[test]
    fn the_first_mistake_is_a_finding() {
        bad("", "1:1-1:1 json-syntax: the file ends where a value is expected");
        bad("{\n\"a\": 1", "2:7-2:7 json-syntax: the file ends where `,` or `}` is expected");
        bad("[1 2]", "1:4-1:5 json-syntax: expected `,` or `]`");
        bad("{\"a\" 1}", "1:6-1:7 json-syntax: expected `:` after the key");
        bad("{a: 1}", "1:2-1:3 json-syntax: not a JSON value");
        bad("{1: 1}", "1:2-1:3 json-syntax: expected a key in double quotes");
        bad("[1}", "1:3-1:4 json-syntax: expected `,` or `]`");
        bad("[,]", "1:2-1:3 json-syntax: expected a value");
        bad("[] []", "1:4-1:5 json-syntax: expected the end of the file");
        bad("[\n  // é\n]", "2:3-2:7 json-syntax: comments are not allowed in JSON");
    }

    #[test]
    fn a_trailing_comma_can_be_mended() {
        bad("{\"a\": [1, ],}", "1:9-1:10 json-syntax: trailing comma");
        assert_eq!(fixed("a.json", "[1, ]", check), "[1 ]");
    }

    #[test]
    fn an_unfinished_file_names_what_is_open() {
        let file = SourceFile { path: "a.json", kind: FileKind::of("a.json"), text: "[\n{" };
        assert_eq!(check(&file)[0].help.as_deref(), Some("`{` of line 2 is not closed"));
    }

    #[test]
    fn a_repeated_key_is_found_however_it_is_written() {
        let text = "{\"a\": {\"a\": 1},\n\"\\u0061\": 2}";
        bad(text, "2:1-2:9 duplicate-key: this key is already on line 1");
        check_rule("a.json", "[{\"a\": 1}, {\"a\": 1}]", check, &[]);
    }

    #[test]
    fn settings_files_may_have_comments_and_trailing_commas() {
        let text = "// x\n{\n  \"a\": [1, 2,], /* é */\n}\n";
        check_rule("tsconfig.json", text, check, &[]);
        check_rule("tsconfig.json", "[,]", check, &["1:2-1:3 json-syntax: expected a value"]);
        check_rule("a.jsonc", "[1,,]", check, &["1:4-1:5 json-syntax: expected a value"]);
        check_rule(
            "a.jsonc",
            "[] /* x",
            check,
            &["1:4-1:8 json-syntax: this comment does not end"],
        );
    }

    #[test]
    fn valid_files_pass() {
        for text in
            ["1", "\u{feff}{}", " [ ] ", "{\"a\":[null,true,false,-1.5e+3,\"\\ud83d\\n\"]}\n"]
        {
            check_rule("a.json", text, check, &[]);
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = "[".repeat(MAX_DEPTH) + &"]".repeat(MAX_DEPTH);
        check_rule("a.json", &deep, check, &[]);
        let message = "nests deeper than 200 levels; its syntax is not checked";
        bad(&"[".repeat(1_000_000), &format!("1:201-1:202 nesting-too-deep: {message}"));
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(128))]
        #[test]
        fn any_text_is_handled_as_a_strict_parser_does(text in texts()) {
            let file = SourceFile { path: "a.json", kind: FileKind::of("a.json"), text: &text };
            let remarks = check(&file);
            assert_places_exist(&text, &remarks);
            let parses = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            if parses {
                assert!(remarks.iter().all(|remark| remark.rule == Rule::DuplicateKey));
            }
        }
    }
}
