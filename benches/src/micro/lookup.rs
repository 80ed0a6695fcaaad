//! Observed lookups: a result is found because nothing that its step has asked has changed.

use anyhow::{Result, anyhow, ensure};
use belljar_model::ports::{ActionCache as _, Inputs as _, Record};
use belljar_model::{Action, Digest, Entry, Node, Observation, Question, Trace, WorkspacePath};
use belljar_pipeline::Step;
use belljar_runner::lookup::{Key, Lookup, Shelf, lookup};

use crate::plans::plan;
use crate::results::{Results, Unit, thousands};
use crate::sample::{Sample, batches, each};
use crate::surroundings::Surroundings;
use crate::workbench::{Workbench, execute};

/// How many Observations a Trace has, with the name of the goal.
const COUNTS: [(u32, &str); 3] =
    [(10, "observed-10"), (1000, "observed-1000"), (10_000, "observed-10000")];

/// How many Observations all lookups of a batch compare.
const COMPARED: u32 = 100_000;

pub(super) fn measure(surroundings: &Surroundings, results: &mut Results) -> Result<()> {
    results.table(
        "Observed lookups",
        "From both digests of an Action that nobody has seen to the result, in a flushed store: the \
         Trace of an earlier one is read, decoded and compared, and the result is read. The step \
         has one input more than then, for which it did not ask.",
    );
    let bench = Workbench::new(surroundings, "does_nothing")?;
    let most = COUNTS.iter().map(|(count, _)| *count).max().unwrap_or_default();
    bench.write_blocks("in", most, 0)?;
    let workspace = bench.open_workspace()?;
    for (count, goal) in COUNTS {
        let plan = plan(&format!(
            "schema = 1\n[plugins]\nguest = {{ path = \"guest.wasm\" }}\n\
             [step.s]\nuses = \"guest\"\ninputs = [\"in/**\"]\noutputs = [\"seen/{count}/*\"]\n"
        ))?;
        let step = &*plan.steps[0];
        let mut entries = workspace.snapshot(&step.inputs)?;
        entries.truncate(usize::try_from(count)?);
        let then = bench.action(step, entries)?;
        let found = find(&bench, step, &then, count)?;
        let what = format!("observed lookup, {} Observations", thousands(count));
        results.row(&what, Unit::Time, &found, None);
        results.goals.reach(goal, found.median);
    }
    Ok(())
}

/// Records a result with a Trace over all files, then looks it up from a View with one more.
fn find(bench: &Workbench, step: &Step, then: &Action, count: u32) -> Result<Sample> {
    let (mut trace, mut entries) = (Vec::new(), Vec::new());
    then.view.root.walk(&mut |path, node| {
        let question = Question::Content(path.clone());
        let answer = then.view.answer(&question);
        trace.push(Observation { question, answer });
        entries.push(Entry { path: path.clone(), node: node.clone() });
    });
    ensure!(trace.len() == usize::try_from(count)?, "the View has other files");
    let Key { action, family } = Key::of(then);
    let outcome = execute(&bench.sandbox, step, then, &step.limits).outcome;
    let result = outcome.map_err(|fault| anyhow!("{fault}"))?;
    bench.cache.put(Record { action, family, result: &result, trace: &Trace(trace) })?;
    bench.store.flush()?;

    let node = Node::File { digest: Digest::of(b"new"), executable: false };
    entries.push(Entry { path: WorkspacePath::parse("in/new.txt")?, node });
    let now = bench.action(step, entries)?;
    let key = Key::of(&now);
    let shelf = Shelf { cache: &bench.cache, blobs: &*bench.store };
    batches(|_| {
        each((COMPARED / count).clamp(10, 1000), |_| {
            let found = lookup(shelf, &key, &now.view)?;
            ensure!(matches!(found, Lookup::Hit(_)), "the Trace agrees, and was not taken");
            Ok(())
        })
    })
}
