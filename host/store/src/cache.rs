//! WorkspaceCache: the action cache as one workspace sees it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use belljar_model::ports::{ActionCache, Found, Past, Record, Recorded};
use belljar_model::trust::digest_of;
use belljar_model::{
    ActionDigest, Class, Dispute, FamilyDigest, Fault, Origin, Refusal, StepName, Trace, TrustLevel,
};

use crate::error::StoreError;
use crate::flush::Shared;
use crate::overlay::{Disputed, StepOf};
use crate::records::{self, PASTS, Row, TRACES, TraceRow};

/// How far `last_used` may lag behind, in milliseconds: a hit shall not cost a write.
const LAG: u64 = 60 * 60 * 1000;

/// Records of all workspaces, and the history of one.
#[derive(Clone)]
pub struct WorkspaceCache {
    pub(crate) shared: Arc<Shared>,
    workspace: Arc<str>,
}

impl WorkspaceCache {
    pub(crate) fn new(shared: Arc<Shared>, workspace: &str) -> Self {
        Self { shared, workspace: Arc::from(workspace) }
    }

    fn step(&self, step: &StepName) -> StepOf {
        (Arc::clone(&self.workspace), step.clone())
    }
}

/// Decodes what this or another version recorded. What cannot be read counts as absent: the
/// step runs again and the record is replaced.
pub(crate) fn decode<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    postcard::from_bytes(bytes).ok()
}

/// A result that may be used.
fn recorded(result: &[u8], origin: Origin) -> Option<Recorded> {
    Some(Recorded { result: decode(result)?, origin: Some(origin) })
}

pub(crate) fn encode(value: &impl serde::Serialize) -> Vec<u8> {
    postcard::to_stdvec(value).expect("values of the model know their lengths")
}

