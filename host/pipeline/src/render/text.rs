//! The graph for a terminal.

use crate::graph::StepGraph;

/// One line for each step, after all that it needs, indented by the longest way to it. Ends
/// with a line break unless there is no step.
pub fn text(graph: &StepGraph) -> String {
    let mut lines = String::new();
    for (index, level) in graph.levels().into_iter().enumerate() {
        let step = &graph.steps[index];
        lines.push_str(&"  ".repeat(level));
        lines.push_str(&format!("{}  ({})", step.name, step.uses));
        let needs: Vec<&str> =
            graph.needs[index].iter().map(|need| graph.steps[*need].name.as_str()).collect();
        if !needs.is_empty() {
            lines.push_str(&format!(" <- {}", needs.join(", ")));
        }
        lines.push('\n');
    }
    lines
}
