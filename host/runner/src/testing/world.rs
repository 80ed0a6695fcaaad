//! A workspace with all the ports, in which tests run plans.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use belljar_model::ports::{Cancel, EventSink, NoSecrets, NoTools, Secrets, Tools};
use belljar_model::trust::Verification;
use belljar_model::{Digest, Event, Fault, SecretValue, StepName, Veil, WorkspacePath};
use belljar_pipeline::Plan;

use super::executor::{Executing, ScriptExecutor};
use super::{MemoryBlobs, MemoryCache, Recording, StillClock, Tree, path, plugin};
use crate::{
    Afterwards, FileRead, ForceMode, OnDispute, OnFailure, Ports, Preview, RunOptions, RunSummary,
    evidence, plan_preview, run, verify,
};

pub(crate) struct World {
    pub(crate) tree: Tree,
    pub(crate) blobs: MemoryBlobs,
    pub(crate) cache: MemoryCache,
    pub(crate) executor: ScriptExecutor,
    pub(crate) recording: Arc<Recording>,
    pub(crate) options: RunOptions,
    pub(crate) veil: Veil,
}

impl World {
    /// A workspace with some files, and the plugin `p`.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let world = Self {
            tree: Tree::default(),
            blobs: MemoryBlobs::default(),
            cache: MemoryCache::default(),
            executor: ScriptExecutor::default(),
            recording: Arc::default(),
            options: RunOptions {
                run_id: "run".to_owned(),
                asked: Vec::new(),
                jobs: 2,
                on_failure: OnFailure::KeepGoing,
                force: ForceMode::Nothing,
                on_dispute: OnDispute::Tell,
                afterwards: Afterwards::Nothing,
                cancel: Cancel::new(),
                environment: BTreeMap::new(),
                plugins: BTreeMap::from([("p".to_owned(), Ok(plugin("p")))]),
                tools: BTreeMap::new(),
                shortfalls: Vec::new(),
                settled: None,
            },
            veil: Veil::default(),
        };
        for (at, content) in files {
            world.write(at, content);
        }
        world
    }

    pub(crate) fn write(&self, at: &str, content: &str) {
        self.tree.files.lock().unwrap().insert(path(at), content.to_owned());
    }

    pub(crate) fn remove(&self, at: &str) {
        self.tree.files.lock().unwrap().remove(&path(at));
    }

    pub(crate) fn run(&self, plan: &Plan) -> RunSummary {
        self.with_ports(|ports| run(ports, plan, &self.options))
    }

    pub(crate) fn preview(&self, plan: &Plan) -> Vec<Preview> {
        self.with_ports(|ports| plan_preview(ports, plan, &self.options))
    }

    /// What the steps of a run of `plan` read.
    pub(crate) fn evidence(
        &self,
        plan: &Plan,
        summary: &RunSummary,
    ) -> Result<Vec<FileRead>, Fault> {
        self.with_ports(|ports| evidence(ports, plan, &self.options, summary))
    }

    /// Runs, and returns the names of the steps that were executed, sorted.
    pub(crate) fn executed(&self, plan: &Plan) -> Vec<String> {
        self.executor.executed.lock().unwrap().clear();
        self.run(plan);
        let executed = self.executor.executed.lock().unwrap();
        let mut names: Vec<_> = executed.iter().map(ToString::to_string).collect();
        names.sort();
        names
    }

    /// What came of executing steps of a run of `plan` again.
    pub(crate) fn verify(
        &self,
        plan: &Plan,
        summary: &RunSummary,
        chosen: &BTreeSet<StepName>,
    ) -> Vec<(StepName, Verification)> {
        self.with_ports(|ports| verify(ports, plan, &self.options, &summary.reports, chosen))
    }

    /// What steps have written into the workspace.
    pub(crate) fn made(&self) -> BTreeMap<WorkspacePath, Digest> {
        self.tree.made.lock().unwrap().clone()
    }

    /// The events since the last call.
    pub(crate) fn events(&self) -> Vec<Event> {
        std::mem::take(&mut *self.recording.0.lock().unwrap())
    }

    fn with_ports<T>(&self, go: impl FnOnce(&Ports<'_>) -> T) -> T {
        let executor = Executing { scripts: &self.executor, blobs: &self.blobs };
        let events: Arc<dyn EventSink> = self.recording.clone();
        let tools: Arc<dyn Tools> = Arc::new(NoTools);
        let secrets: Arc<dyn Secrets> = Arc::new(Kept(self.veil.clone()));
        go(&Ports {
            inputs: &self.tree,
            write_back: &self.tree,
            blobs: &self.blobs,
            cache: &self.cache,
            tools: &tools,
            secrets: &secrets,
            veil: &self.veil,
            executor: &executor,
            events: &events,
            clock: &StillClock,
        })
    }
}

/// The value of each secret that tests grant.
pub(crate) const VALUE: &str = "hunter22-hunter22";

/// Has the secret `token`, with the value [`VALUE`].
struct Kept(Veil);

impl Secrets for Kept {
    fn reveal(&self, name: &str) -> Result<SecretValue, Fault> {
        if name != "token" {
            return NoSecrets.reveal(name);
        }
        let value = SecretValue::new(VALUE.as_bytes().to_vec()).unwrap();
        self.0.cover(&value);
        Ok(value)
    }
}
