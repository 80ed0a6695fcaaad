//! A thousand files, read by a step through `std::fs` and by the same code without a sandbox.

use std::path::Path;

use anyhow::{Result, anyhow, ensure};
use belljar_model::Patterns;
use belljar_model::ports::Inputs as _;
use belljar_sandbox::Sandbox;

use crate::plans::plan;
use crate::results::{Goal, Results, Unit};
use crate::sample::{batches, seconds};
use crate::surroundings::Surroundings;
use crate::workbench::{BLOCK, Workbench, execute};

const FILES: u32 = 1000;

/// Measures reading through the sandbox.
///
/// # Errors
/// When something cannot be read.
pub(crate) fn measure(surroundings: &Surroundings, results: &mut Results) -> Result<()> {
    results.table(
        "1,000 files of 4 KiB",
        "`std::fs::read_dir` and `std::fs::read`, once compiled for the machine and once as the \
         guest `reads_all`, where each answer is verified and recorded: in a worker, as in a run, \
         and in this process. The files are in the page cache for all.",
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
    let action = bench.action(step, entries)?;
    let expected = usize::try_from(FILES)? * BLOCK;
    let folder = bench.tree().join("in");
    let (in_worker, _workers) = bench.in_workers(surroundings, "reads_all")?;
    let (mut natives, mut guests, mut alone) = (Vec::new(), Vec::new(), Vec::new());
    let read = |sandbox: &Sandbox| {
        let (taken, execution) = seconds(|| Ok(execute(sandbox, step, &action, &step.limits)))?;
        let result = execution.outcome.map_err(|fault| anyhow!("{fault}"))?;
        ensure!(result.summary == format!("{expected} bytes"), "{}", result.summary);
        Ok(taken)
    };
    batches(|_| {
        // In turn, so that whatever else the machine does meets both.
        let (taken, bytes) = seconds(|| read_all(&folder))?;
        ensure!(bytes == expected, "{bytes} bytes were read");
        natives.push(taken);
        alone.push(read(&bench.sandbox)?);
        let taken = read(&in_worker)?;
        guests.push(taken);
        Ok(taken)
    })?;
    let [native, guest, alone] =
        [natives, guests, alone].map(|values| crate::sample::Sample::of(values[1..].to_vec()));
    results.row("native", Unit::Time, &native, None);
    results.row("as a step", Unit::Time, &guest, None);
    results.row("as a step, without a worker", Unit::Time, &alone, None);
    results.ratio("as a step / native", guest.over(&native), Some(Goal(2.0)));
    results.goals.reach("files", guest.over(&native));
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
