//! Kept: the steps of a run in a form from which a few can be had without reading all of them.
//!
//! A pipeline file is read as a whole, whatever changed. What came of it is kept in a note of its
//! own: who needs whom, which places of the workspace concern which step, and each step in bytes
//! that are only read if it is to run.

use std::collections::{BTreeMap, BTreeSet};

use belljar_model::{Digest, Patterns, WorkspacePath};
use belljar_pipeline::{Plan, PluginLocation, PluginSource, Step};
use belljar_workspace::{Change, ChangeKind};
use serde::{Deserialize, Serialize};

use crate::session::Session;

/// How many bytes of a step are about other things than the step itself, usually at most.
const ROOM: usize = 256;

/// All that is kept of a plan.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept<'a> {
    /// The run that wrote it.
    pub(super) run: &'a str,
    /// The steps, each after all that it needs.
    #[serde(borrow)]
    pub(super) steps: Vec<KeptStep<'a>>,
    /// The places in which steps look or write, sorted, each with the index of such a step.
    places: Vec<(&'a str, u32)>,
    /// The declared outputs of the steps that were not asked for: no inputs either.
    unasked: Vec<Vec<&'a str>>,
    /// The plugins.
    pub(super) plugins: BTreeMap<String, KeptPlugin>,
}

/// A step of which most is still in bytes.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptStep<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// The indexes of the steps that it needs.
    pub(super) needs: Vec<u32>,
    /// Its declared outputs, as they are written.
    outputs: Vec<&'a str>,
    /// A [`Step`].
    #[serde(with = "serde_bytes")]
    bytes: &'a [u8],
}

/// A plugin, and which component it was.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptPlugin {
    /// Where it comes from.
    pub(super) source: PluginSource,
    /// Its component.
    pub(super) digest: Digest,
}

/// The bytes in which a plan is kept for the runs after `run`. `None` if a step has no such form,
/// or a plugin was not loaded.
pub(super) fn keep(run: &str, plan: &Plan, session: &Session) -> Option<Vec<u8>> {
    let bytes: Vec<_> =
        plan.steps.iter().map(|step| postcard::to_stdvec(&**step).ok()).collect::<Option<_>>()?;
    let mut places = Vec::new();
    let mut steps = Vec::with_capacity(plan.len());
    for (index, (step, bytes)) in plan.steps.iter().zip(&bytes).enumerate() {
        let number = u32::try_from(index).ok()?;
        let bases = step.inputs.bases().chain(step.outputs.bases());
        places.extend(bases.map(|base| (base.path().as_str(), number)));
        steps.push(KeptStep {
            name: step.name.as_str(),
            needs: plan.needs[index]
                .iter()
                .map(|need| u32::try_from(*need).ok())
                .collect::<Option<_>>()?,
            outputs: texts(&step.outputs),
            bytes,
        });
    }
    places.sort_unstable();
    places.dedup();
    let asked: BTreeSet<_> = plan.steps.iter().map(|step| &step.name).collect();
    let unasked = session.project.pipeline.steps.iter().filter(|step| !asked.contains(&step.name));
    let unasked = unasked.map(|step| texts(&step.outputs)).collect();
    let plugin = |(name, source): (&String, &PluginSource)| {
        let digest = session.plugins.get(name)?.as_ref().ok()?.digest;
        Some((name.clone(), KeptPlugin { source: source.clone(), digest }))
    };
    let plugins = session.project.pipeline.plugins.iter();
    let plugins = plugins.map(plugin).collect::<Option<_>>()?;
    // Almost as large as it will be: growing would take as much memory again.
    let size: usize = bytes.iter().map(|bytes| bytes.len() + ROOM).sum();
    let kept = Kept { run, steps, places, unasked, plugins };
    postcard::to_extend(&kept, Vec::with_capacity(size)).ok()
}

fn texts(patterns: &Patterns) -> Vec<&str> {
    patterns.texts().iter().map(String::as_str).collect()
}

