//! Expansion: one entry of the file becomes one step for each folder and each combination of
//! matrix values.

use std::collections::{BTreeMap, BTreeSet};

use belljar_model::{Diagnostic, Patterns, StepName, WorkspacePath};

use crate::codes;
use crate::files::Files;
use crate::lower::document::Declared;
use crate::lower::fields::{Axis, Fields};
use crate::lower::pattern_code;
use crate::mistakes::Mistakes;
use crate::text::Text;

/// How many steps one entry may become.
pub(crate) const MOST_STEPS: usize = 10_000;

/// One step that an entry becomes.
#[derive(Debug)]
pub(crate) struct Expansion<'a> {
    pub(crate) name: StepName,
    pub(crate) member: Option<WorkspacePath>,
    /// The value of each axis.
    pub(crate) values: Vec<(&'a str, &'a str)>,
}

/// Returns the steps that an entry becomes. `fields` are those of the entry, with all that it
/// extends.
pub(crate) fn expand<'a>(
    mistakes: &mut Mistakes,
    files: &dyn Files,
    declared: &Declared,
    fields: &'a Fields,
) -> Vec<Expansion<'a>> {
    let plain = declared.name.value.as_str();
    let axes = checked_axes(mistakes, &fields.matrix);
    let members = match &fields.for_each {
        None => vec![(None, None)],
        Some(patterns) => {
            let members = members(mistakes, files, plain, &patterns.value);
            members.into_iter().map(|(label, path)| (Some(label), Some(path))).collect()
        }
    };
    let mut sizes = axes.iter().map(|axis| axis.values.len());
    let combinations = sizes.try_fold(1_usize, usize::checked_mul);
    let total = combinations.and_then(|count| count.checked_mul(members.len()));
    if total.is_none_or(|total| total > MOST_STEPS) {
        let message = format!("`{plain}` would become more than {MOST_STEPS} steps");
        let at = fields.matrix_at.as_ref().unwrap_or(&declared.at);
        mistakes.add(Diagnostic::error(codes::TOO_MANY_STEPS, message, at.label("")));
        return Vec::new();
    }
    let combinations = combinations_of(&axes);
    let mut expansions = Vec::new();
    for (label, member) in members {
        for values in &combinations {
            let name = full_name(plain, label.as_deref(), values);
            expansions.push(Expansion { name, member: member.clone(), values: values.clone() });
        }
    }
    expansions
}

fn full_name(plain: &str, member: Option<&str>, values: &[(&str, &str)]) -> StepName {
    let mut name = match member {
        Some(member) => format!("{member}:{plain}"),
        None => plain.to_owned(),
    };
    if !values.is_empty() {
        let values: Vec<&str> = values.iter().map(|(_, value)| *value).collect();
        name = format!("{name}[{}]", values.join(","));
    }
    StepName::new(&name)
}

/// The axes without values that cannot be part of a name.
fn checked_axes<'a>(mistakes: &mut Mistakes, axes: &'a [Axis]) -> Vec<&'a Axis> {
    let odd = |letter: char| {
        letter.is_whitespace() || letter.is_control() || "[]{},:*?\"\\$".contains(letter)
    };
    for axis in axes {
        if !StepName::is_plain(&axis.name.value) {
            let message = format!("`{}` cannot be the name of an axis", axis.name.value);
            let rule = "a name starts with a letter and has letters, digits, `-` and `_`";
            let label = axis.name.at.label("");
            mistakes.add(Diagnostic::error(codes::BAD_NAME, message, label).help(rule));
        }
        for value in &axis.values {
            if value.value.is_empty() || value.value.contains(odd) {
                let message = format!("`{}` cannot be part of a step's name", value.value);
                mistakes.add(
                    Diagnostic::error(codes::BAD_NAME, message, value.at.label(""))
                        .help("values of a matrix have no spaces and none of `[]{},:*?$\\\"`"),
                );
            }
        }
    }
    axes.iter().collect()
}

/// The cartesian product: the last axis changes fastest.
fn combinations_of<'a>(axes: &[&'a Axis]) -> Vec<Vec<(&'a str, &'a str)>> {
    let mut combinations = vec![Vec::new()];
    for axis in axes {
        let name = axis.name.value.as_str();
        let longer = |head: &Vec<(&'a str, &'a str)>| {
            let values = axis.values.iter().map(move |value| (name, value.value.as_str()));
            let head = head.clone();
            values.map(move |value| head.iter().copied().chain([value]).collect()).collect()
        };
        combinations =
            combinations.iter().flat_map(|head| -> Vec<Vec<_>> { longer(head) }).collect();
    }
    combinations
}

/// The folders that `for-each` means, with the name that each has in a step's name: its last
/// segment, or its whole path if two folders have the same last segment.
fn members(
    mistakes: &mut Mistakes,
    files: &dyn Files,
    plain: &str,
    patterns: &[Text],
) -> Vec<(String, WorkspacePath)> {
    let mut folders = BTreeSet::new();
    for pattern in patterns {
        if let Some(diagnostic) = bad_pattern(pattern) {
            mistakes.add(diagnostic);
            continue;
        }
        let found = files.folders(&pattern.value);
        if found.is_empty() {
            let message = format!("no folder matches `{}`", pattern.value);
            let label = pattern.at.label(format!("so `{plain}` never runs"));
            mistakes.add(Diagnostic::warning(codes::EMPTY_EXPANSION, message, label));
        }
        for folder in found {
            if folder.is_root()
                || folder.as_str().contains(['*', '?', '[', ']', '{', '}', ',', ':', '!', '$'])
            {
                let message = format!("the folder `{folder}` cannot be part of a step's name");
                mistakes.add(
                    Diagnostic::error(codes::BAD_NAME, message, pattern.at.label("matches it"))
                        .help("rename the folder, or narrow the pattern"),
                );
                continue;
            }
            folders.insert(folder);
        }
    }
    let mut same_name: BTreeMap<&str, usize> = BTreeMap::new();
    for folder in &folders {
        *same_name.entry(folder.name()).or_default() += 1;
    }
    let label = |folder: &WorkspacePath| {
        let unique = same_name[folder.name()] == 1;
        if unique { folder.name().to_owned() } else { folder.as_str().to_owned() }
    };
    let labels: Vec<String> = folders.iter().map(label).collect();
    labels.into_iter().zip(folders).collect()
}

fn bad_pattern(pattern: &Text) -> Option<Diagnostic> {
    if pattern.value.starts_with('!') {
        let message = "`for-each` cannot take folders out again with `!`";
        return Some(Diagnostic::error(codes::BAD_PATTERN, message, pattern.at.label("")));
    }
    let error = Patterns::parse(std::slice::from_ref(&pattern.value)).err()?;
    Some(Diagnostic::error(pattern_code(&pattern.value), error.reason, pattern.at.label("")))
}
