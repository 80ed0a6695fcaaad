//! `js-syntax` and `js-semantic`: JavaScript and TypeScript that no engine would accept.

mod depth;
#[cfg(test)]
mod depth_tests;
mod scan;

use std::ops::Range;

use oxc_allocator::Allocator;
use oxc_diagnostics::OxcDiagnostic;
use oxc_parser::{ParseOptions, Parser};
use oxc_semantic::SemanticBuilder;
use oxc_span::SourceType;

use self::depth::Markup;
use crate::file_kind::extension;
use crate::rule::Rule;
use crate::source::{Remark, SourceFile, ceil_char_boundary, char_at, fragment};

/// Parses a script and remarks on every mistake that makes it invalid.
pub(crate) fn check(file: &SourceFile<'_>) -> Vec<Remark> {
    let Some(source_type) = source_type(file.path) else { return Vec::new() };
    let markup = if source_type.is_jsx() { Markup::Jsx } else { Markup::None };
    if let Some(offset) = depth::too_deep(file.text, markup) {
        let range = char_at(file.text, offset);
        return vec![Remark::too_deep(range, depth::MAX_SCRIPT_DEPTH)];
    }
    parse(file, source_type)
}

/// Parses a script that is not too deep for the stack.
fn parse(file: &SourceFile<'_>, source_type: SourceType) -> Vec<Remark> {
    let allocator = Allocator::default();
    let options = ParseOptions {
        parse_regular_expression: true,
        // Node.js wraps a CommonJS module in a function, so there it may return.
        allow_return_outside_function: extension(file.path) != "mjs",
        ..ParseOptions::default()
    };
    let parsed = Parser::new(&allocator, file.text, source_type).with_options(options).parse();
    if parsed.is_flow_language {
        return Vec::new();
    }
    if !parsed.diagnostics.is_empty() {
        let remark = |error| remark(Rule::JsSyntax, file.text, &error);
        return parsed.diagnostics.into_iter().map(remark).collect();
    }
    let program = allocator.alloc(parsed.program);
    let analyzed = SemanticBuilder::new_compiler().build(program);
    let remark = |error| remark(Rule::JsSemantic, file.text, &error);
    analyzed.diagnostics.into_iter().map(remark).collect()
}

/// Returns the language of a script, or `None` if its name tells none.
fn source_type(path: &str) -> Option<SourceType> {
    let named = SourceType::from_path(path).ok()?;
    // Tools accept JSX in every JavaScript file.
    let named = if named.is_javascript() { named.with_jsx(true) } else { named };
    let decided = ["mjs", "cjs", "mts", "cts"].contains(&extension(path).as_str());
    if decided || named.is_typescript_definition() {
        return Some(named);
    }
    // A file without `import` and `export` may be a classic script, in which more is allowed.
    Some(named.with_unambiguous(true))
}

fn remark(rule: Rule, text: &str, error: &OxcDiagnostic) -> Remark {
    let help = error.help.as_deref().map(fragment);
    let range = error.labels.first().map_or_else(
        || char_at(text, 0),
        |label| place(text, label.offset() as usize, label.len() as usize),
    );
    Remark::new(rule, range, fragment(&error.message)).with_help(help)
}

/// Returns a range within the text that shows at least one character, where there is one.
fn place(text: &str, offset: usize, len: usize) -> Range<usize> {
    let start = ceil_char_boundary(text, offset.min(text.len()));
    let end = ceil_char_boundary(text, offset.saturating_add(len).min(text.len()));
    if end > start { start..end } else { char_at(text, start) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_places_exist, check_rule, texts};

    #[test]
    fn what_does_not_parse_is_a_finding() {
        check_rule("a.js", "let é = ;\n", check, &["1:9-1:10 js-syntax: unexpected token"]);
        check_rule("a.ts", "const a: = 1\n", check, &["1:10-1:11 js-syntax: unexpected token"]);
        check_rule("a.tsx", "const a = <b>\n", check, &["1:14-2:1 js-syntax: unexpected token"]);
        check_rule(
            "a.js",
            "/(/\n",
            check,
            &["1:2-1:3 js-syntax: invalid regular expression: Unterminated capturing group"],
        );
    }

    #[test]
    fn what_parses_but_is_no_program_is_a_finding() {
        check_rule(
            "a.js",
            "let a;\nlet a;\n",
            check,
            &["1:5-1:6 js-semantic: identifier `a` has already been declared"],
        );
        check_rule(
            "a.ts",
            "class A { constructor() {} constructor() {} }\n",
            check,
            &["1:11-1:22 js-semantic: multiple constructor implementations are not allowed"],
        );
        check_rule(
            "a.mjs",
            "with (a) {}\n",
            check,
            &["1:1-1:5 js-semantic: 'with' statements are not allowed"],
        );
        check_rule("a.js", "break;\n", check, &["1:1-1:7 js-semantic: illegal break statement"]);
    }

    #[test]
    fn valid_files_pass() {
        for (path, text) in [
            ("a.js", "#!/usr/bin/env node\nwith (a) { b = 010 }\nreturn;\n"),
            ("a.js", "\u{feff}export const a = <b>it's {c}</b>;\n"),
            ("a.js", "const a = await import('b');\n"),
            ("a.js", "// @flow\nconst a: number = 1;\n"),
            ("a.cjs", "module.exports = require('b');\n"),
            ("a.ts", "enum A { B = 'b' }\nlet a = <A>b; namespace C { export const d = 1 }\n"),
            ("a.ts", "class A { @b() accessor c = 1; constructor(private d: D) {} }\n"),
            ("a.tsx", "const a = <T,>(b: T) => <i>{b}</i>;\n"),
            ("a.d.ts", "declare const a: number;\nexport function b(): void;\n"),
        ] {
            check_rule(path, text, check, &[]);
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(256))]
        #[test]
        fn any_text_is_handled(text in texts(), path in "a\\.(js|tsx|ts|cjs|d\\.ts)") {
            let kind = crate::file_kind::FileKind::Script;
            assert_places_exist(&text, &check(&SourceFile { path: &path, kind, text: &text }));
        }
    }
}
