//! Which releases went where: every deployment, who asked, who approved, and how it ended.

use belljar_model::ledger::{Entry, LedgerEvent, Outcome};
use belljar_model::sheet::{Column, Row, Sheet, Table};
use serde::{Deserialize, Serialize};

use super::history::{Deployment, deployments};
use super::undoing::{Undoing, Undoings, undone_by};
use super::words::{instant, length};

/// Every deployment that something happened to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReleasesReport {
    /// From when, in milliseconds since 1970-01-01 UTC.
    pub since_ms: u64,
    /// The deployments, by environment and number.
    pub rows: Vec<ReleaseRow>,
}

/// One deployment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReleaseRow {
    /// The environment.
    pub environment: String,
    /// Its number.
    pub number: u64,
    /// The release, by the first digits of its id; empty if no plan says.
    pub release: String,
    /// What it was built from; `+` after it says that the workspace held other changes, too.
    pub commit: String,
    /// Who asked for it.
    pub requested_by: String,
    /// Who approved the plan, in time for its start and not expired by then, each once.
    pub approved_by: Vec<String>,
    /// When it began, in milliseconds since 1970-01-01 UTC.
    pub started_ms: Option<u64>,
    /// When it ended; if it ended live and was undone later, when it was live.
    pub ended_ms: Option<u64>,
    /// How it ended in the end.
    pub outcome: Option<Outcome>,
    /// The deployments that went back from it while it was live, in the order of the ledger.
    pub undone_by: Vec<u64>,
    /// How it ended and by which deployment it was undone; where it is, if it has not ended, or
    /// why it was refused.
    pub state: String,
    /// The events behind it.
    pub events: Vec<u64>,
}

/// Lists every deployment to which something happened at or after `since_ms`.
pub fn releases(entries: &[Entry], since_ms: u64) -> ReleasesReport {
    let all = deployments(entries);
    let undoings = Undoings::find(entries, &all);
    let rows = all
        .values()
        .map(|deployment| (deployment, undoings.of(deployment)))
        .filter(|(deployment, undoings)| deployment.is_since(since_ms, undoings))
        .filter(|(deployment, _)| is_one(deployment))
        .map(|(deployment, undoings)| row(deployment, undoings))
        .collect();
    ReleasesReport { since_ms, rows }
}

/// Not only an incident that names a number which never was one.
fn is_one(deployment: &Deployment<'_>) -> bool {
    let events = &deployment.events;
    events.iter().any(|entry| !matches!(entry.event, LedgerEvent::IncidentOpened { .. }))
}

fn row(deployment: &Deployment<'_>, undoings: &[Undoing<'_>]) -> ReleaseRow {
    let planned = deployment.plan();
    let endings: Vec<_> = deployment.endings().collect();
    let outcome = endings.last().map(|(_, outcome)| *outcome);
    let start = deployment.start();
    let revision = planned.and_then(|planned| planned.plan.release.revision.as_ref());
    let mut events: Vec<_> = planned.iter().map(|planned| planned.entry.seq).collect();
    events.extend(start.map(|entry| entry.seq));
    events.extend(endings.iter().map(|(entry, _)| entry.seq));
    events.extend(undoings.iter().map(|undoing| undoing.finished.seq));
    let mut approved_by = Vec::new();
    for entry in &deployment.events {
        if matches!(entry.event, LedgerEvent::PlanVoided { .. }) {
            events.push(entry.seq);
        }
        let digest = planned.map(|plan| plan.digest);
        let Some(approver) = super::approved::approval_of(entry, digest, start) else {
            continue;
        };
        events.push(entry.seq);
        if !approved_by.contains(&approver) {
            approved_by.push(approver);
        }
    }
    events.sort_unstable();
    let undone: Vec<_> = undoings.iter().map(|undoing| undoing.by).collect();
    let ended = outcome.map(|outcome| outcome.as_str().to_owned());
    let mut state = ended.unwrap_or_else(|| state(deployment));
    if let Some(undone) = undone_by(&undone) {
        state = format!("{state}, {undone}");
    }
    ReleaseRow {
        environment: deployment.environment.to_owned(),
        number: deployment.number,
        release: planned.map(|planned| planned.plan.release.short()).unwrap_or_default(),
        commit: revision
            .map(|revision| {
                let short = revision.commit.chars().take(12).collect::<String>();
                if revision.dirty { short + "+" } else { short }
            })
            .unwrap_or_default(),
        requested_by: planned.map(|plan| plan.plan.requested_by.clone()).unwrap_or_default(),
        approved_by,
        started_ms: start.map(|entry| entry.at),
        ended_ms: endings.first().map(|(entry, _)| entry.at),
        outcome,
        undone_by: undone,
        state,
        events,
    }
}

/// Where a deployment is that has not ended.
fn state(deployment: &Deployment<'_>) -> String {
    let states = deployment.events.iter().rev().find_map(|entry| match &entry.event {
        LedgerEvent::Planned { .. } | LedgerEvent::Approval { .. } => Some("planned".to_owned()),
        LedgerEvent::PlanVoided { reason, .. } => Some(format!("voided: {reason}")),
        LedgerEvent::Started { .. } | LedgerEvent::EffectIntended { rollback: false, .. } => {
            Some("applying".to_owned())
        }
        LedgerEvent::Applied { .. } => Some("at its gate".to_owned()),
        LedgerEvent::GatePassed { .. } => Some("baking".to_owned()),
        LedgerEvent::RollbackStarted { .. } => Some("rolling back".to_owned()),
        LedgerEvent::RollbackApplied { .. } => Some("at the gate of its rollback".to_owned()),
        _ => None,
    });
    states.unwrap_or_else(|| "unknown".to_owned())
}

impl ReleasesReport {
    /// The report for people.
    pub fn sheet(&self) -> Sheet {
        let names = ["environment", "number", "release", "commit", "outcome", "started", "ended"];
        let mut columns: Vec<_> = names.iter().map(|name| Column::text(name)).collect();
        columns[1] = Column::number("number");
        columns.push(Column::number("took"));
        columns.extend([Column::text("asked by"), Column::text("approved by")]);
        let mut table = Table::new("Deployments", &columns);
        table.rows = self.rows.iter().map(sheet_row).collect();
        Sheet {
            title: "Releases and where they went".to_owned(),
            about: vec![format!("since {} UTC", instant(self.since_ms))],
            tables: vec![table],
            notes: vec![
                "A `+` after a commit: the workspace held changes that are in no commit."
                    .to_owned(),
                "Undone by #N: deployment N of the environment went back, by hand or by the policy \
                    of a watch, while this one was live."
                    .to_owned(),
            ],
            ..Sheet::default()
        }
    }
}

fn sheet_row(row: &ReleaseRow) -> Row {
    let took = row.started_ms.zip(row.ended_ms).and_then(|(from, to)| to.checked_sub(from));
    let cells = vec![
        row.environment.clone(),
        row.number.to_string(),
        row.release.clone(),
        row.commit.clone(),
        row.state.clone(),
        row.started_ms.map(instant).unwrap_or_default(),
        row.ended_ms.map(instant).unwrap_or_default(),
        took.map(length).unwrap_or_default(),
        row.requested_by.clone(),
        row.approved_by.join(", "),
    ];
    Row { cells, events: row.events.clone() }
}
