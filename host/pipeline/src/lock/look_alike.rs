//! Twins: names of plugins that a person reads as one another.

use std::collections::BTreeMap;

use belljar_model::Diagnostic;

use crate::codes;
use crate::mistakes::Mistakes;
use crate::pipeline::Pipeline;

/// Letters that look like others, each with the one that it is taken for.
const LIKE: &[(&str, &str)] = &[
    ("1", "l"),
    ("i", "l"),
    ("|", "l"),
    ("0", "o"),
    ("5", "s"),
    ("_", "-"),
    (".", "-"),
    ("rn", "m"),
    ("vv", "w"),
    // Cyrillic and Greek letters that look like Latin ones.
    ("\u{430}", "a"),
    ("\u{435}", "e"),
    ("\u{43e}", "o"),
    ("\u{440}", "p"),
    ("\u{441}", "c"),
    ("\u{443}", "y"),
    ("\u{445}", "x"),
    ("\u{456}", "l"),
    ("\u{3b1}", "a"),
    ("\u{3bf}", "o"),
    ("\u{3c1}", "p"),
    ("\u{3bd}", "v"),
];

/// What a name looks like.
fn shape(name: &str) -> String {
    let lower = name.to_lowercase();
    let shape = LIKE.iter().fold(lower, |shape, (letter, like)| shape.replace(letter, like));
    shape.replace('-', "")
}

/// The first of `names` that a person may take for `name`, and that is not the same.
pub fn look_alike<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = shape(name);
    names.into_iter().find(|other| *other != name && shape(other) == wanted)
}

/// Warns of plugins of one file that are called alike.
pub(crate) fn warn(mistakes: &mut Mistakes, pipeline: &Pipeline) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for (name, source) in &pipeline.plugins {
        let other = *seen.entry(shape(name)).or_insert(name);
        if other != name {
            let message = format!("the plugins `{name}` and `{other}` look alike");
            let label = source.at.label("is this the one that is meant?");
            let mut diagnostic = Diagnostic::warning(codes::LOOK_ALIKE, message, label);
            if let Some(first) = pipeline.plugins.get(other) {
                diagnostic = diagnostic.label(first.at.label("the other one"));
            }
            mistakes
                .add(diagnostic.help("give one of them a name that nobody can take for the other"));
        }
    }
}
