//! Part: the steps that a change concerns, as a run of their own. All others have nothing to do.

use std::collections::BTreeMap;
use std::sync::Arc;

use belljar_model::event::Totals;
use belljar_model::pattern::Base;
use belljar_model::ports::BlobStore as _;
use belljar_model::{Capability, Digest, OutputFile, Patterns, StepName};
use belljar_pipeline::{Pipeline, Plan, PluginSource, Step};
use belljar_runner::Settled;
use belljar_workspace::Change;

use super::kept::Kept;
use super::{Made, Note};
use crate::args::Global;
use crate::error::CommandError;
use crate::project::Project;
use crate::session::Session;
use crate::terminal::Terminal;

/// The steps that are to be looked at, with what they need to know of the others.
pub(crate) struct Part {
    /// The note that holds for the others.
    pub(super) note: Note,
    /// What is not as that note says.
    pub(super) changes: Vec<Change>,
    /// Which steps of the note's plan these are, ascending.
    pub(super) indexes: Vec<usize>,
    plan: Plan,
    plugins: BTreeMap<String, (PluginSource, Digest)>,
    left_out: Vec<Patterns>,
    settled: Settled,
}

/// A part that can be run.
pub(crate) struct OpenPart {
    /// The project, with nothing but the part.
    pub(crate) session: Session,
    /// Its steps.
    pub(crate) plan: Plan,
    /// The others.
    pub(crate) settled: Settled,
    /// What is remembered when it has run.
    pub(crate) basis: Basis,
}

/// What a run of a part goes on from.
pub(crate) struct Basis {
    pub(super) note: Note,
    pub(super) changes: Vec<Change>,
    pub(super) indexes: Vec<usize>,
}

impl Part {
    /// The steps that these changes concern. `None` if all steps have to be looked at.
    pub(super) fn of(note: Note, kept: &Kept<'_>, changes: Vec<Change>) -> Option<Self> {
        if note.kept.as_deref() != Some(kept.run) || note.made.len() != kept.steps.len() {
            return None;
        }
        let concerned = kept.concerned(&changes)?;
        let indexes: Vec<usize> = (0..concerned.len()).filter(|index| concerned[*index]).collect();
        let plan = plan(kept, &indexes)?;
        let mut plugins = BTreeMap::new();
        for step in &plan.steps {
            // A secret has its source in the pipeline file, of which this has no part.
            if step.grants.iter().any(|at| at.grant.capability != Capability::Env) {
                return None;
            }
            let plugin = kept.plugins.get(&step.uses)?;
            plugins.insert(step.uses.clone(), (plugin.source.clone(), plugin.digest));
        }
        let others = || (0..concerned.len()).filter(|index| !concerned[*index]);
        let inputs = plan.steps.iter().flat_map(|step| step.inputs.bases());
        let around = kept.around(inputs.map(Base::path));
        let left_out = others().filter(|index| around[*index]);
        let left_out = left_out.map(|index| kept.steps[index].outputs());
        let mut left_out: Vec<_> = left_out.collect::<Option<_>>()?;
        left_out.extend(kept.unasked()?);
        let settled = Settled {
            since: note.run.clone(),
            outputs: needed(&note, kept, &concerned)?,
            totals: totals(others().map(|index| &note.made[index]))?,
        };
        Some(Self { note, changes, indexes, plan, plugins, left_out, settled })
    }

    /// Opens it. `None` if all steps have to be looked at after all: a plugin is another one, or a
    /// file that a settled step has made for one of these is not in the store any more.
    ///
    /// # Errors
    /// When the store cannot be opened.
    pub(crate) fn open(
        self,
        candidate: &mut super::Candidate<'_>,
        global: &Global,
        terminal: &Terminal,
    ) -> Result<Option<OpenPart>, CommandError> {
        let Self { note, changes, indexes, plan, plugins, left_out, settled } = self;
        let sources = plugins.iter().map(|(name, (source, _))| (name.clone(), source.clone()));
        let pipeline = Pipeline {
            plugins: sources.collect(),
            steps: plan.steps.clone(),
            ..Pipeline::default()
        };
        let project = Project {
            root: candidate.root.clone(),
            file: candidate.file.clone(),
            pipeline,
            sources: belljar_pipeline::Sources::default(),
            heard: note.heard.clone(),
            warnings: Vec::new(),
            left_out,
        };
        let session = Session::open_part(global, project, terminal, candidate.take_early())?;
        let loaded = |name: &String| session.plugins.get(name)?.as_ref().ok();
        let is_same = |(name, (_, digest)): (&String, &(PluginSource, Digest))| {
            loaded(name).is_some_and(|plugin| plugin.digest == *digest)
        };
        let mut made = settled.outputs.values().flat_map(|outputs| outputs.iter());
        if !plugins.iter().all(is_same) || !made.all(|made| session.store.contains(&made.digest)) {
            return Ok(None);
        }
        Ok(Some(OpenPart { session, plan, settled, basis: Basis { note, changes, indexes } }))
    }
}

/// The plan of some steps, with indexes among themselves.
fn plan(kept: &Kept<'_>, indexes: &[usize]) -> Option<Plan> {
    let mut plan = Plan::default();
    for index in indexes {
        let step: Step = kept.steps[*index].read()?;
        let needs = kept.steps[*index].needs.iter();
        let among = needs.filter_map(|need| indexes.binary_search(&(*need as usize)).ok());
        plan.needs.push(among.collect());
        plan.steps.push(Arc::new(step));
    }
    Some(plan)
}

/// What the settled steps have made that the others need.
fn needed(
    note: &Note,
    kept: &Kept<'_>,
    concerned: &[bool],
) -> Option<BTreeMap<StepName, Arc<[OutputFile]>>> {
    let mut outputs = BTreeMap::new();
    for (step, _) in kept.steps.iter().zip(concerned).filter(|(_, concerned)| **concerned) {
        for need in step.needs.iter().map(|need| *need as usize) {
            if !concerned[need] {
                let made = note.made[need].outputs()?;
                outputs.insert(StepName::new(kept.steps[need].name), Arc::from(made));
            }
        }
    }
    Some(outputs)
}

/// How steps count of which each is a hit.
pub(super) fn totals<'a>(made: impl Iterator<Item = &'a Made>) -> Option<Totals> {
    let mut totals = Totals::default();
    for made in made {
        totals.steps = totals.steps.checked_add(1)?;
        totals.saved_us = totals.saved_us.saturating_add(made.cost_us);
    }
    (totals.passed, totals.cached) = (totals.steps, totals.steps);
    Some(totals)
}
