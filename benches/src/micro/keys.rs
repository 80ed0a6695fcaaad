//! What a step costs before anything runs: its key, and the answers of its View.

use std::hint::black_box;

use anyhow::Result;
use belljar_model::ports::Inputs as _;
use belljar_model::{Action, Question};
use belljar_pipeline::Plan;
use belljar_runner::lookup::Key;

use crate::plans::plan;
use crate::results::{Results, Unit};
use crate::sample::{Sample, batches, each};
use crate::surroundings::Surroundings;
use crate::workbench::Workbench;

/// How many inputs the larger of the two steps has.
const MANY: u32 = 1000;

const FEW: u32 = 10;

/// How often a batch repeats what takes microseconds.
const TURNS: u32 = 200;

pub(super) fn measure(surroundings: &Surroundings, results: &mut Results) -> Result<()> {
    results.table(
        "Keys and answers",
        "*Resolve and key*: from the entries of a snapshot to both digests of the Action. *An \
         answer of a View* is what a question of a guest, or of a lookup, comes down to.",
    );
    let bench = Workbench::new(surroundings, "does_nothing")?;
    bench.write_blocks("in", MANY, 0)?;
    let workspace = bench.open_workspace()?;
    for count in [FEW, MANY] {
        let plan = step(count)?;
        let step = &*plan.steps[0];
        let mut entries = workspace.snapshot(&step.inputs)?;
        entries.truncate(usize::try_from(count)?);
        let keyed = batches(|_| {
            each(TURNS, |_| {
                black_box(Key::of(&bench.action(step, entries.clone())?));
                Ok(())
            })
        })?;
        results.row(&format!("resolve and key, {count} inputs"), Unit::Time, &keyed, None);
        let now = bench.action(step, entries)?;
        results.row(
            &format!("one answer of a View, {count} files"),
            Unit::Time,
            &answer(&now)?,
            None,
        );
    }
    Ok(())
}

fn step(count: u32) -> Result<Plan> {
    plan(&format!(
        "schema = 1\n[plugins]\nguest = {{ path = \"guest.wasm\" }}\n\
         [step.s]\nuses = \"guest\"\ninputs = [\"in/**\"]\noutputs = [\"out/{count}/*\"]\n"
    ))
}

fn questions(action: &Action) -> Vec<Question> {
    let mut questions = Vec::new();
    action.view.root.walk(&mut |path, _| questions.push(Question::Content(path.clone())));
    questions
}

fn answer(action: &Action) -> Result<Sample> {
    let questions = questions(action);
    let count = u32::try_from(questions.len())?;
    batches(|_| {
        let turn = each(TURNS, |_| {
            for question in &questions {
                black_box(action.view.answer(question));
            }
            Ok(())
        })?;
        Ok(turn / f64::from(count))
    })
}
