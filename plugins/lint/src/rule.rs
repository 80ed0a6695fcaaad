//! The names of the rules.

/// One thing that the plugin looks for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Rule {
    /// The file does not parse as JSON.
    JsonSyntax,
    /// The file does not parse as TOML.
    TomlSyntax,
    /// The file does not parse as YAML.
    YamlSyntax,
    /// A key of a JSON object or YAML mapping occurs twice.
    DuplicateKey,
    /// The file does not parse as JavaScript or TypeScript.
    JsSyntax,
    /// The script parses, but breaks an early-error rule of the language.
    JsSemantic,
    /// The file nests too deeply to be parsed safely.
    NestingTooDeep,
    /// A known misspelling.
    Spelling,
    /// A merge conflict that was committed.
    ConflictMarker,
    /// A credential of a well-known shape.
    Credential,
    /// A JSON web token.
    JsonWebToken,
    /// Lines end in different ways.
    LineEndings,
    /// Blanks at the end of a line.
    TrailingWhitespace,
    /// The last line does not end.
    FinalNewline,
    /// The text is not UTF-8.
    TextEncoding,
    /// The file is larger than the limit.
    FileSize,
}

impl Rule {
    /// Every rule, in the order of the manual.
    pub(crate) const ALL: [Self; 16] = [
        Self::JsonSyntax,
        Self::TomlSyntax,
        Self::YamlSyntax,
        Self::DuplicateKey,
        Self::JsSyntax,
        Self::JsSemantic,
        Self::NestingTooDeep,
        Self::Spelling,
        Self::ConflictMarker,
        Self::Credential,
        Self::JsonWebToken,
        Self::LineEndings,
        Self::TrailingWhitespace,
        Self::FinalNewline,
        Self::TextEncoding,
        Self::FileSize,
    ];

    /// Returns the stable name, as in findings and in the configuration.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::JsonSyntax => "json-syntax",
            Self::TomlSyntax => "toml-syntax",
            Self::YamlSyntax => "yaml-syntax",
            Self::DuplicateKey => "duplicate-key",
            Self::JsSyntax => "js-syntax",
            Self::JsSemantic => "js-semantic",
            Self::NestingTooDeep => "nesting-too-deep",
            Self::Spelling => "spelling",
            Self::ConflictMarker => "conflict-marker",
            Self::Credential => "credential",
            Self::JsonWebToken => "json-web-token",
            Self::LineEndings => "line-endings",
            Self::TrailingWhitespace => "trailing-whitespace",
            Self::FinalNewline => "final-newline",
            Self::TextEncoding => "text-encoding",
            Self::FileSize => "file-size",
        }
    }
}
