//! Outputs: no two steps write to the same place, and nobody reads what another step makes
//! without waiting for it.
//!
//! Two patterns overlap when there is a path that both match. For each pattern one such path is
//! made up, its *witness*; what is reported is therefore always a real overlap, though not
//! every overlap of two globs is found. Undeclared overlaps still fail when outputs are stored.

use std::collections::BTreeSet;

use belljar_model::{Diagnostic, WorkspacePath};

use crate::codes;
use crate::lower::needs::Edges;
use crate::lower::step::Draft;
use crate::mistakes::Mistakes;
use crate::place::Place;
use crate::prefix::PrefixIndex;
use crate::text::Text;

/// One pattern of one step's outputs.
struct Claim<'a> {
    owner: usize,
    text: &'a Text,
    witness: Option<WorkspacePath>,
}

/// Reports outputs that two steps declare.
pub(crate) fn check_shared(mistakes: &mut Mistakes, drafts: &[Draft]) {
    let claims = claims(drafts);
    let index = index(&claims);
    let mut seen: BTreeSet<(usize, usize)> = BTreeSet::new();
    for (at, claim) in claims.iter().enumerate() {
        let prefix = literal_prefix(&claim.text.value);
        let others = index.prefixes_of(prefix).copied().filter(|other| *other != at);
        let overlaps = |other: &usize| {
            let other = &claims[*other];
            other.owner != claim.owner
                && (meets(drafts, other.owner, claim) || meets(drafts, claim.owner, other))
        };
        let Some(other) = others.into_iter().find(overlaps) else { continue };
        let (first, second) = (at.min(other), at.max(other));
        if seen.insert((first, second)) {
            mistakes.add(shared(drafts, &claims[first], &claims[second]));
        }
    }
}

/// Reports inputs that another step makes, when the step that reads them does not wait for it.
pub(crate) fn check_order(mistakes: &mut Mistakes, drafts: &[Draft], edges: &Edges) {
    let claims = claims(drafts);
    let index = index(&claims);
    for (reader, draft) in drafts.iter().enumerate() {
        let mut waits_for: Option<Vec<bool>> = None;
        for input in &draft.inputs {
            let Some(witness) = witness(&input.value) else { continue };
            if !draft.step.inputs.matches(&witness) {
                continue;
            }
            for &claim in index.prefixes_of(witness.as_str()) {
                let Claim { owner, text, .. } = claims[claim];
                if owner == reader
                    || edges.needs[reader].binary_search(&owner).is_ok()
                    || !drafts[owner].step.outputs.matches(&witness)
                {
                    continue;
                }
                let waits_for = waits_for.get_or_insert_with(|| ancestors(edges, reader));
                if !waits_for[owner] {
                    mistakes.add(unordered(draft, &drafts[owner], &input.at, &text.at));
                }
            }
        }
    }
}

fn claims(drafts: &[Draft]) -> Vec<Claim<'_>> {
    let mut claims = Vec::new();
    for (owner, draft) in drafts.iter().enumerate() {
        for text in draft.outputs.iter().filter(|text| !text.value.starts_with('!')) {
            claims.push(Claim { owner, text, witness: witness(&text.value) });
        }
    }
    claims
}

fn index<'a>(claims: &[Claim<'a>]) -> PrefixIndex<'a, usize> {
    let entry = |(at, claim): (usize, &Claim<'a>)| (literal_prefix(&claim.text.value), at);
    PrefixIndex::new(claims.iter().enumerate().map(entry).collect())
}

/// Whether the outputs of `owner` match the witness of a claim that is not excluded by its own
/// step.
fn meets(drafts: &[Draft], owner: usize, claim: &Claim<'_>) -> bool {
    claim.witness.as_ref().is_some_and(|witness| {
        drafts[owner].step.outputs.matches(witness)
            && drafts[claim.owner].step.outputs.matches(witness)
    })
}

/// The text up to the first wildcard, as it starts in matched paths.
fn literal_prefix(pattern: &str) -> &str {
    let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
    let end = pattern.find(['*', '?', '[', '{', '\\']).unwrap_or(pattern.len());
    let prefix = &pattern[..end];
    // A plain path may end with a slash, but what it matches does not.
    if end == pattern.len() { prefix.trim_end_matches('/') } else { prefix }
}

/// A path that the pattern matches: each wildcard stands for an `x`, of alternatives the first
/// is taken. `None` for what takes more thought, such as character classes.
fn witness(pattern: &str) -> Option<WorkspacePath> {
    let mut path = String::new();
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '*' => {
                while letters.next_if_eq(&'*').is_some() {}
                path.push('x');
            }
            '?' => path.push('x'),
            '{' => {
                let inner: String = letters.by_ref().take_while(|letter| *letter != '}').collect();
                if inner.contains(['{', '*', '[', '\\']) {
                    return None;
                }
                path.push_str(inner.split(',').next().unwrap_or_default());
            }
            '!' | '[' | '\\' => return None,
            _ => path.push(letter),
        }
    }
    WorkspacePath::parse(&path).ok()
}

/// All that must pass before a draft.
fn ancestors(edges: &Edges, of: usize) -> Vec<bool> {
    let mut found = vec![false; edges.needs.len()];
    let mut stack = vec![of];
    while let Some(at) = stack.pop() {
        for &need in &edges.needs[at] {
            if !std::mem::replace(&mut found[need], true) {
                stack.push(need);
            }
        }
    }
    found
}

fn shared(drafts: &[Draft], first: &Claim<'_>, second: &Claim<'_>) -> Diagnostic {
    let (one, other) = (&drafts[first.owner].step.name, &drafts[second.owner].step.name);
    let message = format!("`{one}` and `{other}` both write to `{}`", second.text.value);
    let label = second.text.at.label(format!("an output of `{other}`"));
    let diagnostic = Diagnostic::error(codes::SHARED_OUTPUT, message, label);
    if first.text.at == second.text.at {
        return diagnostic
            .help("both are made from one entry: put `${member}` or `${matrix.…}` into the path");
    }
    let label = first.text.at.label(format!("an output of `{one}`: `{}`", first.text.value));
    diagnostic.label(label).help("give each step an output folder of its own")
}

fn unordered(reader: &Draft, maker: &Draft, input: &Place, output: &Place) -> Diagnostic {
    let (reader, maker) = (&reader.step.name, &maker.step.name);
    let message = format!("`{reader}` reads what `{maker}` makes, without waiting for it");
    Diagnostic::error(codes::UNORDERED_INPUT, message, input.label(format!("made by `{maker}`")))
        .label(output.label(format!("an output of `{maker}`")))
        .help(format!("add `{maker}` to the needs of `{reader}`"))
}

#[cfg(test)]
mod tests {
    use belljar_model::Patterns;

    use super::*;

    #[test]
    fn a_witness_is_matched_by_its_pattern() {
        for pattern in ["a/b", "a/**/*.js", "a/**", "**/*", "*.{js,ts}", "./a/*", "a/{b,c}/d"] {
            let path = witness(pattern).unwrap();
            assert!(Patterns::parse(&[pattern]).unwrap().matches(&path), "{pattern}: {path}");
            assert!(path.as_str().starts_with(literal_prefix(pattern)), "{pattern}: {path}");
        }
    }

    #[test]
    fn patterns_that_take_more_thought_have_no_witness() {
        for pattern in ["!a", "[ab]", "a\\*", "{a,{b,c}}", "{*,b}"] {
            assert_eq!(witness(pattern), None, "{pattern}");
        }
    }
}
