//! Small pipelines in a world in memory.

mod caching;
mod failures;
mod simulation;

use belljar_model::event::{Source, Status};
use belljar_pipeline::{Plan, Step};
use serde_json::{Value, json};

use crate::RunSummary;
use crate::testing::{plan, step};

/// A step with a script, that reads what is below `src` and what its needs made below `gen`.
fn scripted(name: &str, needs: &[&str], script: &Value) -> Step {
    let mut step = step(name, &["src", "gen"], &["gen"]);
    step.needs = needs.iter().map(|need| belljar_model::StepName::new(need)).collect();
    step.config = json!({ "script": script });
    step
}

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
