//! The cache, the workspace and the event stream, in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Mutex;

use belljar_model::ports::{
    ActionCache, EventSink, Found, Inputs, Past, Record, Recorded, WriteBack,
};
use belljar_model::trust::{Side, contradictions};
use belljar_model::{
    ActionDigest, ActionResult, Digest, Dispute, Entry, Event, FamilyDigest, Fault, Node,
    OutputFile, Patterns, Refusal, StepName, Trace, TrustLevel, WorkspacePath, WriterKey,
};

#[derive(Default)]
pub(crate) struct MemoryCache {
    pub(crate) results: Mutex<BTreeMap<ActionDigest, ActionResult>>,
    pub(crate) traces: Mutex<BTreeMap<FamilyDigest, Vec<(ActionDigest, Trace)>>>,
    pub(crate) history: Mutex<BTreeMap<StepName, Vec<Past>>>,
    /// Records that are there and not used.
    pub(crate) refused: Mutex<BTreeMap<ActionDigest, Refusal>>,
}

/// How many Traces of a family are kept.
const KEPT: usize = 8;

impl ActionCache for MemoryCache {
    fn find(&self, action: &ActionDigest) -> Result<Found, Fault> {
        if let Some(refusal) = self.refused.lock().unwrap().get(action) {
            return Ok(Found { record: None, refused: Some(refusal.clone()) });
        }
        let result = self.results.lock().unwrap().get(action).cloned();
        let record = result.map(|result| Recorded { result, origin: None });
        Ok(Found { record, refused: None })
    }

    fn traces(
        &self,
        family: &FamilyDigest,
        visit: &mut dyn FnMut(ActionDigest, Trace) -> ControlFlow<()>,
    ) -> Result<(), Fault> {
        let kept = self.traces.lock().unwrap().get(family).cloned().unwrap_or_default();
        for (action, trace) in kept {
            if visit(action, trace).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn put(&self, record: Record<'_>) -> Result<Option<Dispute>, Fault> {
        let earlier = self.results.lock().unwrap().insert(record.action, record.result.clone());
        let mut traces = self.traces.lock().unwrap();
        let kept = traces.entry(record.family).or_default();
        kept.retain(|(action, _)| *action != record.action);
        // An equal Trace is kept once, by the record that had it first.
        let equal = kept.iter().position(|(_, trace)| trace == record.trace);
        let first = equal.map(|at| kept.remove(at));
        kept.insert(0, first.unwrap_or_else(|| (record.action, record.trace.clone())));
        kept.truncate(KEPT);
        let contradictions =
            earlier.map(|earlier| contradictions(&earlier, record.result)).unwrap_or_default();
        let side = |at| {
            let writer = WriterKey::from_bytes([1; 32]);
            Side { writer, level: TrustLevel::Developer, at }
        };
        let (action, then, now) = (record.action, side(1), side(2));
        let dispute = Dispute { action, then, now, contradictions };
        Ok((!dispute.contradictions.is_empty()).then_some(dispute))
    }

    fn history(&self, step: &StepName) -> Result<Vec<Past>, Fault> {
        Ok(self.history.lock().unwrap().get(step).cloned().unwrap_or_default())
    }

    fn remember(&self, step: &StepName, past: Past) -> Result<(), Fault> {
        self.history.lock().unwrap().entry(step.clone()).or_default().insert(0, past);
        Ok(())
    }

    fn durations(&self) -> Result<BTreeMap<StepName, u64>, Fault> {
        let history = self.history.lock().unwrap();
        Ok(history.iter().map(|(step, pasts)| (step.clone(), pasts[0].wall_us)).collect())
    }
}

/// A workspace: what its author wrote, and what steps wrote into it.
#[derive(Default)]
pub(crate) struct Tree {
    pub(crate) files: Mutex<BTreeMap<WorkspacePath, String>>,
    pub(crate) made: Mutex<BTreeMap<WorkspacePath, Digest>>,
    /// Patterns of which a snapshot panics, as a port with a defect would.
    pub(crate) cursed: BTreeSet<String>,
}

impl Inputs for Tree {
    fn snapshot(&self, patterns: &Patterns) -> Result<Vec<Entry>, Fault> {
        assert!(!patterns.texts().iter().any(|text| self.cursed.contains(text)), "cursed");
        let files = self.files.lock().unwrap();
        let matching = files.iter().filter(|(path, _)| patterns.matches(path));
        let entry = |(path, content): (&WorkspacePath, &String)| Entry {
            path: path.clone(),
            node: Node::File { digest: Digest::of(content.as_bytes()), executable: false },
        };
        Ok(matching.map(entry).collect())
    }

    fn exists(&self, path: &WorkspacePath) -> bool {
        self.files.lock().unwrap().keys().any(|file| file.is_within(path))
    }
}

impl WriteBack for Tree {
    fn write_back(&self, outputs: &[OutputFile]) -> Result<usize, Fault> {
        let mut made = self.made.lock().unwrap();
        for output in outputs {
            made.insert(output.path.clone(), output.digest);
        }
        Ok(outputs.len())
    }
}

#[derive(Default)]
pub(crate) struct Recording(pub(crate) Mutex<Vec<Event>>);

impl EventSink for Recording {
    fn emit(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}
