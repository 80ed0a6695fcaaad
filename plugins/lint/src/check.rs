//! All rules on one file.

use crate::config::{Config, Level};
use crate::file_kind::FileKind;
use crate::rule::Rule;
use crate::rules::spelling::Allowed;
use crate::rules::{
    conflict, credential, encoding, json, line_endings, script, spelling, toml, whitespace, yaml,
};
use crate::source::{Remark, SourceFile};

/// More remarks than this of one rule in one file are counted, not shown.
const MAX_REMARKS: usize = 100;

/// A rule that needs nothing but the text.
type Check = fn(&SourceFile<'_>) -> Vec<Remark>;

/// Rules that look at every text.
const TEXT_RULES: &[Rule] = &[
    Rule::Spelling,
    Rule::ConflictMarker,
    Rule::Credential,
    Rule::JsonWebToken,
    Rule::LineEndings,
    Rule::TrailingWhitespace,
    Rule::FinalNewline,
    Rule::TextEncoding,
];

/// The rules with their settings.
pub(crate) struct Checker {
    config: Config,
    allowed: Allowed,
}

/// Whether the words of a file are anyone's to spell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Prose {
    /// They are.
    Spelled,
    /// The configuration leaves the file out.
    Ignored,
}

impl Checker {
    /// Prepares the rules of a configuration.
    pub(crate) fn new(config: Config) -> Self {
        Self { allowed: Allowed::new(&config.spelling.allow), config }
    }

    /// Returns the configuration.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Returns whether any rule that is on has to see the content of a file.
    pub(crate) fn needs_content(&self, path: &str) -> bool {
        let levels = &self.config.rules;
        let kind = FileKind::of(path);
        kind != FileKind::Binary && (levels.any_on(TEXT_RULES) || levels.any_on(syntax_rules(kind)))
    }

    /// Returns what the rules have to say about a file, in the order of its text.
    pub(crate) fn check(&self, path: &str, bytes: &[u8], prose: Prose) -> Vec<Remark> {
        if encoding::is_binary(bytes) {
            return Vec::new();
        }
        let kind = FileKind::of(path);
        let mut remarks = match std::str::from_utf8(bytes) {
            Ok(text) => self.check_text(&SourceFile { path, kind, text }, prose),
            Err(error) => vec![encoding::invalid(kind, error.valid_up_to())],
        };
        remarks.retain(|remark| self.level(remark.rule) != Level::Off);
        remarks.sort_by_key(|remark| remark.range.as_ref().map(|range| (range.start, range.end)));
        limit(remarks)
    }

    fn level(&self, rule: Rule) -> Level {
        self.config.rules.level(rule)
    }

    fn check_text(&self, file: &SourceFile<'_>, prose: Prose) -> Vec<Remark> {
        let levels = &self.config.rules;
        let mut remarks = Vec::new();
        if levels.any_on(syntax_rules(file.kind)) {
            remarks.extend(match file.kind {
                FileKind::Json(_) => json::check(file),
                FileKind::Toml => toml::check(file),
                FileKind::Yaml => yaml::check(file),
                FileKind::Script => script::check(file),
                FileKind::Text | FileKind::Binary => Vec::new(),
            });
        }
        if levels.is_on(Rule::Spelling) && prose == Prose::Spelled {
            remarks.extend(spelling::check(file, &self.allowed));
        }
        let plain: [(Rule, Check); 6] = [
            (Rule::ConflictMarker, conflict::check),
            (Rule::Credential, credential::check),
            (Rule::JsonWebToken, credential::web_tokens),
            (Rule::LineEndings, line_endings::check),
            (Rule::TrailingWhitespace, whitespace::trailing),
            (Rule::FinalNewline, whitespace::final_newline),
        ];
        let on = plain.iter().filter(|(rule, _)| levels.is_on(*rule));
        remarks.extend(on.flat_map(|(_, check)| check(file)));
        remarks
    }
}

