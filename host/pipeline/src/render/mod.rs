//! Render: a StepGraph as text for people and for other programs.

mod dot;
mod json;
mod mermaid;
mod text;

pub use dot::dot;
pub use json::json;
pub use mermaid::mermaid;
pub use text::text;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use belljar_model::{Limits, Patterns, StepName};
    use serde_json::json;

    use crate::graph::StepGraph;
    use crate::pipeline::{Pipeline, Places, Step};
    use crate::place::Place;

    /// Steps by name and needs; the second has a doc line that must be quoted.
    fn graph(steps: &[(&str, &[&str])]) -> StepGraph {
        let step = |(name, needs): &(&str, &[&str])| {
            Arc::new(Step {
                name: StepName::new(name),
                doc: "say \"hi\" <b>".to_owned(),
                uses: "p".to_owned(),
                needs: needs.iter().map(|need| StepName::new(need)).collect(),
                inputs: Patterns::none(),
                outputs: Patterns::none(),
                config: json!({}),
                grants: vec![],
                min_isolation: belljar_model::Tier::default(),
                limits: Limits::default(),
                retries: 0,
                member: None,
                at: Place::default(),
                places: Arc::new(Places::default()),
            })
        };
        let steps = steps.iter().map(step).collect();
        StepGraph::from(&Pipeline { steps, ..Pipeline::default() })
    }

    fn sample() -> StepGraph {
        graph(&[("lint", &[]), ("web:test[a]", &["lint"]), ("end", &["lint", "web:test[a]"])])
    }

    #[test]
    fn text_shows_levels() {
        let shown = super::text(&sample());
        let expected = "lint  (p)\n  web:test[a]  (p) <- lint\n    end  (p) <- lint, web:test[a]\n";
        assert_eq!(shown, expected);
        assert_eq!(super::text(&graph(&[])), "");
    }

    #[test]
    fn dot_quotes_names() {
        let shown = super::dot(&sample());
        assert!(shown.contains("\"web:test[a]\" [tooltip=\"say \\\"hi\\\" <b>\"];"), "{shown}");
        assert!(shown.contains("\"web:test[a]\" -> \"end\";"), "{shown}");
    }

    #[test]
    fn mermaid_numbers_nodes_and_escapes_labels() {
        let shown = super::mermaid(&graph(&[("a#\"b", &[]), ("c", &["a#\"b"])]));
        assert_eq!(shown, "flowchart LR\n  s0[\"a#35;#quot;b\"]\n  s1[\"c\"]\n  s0 --> s1\n");
    }

    #[test]
    fn json_has_steps_with_their_needs() {
        let shown: serde_json::Value = serde_json::from_str(&super::json(&sample())).unwrap();
        assert_eq!(shown["schema"], "belljar.graph/v1");
        assert_eq!(shown["steps"][2]["needs"], json!(["lint", "web:test[a]"]));
        assert_eq!(shown["steps"][2]["level"], 2);
    }
}
