//! Cases: the catalogue of attacks, and which tests have answered each of them.
//!
//! A test that passes leaves a file for each attack that it answers (`tests/cases`). The page is
//! made from these files, so it cannot say more than what ran.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::args::CasesArgs;
use crate::shell::{root, say, target_dir};

/// The variable that tells tests where to leave what they have answered.
pub(crate) const FOLDER_VAR: &str = "BELLJAR_CASES";

const CATALOGUE: &str = "docs/security/catalogue.toml";
const PAGE: &str = "docs/security/cases.md";
/// Says that every test ran and passed.
const WHOLE: &str = "whole";

/// The list of attacks, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    group: BTreeMap<char, String>,
    attack: Vec<Attack>,
}

/// One row of the list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Attack {
    id: String,
    does: String,
    expected: String,
    promise: String,
    not_applicable: Option<String>,
}

/// The tests that answered each attack.
type Answers = BTreeMap<String, BTreeSet<String>>;

/// Returns an empty folder for what the tests will leave.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn begin() -> Result<PathBuf> {
    let folder = folder()?;
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", shown(&folder)))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", shown(&folder)))?;
    Ok(folder)
}

/// Remembers that every test has passed, and checks the page.
///
/// # Errors
/// When an attack has no test that ran, or the page is another.
pub(crate) fn end() -> Result<()> {
    let mark = folder()?.join(WHOLE);
    fs::write(&mark, "").with_context(|| format!("cannot write {}", shown(&mark)))?;
    run(&CasesArgs { write: false })
}

/// Checks or writes the page from what the last run of all tests has left.
///
/// # Errors
/// When there was no such run, an attack has no test that ran, or the page is another.
pub(crate) fn run(args: &CasesArgs) -> Result<()> {
    let folder = folder()?;
    if !folder.join(WHOLE).exists() {
        bail!("not all tests have run and passed: `cargo xtask test` runs them");
    }
    let text = read(&root().join(CATALOGUE))?;
    let catalogue: Catalogue = toml::from_str(&text).with_context(|| CATALOGUE)?;
    let answers = answers(&folder)?;
    let page = page(&catalogue, &answers);
    let path = root().join(PAGE);
    let problems = problems(&catalogue, &answers);
    if args.write {
        fs::write(&path, &page).with_context(|| format!("cannot write {PAGE}"))?;
        say(&format!("written: {PAGE}"));
    } else if problems.is_empty() && fs::read_to_string(&path).unwrap_or_default() != page {
        bail!("{PAGE} is not what the tests have shown: run `cargo xtask cases --write`");
    }
    if !problems.is_empty() {
        bail!("the catalogue of attacks is not answered:\n{}", problems.join("\n"));
    }
    say(&format!("every attack of {CATALOGUE} is answered: {}", counted(&catalogue)));
    Ok(())
}

fn folder() -> Result<PathBuf> {
    Ok(target_dir()?.join("cases"))
}

/// Reads what the tests have left: `ID TEST` in each file.
fn answers(folder: &Path) -> Result<Answers> {
    let mut answers = Answers::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", shown(folder)))? {
        let path = entry?.path();
        let line = read(&path)?;
        let Some((id, test)) = line.trim_end().split_once(' ') else { continue };
        answers.entry(id.to_owned()).or_default().insert(test.to_owned());
    }
    Ok(answers)
}

fn problems(catalogue: &Catalogue, answers: &Answers) -> Vec<String> {
    let mut found = Vec::new();
    let mut known = BTreeSet::new();
    for attack in &catalogue.attack {
        let Attack { id, does, .. } = attack;
        if !known.insert(id.as_str()) {
            found.push(format!("{id} is in the list twice"));
        }
        if !id.chars().next().is_some_and(|group| catalogue.group.contains_key(&group)) {
            found.push(format!("{id} is in no group"));
        }
        if attack.not_applicable.is_none() && !answers.contains_key(id) {
            found.push(format!("{id} has no test that ran: {does}"));
        }
    }
    let unknown = answers.keys().filter(|id| !known.contains(id.as_str()));
    found.extend(
        unknown.map(|id| format!("{id} is not in {CATALOGUE}: add it, or correct the test")),
    );
    found
}

fn counted(catalogue: &Catalogue) -> String {
    let apart = catalogue.attack.iter().filter(|attack| attack.not_applicable.is_some()).count();
    format!(
        "{} attacks, {apart} of them with a reason why they cannot be tried",
        catalogue.attack.len()
    )
}

fn page(catalogue: &Catalogue, answers: &Answers) -> String {
    let mut page = format!(
        "# What an attacker may try\n\n\
         Made by `cargo xtask cases --write` from `{CATALOGUE}` and from the tests that ran and \
         passed; `cargo xtask test` fails while it is not up to date, or an attack has no test. \
         The promises are those of the [threat model](threat-model.md). There are {}.\n",
        counted(catalogue)
    );
    for (group, title) in &catalogue.group {
        let _ = write!(
            page,
            "\n## {group}: {title}\n\n| id | attack | expected answer | promise | tests |\n\
             |---|---|---|---|---|\n"
        );
        let of_group = catalogue.attack.iter().filter(|attack| attack.id.starts_with(*group));
        for attack in of_group {
            page.push_str(&row(attack, answers.get(&attack.id)));
        }
    }
    page
}

fn row(attack: &Attack, tests: Option<&BTreeSet<String>>) -> String {
    let tests = tests.into_iter().flatten().map(|test| format!("`{test}`"));
    let reason = attack.not_applicable.iter().map(|reason| format!("cannot be tried: {reason}"));
    let answered = reason.chain(tests).collect::<Vec<_>>().join("<br>");
    let Attack { id, does, expected, promise, .. } = attack;
    let cells = [id, does, expected, promise, &answered].map(|cell| cell.replace('|', "\\|"));
    format!("| {} |\n", cells.join(" | "))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", shown(path)))
}

fn shown(path: &Path) -> String {
    format!("`{}`", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        group = { A = "Loading" }
        [[attack]]
        id = "A01"
        does = "a | b"
        expected = "no"
        promise = "sealed"
        [[attack]]
        id = "A02"
        does = "c"
        expected = "no"
        promise = "alive"
        not-applicable = "never"
    "#;

    fn answers(of: &[(&str, &str)]) -> Answers {
        let mut answers = Answers::new();
        for (id, test) in of {
            answers.entry((*id).to_owned()).or_default().insert((*test).to_owned());
        }
        answers
    }

    #[test]
    fn an_attack_without_a_test_and_a_test_without_an_attack_are_problems() {
        let catalogue: Catalogue = toml::from_str(TEXT).expect("it is a list");
        assert_eq!(problems(&catalogue, &answers(&[("A01", "x::y")])), [""; 0]);
        let found = problems(&catalogue, &answers(&[("Z09", "x::y")]));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("A01 has no test") && found[1].starts_with("Z09"));
    }

    #[test]
    fn the_page_has_each_test_once_and_in_order() {
        let catalogue: Catalogue = toml::from_str(TEXT).expect("it is a list");
        let found = answers(&[("A01", "b::b"), ("A01", "a::a"), ("A01", "b::b")]);
        let page = page(&catalogue, &found);
        assert!(page.contains("| A01 | a \\| b | no | sealed | `a::a`<br>`b::b` |\n"), "{page}");
        assert!(page.contains("| A02 | c | no | alive | cannot be tried: never |\n"), "{page}");
    }
}
