//! Small pipelines in a world in memory.

mod caching;
mod failures;
mod simulation;
mod trust;

use belljar_model::event::{Source, Status};
use belljar_pipeline::Plan;
use serde_json::json;

use crate::RunSummary;
use crate::testing::{plan, scripted};

/// `a` reads a file, `b` reads what `a` made, `c` reads another file.
fn three() -> Plan {
    plan([
        scripted("a", &[], &json!([["read", "src/a"], ["write", "gen/a"]])),
        scripted("b", &["a"], &json!([["read", "gen/a"], ["write", "gen/b"]])),
        scripted("c", &[], &json!([["read", "src/c"], ["write", "gen/c"]])),
    ])
}

fn statuses(summary: &RunSummary) -> Vec<Status> {
    summary.reports.iter().map(|report| report.status).collect()
}

fn sources(summary: &RunSummary) -> Vec<Option<Source>> {
    summary.reports.iter().map(|report| report.source).collect()
}
