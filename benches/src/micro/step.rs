//! One step that does nothing, on every way that it can go.

use std::fmt::Write as _;
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use belljar_model::event::Source;
use belljar_pipeline::Plan;
use belljar_sandbox::Sandbox;

use crate::plans::plan;
use crate::results::{Results, Unit};
use crate::sample::{batches, each, seconds};
use crate::surroundings::Surroundings;
use crate::workbench::{Workbench, execute};

/// How many steps a run has, of which each is one measurement's share.
const STEPS: u32 = 200;

/// How many executions are one batch.
const EXECUTIONS: u32 = 500;

pub(super) fn measure(surroundings: &Surroundings, results: &mut Results) -> Result<()> {
    results.table(
        "One step that does nothing",
        "A run of 200 steps with one worker, divided by 200. Each step has one input file of \
         4 KiB that it does not read. *Executed* is the whole path: snapshot, key, lookup miss, \
         miss reason, instance, run, record.",
    );
    let bench = Workbench::new(surroundings, "does_nothing")?;
    bench.write_blocks("in", STEPS, 0)?;
    thread::sleep(Duration::from_millis(50)); // until the stat index may trust the files
    let executed = batches(|batch| run(&bench, &steps(batch)?, Source::Executed))?;
    results.row("executed", Unit::Time, &executed, None);
    let (workers, _) = bench.in_workers(surroundings, "does_nothing")?;
    let path = batches(|batch| {
        // Plans that the batches before have not seen.
        run_by(&workers, &bench, &steps(1000 + batch)?, Source::Executed)
    })?;
    results.row("executed in a worker process, as the program does", Unit::Time, &path, None);
    results.goals.reach("path", path.median);
    sandbox(&bench, surroundings, results)?;
    let known = steps(1)?;
    let exact = batches(|_| run(&bench, &known, Source::ExactHit))?;
    results.row("exact hit", Unit::Time, &exact, None);
    let observed = batches(|batch| {
        bench.write_blocks("in", STEPS, 1 + batch)?;
        run(&bench, &known, Source::ObservedHit)
    })?;
    results.row("observed hit: the input changed", Unit::Time, &observed, None);
    Ok(())
}

/// Runs a plan, checks where its results came from, and returns the seconds of one step.
fn run(bench: &Workbench, plan: &Plan, expected: Source) -> Result<f64> {
    run_by(&bench.sandbox, bench, plan, expected)
}

fn run_by(sandbox: &Sandbox, bench: &Workbench, plan: &Plan, expected: Source) -> Result<f64> {
    let workspace = bench.open_workspace()?;
    let (taken, summary) = seconds(|| bench.run(sandbox, plan, &workspace))?;
    let other = summary.reports.iter().find(|report| report.source != Some(expected));
    ensure!(other.is_none(), "a step was expected to be {expected:?}: {other:?}");
    bench.store.flush()?;
    workspace.save()?;
    Ok(taken / f64::from(STEPS))
}

/// Steps that no run has seen, if the batch is new.
fn steps(batch: u32) -> Result<Plan> {
    let mut text = "schema = 1\n[plugins]\nguest = { path = \"guest.wasm\" }\n".to_owned();
    for step in 0..STEPS {
        let _ = writeln!(
            text,
            "[step.s{step}]\nuses = \"guest\"\ninputs = [\"in/{step}.txt\"]\n\
             outputs = [\"out/{batch}/{step}/*\"]"
        );
    }
    plan(&text)
}

fn sandbox(bench: &Workbench, surroundings: &Surroundings, results: &mut Results) -> Result<()> {
    let one = steps(0)?;
    let step = &*one.steps[0];
    let action = bench.action(step, Vec::new())?;
    let execute = |sandbox: &Sandbox| match execute(sandbox, step, &action, &step.limits).outcome {
        Ok(_) => Ok(()),
        Err(fault) => Err(anyhow!("{fault}")),
    };
    let alone = |_| each(EXECUTIONS, |_| execute(&bench.sandbox));
    let inside = batches(alone)?;
    results.row("of which the sandbox: instantiate and call", Unit::Time, &inside, None);
    results.goals.reach("sandbox", inside.median);
    let (workers, _) = bench.in_workers(surroundings, "does_nothing")?;
    let through = |_| each(EXECUTIONS, |_| execute(&workers));
    results.row("the same through a worker process", Unit::Time, &batches(through)?, None);
    // In turns, so that whatever else the machine does is a burden to both.
    let more = batches(|batch| Ok(through(batch)? - alone(batch)?))?;
    results.row("which costs this much more", Unit::Time, &more, None);
    results.goals.reach("worker", more.median);
    Ok(())
}
