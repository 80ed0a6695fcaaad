//! Reading large pipeline files.

use anyhow::{Result, ensure};

use crate::compare::{Form, Shape, pipeline};
use crate::plans::{parse, plan_of};
use crate::results::{Results, Unit};
use crate::sample::{batches, seconds};

pub(super) fn measure(results: &mut Results) -> Result<()> {
    results.table(
        "Pipeline file",
        "The same pipeline as in the comparison. *Parse*: from text to steps that are checked. \
         *Graph and plan*: from these to all steps in an order in which they can run.",
    );
    for (what, steps) in [("1,000 steps", 1000), ("10,000 steps", 10_000)] {
        let text = pipeline(Shape::new(Form::Layered, steps));
        let mut ordered = Vec::new();
        let parsed = batches(|_| {
            let (taken, pipeline) = seconds(|| parse(&text))?;
            let (order, plan) = seconds(|| plan_of(&pipeline))?;
            ordered.push(order);
            ensure!(plan.len() == usize::try_from(steps)?, "steps are missing");
            Ok(taken)
        })?;
        results.row(&format!("parse {what}"), Unit::Time, &parsed, None);
        let ordered = crate::sample::Sample::of(ordered.split_off(1));
        results.row(&format!("graph and plan, {what}"), Unit::Time, &ordered, None);
    }
    Ok(())
}
