//! The risk of deployments, for people.

use belljar_model::sheet::{Column, Row, Sheet, Table};

use super::{RiskLine, RiskReport, RiskRow, UnusedApproval};
use crate::reports::words::instant;

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
        let mut seen = Table::new("Drift, health and rollbacks", &with(&["what"]));
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