impl KeptStep<'_> {
    /// The whole of it.
    pub(super) fn read(&self) -> Option<Step> {
        postcard::from_bytes(self.bytes).ok()
    }

    /// Its declared outputs.
    pub(super) fn outputs(&self) -> Option<Patterns> {
        Patterns::parse(&self.outputs).ok()
    }
}

impl Kept<'_> {
    /// Which steps a run has to look at: those that some change concerns, and all that need them.
    /// `None` if a change concerns more than steps, or none of them, so that it cannot be said.
    pub(super) fn concerned(&self, changes: &[Change]) -> Option<Vec<bool>> {
        let mut concerned = vec![false; self.steps.len()];
        for change in changes {
            let is_plugin = self.plugins.values().any(|plugin| match &plugin.source.location {
                PluginLocation::Builtin(_) => false,
                PluginLocation::Path(path) => {
                    // Other names around it are nothing to it: it is looked at by itself.
                    change.path.is_within(path)
                        || change.kind != ChangeKind::Listing && path.is_within(&change.path)
                }
            });
            if is_plugin || !self.mark(change, &mut concerned) {
                return None;
            }
        }
        for index in 0..self.steps.len() {
            let needs = &self.steps[index].needs;
            concerned[index] |= needs.iter().any(|need| concerned[*need as usize]);
        }
        Some(concerned)
    }

    /// The declared outputs of the steps that were not asked for.
    pub(super) fn unasked(&self) -> Option<Vec<Patterns>> {
        self.unasked.iter().map(|outputs| Patterns::parse(outputs).ok()).collect()
    }

    /// Which steps look or write at one of these paths, above it or below it.
    pub(super) fn around<'p>(&self, paths: impl Iterator<Item = &'p WorkspacePath>) -> Vec<bool> {
        let mut around = vec![false; self.steps.len()];
        for path in paths {
            let path = path.clone();
            self.mark(&Change { path, kind: ChangeKind::Node }, &mut around);
        }
        around
    }

    /// Marks the steps that a change may concern, and says whether there are any.
    fn mark(&self, change: &Change, concerned: &mut [bool]) -> bool {
        let path = place_of(&change.path);
        let text = path.as_str();
        let mut found = false;
        let mut mark = |places: &[(&str, u32)]| {
            for (_, step) in places {
                concerned[*step as usize] = true;
                found = true;
            }
        };
        // What looks at a place sees all that is below it.
        let ends = text.match_indices('/').map(|(end, _)| end).chain([text.len()]);
        let above = ends.map(|end| &text[..end]).filter(|above| !above.is_empty());
        for place in [""].into_iter().chain(above) {
            let from = self.places.partition_point(|(each, _)| *each < place);
            let until = self.places.partition_point(|(each, _)| *each <= place);
            mark(&self.places[from..until]);
        }
        // Another list of names is nothing to one that looks at a name in it, which is looked at
        // by itself. Anything else on the way to a place may hide it.
        let is_list = change.kind == ChangeKind::Listing && path == change.path;
        if !is_list {
            let below = if text.is_empty() { String::new() } else { format!("{text}/") };
            let from = self.places.partition_point(|(each, _)| *each < below.as_str());
            let inside = self.places[from..].iter();
            let count = inside.take_while(|(each, _)| each.starts_with(&below)).count();
            mark(&self.places[from..from + count]);
        }
        found
    }
}

