//! Needs: from the names that steps need to edges between drafts.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use belljar_model::Diagnostic;

use crate::codes;
use crate::graph::{Order, order};
use crate::lower::step::Draft;
use crate::mistakes::Mistakes;
use crate::place::Place;
use crate::reference::Reference;
use crate::suggest;
use crate::text::Text;

/// What one entry of a `needs` list means.
pub(crate) struct Need {
    pub(crate) at: Place,
    /// Indexes of drafts, ascending.
    pub(crate) steps: Rc<[usize]>,
}

/// The edges of all drafts.
pub(crate) struct Edges {
    /// For each draft, its list of needs with their places.
    pub(crate) written: Vec<Vec<Need>>,
    /// For each draft, all that it needs: ascending, each once.
    pub(crate) needs: Vec<Vec<usize>>,
}

/// Finds drafts by the names that `needs` takes.
pub(crate) struct Index<'a> {
    drafts: &'a [Draft],
    /// The entries of the file. One of them may have become no step at all.
    entries: &'a BTreeSet<&'a str>,
    by_plain: BTreeMap<&'a str, Vec<usize>>,
    /// By plain name, and by each name that a member has.
    by_member: BTreeMap<(&'a str, &'a str), Vec<usize>>,
    known: BTreeMap<String, Rc<[usize]>>,
    /// The help for unknown names: many steps may need the same one, and looking costs time.
    helps: BTreeMap<String, Option<String>>,
}

/// Looks up what all drafts need. `entries` are the plain names in the file.
pub(crate) fn resolve(
    mistakes: &mut Mistakes,
    drafts: &[Draft],
    entries: &BTreeSet<&str>,
) -> Edges {
    let mut index = Index::new(drafts, entries);
    let mut edges = Edges { written: Vec::new(), needs: Vec::new() };
    for (own, draft) in drafts.iter().enumerate() {
        let mut written = Vec::new();
        let mut needs = Vec::new();
        for text in &draft.needs {
            let Some(steps) = index.find(&text.value) else {
                let needing = format!("`{}` needs", draft.step.name);
                mistakes.add(index.unknown(&needing, text));
                continue;
            };
            if steps.binary_search(&own).is_ok() {
                mistakes.add(self_need(draft, text));
                continue;
            }
            needs.extend_from_slice(&steps);
            written.push(Need { at: text.at.clone(), steps });
        }
        needs.sort_unstable();
        needs.dedup();
        edges.written.push(written);
        edges.needs.push(needs);
    }
    edges
}

/// Puts the drafts in order, or reports the cycles that make this impossible.
pub(crate) fn sorted(
    mistakes: &mut Mistakes,
    drafts: &[Draft],
    edges: &Edges,
) -> Option<Vec<usize>> {
    match order(&edges.needs) {
        Order::Sorted(sorted) => Some(sorted),
        Order::Cycles(cycles) => {
            for cycle in &cycles {
                mistakes.add(describe(drafts, edges, cycle));
            }
            None
        }
    }
}

impl<'a> Index<'a> {
    pub(crate) fn new(drafts: &'a [Draft], entries: &'a BTreeSet<&'a str>) -> Self {
        let (known, helps) = (BTreeMap::new(), BTreeMap::new());
        let (by_plain, by_member) = (BTreeMap::new(), BTreeMap::new());
        let mut index = Self { drafts, entries, by_plain, by_member, known, helps };
        for (at, Draft { step, plain, .. }) in drafts.iter().enumerate() {
            index.by_plain.entry(&**plain).or_default().push(at);
            if let Some(member) = &step.member {
                let mut insert = |name| {
                    let steps: &mut Vec<usize> =
                        index.by_member.entry((&**plain, name)).or_default();
                    steps.push(at);
                };
                insert(member.as_str());
                if member.name() != member.as_str() {
                    insert(member.name());
                }
            }
        }
        index
    }

    /// The drafts that a text means; `None` if there is no such step.
    pub(crate) fn find(&mut self, text: &str) -> Option<Rc<[usize]>> {
        if let Some(found) = self.known.get(text) {
            return Some(Rc::clone(found));
        }
        let reference = Reference::parse(text);
        let candidates = match reference.member {
            None => self.by_plain.get(reference.plain),
            Some(member) => self.by_member.get(&(reference.plain, member)),
        };
        let with_values = |at: &&usize| {
            let own = Reference::parse(self.drafts[**at].step.name.as_str());
            reference.values.is_none() || reference.values == own.values
        };
        let found: Rc<[usize]> =
            candidates.into_iter().flatten().filter(with_values).copied().collect();
        let is_entry = reference.member.is_none()
            && reference.values.is_none()
            && self.entries.contains(reference.plain);
        if found.is_empty() && !is_entry {
            return None;
        }
        self.known.insert(text.to_owned(), Rc::clone(&found));
        Some(found)
    }

    /// The mistake of naming a step that nobody declares. `naming` says who does what with it,
    /// such as "`test` needs".
    pub(crate) fn unknown(&mut self, naming: &str, text: &Text) -> Diagnostic {
        let message = format!("{naming} `{}`, which is not declared", text.value);
        let mut diagnostic =
            Diagnostic::error(codes::UNKNOWN_STEP, message, text.at.label("no step has this name"));
        if !self.helps.contains_key(&text.value) {
            let help = self.help(&text.value);
            self.helps.insert(text.value.clone(), help);
        }
        diagnostic.help.clone_from(&self.helps[&text.value]);
        diagnostic
    }

    fn help(&self, text: &str) -> Option<String> {
        let reference = Reference::parse(text);
        if reference.is_glob() {
            return Some("wildcards are not allowed here: name each step".to_owned());
        }
        let (asked, siblings): (&str, Vec<&str>) = match self.by_plain.get(reference.plain) {
            Some(steps) => {
                (text, steps.iter().map(|at| self.drafts[*at].step.name.as_str()).collect())
            }
            None => (reference.plain, self.entries.iter().copied().collect()),
        };
        suggest::did_you_mean(asked, &siblings, "the steps are")
    }
}

fn self_need(draft: &Draft, text: &Text) -> Diagnostic {
    let name = &draft.step.name;
    let diagnostic = Diagnostic::error(
        codes::SELF_NEED,
        format!("`{name}` needs itself"),
        text.at.label("the step itself"),
    );
    if name.as_str() == &*draft.plain {
        return diagnostic.help("take it out of `needs`");
    }
    diagnostic.help(format!(
        "`{}` means all the steps that this entry becomes; name one of them",
        text.value
    ))
}

fn describe(drafts: &[Draft], edges: &Edges, cycle: &[usize]) -> Diagnostic {
    let name = |at: usize| &drafts[at].step.name;
    let mut path = name(cycle[0]).to_string();
    let mut labels = Vec::new();
    for (from, to) in cycle.iter().zip(cycle.iter().cycle().skip(1)) {
        path = format!("{path} -> {}", name(*to));
        let need = edges.written[*from].iter().find(|need| need.steps.binary_search(to).is_ok());
        let at = need.map_or(&drafts[*from].step.at, |need| &need.at);
        labels.push(at.label(format!("`{}` needs `{}`", name(*from), name(*to))));
    }
    let first = labels.remove(0);
    let message = format!("steps need each other: {path}");
    let diagnostic =
        Diagnostic::error(codes::CYCLE, message, first).help("take one of these needs away");
    labels.into_iter().fold(diagnostic, Diagnostic::label)
}
