//! `yaml-syntax` and `duplicate-key` in YAML.
//!
//! The parser hands out one event after the other and keeps its nesting on the heap, so no
//! file can exhaust the stack.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, Span};

use super::json::duplicate_key;
use crate::rule::Rule;
use crate::source::{LineIndex, MAX_DEPTH, Remark, SourceFile, char_at, fragment};

/// Parses a YAML file and remarks on its first mistake and on repeated keys.
pub(crate) fn check(file: &SourceFile<'_>) -> Vec<Remark> {
    if is_template(file) {
        return Vec::new();
    }
    let index = LineIndex::new(file.text);
    let byte = |at: &Marker| index.offset(at.line(), at.col() + 1);
    let mut tree = Tree::default();
    let mut remarks = Vec::new();
    for event in Parser::new_from_str(file.text) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let range = char_at(file.text, byte(error.marker()));
                // The scanner looks ahead, and may meet its own limit first.
                remarks.push(match error.info() {
                    "recursion limit exceeded" => Remark::too_deep(range, MAX_DEPTH),
                    info => Remark::new(Rule::YamlSyntax, range, fragment(info)),
                });
                break;
            }
        };
        if let Some(first_line) = tree.visit(event, span) {
            let start = byte(&span.start);
            remarks.push(duplicate_key(start..byte(&span.end).max(start), first_line));
        }
        if tree.open.len() > MAX_DEPTH {
            let range = char_at(file.text, byte(&span.start));
            remarks.push(Remark::too_deep(range, MAX_DEPTH));
            break;
        }
    }
    remarks
}

/// Files of a chart or playbook that become YAML only when their template is filled in.
fn is_template(file: &SourceFile<'_>) -> bool {
    file.path.split('/').rev().skip(1).any(|folder| folder == "templates")
        && (file.text.contains("{{") || file.text.contains("{%"))
}

/// The collections that are open at an event.
#[derive(Default)]
struct Tree {
    open: Vec<Open>,
}

/// An open collection.
enum Open {
    Sequence,
    /// A mapping with the lines of its keys so far; `next` tells what comes.
    Mapping {
        keys: BTreeMap<String, usize>,
        next: Part,
    },
}

/// The half of a mapping's entry that comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Key,
    Value,
}

impl Tree {
    /// Follows one event. Returns the line of the earlier key if this is one that repeats it.
    fn visit(&mut self, event: Event<'_>, span: Span) -> Option<usize> {
        match event {
            Event::Scalar(value, ..) => {
                if self.begin_node() == Some(Part::Key) {
                    return self.add_key(&value, span.start.line());
                }
            }
            Event::Alias(_) => {
                self.begin_node();
            }
            Event::SequenceStart(..) => {
                self.begin_node();
                self.open.push(Open::Sequence);
            }
            Event::MappingStart(..) => {
                self.begin_node();
                self.open.push(Open::Mapping { keys: BTreeMap::new(), next: Part::Key });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.open.pop();
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
        None
    }

    /// Notes that a node begins, and returns which part of a mapping's entry it is.
    fn begin_node(&mut self) -> Option<Part> {
        let Some(Open::Mapping { next, .. }) = self.open.last_mut() else { return None };
        let this = *next;
        *next = if this == Part::Key { Part::Value } else { Part::Key };
        Some(this)
    }

    fn add_key(&mut self, key: &str, line: usize) -> Option<usize> {
        // Merge keys may repeat: each merges another mapping.
        if key == "<<" {
            return None;
        }
        let Some(Open::Mapping { keys, .. }) = self.open.last_mut() else { return None };
        if let Some(&first) = keys.get(key) {
            return Some(first);
        }
        keys.insert(key.to_owned(), line);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_places_exist, check_rule, texts};

    #[test]
    fn the_first_mistake_is_a_finding() {
        check_rule(
            "a.yml",
            "a: [1, 2\nb: 3\n",
            check,
            &["2:2-2:3 yaml-syntax: illegal placement of ':' indicator"],
        );
        check_rule(
            "a.yml",
            "é: \"x\n",
            check,
            &[
                "1:4-1:5 yaml-syntax: while scanning a quoted scalar, found unexpected end of stream",
            ],
        );
        check_rule(
            "a.yml",
            "a:\n\t- b\n",
            check,
            &["2:2-2:3 yaml-syntax: tabs disallowed within this context (block indentation)"],
        );
        check_rule(
            "a.yml",
            "a: b: c\n",
            check,
            &["1:5-1:6 yaml-syntax: mapping values are not allowed in this context"],
        );
        check_rule(
            "a.yml",
            "a: *nowhere\n",
            check,
            &["1:4-1:5 yaml-syntax: while parsing node, found unknown anchor"],
        );
    }

    #[test]
    fn a_repeated_key_is_found_in_its_own_mapping_only() {
        let text = "a: 1\nb:\n  a: 2\na: 3\n";
        check_rule("a.yml", text, check, &["4:1-4:2 duplicate-key: this key is already on line 1"]);
        let text = "a: {k: 1}\nb: {k: a, k: b}\n\"a\": [a, a]\n";
        check_rule(
            "a.yml",
            text,
            check,
            &[
                "2:11-2:12 duplicate-key: this key is already on line 2",
                "3:1-3:4 duplicate-key: this key is already on line 1",
            ],
        );
    }

    #[test]
    fn valid_files_pass() {
        for text in [
            "",
            "# only a comment\n",
            "a: &x {b: 1}\nc: *x\n---\na: !Ref b\n",
            "<<: *a\n<<: *b\n".replace("*a", "{}").replace("*b", "{}").as_str(),
            "? [a, b]\n: c\n? [a, b]\n: d\n",
            "key: |\n  a: 1\n  a: 1\n",
            "a: x\r\nb: y\r\n",
        ] {
            check_rule("a.yml", text, check, &[]);
        }
    }

    #[test]
    fn templates_are_not_yaml_yet() {
        let text = "{{- if .x }}\na: [\n";
        check_rule("charts/templates/a.yaml", text, check, &[]);
        check_rule(
            "charts/a.yaml",
            text,
            check,
            &["1:3-1:4 yaml-syntax: \"-\" is only valid inside a block"],
        );
    }

    #[test]
    fn depth_is_bounded() {
        let finding =
            "1:256-1:257 nesting-too-deep: nests deeper than 200 levels; its syntax is not checked";
        check_rule("a.yml", &"[".repeat(100_000), check, &[finding]);
        check_rule(
            "a.yml",
            &"- ".repeat(100_000),
            check,
            &[
                "1:401-1:402 nesting-too-deep: nests deeper than 200 levels; its syntax is not checked",
            ],
        );
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(128))]
        #[test]
        fn any_text_is_handled(text in texts()) {
            let kind = crate::file_kind::FileKind::Yaml;
            assert_places_exist(&text, &check(&SourceFile { path: "a.yml", kind, text: &text }));
        }
    }
}