/// Where a change takes effect: the rules of version control in their whole folder.
fn place_of(path: &WorkspacePath) -> WorkspacePath {
    match path.parent() {
        Some(folder) if path.name() == ".gitignore" => folder,
        Some(_) | None => path.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A plan of steps `a`, `b` and so on, each with its needs and the places that concern it.
    fn kept<'a>(steps: &[(&'a str, &[u32], &[&'a str])]) -> Kept<'a> {
        let (steps_kept, places, unasked) = (Vec::new(), Vec::new(), Vec::new());
        let plugins = BTreeMap::new();
        let mut kept = Kept { run: "run", steps: steps_kept, places, unasked, plugins };
        for (number, (name, needs, places)) in (0..).zip(steps) {
            let needs = needs.to_vec();
            kept.steps.push(KeptStep { name, needs, outputs: Vec::new(), bytes: &[] });
            kept.places.extend(places.iter().map(|place| (*place, number)));
        }
        kept.places.sort_unstable();
        kept
    }

    fn change(text: &str) -> Change {
        let (text, kind) = match text.strip_suffix('/') {
            Some(folder) => (folder, ChangeKind::Listing),
            None => (text, ChangeKind::Node),
        };
        let path =
            if text == "." { WorkspacePath::root() } else { WorkspacePath::parse(text).unwrap() };
        Change { path, kind }
    }

    /// The steps that changes concern, as one word; a path that ends in `/` is a list of names.
    fn concerned(kept: &Kept<'_>, changes: &[&str]) -> Option<String> {
        let changes: Vec<_> = changes.iter().map(|text| change(text)).collect();
        let concerned = kept.concerned(&changes)?;
        let steps = kept.steps.iter().zip(concerned).filter(|(_, concerned)| *concerned);
        Some(steps.map(|(step, _)| step.name).collect())
    }

    #[test]
    fn a_change_concerns_who_looks_there_and_who_needs_them() {
        let plan = kept(&[
            ("a", &[], &["src/a.txt", "out/a"]),
            ("b", &[0], &["src/deep", "out/b"]),
            ("c", &[], &["src", "out/c"]),
            ("d", &[1], &["lib", "out/d"]),
        ]);
        let check = |changes: &[&str], expected| {
            assert_eq!(concerned(&plan, changes).as_deref(), expected, "{changes:?}");
        };
        check(&["src/a.txt"], Some("abcd"));
        check(&["src/a.txt.bak"], Some("c"));
        check(&["src/deep/x/y"], Some("bcd"));
        check(&["src/deeper"], Some("c"));
        check(&["lib/x"], Some("d"));
        check(&["lib/x", "src/x"], Some("cd"));
        check(&["out/c"], Some("c"));
        check(&["out/b/x"], Some("bd"));
        // Who looks at one name does not care for the others, unless the folder is none any more.
        check(&["src/"], Some("c"));
        check(&["src"], Some("abcd"));
        check(&["out"], Some("abcd"));
        check(&["src/.gitignore"], Some("abcd"));
        check(&[".gitignore"], Some("abcd"));
        check(&["."], Some("abcd"));
        // What concerns no step, or not only steps, is not understood.
        check(&["elsewhere"], None);
        check(&["src/a.txt", "elsewhere"], None);
        check(&["./"], None);
    }

    #[test]
    fn who_looks_everywhere_is_always_concerned() {
        let plan = kept(&[("a", &[], &[""]), ("b", &[], &["b"])]);
        for (change, expected) in [("x/y", "a"), ("./", "a"), ("b", "ab"), ("b/", "ab")] {
            assert_eq!(concerned(&plan, &[change]).as_deref(), Some(expected), "{change}");
        }
    }

    #[test]
    fn a_plugin_concerns_more_than_the_steps_that_read_it() {
        let mut plan = kept(&[("a", &[], &["tools"])]);
        assert_eq!(concerned(&plan, &["tools/p.wasm"]).as_deref(), Some("a"));
        let location = PluginLocation::Path(WorkspacePath::parse("tools/p.wasm").unwrap());
        let source = PluginSource { location, at: belljar_pipeline::Place::default() };
        plan.plugins.insert("p".to_owned(), KeptPlugin { source, digest: Digest::of(b"p") });
        assert_eq!(concerned(&plan, &["tools/p.wasm"]), None);
        assert_eq!(concerned(&plan, &["tools"]), None);
        assert_eq!(concerned(&plan, &["tools/"]).as_deref(), Some("a"));
        assert_eq!(concerned(&plan, &["tools/q"]).as_deref(), Some("a"));
    }
}
