//! The graph for programs.

use serde_json::json;

use crate::graph::StepGraph;

/// The schema of the document. Fields are only ever added under one name.
pub(crate) const SCHEMA: &str = "belljar.graph/v1";

/// A JSON document with all steps, each after all that it needs, and a final line break.
pub fn json(graph: &StepGraph) -> String {
    let names = |indexes: &[usize]| -> Vec<&str> {
        indexes.iter().map(|index| graph.steps[*index].name.as_str()).collect()
    };
    let levels = graph.levels();
    let step = |(index, step): (usize, &std::sync::Arc<crate::pipeline::Step>)| {
        json!({
            "name": step.name.as_str(),
            "doc": step.doc,
            "uses": step.uses,
            "level": levels[index],
            "needs": names(&graph.needs[index]),
            "dependents": names(&graph.dependents[index]),
            "inputs": step.inputs.texts(),
            "outputs": step.outputs.texts(),
        })
    };
    let steps: Vec<_> = graph.steps.iter().enumerate().map(step).collect();
    let document = json!({ "schema": SCHEMA, "steps": steps });
    format!("{document:#}\n")
}
