//! Reading large pipeline files.

use anyhow::{Result, ensure};

use crate::compare::Shape;
use crate::results::{Results, Unit};
use crate::sample::{batches, seconds};
use crate::workbench::plan;

pub(super) fn measure(results: &mut Results) -> Result<()> {
    results.table(
        "Pipeline file",
        "From text to the Plan of all steps; the same pipeline as in the comparison below.",
    );
    for (what, layers) in [("1,000 steps", 10), ("10,000 steps", 100)] {
        let shape = Shape { layers, width: 100 };
        let text = shape.pipeline();
        let parsed = batches(|_| {
            let (taken, plan) = seconds(|| plan(&text))?;
            ensure!(plan.len() == usize::try_from(shape.steps())?, "steps are missing");
            Ok(taken)
        })?;
        results.row(&format!("parse {what}"), Unit::Time, &parsed, None);
    }
    Ok(())
}
