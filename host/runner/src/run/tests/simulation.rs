//! Random pipelines under random edits: a run with a cache tells what a run without one would.

use belljar_model::event::Status;
use belljar_model::{OutputFile, StepName};
use belljar_pipeline::{Plan, Step};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::scripted;
use crate::RunSummary;
use crate::testing::{World, granted, plan};

/// One thing that a person does between two runs.
#[derive(Clone, Debug)]
enum Edit {
    Write(usize, u8),
    Remove(usize),
    Set(Option<u8>),
    Configure(usize, u8),
    /// Narrows or widens what a step declares.
    Declare(usize, bool),
}

/// A file of the workspace; some lie in folders that a step lists.
fn file(number: usize) -> String {
    ["src/a", "src/b", "src/d/c", "src/d/e", "src/f"][number % 5].to_owned()
}

fn op(step: usize) -> impl Strategy<Value = Value> {
    let source = prop_oneof![
        3 => (0..5_usize).prop_map(file),
        2 => (0..step.max(1)).prop_map(|other| format!("gen/{other}")),
    ];
    (source, 0..9_u8).prop_map(move |(source, kind)| match kind {
        0 | 1 => json!(["read", source]),
        2 => json!(["stat", source]),
        3 => json!(["list", "src/d"]),
        4 => json!(["glob", "src/**"]),
        5 => json!(["env", "NAME"]),
        6 => json!(["either", source, "src/a"]),
        7 => json!(["declared", source]),
        _ => json!(["list", "src"]),
    })
}

/// A step: what it asks, how it ends, and which earlier steps it needs.
fn script(step: usize) -> impl Strategy<Value = (Value, Vec<usize>)> {
    let write = prop_oneof![Just("write"), Just("write-parity")];
    let end = prop_oneof![
        6 => Just(None),
        1 => (0..5_usize).prop_map(|number| Some(file(number))),
    ];
    let needs = vec(0..step.max(1), 0..3);
    (vec(op(step), 0..5), write, end, needs).prop_map(move |(mut ops, write, end, mut needs)| {
        if let Some(file) = end {
            ops.push(json!(["fail-with", file]));
        }
        ops.push(json!([write, format!("gen/{step}")]));
        needs.retain(|need| *need < step);
        (Value::Array(ops), needs)
    })
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    vec(
        prop_oneof![
            4 => (0..5_usize, 0..3_u8).prop_map(|(file, content)| Edit::Write(file, content)),
            2 => (0..5_usize).prop_map(Edit::Remove),
            1 => proptest::option::of(0..3_u8).prop_map(Edit::Set),
            1 => (0..6_usize, 0..2_u8).prop_map(|(step, value)| Edit::Configure(step, value)),
            1 => (0..6_usize, any::<bool>()).prop_map(|(step, all)| Edit::Declare(step, all)),
        ],
        1..12,
    )
}

fn step(number: usize, script: &Value, needs: &[usize]) -> Step {
    let needs: Vec<_> = needs.iter().map(ToString::to_string).collect();
    let needs: Vec<_> = needs.iter().map(String::as_str).collect();
    let mut step = scripted(&number.to_string(), &needs, script);
    step.grants = vec![granted("NAME")];
    step
}

fn apply(edit: &Edit, world: &mut World, steps: &mut [Step]) {
    match edit {
        Edit::Write(number, content) => world.write(&file(*number), &content.to_string()),
        Edit::Remove(number) => world.remove(&file(*number)),
        Edit::Set(None) => drop(world.options.environment.remove("NAME")),
        Edit::Set(Some(value)) => {
            world.options.environment.insert("NAME".to_owned(), value.to_string());
        }
        Edit::Configure(number, value) => {
            let at = number % steps.len();
            steps[at].config["value"] = json!(value);
        }
        Edit::Declare(number, all) => {
            let at = number % steps.len();
            let narrow = &["src/a", "src/d/c", "gen"][..];
            let patterns = if *all { &["src", "gen"][..] } else { narrow };
            steps[at].inputs = belljar_model::Patterns::parse(patterns).unwrap();
        }
    }
}

/// All of a run that does not depend on how its results were found, or on how long steps took:
/// of two failed needs a skipped step names the one that failed first.
fn results(summary: &RunSummary) -> Vec<(StepName, Status, String, Vec<OutputFile>)> {
    let result = |report: &belljar_model::event::StepReport| {
        let skipped = report.status == Status::Skipped;
        let summary = if skipped { String::new() } else { report.summary.clone() };
        (report.step.clone(), report.status, summary, report.outputs.clone())
    };
    summary.reports.iter().map(result).collect()
}

/// The same plan in the same tree, with nothing known.
fn clean(world: &World, plan: &Plan) -> RunSummary {
    let mut clean = World::new(&[]);
    clean.options.environment = world.options.environment.clone();
    clean.options.jobs = 1;
    *clean.tree.files.lock().unwrap() = world.tree.files.lock().unwrap().clone();
    clean.run(plan)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_run_with_a_cache_tells_what_a_run_without_one_would(
        (s0, s1, s2, s3, s4, s5) in (script(0), script(1), script(2), script(3), script(4), script(5)),
        edits in edits(),
    ) {
        let scripts = [s0, s1, s2, s3, s4, s5];
        let numbered = scripts.iter().enumerate();
        let mut steps: Vec<_> =
            numbered.map(|(number, (script, needs))| step(number, script, needs)).collect();
        let mut world = World::new(&[("src/a", "0"), ("src/b", "0"), ("src/d/c", "0")]);
        for edit in &edits {
            apply(edit, &mut world, &mut steps);
            let plan = plan(steps.clone());
            let summary = world.run(&plan);
            prop_assert_eq!(results(&summary), results(&clean(&world, &plan)));
            let again = world.run(&plan);
            let hits = again.totals.passed + again.totals.failed;
            prop_assert_eq!(again.totals.cached, hits, "nothing changed, so nothing runs");
        }
    }
}
