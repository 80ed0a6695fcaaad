//! What could go wrong, or did: who vouched for a deployment, what it was made by, what it may
//! touch, and which rules were set aside for it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use belljar_model::Digest;
use belljar_model::class::Class;
use belljar_model::delivery::{Approval, Decision, Envelope, PlanDigest};
use belljar_model::ledger::{Entry, LedgerEvent};
use belljar_model::sheet::{Column, Row, Sheet, Table};
use belljar_model::tool::Tier;
use serde::{Deserialize, Serialize};

use super::history::{Deployment, Planned, deployments};
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
    /// Drift and changes of its health.
    pub observed: Vec<RiskLine>,
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
    let (mut rows, mut unused) = (Vec::new(), Vec::new());
    for deployment in deployments(entries).values() {
        if !deployment.is_since(since_ms) {
            continue;
        }
        unused.extend(unused_approvals(deployment));
        if deployment.start().is_some() || deployment.has_changed_something() {
            rows.push(row(deployment, &runs));
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
        secrets: environment.map(|it| it.secrets.clone()).unwrap_or_default(),
        hosts: environment.map(|it| it.hosts.clone()).unwrap_or_default(),
        tools: environment.map(|it| it.tools.clone()).unwrap_or_default(),
        plan: planned.map(|planned| planned.seq),
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
    row.events.push(planned.seq);
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

/// Who approved this plan with this event, in time for this start, if it is such an event.
pub(super) fn approval_of(
    entry: &Entry,
    of: Option<PlanDigest>,
    start: Option<&Entry>,
) -> Option<String> {
    let LedgerEvent::Approval { plan, approver, envelope, .. } = &entry.event else { return None };
    let decision = decision(envelope)?;
    let in_time = start.is_none_or(|start| entry.seq < start.seq && start.at < decision.expires_ms);
    let agrees = Some(*plan) == of && decision.decision == Decision::Approve && in_time;
    agrees.then(|| approver.clone())
}

fn decision(envelope: &Envelope) -> Option<Approval> {
    serde_json::from_slice(&STANDARD.decode(&envelope.payload).ok()?).ok()
}

fn unused_approvals(deployment: &Deployment<'_>) -> Vec<UnusedApproval> {
    let mut unused = Vec::new();
    for entry in &deployment.events {
        let LedgerEvent::Approval { plan, approver, envelope, .. } = &entry.event else { continue };
        let decision = decision(envelope);
        let reason = match &decision {
            None => Some("what it says cannot be read"),
            Some(decision) if decision.decision == Decision::Reject => None,
            Some(decision) => why_unused(deployment, entry, *plan, decision.expires_ms),
        };
        let Some(reason) = reason else { continue };
        unused.push(UnusedApproval {
            environment: deployment.environment.to_owned(),
            number: deployment.number,
            plan: plan.short(),
            approver: approver.clone(),
            expires_ms: decision.map(|decision| decision.expires_ms),
            reason: reason.to_owned(),
            event: entry.seq,
        });
    }
    unused
}

fn why_unused(
    deployment: &Deployment<'_>,
    approval: &Entry,
    approved: PlanDigest,
    expires_ms: u64,
) -> Option<&'static str> {
    let mut starts = deployment.events.iter().filter(|entry| match &entry.event {
        LedgerEvent::Started { plan, .. } => *plan == approved,
        _ => false,
    });
    let Some(first) = starts.next() else {
        return Some("its plan was never started");
    };
    if first.seq < approval.seq {
        Some("its plan had been started before")
    } else if first.at >= expires_ms {
        Some("it had expired when its plan was started")
    } else {
        None
    }
}

impl RiskReport {
    /// The report for people.
    pub fn sheet(&self) -> Sheet {
        let columns = ["environment", "number", "release", "approvals", "evidence", "steps"];
        let mut columns: Vec<_> = columns.iter().map(|name| Column::text(name)).collect();
        columns[1] = Column::number("number");
        columns.push(Column::text("weakest tier"));
        let mut deployments = Table::new("Deployments", &columns);
        deployments.rows = self.rows.iter().map(vouched).collect();
        let place = [Column::text("environment"), Column::number("number")];
        let [environment, number] = place;
        let with = |names: &[&str]| {
            let mut columns = vec![environment.clone(), number.clone()];
            columns.extend(names.iter().map(|name| Column::text(name)));
            columns
        };
        let mut granted = Table::new("What they may touch", &with(&["secrets", "hosts", "tools"]));
        granted.rows = self.rows.iter().map(grants).collect();
        let mut broken = Table::new("Rules set aside by hand", &with(&["what and why"]));
        broken.rows = self.rows.iter().flat_map(|row| lines(row, &row.break_glass)).collect();
        let mut seen = Table::new("Drift and health", &with(&["what"]));
        seen.rows = self.rows.iter().flat_map(|row| lines(row, &row.observed)).collect();
        let mut unused =
            Table::new("Approvals never used", &with(&["plan", "approver", "expires", "why"]));
        unused.rows = self.unused.iter().map(unused_row).collect();
        Sheet {
            title: "Risk of deployments".to_owned(),
            about: vec![format!("since {} UTC", instant(self.since_ms))],
            tables: vec![deployments, granted, broken, seen, unused],
            notes: vec![
                "Approvals are those that held when the deployment started, by name. Their signatures are checked \
                    when a plan is applied, not here. A tier says how well tools were shut in, the \
                    weakest first: t0, t3, t2, t1, wasm."
                    .to_owned(),
            ],
            ..Sheet::default()
        }
    }
}

fn place(row: &RiskRow) -> Vec<String> {
    vec![row.environment.clone(), row.number.to_string()]
}

fn vouched(row: &RiskRow) -> Row {
    let given = row.approvers.len();
    let names = row.approvers.join(", ");
    let approvals = match row.required {
        None => format!("{given}, the plan is not in the ledger"),
        Some(0) if given == 0 => "none, none required".to_owned(),
        Some(required) if given == 0 => format!("NONE of {required}"),
        Some(required) if given < required as usize => {
            format!("ONLY {given} of {required}: {names}")
        }
        Some(required) => format!("{given} of {required}: {names}"),
    };
    let steps = row.steps.iter().map(|count| format!("{} {}", count.steps, count.class));
    let steps = steps.collect::<Vec<_>>().join(", ");
    let evidence = row.evidence.as_ref();
    let mut cells = place(row);
    cells.extend([
        row.release.clone(),
        approvals.trim_end().to_owned(),
        evidence.map_or_else(|| "NONE".to_owned(), |digest| digest.chars().take(12).collect()),
        if steps.is_empty() { "unknown".to_owned() } else { steps },
        match row.weakest {
            Some(tier) => tier.as_str().to_owned(),
            None if row.steps.is_empty() => "unknown".to_owned(),
            None => "no tools".to_owned(),
        },
    ]);
    Row { cells, events: row.events.clone() }
}

fn grants(row: &RiskRow) -> Row {
    let list = |names: &[String]| match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    };
    let mut cells = place(row);
    cells.extend([list(&row.secrets), list(&row.hosts), list(&row.tools)]);
    Row { cells, events: row.plan.into_iter().collect() }
}

fn lines(row: &RiskRow, lines: &[RiskLine]) -> Vec<Row> {
    let line = |line: &RiskLine| {
        let mut cells = place(row);
        cells.push(line.text.clone());
        Row { cells, events: vec![line.event] }
    };
    lines.iter().map(line).collect()
}

fn unused_row(unused: &UnusedApproval) -> Row {
    let cells = vec![
        unused.environment.clone(),
        unused.number.to_string(),
        unused.plan.clone(),
        unused.approver.clone(),
        unused.expires_ms.map(instant).unwrap_or_default(),
        unused.reason.clone(),
    ];
    Row { cells, events: vec![unused.event] }
}
