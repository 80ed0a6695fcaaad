//! The graph for Mermaid, as Markdown renderers show it.

use crate::graph::StepGraph;

/// A `flowchart` whose arrows lead from a step to those that need it. Nodes are numbered,
/// because step names hold letters that no Mermaid id may have.
pub fn mermaid(graph: &StepGraph) -> String {
    let mut lines = String::from("flowchart LR\n");
    for (index, step) in graph.steps.iter().enumerate() {
        lines.push_str(&format!("  s{index}[\"{}\"]\n", escaped(step.name.as_str())));
    }
    for (index, needs) in graph.needs.iter().enumerate() {
        for need in needs {
            lines.push_str(&format!("  s{need} --> s{index}\n"));
        }
    }
    lines
}

/// Mermaid's own entities; `#` first, since all others start with it.
fn escaped(text: &str) -> String {
    text.replace('#', "#35;")
        .replace('"', "#quot;")
        .replace('<', "#lt;")
        .replace('>', "#gt;")
        .replace(['\n', '\r'], " ")
}
