//! Plans: from the text of a pipeline file to the steps of a run.

use anyhow::{Context as _, Result, anyhow};
use belljar_model::WorkspacePath;
use belljar_pipeline::{Files, Pipeline, Plan, Reach};

/// Turns the text of a pipeline file into the plan of all its steps.
///
/// # Errors
/// When there is any mistake in it.
pub(crate) fn plan(text: &str) -> Result<Plan> {
    plan_of(&parse(text)?)
}

/// Reads the text of a pipeline file.
///
/// # Errors
/// When there is any mistake in it.
pub(crate) fn parse(text: &str) -> Result<Pipeline> {
    let parsed = belljar_pipeline::parse("belljar.toml", &OneFile(text));
    let mistake = || format!("the pipeline has mistakes: {:?}", parsed.diagnostics.first());
    parsed.pipeline.with_context(mistake)
}

/// The plan of all steps, in order.
///
/// # Errors
/// When they cannot be ordered.
pub(crate) fn plan_of(pipeline: &Pipeline) -> Result<Plan> {
    belljar_pipeline::select(pipeline, &[], Reach::Needs)
        .map_err(|errors| anyhow!("the steps cannot be selected: {errors:?}"))
}

/// A workspace that has nothing but the pipeline file.
struct OneFile<'a>(&'a str);

impl Files for OneFile<'_> {
    fn read(&self, _path: &str) -> Result<String, String> {
        Ok(self.0.to_owned())
    }

    fn matching(&self, _pattern: &str) -> Vec<String> {
        Vec::new()
    }

    fn folders(&self, _pattern: &str) -> Vec<WorkspacePath> {
        Vec::new()
    }
}
