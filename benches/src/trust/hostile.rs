//! Hostile calls: how long one goes on after its deadline, and what many leave behind.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use belljar_model::Limits;
use belljar_model::limits::Limit;

use crate::plans::plan;
use crate::results::{Results, Unit};
use crate::sample::{Sample, batches};
use crate::surroundings::Surroundings;
use crate::workbench::{Workbench, execute};

/// How long a step may take that never ends.
const DEADLINE: Duration = Duration::from_millis(300);

/// How many calls are made before memory is looked at, so that what is made once is there.
const BEFORE: u32 = 500;

/// How many hostile calls follow.
const CALLS: u32 = 10_000;

const STEP: &str =
    "schema = 1\n[plugins]\nguest = { path = \"guest.wasm\" }\n[step.s]\nuses = \"guest\"\n";

pub(super) fn measure(surroundings: &Surroundings, results: &mut Results) -> Result<()> {
    results.table(
        "Hostile guests",
        "In worker processes, as the program does. *After its deadline*: the guest `loops_forever` \
         with 300 ms, from the deadline until the host has its error. *Left behind*: the resident \
         memory of host and worker after 10,000 calls of the guest `panics`, beyond what they had \
         after 500.",
    );
    deadline(surroundings, results)?;
    leftovers(surroundings, results)
}

fn deadline(surroundings: &Surroundings, results: &mut Results) -> Result<()> {
    let bench = Workbench::new(surroundings, "loops_forever")?;
    let (workers, _pool) = bench.in_workers(surroundings, "loops_forever")?;
    let plan = plan(STEP)?;
    let step = &*plan.steps[0];
    let action = bench.action(step, Vec::new())?;
    let limits = Limits { time: Limit::default_of(DEADLINE), ..Limits::default() };
    let over = batches(|_| {
        let began = Instant::now();
        let outcome = execute(&workers, step, &action, &limits).outcome;
        let over = began.elapsed().saturating_sub(DEADLINE);
        let fault = outcome.err().context("a step that never ends has ended")?;
        ensure!(fault.code.as_str() == "E0401", "{fault}");
        Ok(over.as_secs_f64())
    })?;
    results.row("after its deadline", Unit::Time, &over, None);
    results.goals.reach("deadline", over.max);
    Ok(())
}

fn leftovers(surroundings: &Surroundings, results: &mut Results) -> Result<()> {
    let bench = Workbench::new(surroundings, "panics")?;
    let (workers, pool) = bench.in_workers(surroundings, "panics")?;
    let plan = plan(STEP)?;
    let step = &*plan.steps[0];
    let action = bench.action(step, Vec::new())?;
    let call = |times: u32| {
        (0..times).try_for_each(|_| {
            let outcome = execute(&workers, step, &action, &step.limits).outcome;
            let fault = outcome.err().context("a guest that panics has passed")?;
            ensure!(fault.code.as_str() == "E0406", "{fault}");
            Ok(())
        })
    };
    let memory = || {
        let mut processes = pool.waiting();
        processes.push(std::process::id());
        processes.into_iter().map(resident).sum::<Result<f64>>()
    };
    call(BEFORE)?;
    let before = memory()?;
    call(CALLS)?;
    let more = (memory()? - before).max(0.0);
    results.row("left behind", Unit::Memory, &Sample::of(vec![more]), None);
    results.goals.reach("hostile", more);
    Ok(())
}

/// What a process has in memory, in mebibytes.
fn resident(process: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()).context("it has none")?;
    Ok(f64::from(kibibytes.parse::<u32>()?) / 1024.0)
}
