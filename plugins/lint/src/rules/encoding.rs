//! `text-encoding`: bytes that are neither UTF-8 nor a binary file.

use crate::file_kind::FileKind;
use crate::rule::Rule;
use crate::source::Remark;

/// How many bytes are searched for a NUL.
const BINARY_WINDOW: usize = 8 * 1024;

/// Returns whether the bytes are no text: a NUL is among the first 8 KiB.
pub(crate) fn is_binary(bytes: &[u8]) -> bool {
    bytes.iter().take(BINARY_WINDOW).any(|&byte| byte == 0)
}

/// Remarks on text that is not UTF-8. `valid` is how many bytes at its start are.
///
/// In a language that must be UTF-8 this is a mistake of syntax; elsewhere it is only worth
/// knowing, because no other rule can look at the file.
pub(crate) fn invalid(kind: FileKind, valid: usize) -> Remark {
    let rule = match kind {
        FileKind::Json(_) => Rule::JsonSyntax,
        FileKind::Toml => Rule::TomlSyntax,
        FileKind::Yaml => Rule::YamlSyntax,
        FileKind::Script | FileKind::Text | FileKind::Binary => Rule::TextEncoding,
    };
    Remark::new(rule, valid..valid, "not UTF-8 from here on; the rest of the file is not checked")
}

/// Returns the part of the bytes up to the first that is not UTF-8.
pub(crate) fn valid_start(bytes: &[u8]) -> &str {
    bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_makes_a_binary_file() {
        assert!(is_binary(b"a\0b"));
        assert!(!is_binary(b"abc"));
        let mut late = vec![b'a'; BINARY_WINDOW];
        late.push(0);
        assert!(!is_binary(&late));
    }

    #[test]
    fn data_languages_must_be_utf_8() {
        assert_eq!(invalid(FileKind::Toml, 3).rule, Rule::TomlSyntax);
        assert_eq!(invalid(FileKind::Text, 3).rule, Rule::TextEncoding);
        assert_eq!(invalid(FileKind::Text, 3).range, Some(3..3));
    }
}
