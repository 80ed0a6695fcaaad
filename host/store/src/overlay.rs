//! The overlay: what this process recorded and the database does not hold yet.

use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::sync::Arc;

use belljar_model::ports::Past;
use belljar_model::{ActionDigest, Dispute, FamilyDigest, StepName, TrustLevel, WriterKey};

/// A record in the form in which it is kept.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) action: ActionDigest,
    pub(crate) family: FamilyDigest,
    pub(crate) result: Vec<u8>,
    pub(crate) trace: Vec<u8>,
    pub(crate) level: TrustLevel,
    pub(crate) writer: WriterKey,
    pub(crate) statement: Vec<u8>,
    pub(crate) mac: [u8; 32],
    pub(crate) created: u64,
}

/// A step of a workspace.
pub(crate) type StepOf = (Arc<str>, StepName);

/// What waits for a flush. What was taken for a flush stays visible until it is written.
#[derive(Default)]
pub(crate) struct Overlay {
    actions: HashMap<ActionDigest, Arc<Encoded>>,
    families: HashMap<FamilyDigest, Vec<ActionDigest>>,
    history: HashMap<StepOf, Vec<Past>>,
    /// Records of an Action up to this level are not used. Kept for as long as the process lives.
    disputes: HashMap<ActionDigest, TrustLevel>,
    queue: Batch,
}

/// A Dispute, and what it means.
#[derive(Clone, Debug)]
pub(crate) struct Disputed {
    pub(crate) dispute: Dispute,
    /// Records of this level and below are not used.
    pub(crate) level: TrustLevel,
    pub(crate) at: u64,
}

/// What one flush writes.
#[derive(Clone, Default)]
pub(crate) struct Batch {
    pub(crate) records: Vec<Arc<Encoded>>,
    pub(crate) pasts: Vec<(StepOf, Past)>,
    pub(crate) disputes: Vec<Disputed>,
    pub(crate) used: BTreeMap<ActionDigest, u64>,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many rows it will write.
    pub(crate) fn len(&self) -> usize {
        self.records.len() + self.pasts.len() + self.disputes.len() + self.used.len()
    }
}

impl Overlay {
    pub(crate) fn record(&mut self, encoded: Encoded) {
        let encoded = Arc::new(encoded);
        let family = self.families.entry(encoded.family).or_default();
        family.retain(|action| *action != encoded.action);
        family.push(encoded.action);
        self.actions.insert(encoded.action, Arc::clone(&encoded));
        self.queue.records.push(encoded);
    }

    pub(crate) fn remember(&mut self, step: StepOf, past: Past) {
        self.history.entry(step.clone()).or_default().push(past.clone());
        self.queue.pasts.push((step, past));
    }

    pub(crate) fn dispute(&mut self, disputed: Disputed) {
        let level = self.disputes.entry(disputed.dispute.action).or_insert(disputed.level);
        *level = (*level).max(disputed.level);
        self.queue.disputes.push(disputed);
    }

    /// Forgets what is known of an Action.
    pub(crate) fn settle(&mut self, action: &ActionDigest) {
        self.disputes.remove(action);
    }

    /// Up to which level records of an Action are not used, as far as this process found out.
    pub(crate) fn disputed(&self, action: &ActionDigest) -> Option<TrustLevel> {
        self.disputes.get(action).copied()
    }

    pub(crate) fn used(&mut self, action: ActionDigest, at: u64) {
        self.queue.used.insert(action, at);
    }

    pub(crate) fn get(&self, action: &ActionDigest) -> Option<Arc<Encoded>> {
        self.actions.get(action).cloned()
    }

    /// The records of a family, the latest first.
    pub(crate) fn family(&self, family: &FamilyDigest) -> Vec<Arc<Encoded>> {
        let actions = self.families.get(family).map(Vec::as_slice).unwrap_or_default();
        actions.iter().rev().filter_map(|action| self.get(action)).collect()
    }

    /// The executions of a step, the latest first.
    pub(crate) fn history(&self, step: &StepOf) -> Vec<Past> {
        let pasts = self.history.get(step).map(Vec::as_slice).unwrap_or_default();
        pasts.iter().rev().cloned().collect()
    }

    /// The wall time of the latest execution of each step of a workspace.
    pub(crate) fn durations(&self, workspace: &str) -> BTreeMap<StepName, u64> {
        let durations = self.history.iter().filter_map(|((at, step), pasts)| {
            let past = pasts.last().filter(|_| **at == *workspace)?;
            Some((step.clone(), past.wall_us))
        });
        durations.collect()
    }

    pub(crate) const fn queue(&self) -> &Batch {
        &self.queue
    }

    pub(crate) fn take(&mut self) -> Batch {
        mem::take(&mut self.queue)
    }

    /// Forgets what is now in the database. Executions are written in the order in which they
    /// were remembered, so the first of each step are those that were written.
    pub(crate) fn written(&mut self, batch: &Batch) {
        for record in &batch.records {
            let current = self.actions.get(&record.action);
            if current.is_some_and(|current| Arc::ptr_eq(current, record)) {
                self.actions.remove(&record.action);
                if let Some(family) = self.families.get_mut(&record.family) {
                    family.retain(|action| *action != record.action);
                    if family.is_empty() {
                        self.families.remove(&record.family);
                    }
                }
            }
        }
        for (step, _) in &batch.pasts {
            if let Some(pasts) = self.history.get_mut(step) {
                pasts.remove(0);
                if pasts.is_empty() {
                    self.history.remove(step);
                }
            }
        }
    }
}
