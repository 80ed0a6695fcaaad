//! The graph for Graphviz.

use crate::graph::StepGraph;

/// A `digraph` whose edges lead from a step to those that need it.
pub fn dot(graph: &StepGraph) -> String {
    let mut lines = String::from("digraph belljar {\n  rankdir=LR;\n  node [shape=box];\n");
    for step in &graph.steps {
        let name = quoted(step.name.as_str());
        lines.push_str(&format!("  {name} [tooltip={}];\n", quoted(&step.doc)));
    }
    for (index, needs) in graph.needs.iter().enumerate() {
        let to = quoted(graph.steps[index].name.as_str());
        for need in needs {
            let from = quoted(graph.steps[*need].name.as_str());
            lines.push_str(&format!("  {from} -> {to};\n"));
        }
    }
    lines.push_str("}\n");
    lines
}

/// A quoted id. A backslash before anything but a quote would start an escape of its own.
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace(['\n', '\r'], " ");
    format!("\"{text}\"")
}
