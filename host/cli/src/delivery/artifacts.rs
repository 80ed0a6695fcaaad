//! Artifacts: from the steps that an environment names to a Release, with what the ledger says of
//! how it came to be.

use belljar_delivery::Standing;
use belljar_ledger::FileLedger;
use belljar_model::delivery::{Artifact, Commit, Environment, Release, Revision};
use belljar_model::event::Status;
use belljar_model::ports::Cancel;
use belljar_model::{Fault, LedgerEvent};
use belljar_runner::{Afterwards, FileRead, ForceMode, OnDispute, OnFailure};

use crate::args::{Logs, Progress};
use crate::env::EnvVar;
use crate::error::CommandError;
use crate::execution::{self, Evidence, Executed, Manner};
use crate::session::Session;
use crate::terminal::Terminal;

/// What building for an environment gave.
pub(crate) enum Built {
    /// All steps passed.
    Release(Box<Shipment>),
    /// Some did not; the exit code that follows.
    Failed(u8),
}

/// A release, and how it came to be.
pub(crate) struct Shipment {
    /// The release.
    pub(crate) release: Release,
    executed: Executed,
}

/// Runs the steps that an environment ships, and all that they need.
pub(crate) fn build(
    session: &Session,
    environment: &Environment,
    cancel: &Cancel,
    terminal: &Terminal,
) -> Result<Built, CommandError> {
    let asked: Vec<String> = environment.artifacts.iter().map(ToString::to_string).collect();
    let revision = revision(session)?;
    let plan = session.select(&asked)?;
    let manner = Manner {
        jobs: None,
        on_failure: OnFailure::KeepGoing,
        force: ForceMode::Nothing,
        on_dispute: OnDispute::Refuse, // nothing is shipped that was contradicted
        afterwards: Afterwards::Nothing,
        progress: Progress::Auto,
        logs: Logs::Failed,
        asked,
        settled: None,
        evidence: Evidence::Wanted,
        cancel: cancel.clone(),
    };
    let executed = execution::execute(session, &plan, manner, Vec::new(), terminal)?;
    if executed.summary.exit_code != 0 {
        return Ok(Built::Failed(executed.summary.exit_code));
    }
    let shipped = executed.summary.reports.iter();
    let shipped = shipped.filter(|report| environment.artifacts.contains(&report.step));
    let artifacts = shipped.flat_map(|report| {
        report.outputs.iter().map(|output| Artifact {
            step: report.step.clone(),
            path: output.path.clone(),
            digest: output.digest,
            executable: output.executable,
        })
    });
    let release = Release::new(artifacts.collect(), revision, executed.run.clone());
    Ok(Built::Release(Box::new(Shipment { release, executed })))
}

impl Shipment {
    /// Writes down how the release came to be: the run, its steps, and a list of every file that
    /// was read.
    pub(crate) fn record(&self, ledger: &FileLedger) -> Result<Vec<LedgerEvent>, Fault> {
        let Executed { run, summary, evidence, .. } = &self.executed;
        let totals = summary.totals;
        let mut events = vec![LedgerEvent::Run {
            run: run.clone(),
            commit: self.release.revision.as_ref().map(|revision| revision.commit.clone()),
            steps: totals.steps,
            cached: totals.cached,
            failed: totals.failed + totals.errored,
            exit_code: summary.exit_code,
        }];
        events.extend(summary.reports.iter().map(|report| LedgerEvent::Step {
            run: run.clone(),
            step: report.step.clone(),
            status: report.status,
            plugin: report.plugin.clone(),
            class: report.class,
            tier: report.isolation.as_ref().map(|isolation| isolation.tier),
            source: report.source,
            action: report.action,
        }));
        debug_assert!(summary.reports.iter().all(|report| report.status == Status::Passed));
        let evidence = evidence.as_deref().map(encode);
        let evidence = evidence.map(|bytes| ledger.put_evidence(&bytes)).transpose()?;
        events.push(LedgerEvent::Release { release: self.release.clone(), evidence });
        Ok(events)
    }
}

/// The evidence: a JSON list of `path`, `digest` and `step`.
fn encode(evidence: &[FileRead]) -> Vec<u8> {
    let files: Vec<_> = evidence
        .iter()
        .map(|read| belljar_delivery::reports::EvidenceFile {
            path: read.path.to_string(),
            digest: read.digest.to_string(),
            step: read.step.to_string(),
        })
        .collect();
    serde_json::to_vec(&files).expect("a list of files has a JSON form")
}

/// The state of the repository that the workspace is in.
fn revision(session: &Session) -> Result<Option<Revision>, CommandError> {
    let path = EnvVar::get(EnvVar::PATH).unwrap_or_default();
    Ok(belljar_workspace::revision(&session.root, &path)?)
}

/// The commits that a release brings to an environment: those since the release that is live
/// there; if none is known, the one that it was built from.
pub(crate) fn commits(
    session: &Session,
    standing: &Standing,
    release: &Release,
) -> Result<Vec<Commit>, CommandError> {
    let Some(revision) = &release.revision else { return Ok(Vec::new()) };
    let live = standing.rollback_target().and_then(|live| live.plan.release.revision.as_ref());
    let path = EnvVar::get(EnvVar::PATH).unwrap_or_default();
    let all = |from| belljar_workspace::commits(&session.root, &path, from, &revision.commit);
    Ok(match live {
        Some(live) => all(Some(live.commit.as_str()))?,
        None => all(None)?.into_iter().take(1).collect(),
    })
}