impl ActionCache for WorkspaceCache {
    fn find(&self, action: &ActionDigest) -> Result<Found, Fault> {
        let (queued, disputed) =
            self.shared.peek(|overlay| (overlay.get(action), overlay.disputed(action)));
        let mut found = Found::default();
        if let Some(queued) = queued {
            match self.judge_queued(&queued, disputed) {
                Ok(origin) => found.record = recorded(&queued.result, origin),
                Err(refusal) => found.refused = Some(refusal),
            }
        }
        if found.record.is_some() {
            return Ok(found);
        }
        let now = self.shared.clock.now_ms();
        let (mut used, mut best) = (None, None);
        let mut visit = |row: Row| {
            let judged = self.judge(&row, disputed, now).and_then(|(statement, origin)| {
                let is_it = statement.result == digest_of(&row.result);
                is_it.then_some(origin).ok_or(Refusal::NotAuthentic { writer: row.writer })
            });
            match judged {
                Ok(origin) if best.is_none_or(|best| best < origin.level) => {
                    best = Some(origin.level);
                    found.record = recorded(&row.result, origin);
                    used = Some(row.last_used);
                }
                Ok(_) => {}
                Err(refusal) => found.refused = found.refused.take().or(Some(refusal)),
            }
            // A writer may claim more than it is believed, but is never believed more than that.
            let is_best = best.is_some_and(|best| best.number() >= row.level);
            if is_best { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let database = &self.shared.database;
        database.with(|connection| records::of_action(connection, action, &mut visit))?;
        if used.is_some_and(|used| now.saturating_sub(used) > LAG) {
            self.shared.touch(|overlay| overlay.used(*action, now));
        }
        Ok(found)
    }

    fn traces(
        &self,
        family: &FamilyDigest,
        visit: &mut dyn FnMut(ActionDigest, Trace) -> ControlFlow<()>,
    ) -> Result<(), Fault> {
        let mut queued = self.shared.peek(|overlay| overlay.family(family));
        queued.truncate(usize::from(TRACES));
        let disputed = |action: &ActionDigest| self.shared.peek(|overlay| overlay.disputed(action));
        let mut left = TRACES;
        for record in &queued {
            left -= 1;
            if self.judge_queued(record, disputed(&record.action)).is_ok()
                && decode(&record.trace).is_some_and(|trace| visit(record.action, trace).is_break())
            {
                return Ok(());
            }
        }
        let now = self.shared.clock.now_ms();
        let mut visit = |TraceRow { row, trace }: TraceRow| {
            if left == 0 {
                return ControlFlow::Break(());
            }
            let is_ours = row.writer == self.shared.judge.trust.key.public();
            if is_ours && queued.iter().any(|record| record.action == row.action) {
                return ControlFlow::Continue(()); // the queued one is newer
            }
            match self.judge(&row, disputed(&row.action), now) {
                Ok((statement, _)) if statement.trace == digest_of(&trace) => {}
                Ok(_) | Err(_) => return ControlFlow::Continue(()),
            }
            left -= 1;
            decode(&trace).map_or(ControlFlow::Continue(()), |trace| visit(row.action, trace))
        };
        self.shared.database.with(|connection| records::traces(connection, family, &mut visit))?;
        Ok(())
    }

    fn put(&self, record: Record<'_>) -> Result<Option<Dispute>, Fault> {
        let encoded = self.seal(&record);
        let dispute = self.contradicted(&record, &encoded)?;
        // A tool, and a step that runs tools, promises no more than to try.
        let counts = record.result.class == Class::Pure;
        let disputed = dispute.clone().filter(|_| counts).map(|dispute| {
            // Who has less behind him cannot stop the use of what has more.
            let level = dispute.then.level.min(dispute.now.level);
            Disputed { dispute, level, at: encoded.created }
        });
        if disputed.is_some() {
            self.shared.blobs.doubt().map_err(StoreError::Disk)?;
        }
        self.shared.queue(|overlay| {
            overlay.record(encoded);
            if let Some(disputed) = disputed {
                overlay.dispute(disputed);
            }
        });
        Ok(dispute)
    }

    fn level(&self) -> Option<TrustLevel> {
        Some(self.shared.judge.trust.level)
    }

    fn history(&self, step: &StepName) -> Result<Vec<Past>, Fault> {
        let step = self.step(step);
        let mut pasts = self.shared.peek(|overlay| overlay.history(&step));
        if pasts.len() < usize::from(PASTS) {
            let older =
                self.shared.database.with(|connection| records::history(connection, &step))?;
            // A flush may have written some of them between the two looks.
            let older = older.into_iter().filter(|past| !pasts.contains(past)).collect::<Vec<_>>();
            pasts.extend(older);
        }
        pasts.truncate(usize::from(PASTS));
        Ok(pasts)
    }

    fn remember(&self, step: &StepName, past: Past) -> Result<(), Fault> {
        let step = self.step(step);
        self.shared.queue(|overlay| overlay.remember(step, past));
        Ok(())
    }

    fn durations(&self) -> Result<BTreeMap<StepName, u64>, Fault> {
        let queued = self.shared.peek(|overlay| overlay.durations(&self.workspace));
        let mut durations = self
            .shared
            .database
            .with(|connection| records::durations(connection, &self.workspace))?;
        durations.extend(queued);
        Ok(durations)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fixture, action, family, past, result, trace};

    /// The cache answers the same before and after a flush, and after it was opened again.
    fn check(answer: impl Fn(&WorkspaceCache) -> String, expected: &str) {
        let fixture = Fixture::new();
        let store = fixture.open();
        let cache = store.for_workspace("here");
        fill(&cache);
        store.shared.close(); // no flush unless we say so
        assert_eq!(answer(&cache), expected, "queued");
        store.flush().unwrap();
        assert_eq!(answer(&cache), expected, "flushed");
        drop(store);
        let store = fixture.open();
        assert_eq!(answer(&store.for_workspace("here")), expected, "opened again");
    }

    fn fill(cache: &WorkspaceCache) {
        for number in 0..10 {
            let result = result(&format!("summary {number}"), &[]);
            let (action, family, trace) = (action(number), family(0), trace(number));
            cache.put(Record { action, family, result: &result, trace: &trace }).unwrap();
            cache.remember(&StepName::new("lint"), past(number)).unwrap();
        }
        cache.remember(&StepName::new("test"), past(42)).unwrap();
    }

    #[test]
    fn a_result_is_found_by_its_action() {
        let summary = |cache: &WorkspaceCache, number| {
            cache.get(&action(number)).unwrap().map(|result| result.summary)
        };
        let answer =
            |cache: &WorkspaceCache| format!("{:?} {:?}", summary(cache, 0), summary(cache, 10));
        check(answer, r#"Some("summary 0") None"#);
    }

    /// The Traces that are shown, by action.
    fn shown(cache: &WorkspaceCache) -> Vec<(ActionDigest, Trace)> {
        let mut shown = Vec::new();
        let visit = &mut |action: ActionDigest, trace: Trace| {
            shown.push((action, trace));
            ControlFlow::Continue(())
        };
        cache.traces(&family(0), visit).unwrap();
        shown.sort_by_key(|(action, _)| *action);
        shown
    }

    #[test]
    fn the_traces_of_a_family_are_shown() {
        let expected: Vec<_> = (0..10).map(|number| (action(number), trace(number))).collect();
        check(|cache| (shown(cache) == expected).to_string(), "true");
    }

    #[test]
    fn equal_traces_of_a_family_are_kept_once_and_different_ones_are_bounded() {
        let fixture = Fixture::new();
        let store = fixture.open();
        let cache = store.for_workspace("here");
        let put = |number: u8, seen: u8| {
            let (action, trace) = (action(number), trace(seen));
            let result = &result("summary", &[]);
            cache.put(Record { action, family: family(0), result, trace: &trace }).unwrap();
        };
        (0..3).for_each(|number| put(number, 7));
        store.flush().unwrap();
        assert_eq!(shown(&cache), [(action(0), trace(7))]);
        assert!(cache.get(&action(2)).unwrap().is_some(), "the result itself is kept");
        (100..200).for_each(|number| put(number, number));
        store.flush().unwrap();
        assert_eq!(shown(&cache).len(), usize::from(TRACES));
    }

    #[test]
    fn the_last_five_executions_are_remembered_newest_first() {
        let answer = |cache: &WorkspaceCache| {
            let pasts = cache.history(&StepName::new("lint")).unwrap();
            format!("{:?}", pasts.iter().map(|past| past.wall_us).collect::<Vec<_>>())
        };
        check(answer, "[9, 8, 7, 6, 5]");
    }

    #[test]
    fn durations_are_those_of_the_last_execution() {
        let answer = |cache: &WorkspaceCache| format!("{:?}", cache.durations().unwrap());
        check(answer, r#"{"lint": 9, "test": 42}"#);
    }

    #[test]
    fn a_visitor_can_stop() {
        let fixture = Fixture::new();
        let store = fixture.open();
        let cache = store.for_workspace("here");
        fill(&cache);
        for _ in 0..2 {
            let mut shown = 0;
            let visit = &mut |_, _| {
                shown += 1;
                ControlFlow::Break(())
            };
            cache.traces(&family(0), visit).unwrap();
            assert_eq!(shown, 1);
            store.flush().unwrap();
        }
    }

    #[test]
    fn workspaces_share_results_but_not_history() {
        let fixture = Fixture::new();
        let store = fixture.open();
        fill(&store.for_workspace("here"));
        for _ in 0..2 {
            let other = store.for_workspace("there");
            assert!(other.get(&action(1)).unwrap().is_some());
            assert_eq!(other.history(&StepName::new("lint")).unwrap(), []);
            assert!(other.durations().unwrap().is_empty());
            store.flush().unwrap();
        }
    }

    #[test]
    fn a_record_of_another_format_counts_as_absent() {
        belljar_cases::case!("H03");
        let fixture = Fixture::new();
        let store = fixture.open();
        let cache = store.for_workspace("here");
        fill(&cache);
        store.flush().unwrap();
        let spoil = |connection: &mut rusqlite::Connection| {
            Ok(connection.execute("UPDATE actions SET result = x'ff', trace = x'ff'", [])?)
        };
        store.shared.database.with(spoil).unwrap();
        assert_eq!(cache.get(&action(1)).unwrap(), None);
        cache.traces(&family(0), &mut |_, _| panic!("nothing can be shown")).unwrap();
    }
}
