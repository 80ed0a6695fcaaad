//! What could go wrong, or did: who vouched for a deployment, what it was made by, what it may
//! touch, and which rules were set aside for it.

mod sheet;

use std::collections::BTreeMap;

use belljar_model::Digest;
use belljar_model::class::Class;
use belljar_model::ledger::{Entry, LedgerEvent};
use belljar_model::tool::Tier;
use serde::{Deserialize, Serialize};

use super::approved::{approval_of, unused_approvals};
use super::history::{Deployment, Planned, deployments};
use super::undoing::{Undoing, Undoings};
use super::words::instant;

/// The risk of every deployment that something happened to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RiskReport {
    /// From when, in milliseconds since 1970-01-01 UTC.
    pub since_ms: u64,
    /// The deployments, by environment and number.
    pub rows: Vec<RiskRow>,
    /// Approvals that were given and never used.
    pub unused: Vec<UnusedApproval>,
}

/// One deployment that was started.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RiskRow {
    /// The environment.
    pub environment: String,
    /// Its number.
    pub number: u64,
    /// The release, by the first digits of its id.
    pub release: String,
    /// Who approved the plan, in time for its start and not expired by then, each once.
    pub approvers: Vec<String>,
    /// How many approvals the plan asked for; `None` if the plan is not in the ledger.
    pub required: Option<u32>,
    /// The SHA-256 digest of the evidence of its release.
    pub evidence: Option<String>,
    /// The steps of the run that made the release, by class.
    pub steps: Vec<StepCount>,
    /// The weakest tier of their tools; `None` if they have none.
    pub weakest: Option<Tier>,
    /// Rules that were set aside for it, with the reason.
    pub break_glass: Vec<RiskLine>,
    /// Drift, changes of its health, and deployments that went back from it.
    pub observed: Vec<RiskLine>,
    /// The deployments that went back from it while it was live, in the order of the ledger.
    pub undone_by: Vec<u64>,
    /// Secrets that the environment was granted, by name.
    pub secrets: Vec<String>,
    /// Hosts that it was granted.
    pub hosts: Vec<String>,
    /// Tools that it was granted.
    pub tools: Vec<String>,
    /// The event of its plan, if that is in the ledger.
    pub plan: Option<u64>,
    /// The events behind it.
    pub events: Vec<u64>,
}

/// Something that happened, in one line for people.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RiskLine {
    /// What, and when.
    pub text: String,
    /// The event.
    pub event: u64,
}

/// How many steps of one class.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StepCount {
    /// The class.
    pub class: Class,
    /// How many.
    pub steps: u64,
}

/// An approval that no deployment used.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UnusedApproval {
    /// The environment.
    pub environment: String,
    /// The deployment.
    pub number: u64,
    /// The plan, by the first digits of its digest.
    pub plan: String,
    /// Who gave it.
    pub approver: String,
    /// When it ends or ended to hold, in milliseconds since 1970-01-01 UTC, if that can be read.
    pub expires_ms: Option<u64>,
    /// Why it was not used.
    pub reason: String,
    /// The event.
    pub event: u64,
}

/// Lists the risks of every deployment to which something happened at or after `since_ms`.
///
/// Signatures are not verified here: they were when the plan was applied, and a ledger is
/// verified as a whole.
pub fn risk(entries: &[Entry], since_ms: u64) -> RiskReport {
    let runs = Runs::of(entries);
    let all = deployments(entries);
    let undoings = Undoings::find(entries, &all);
    let (mut rows, mut unused) = (Vec::new(), Vec::new());
    for deployment in all.values() {
        let undoings = undoings.of(deployment);
        if !deployment.is_since(since_ms, undoings) {
            continue;
        }
        unused.extend(unused_approvals(deployment));
        if deployment.start().is_some() || deployment.has_changed_something() {
            let mut row = row(deployment, &runs);
            undone(undoings, &mut row);
            rows.push(row);
        }
    }
    RiskReport { since_ms, rows, unused }
}

/// What the runs of a ledger were made of.
#[derive(Default)]
struct Runs<'a> {
    steps: BTreeMap<&'a str, Vec<RunStep>>,
    /// Per release and run: the event and the evidence.
    evidence: BTreeMap<(Digest, &'a str), (u64, Option<&'a str>)>,
}

/// A step of a run, and the event that says so.
struct RunStep {
    seq: u64,
    class: Class,
    tier: Option<Tier>,
}

