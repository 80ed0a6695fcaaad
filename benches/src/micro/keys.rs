//! What a step costs before anything runs: its key, its view, and the comparison of traces.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use anyhow::{Result, anyhow, ensure};
use belljar_model::ports::{ActionCache as _, Cancel, Executor as _, Inputs as _, LogSink};
use belljar_model::ports::{Record, Request, Unheard, Variation};
use belljar_model::{Action, ActionResult, Entry, Node, Observation, Question, Trace};
use belljar_model::{Digest, WorkspacePath};
use belljar_pipeline::{Plan, Step};
use belljar_runner::lookup::{Key, Lookup, Shelf, lookup};
use belljar_runner::{Surroundings as Around, resolve};

use crate::results::{Results, Unit};
use crate::sample::{Sample, batches, each};
use crate::surroundings::Surroundings;
use crate::workbench::{Workbench, plan};

/// How many inputs the larger of the two steps has.
const MANY: u32 = 1000;

const FEW: u32 = 10;

/// How often a batch repeats what takes microseconds.
const TURNS: u32 = 200;

pub(super) fn measure(surroundings: &Surroundings, results: &mut Results) -> Result<()> {
    results.table(
        "Keys and comparisons",
        "*Resolve and key*: from the entries of a snapshot to both digests of the Action. \
         *Compare*: an observed lookup in a flushed store, divided by the Observations of the \
         one Trace that it reads, decodes and compares.",
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
                black_box(Key::of(&action(&bench, step, entries.clone())?));
                Ok(())
            })
        })?;
        results.row(&format!("resolve and key, {count} inputs"), Unit::Time, &keyed, None);
        let now = action(&bench, step, entries)?;
        results.row(
            &format!("one answer of a View, {count} files"),
            Unit::Time,
            &answer(&now)?,
            None,
        );
        let compared = compare(&bench, step, &now, count)?;
        results.row(&format!("compare one of {count} Observations"), Unit::Time, &compared, None);
    }
    Ok(())
}

fn step(count: u32) -> Result<Plan> {
    plan(&format!(
        "schema = 1\n[plugins]\nguest = {{ path = \"guest.wasm\" }}\n\
         [step.s]\nuses = \"guest\"\ninputs = [\"in/**\"]\noutputs = [\"out/{count}/*\"]\n"
    ))
}

/// The Action of a step that sees these entries.
pub(super) fn action(bench: &Workbench, step: &Step, workspace: Vec<Entry>) -> Result<Action> {
    let environment = &BTreeMap::new();
    let (needs, tools) = (Vec::new(), BTreeMap::new());
    let around = Around { workspace, needs, environment, tools };
    Ok(resolve(step, bench.plugin()?, around))
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

/// Records a result with a Trace over all files, then looks it up from a View with one more.
fn compare(bench: &Workbench, step: &Step, then: &Action, count: u32) -> Result<Sample> {
    let observe = |question: Question| {
        let answer = then.view.answer(&question);
        Observation { question, answer }
    };
    let trace = Trace(questions(then).into_iter().map(observe).collect());
    let Key { action, family } = Key::of(then);
    let result = execute(bench, step, then)?;
    bench.cache.put(Record { action, family, result: &result, trace: &trace })?;
    bench.store.flush()?;

    let mut entries = Vec::new();
    then.view.root.walk(&mut |path, node| {
        entries.push(Entry { path: path.clone(), node: node.clone() });
    });
    let node = Node::File { digest: Digest::of(b"new"), executable: false };
    entries.push(Entry { path: WorkspacePath::parse("in/new.txt")?, node });
    let now = self::action(bench, step, entries)?;
    let key = Key::of(&now);
    let shelf = Shelf { cache: &bench.cache, blobs: &*bench.store };
    batches(|_| {
        let turn = each(TURNS, |_| {
            let found = lookup(shelf, &key, &now.view)?;
            ensure!(matches!(found, Lookup::Hit(_)), "the Trace agrees, and was not taken");
            Ok(())
        })?;
        Ok(turn / f64::from(count))
    })
}

fn execute(bench: &Workbench, step: &Step, action: &Action) -> Result<ActionResult> {
    let (cancel, log): (_, Arc<dyn LogSink>) = (Cancel::new(), Arc::new(Unheard));
    let (step, limits) = (&step.name, &step.limits);
    let tools = &crate::workbench::no_tools();
    let secrets = &crate::workbench::no_secrets();
    let variation = Variation::default();
    let request =
        Request { step, action, limits, cancel: &cancel, log: &log, tools, secrets, variation };
    bench.sandbox.execute(&request).outcome.map_err(|fault| anyhow!("{fault}"))
}
