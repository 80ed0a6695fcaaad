//! `spelling`: words that are known to be misspelled.
//!
//! Only known misspellings are found, so an unknown word is never a finding.

use std::borrow::Cow;
use std::collections::BTreeSet;

use typos::tokens::{Case, Identifier, Tokenizer, Word};
use typos::{Dictionary, Status, Typo};
use unicase::UniCase;

use crate::file_kind::is_machine_written;
use crate::rule::Rule;
use crate::source::{Remark, SourceFile};

/// The words that are right although the dictionary knows better.
pub(crate) struct Allowed {
    words: BTreeSet<String>,
}

impl Allowed {
    /// Takes words in any case.
    pub(crate) fn new(words: &[String]) -> Self {
        Self { words: words.iter().map(|word| word.to_lowercase()).collect() }
    }

    fn has(&self, word: &str) -> bool {
        !self.words.is_empty() && self.words.contains(&word.to_lowercase())
    }
}

/// Finds misspelled words and parts of identifiers.
pub(crate) fn check(file: &SourceFile<'_>, allowed: &Allowed) -> Vec<Remark> {
    if is_machine_written(file.path) {
        return Vec::new();
    }
    let tokenizer = Tokenizer::new();
    typos::check_str(file.text, &tokenizer, allowed).filter_map(|typo| remark(&typo)).collect()
}

fn remark(typo: &Typo<'_>) -> Option<Remark> {
    let range = typo.span();
    let wrong = &typo.typo;
    match &typo.corrections {
        Status::Valid => None,
        Status::Invalid => {
            Some(Remark::new(Rule::Spelling, range, format!("`{wrong}` is misspelled")))
        }
        Status::Corrections(words) => {
            let choices: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            let message = format!("`{wrong}` should be {}", choices.join(" or "));
            let remark = Remark::new(Rule::Spelling, range.clone(), message);
            // Only a single answer is mechanical.
            Some(match words.as_slice() {
                [word] => remark.with_fix(range, word.clone()),
                _ => remark,
            })
        }
    }
}

impl Dictionary for Allowed {
    fn correct_ident<'s>(&'s self, ident: Identifier<'_>) -> Option<Status<'s>> {
        self.has(ident.token()).then_some(Status::Valid)
    }

    fn correct_word<'s>(&'s self, word: Word<'_>) -> Option<Status<'s>> {
        let token = word.token();
        if word.case() == Case::None || self.has(token) {
            return None;
        }
        let corrections = typos_dict::WORD.find(&UniCase::new(token))?;
        if corrections.is_empty() {
            return Some(Status::Invalid);
        }
        let cased = |correction: &&'static str| in_case(correction, word.case());
        Some(Status::Corrections(corrections.iter().map(cased).collect()))
    }
}

/// Writes a correction as the misspelled word was written.
fn in_case(correction: &'static str, case: Case) -> Cow<'static, str> {
    match case {
        Case::Title => {
            let mut chars = correction.chars();
            match chars.next() {
                Some(first) => first.to_uppercase().chain(chars).collect::<String>().into(),
                None => correction.into(),
            }
        }
        Case::Upper => correction.to_uppercase().into(),
        Case::Lower | Case::None => correction.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_places_exist, check_rule, fixed, texts};

    fn none(file: &SourceFile<'_>) -> Vec<Remark> {
        check(file, &Allowed::new(&[]))
    }

    #[test]
    fn a_known_misspelling_is_found_in_words_and_identifiers() {
        check_rule(
            "a.rs",
            "é teh\nlet recieveAll = RECIEVE_ME;\n",
            none,
            &[
                "1:3-1:6 spelling: `teh` should be `the`",
                "2:5-2:12 spelling: `recieve` should be `receive`",
                "2:18-2:25 spelling: `RECIEVE` should be `RECEIVE`",
            ],
        );
    }

    #[test]
    fn one_answer_is_a_fix_in_the_same_case() {
        assert_eq!(fixed("a.md", "Teh teh TEH", none), "The the THE");
    }

    #[test]
    fn several_answers_are_named_but_not_applied() {
        check_rule("a.md", "ths", none, &["1:1-1:4 spelling: `ths` should be `the` or `this`"]);
        assert_eq!(fixed("a.md", "ths", none), "ths");
    }

    #[test]
    fn allowed_words_pass_in_any_case() {
        let allowed = Allowed::new(&["tEh".to_owned(), "recieveall".to_owned()]);
        check_rule("a.md", "a Teh recieveAll\n", |file| check(file, &allowed), &[]);
    }

    #[test]
    fn right_words_hashes_and_lock_files_pass() {
        check_rule("a.md", "The color of fnord: 2f1dce9a8a9b4b5e8b0e\n", none, &[]);
        check_rule("yarn.lock", "teh", none, &[]);
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(128))]
        #[test]
        fn any_text_is_handled(text in texts()) {
            let kind = crate::file_kind::FileKind::Text;
            assert_places_exist(&text, &none(&SourceFile { path: "a", kind, text: &text }));
        }
    }
}