/// The rules that need a file of a kind parsed.
fn syntax_rules(kind: FileKind) -> &'static [Rule] {
    match kind {
        FileKind::Json(_) => &[Rule::JsonSyntax, Rule::DuplicateKey],
        FileKind::Toml => &[Rule::TomlSyntax],
        FileKind::Yaml => &[Rule::YamlSyntax, Rule::DuplicateKey],
        FileKind::Script => &[Rule::JsSyntax, Rule::JsSemantic],
        FileKind::Text | FileKind::Binary => &[],
    }
}

/// Keeps the first remarks of each rule, and says how many there are besides.
fn limit(mut remarks: Vec<Remark>) -> Vec<Remark> {
    for rule in Rule::ALL {
        let all = remarks.iter().filter(|remark| remark.rule == rule).count();
        if all <= MAX_REMARKS {
            continue;
        }
        let mut seen = 0;
        remarks.retain(|remark| {
            seen += usize::from(remark.rule == rule);
            remark.rule != rule || seen <= MAX_REMARKS
        });
        let more = all - MAX_REMARKS;
        let message = format!("{more} more findings of this rule in this file are not shown");
        remarks.push(Remark::whole(rule, message));
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::show;

    #[track_caller]
    fn check(config: &str, path: &str, bytes: &[u8], expected: &[&str]) {
        let config: Config = serde_json::from_str(config).expect("the configuration is valid");
        let remarks = Checker::new(config).check(path, bytes, Prose::Spelled);
        let text = String::from_utf8_lossy(bytes);
        let shown: Vec<String> = remarks.iter().map(|remark| show(&text, remark)).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn remarks_of_all_rules_come_in_the_order_of_the_text() {
        check(
            "{}",
            "a.json",
            b"{\"teh\": 1,\r\n \"a\": 1, \"a\": 2}\n",
            &[
                "1:3-1:6 spelling: `teh` should be `the`",
                "1:11-1:12 line-endings: 1 of 2 lines ends in CRLF, the others in LF",
                "2:10-2:13 duplicate-key: this key is already on line 2",
            ],
        );
    }

    #[test]
    fn a_rule_that_is_off_says_nothing() {
        check(r#"{"rules": {"duplicate-key": "off"}}"#, "a.json", b"{\"a\":1,\"a\":2}", &[]);
        check(r#"{"rules": {"json-syntax": "off"}}"#, "a.json", b"{", &[]);
    }

    #[test]
    fn binary_files_are_left_alone_and_bad_text_is_noted() {
        check("{}", "a.txt", b"<<<<<<< HEAD\n\0", &[]);
        let finding = "not UTF-8 from here on; the rest of the file is not checked";
        check("{}", "a.txt", b"a\nb\xff", &[&format!("2:2-2:2 text-encoding: {finding}")]);
        check("{}", "a.json", b"\"\xff\"", &[&format!("1:2-1:2 json-syntax: {finding}")]);
    }

    #[test]
    fn a_flood_of_remarks_is_cut_and_counted() {
        let config = r#"{"rules": {"trailing-whitespace": "note"}}"#;
        let config: Config = serde_json::from_str(config).expect("the configuration is valid");
        let remarks = Checker::new(config).check("a", " \n".repeat(150).as_bytes(), Prose::Spelled);
        assert_eq!(remarks.len(), 101);
        assert!(remarks[100].message.starts_with("50 more findings"));
    }

    #[test]
    fn only_files_that_a_rule_wants_are_read() {
        let all_text_off = r#"{"rules": {"spelling": "off", "conflict-marker": "off",
            "credential": "off", "line-endings": "off", "text-encoding": "off"}}"#;
        for (config, path, needed) in [
            ("{}", "a.png", false),
            ("{}", "a.rs", true),
            (all_text_off, "a.rs", false),
            (all_text_off, "a.json", true),
        ] {
            let config: Config = serde_json::from_str(config).expect("the configuration is valid");
            assert_eq!(Checker::new(config).needs_content(path), needed, "{path}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(128))]
        #[test]
        fn any_bytes_are_handled(
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
            path in "a\\.(json|jsonc|toml|yml|js|tsx|md)",
        ) {
            for remark in Checker::new(Config::default()).check(&path, &bytes, Prose::Spelled) {
                let range = remark.range.unwrap_or(0..0);
                assert!(range.start <= range.end && range.end <= bytes.len());
            }
        }
    }
}
