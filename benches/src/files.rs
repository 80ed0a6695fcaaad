//! A thousand files, read by a step through `std::fs` and by the same code without a sandbox.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, anyhow, ensure};
use belljar_model::Patterns;
use belljar_model::ports::{
    Cancel, Executor as _, Inputs as _, LogSink, Request, Unheard, Variation,
};

use crate::results::{Goal, Results, Unit};
use crate::sample::{batches, seconds};
use crate::surroundings::Surroundings;
use crate::workbench::{BLOCK, Workbench, plan};

const FILES: u32 = 1000;

/// Measures reading through the sandbox.
///
/// # Errors
/// When something cannot be read.
pub(crate) fn measure(surroundings: &Surroundings, results: &mut Results) -> Result<()> {
    results.table(
        "1,000 files of 4 KiB",
        "`std::fs::read_dir` and `std::fs::read`, once compiled for the machine and once as the \
         guest `reads_all` in the sandbox, where each answer is verified and recorded. The files \
         are in the page cache for both.",
    );
    let bench = Workbench::new(surroundings, "reads_all")?;
    bench.write_blocks("in", FILES, 0)?;
    let workspace = bench.open_workspace()?;
    let entries = workspace.snapshot(&Patterns::parse(&["in/**"])?)?;
    let pipeline = plan(
        "schema = 1\n[plugins]\nguest = { path = \"guest.wasm\" }\n\
         [step.s]\nuses = \"guest\"\ninputs = [\"in/**\"]\nwith.folder = \"in\"\n",
    )?;
    let step = &*pipeline.steps[0];
    let environment = &std::collections::BTreeMap::new();
    let around = belljar_runner::Surroundings {
        workspace: entries,
        needs: Vec::new(),
        environment,
        tools: std::collections::BTreeMap::new(),
    };
    let action = belljar_runner::resolve(step, bench.plugin()?, around);
    let (cancel, log): (_, Arc<dyn LogSink>) = (Cancel::new(), Arc::new(Unheard));
    let request = Request {
        step: &step.name,
        action: &action,
        limits: &step.limits,
        cancel: &cancel,
        log: &log,
        tools: &crate::workbench::no_tools(),
        secrets: &crate::workbench::no_secrets(),
        variation: Variation::default(),
    };
    let expected = usize::try_from(FILES)? * BLOCK;
    let folder = bench.tree().join("in");
    let (mut natives, mut guests) = (Vec::new(), Vec::new());
    batches(|_| {
        // In turn, so that whatever else the machine does meets both.
        let (taken, bytes) = seconds(|| read_all(&folder))?;
        ensure!(bytes == expected, "{bytes} bytes were read");
        natives.push(taken);
        let (taken, execution) = seconds(|| Ok(bench.sandbox.execute(&request)))?;
        let result = execution.outcome.map_err(|fault| anyhow!("{fault}"))?;
        ensure!(result.summary == format!("{expected} bytes"), "{}", result.summary);
        guests.push(taken);
        Ok(taken)
    })?;
    let [native, guest] =
        [natives, guests].map(|values| crate::sample::Sample::of(values[1..].to_vec()));
    results.row("native", Unit::Time, &native, None);
    results.row("as a step", Unit::Time, &guest, None);
    results.ratio("as a step / native", guest.over(&native), Some(Goal(3.0)));
    Ok(())
}

/// What the guest does.
fn read_all(folder: &Path) -> Result<usize> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        bytes += std::fs::read(entry?.path())?.len();
    }
    Ok(bytes)
}
