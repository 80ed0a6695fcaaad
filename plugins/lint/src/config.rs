//! The configuration of a lint step: what the user writes in its `with` table.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rule::Rule;

/// What to check, and how strictly.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// Globs of the files to check, relative to the workspace root. By default every file
    /// among the step's inputs.
    pub files: Vec<String>,
    /// Globs of files to leave out.
    pub except: Vec<String>,
    /// How serious each rule is. Rules that are not named keep their default.
    pub rules: RuleLevels,
    /// Settings of the rule `spelling`.
    pub spelling: Spelling,
    /// The size in bytes above which the rule `file-size` reports a file.
    pub max_size: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            files: vec!["**".to_owned()],
            except: Vec::new(),
            rules: RuleLevels::default(),
            spelling: Spelling::default(),
            max_size: 1024 * 1024,
        }
    }
}

/// Settings of the rule `spelling`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Spelling {
    /// Words and identifiers that are right as they are, in any case.
    pub allow: Vec<String>,
    /// Globs of files whose spelling is not checked, such as translations.
    pub except: Vec<String>,
}

/// What to do with the findings of a rule.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Do not look.
    Off,
    /// Worth knowing.
    Note,
    /// Should be mended.
    Warning,
    /// Must be mended: the step fails.
    Error,
}

/// The level of each rule.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RuleLevels {
    /// Files that do not parse as JSON.
    pub json_syntax: Level,
    /// Files that do not parse as TOML.
    pub toml_syntax: Level,
    /// Files that do not parse as YAML.
    pub yaml_syntax: Level,
    /// Keys that occur twice in a JSON object or a YAML mapping.
    pub duplicate_key: Level,
    /// JavaScript and TypeScript that does not parse.
    pub js_syntax: Level,
    /// Scripts that parse but break a rule of the language, such as declaring a name twice.
    pub js_semantic: Level,
    /// Files that nest too deeply to be parsed; their syntax is not checked.
    pub nesting_too_deep: Level,
    /// Known misspellings.
    pub spelling: Level,
    /// Committed merge conflicts.
    pub conflict_marker: Level,
    /// Credentials of well-known shapes.
    pub credential: Level,
    /// JSON web tokens, which are often harmless test values.
    pub json_web_token: Level,
    /// Files that mix line endings.
    pub line_endings: Level,
    /// Blanks at the end of a line.
    pub trailing_whitespace: Level,
    /// Files whose last line does not end.
    pub final_newline: Level,
    /// Text files that are not UTF-8.
    pub text_encoding: Level,
    /// Files larger than `max-size`.
    pub file_size: Level,
}

impl Default for RuleLevels {
    fn default() -> Self {
        Self {
            json_syntax: Level::Error,
            toml_syntax: Level::Error,
            yaml_syntax: Level::Error,
            duplicate_key: Level::Warning,
            js_syntax: Level::Error,
            js_semantic: Level::Error,
            nesting_too_deep: Level::Warning,
            spelling: Level::Warning,
            conflict_marker: Level::Error,
            credential: Level::Error,
            json_web_token: Level::Off,
            line_endings: Level::Warning,
            trailing_whitespace: Level::Off,
            final_newline: Level::Off,
            text_encoding: Level::Note,
            file_size: Level::Warning,
        }
    }
}

impl RuleLevels {
    /// Returns the level of one rule.
    pub(crate) fn level(&self, rule: Rule) -> Level {
        match rule {
            Rule::JsonSyntax => self.json_syntax,
            Rule::TomlSyntax => self.toml_syntax,
            Rule::YamlSyntax => self.yaml_syntax,
            Rule::DuplicateKey => self.duplicate_key,
            Rule::JsSyntax => self.js_syntax,
            Rule::JsSemantic => self.js_semantic,
            Rule::NestingTooDeep => self.nesting_too_deep,
            Rule::Spelling => self.spelling,
            Rule::ConflictMarker => self.conflict_marker,
            Rule::Credential => self.credential,
            Rule::JsonWebToken => self.json_web_token,
            Rule::LineEndings => self.line_endings,
            Rule::TrailingWhitespace => self.trailing_whitespace,
            Rule::FinalNewline => self.final_newline,
            Rule::TextEncoding => self.text_encoding,
            Rule::FileSize => self.file_size,
        }
    }

    /// Returns whether anyone wants to hear of a rule.
    pub(crate) fn is_on(&self, rule: Rule) -> bool {
        self.level(rule) != Level::Off
    }

    /// Returns whether at least one of several rules is on.
    pub(crate) fn any_on(&self, rules: &[Rule]) -> bool {
        rules.iter().any(|&rule| self.is_on(rule))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_a_field_of_the_schema_with_its_default() {
        let schema = schemars::schema_for!(RuleLevels);
        let properties = schema.get("properties").and_then(|it| it.as_object()).expect("a struct");
        assert_eq!(properties.len(), Rule::ALL.len());
        for rule in Rule::ALL {
            assert!(properties[rule.name()].get("default").is_some(), "{}", rule.name());
        }
    }
}