impl<'a> Runs<'a> {
    fn of(entries: &'a [Entry]) -> Self {
        let mut runs = Self::default();
        for entry in entries {
            match &entry.event {
                LedgerEvent::Step { run, class, tier, .. } => {
                    runs.steps.entry(run).or_default().push(RunStep {
                        seq: entry.seq,
                        class: *class,
                        tier: *tier,
                    });
                }
                LedgerEvent::Release { release, evidence } => {
                    let key = (release.id, release.run.as_str());
                    runs.evidence.insert(key, (entry.seq, evidence.as_deref()));
                }
                _ => {}
            }
        }
        runs
    }
}

fn row(deployment: &Deployment<'_>, runs: &Runs<'_>) -> RiskRow {
    let planned = deployment.plan();
    let environment = planned.map(|planned| &planned.plan.environment);
    let mut row = RiskRow {
        environment: deployment.environment.to_owned(),
        number: deployment.number,
        release: planned.map(|planned| planned.plan.release.short()).unwrap_or_default(),
        approvers: Vec::new(),
        required: environment.map(|environment| environment.approvals.count),
        evidence: None,
        steps: Vec::new(),
        weakest: None,
        break_glass: Vec::new(),
        observed: Vec::new(),
        undone_by: Vec::new(),
        secrets: environment.map(|it| it.secrets.clone()).unwrap_or_default(),
        hosts: environment.map(|it| it.hosts.clone()).unwrap_or_default(),
        tools: environment.map(|it| it.tools.clone()).unwrap_or_default(),
        plan: planned.map(|planned| planned.entry.seq),
        events: Vec::new(),
    };
    if let Some(planned) = planned {
        made_by(planned, runs, &mut row);
    }
    happened(deployment, planned, &mut row);
    row.events.sort_unstable();
    row
}

/// Adds what the release was made by.
fn made_by(planned: Planned<'_>, runs: &Runs<'_>, row: &mut RiskRow) {
    let release = &planned.plan.release;
    row.events.push(planned.entry.seq);
    if let Some((seq, evidence)) = runs.evidence.get(&(release.id, &*release.run)) {
        row.evidence = evidence.map(str::to_owned);
        row.events.push(*seq);
    }
    let steps = runs.steps.get(release.run.as_str()).map_or(&[][..], Vec::as_slice);
    let mut classes: BTreeMap<Class, u64> = BTreeMap::new();
    for RunStep { seq, class, .. } in steps {
        *classes.entry(*class).or_default() += 1;
        row.events.push(*seq);
    }
    row.steps = classes.into_iter().map(|(class, steps)| StepCount { class, steps }).collect();
    row.weakest = steps.iter().filter_map(|step| step.tier).min();
}

/// Adds what happened to the deployment.
fn happened(deployment: &Deployment<'_>, planned: Option<Planned<'_>>, row: &mut RiskRow) {
    let start = deployment.start();
    for entry in &deployment.events {
        let at = instant(entry.at);
        let line = |what: String| RiskLine { text: format!("{at}: {what}"), event: entry.seq };
        match &entry.event {
            LedgerEvent::Started { .. } | LedgerEvent::Finished { .. } => {}
            LedgerEvent::Approval { .. } => {
                let digest = planned.map(|planned| planned.digest);
                let Some(approver) = approval_of(entry, digest, start) else { continue };
                if !row.approvers.contains(&approver) {
                    row.approvers.push(approver);
                }
            }
            LedgerEvent::BreakGlass { reason, skipped, .. } => {
                let rules = skipped.join(", ");
                row.break_glass.push(line(format!("{}: {rules}: {reason}", entry.actor)));
            }
            LedgerEvent::DriftFound { found, .. } => {
                row.observed.push(line(format!("drift: {found}")));
            }
            LedgerEvent::DriftGone { .. } => row.observed.push(line("drift is gone".to_owned())),
            LedgerEvent::HealthChanged { condition, detail, .. } => {
                row.observed.push(line(format!("{}: {detail}", condition.as_str())));
            }
            _ => continue,
        }
        row.events.push(entry.seq);
    }
}

/// Adds by which deployments it was undone.
fn undone(undoings: &[Undoing<'_>], row: &mut RiskRow) {
    for undoing in undoings {
        let (at, event) = (instant(undoing.finished.at), undoing.finished.seq);
        row.observed.push(RiskLine { text: format!("{at}: undone by #{}", undoing.by), event });
        row.undone_by.push(undoing.by);
        row.events.push(event);
    }
    row.observed.sort_by_key(|line| line.event);
    row.events.sort_unstable();
}
