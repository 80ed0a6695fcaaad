//! Interpolation: `${name}` inside the texts of a step.

use std::collections::BTreeMap;

use belljar_model::{Diagnostic, WorkspacePath};

use crate::codes;
use crate::mistakes::Mistakes;
use crate::place::{Place, Sources};
use crate::suggest;
use crate::text::Text;

/// The variables that one expanded step knows.
pub(crate) struct Scope<'a> {
    pub(crate) vars: &'a BTreeMap<String, Text>,
    pub(crate) member: Option<&'a WorkspacePath>,
    pub(crate) matrix: &'a [(&'a str, &'a str)],
}

/// One part of a text.
#[derive(PartialEq, Eq, Debug)]
enum Piece<'a> {
    Plain(&'a str),
    /// A variable, and how many `${` are before it.
    Variable(&'a str, usize),
    /// A `${` without its `}`, and how many `${` are before it.
    Unclosed(usize),
}

impl Scope<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        match name {
            "member" => self.member.map(WorkspacePath::as_str),
            "member.name" => self.member.map(WorkspacePath::name),
            _ => match name.split_once('.')? {
                ("vars", var) => self.vars.get(var).map(|text| text.value.as_str()),
                ("matrix", axis) => {
                    self.matrix.iter().find(|(name, _)| *name == axis).map(|(_, value)| *value)
                }
                _ => None,
            },
        }
    }

    /// All names that are known here.
    fn names(&self) -> Vec<String> {
        let vars = self.vars.keys().map(|name| format!("vars.{name}"));
        let matrix = self.matrix.iter().map(|(name, _)| format!("matrix.{name}"));
        let member = self.member.map(|_| ["member", "member.name"].map(str::to_owned));
        vars.chain(matrix).chain(member.into_iter().flatten()).collect()
    }
}

/// Puts the values of variables into a text. What is wrong is reported, and left as written.
pub(crate) fn fill(
    mistakes: &mut Mistakes,
    sources: &Sources,
    scope: &Scope<'_>,
    text: &Text,
) -> String {
    if !text.value.contains("${") {
        return text.value.clone();
    }
    let mut filled = String::new();
    for piece in pieces(&text.value) {
        match piece {
            Piece::Plain(plain) => filled.push_str(plain),
            Piece::Variable(name, nth) => {
                if let Some(value) = scope.get(name) {
                    filled.push_str(value);
                } else {
                    let at = place_of(sources, text, nth, &format!("${{{name}}}"));
                    mistakes.add(unknown(scope, name, &at));
                    filled.push_str(name);
                }
            }
            Piece::Unclosed(nth) => {
                let at = place_of(sources, text, nth, "${");
                let message = "`${` is not closed";
                mistakes.add(
                    Diagnostic::error(codes::UNCLOSED_VARIABLE, message, at.label(""))
                        .help("add the `}`, or write `$${` for the two characters themselves"),
                );
            }
        }
    }
    filled
}

/// The names of all variables in a text.
pub(crate) fn variables(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::Variable(name, _) => Some(name),
        _ => None,
    })
}

fn unknown(scope: &Scope<'_>, name: &str, at: &Place) -> Diagnostic {
    let needed = match name {
        "member" | "member.name" => Some("`for-each`"),
        _ if name.starts_with("matrix.") && scope.matrix.is_empty() => Some("a `matrix`"),
        _ => None,
    };
    let error = |message: String| {
        Diagnostic::error(codes::UNKNOWN_VARIABLE, message, at.label("not known here"))
    };
    if let Some(needed) = needed {
        return error(format!("`${{{name}}}` is known only in a step with {needed}"));
    }
    let names = scope.names();
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut diagnostic = error(format!("there is no variable `{name}`"));
    diagnostic.help = suggest::did_you_mean(name, &known, "the variables here are");
    diagnostic
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    for nth in 0.. {
        let Some(open) = rest.find("${") else { break };
        if rest[..open].ends_with('$') {
            pieces.push(Piece::Plain(&rest[..open - 1]));
            pieces.push(Piece::Plain("${"));
            rest = &rest[open + 2..];
            continue;
        }
        pieces.push(Piece::Plain(&rest[..open]));
        let inner = &rest[open + 2..];
        // A name has no `$`, so a second `${` shows that the first was never closed.
        match inner.find(['}', '$']) {
            Some(close) if inner[close..].starts_with('}') => {
                pieces.push(Piece::Variable(&inner[..close], nth));
                rest = &inner[close + 1..];
            }
            _ => {
                pieces.push(Piece::Unclosed(nth));
                rest = inner;
            }
        }
    }
    pieces.push(Piece::Plain(rest));
    pieces
}

/// The place of the `nth` `${` of a text. The text in the file may be escaped, so the value's
/// own offsets are of no use; without escapes the count of `${` is the same in both.
fn place_of(sources: &Sources, text: &Text, nth: usize, written: &str) -> Place {
    let whole = text.at.clone();
    let source = sources.text(&whole.file).and_then(|source| source.get(whole.span.clone()));
    let Some(source) = source else { return whole };
    if source.matches("${").count() != text.value.matches("${").count() {
        return whole;
    }
    let Some((offset, _)) = source.match_indices("${").nth(nth) else { return whole };
    let length = if source[offset..].starts_with(written) { written.len() } else { 2 };
    let start = whole.span.start + offset;
    Place { file: whole.file, span: start..start + length }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_plain_parts_and_variables() {
        use Piece::{Plain, Unclosed, Variable};
        let check = |text, expected: &[Piece<'_>]| {
            let found: Vec<_> =
                pieces(text).into_iter().filter(|piece| *piece != Plain("")).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("a", &[Plain("a")]);
        check("a${b.c}d", &[Plain("a"), Variable("b.c", 0), Plain("d")]);
        check("$${a}", &[Plain("${"), Plain("a}")]);
        check("$${a}${b}", &[Plain("${"), Plain("a}"), Variable("b", 1)]);
        check("${a ${b}", &[Unclosed(0), Plain("a "), Variable("b", 1)]);
        check("$a {b} $", &[Plain("$a {b} $")]);
        check("${", &[Unclosed(0)]);
        check("${}", &[Variable("", 0)]);
    }
}
