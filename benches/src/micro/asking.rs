//! Asking: what it costs a guest to read, stat and list through the virtual file system.

use anyhow::{Result, anyhow, ensure};
use belljar_model::Patterns;
use belljar_model::ports::Inputs as _;

use crate::plans::plan;
use crate::results::{Results, Unit};
use crate::sample::{Sample, batches, seconds};
use crate::surroundings::Surroundings;
use crate::workbench::{Workbench, execute};

/// How many questions one execution asks.
const ASKED: u32 = 1000;

/// How many files the folder has that is listed.
const LISTED: u32 = 10;

pub(super) fn measure(surroundings: &Surroundings, results: &mut Results) -> Result<()> {
    results.table(
        "What a guest asks",
        "The guest `probe` asks 1,000 times through `std::fs`; the same with 1,000 questions that no \
         host is asked (a variable of its own environment) is taken off. Every answer is recorded, \
         and every content compared with its digest.",
    );
    let bench = Workbench::new(surroundings, "probe")?;
    bench.write_blocks("in", ASKED, 0)?;
    bench.write_blocks("few", LISTED, 1)?;
    let nothing = asked(|n| format!("{{ op = \"env\", name = \"in/{n}.txt\" }}"));
    for (what, ops) in [
        ("read a file of 4 KiB", asked(|n| format!("{{ op = \"read\", path = \"in/{n}.txt\" }}"))),
        ("stat a file", asked(|n| format!("{{ op = \"stat\", path = \"in/{n}.txt\" }}"))),
        ("list a folder of 10", asked(|_| "{ op = \"list\", path = \"few\" }".to_owned())),
    ] {
        let taken = ask(&bench, &ops, &nothing)?;
        results.row(what, Unit::Time, &taken, None);
    }
    Ok(())
}

fn asked(op: impl Fn(u32) -> String) -> String {
    (0..ASKED).map(op).collect::<Vec<_>>().join(", ")
}

/// What one question takes more than one that no host is asked, in turn.
fn ask(bench: &Workbench, ops: &str, nothing: &str) -> Result<Sample> {
    let workspace = bench.open_workspace()?;
    let entries = workspace.snapshot(&Patterns::parse(&["in/**", "few/**"])?)?;
    let run = |ops: &str| {
        let plan = plan(&format!(
            "schema = 1\n[plugins]\nguest = {{ path = \"guest.wasm\" }}\n[step.s]\n\
             uses = \"guest\"\ninputs = [\"in/**\", \"few/**\"]\nwith.ops = [{ops}]\n"
        ))?;
        let step = &*plan.steps[0];
        let action = bench.action(step, entries.clone())?;
        let (taken, execution) =
            seconds(|| Ok(execute(&bench.sandbox, step, &action, &step.limits)))?;
        let result = execution.outcome.map_err(|fault| anyhow!("{fault}"))?;
        ensure!(result.summary == format!("{ASKED} answers"), "{}", result.summary);
        Ok(taken)
    };
    batches(|_| Ok((run(ops)? - run(nothing)?) / f64::from(ASKED)))
}
