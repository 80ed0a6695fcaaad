//! StepGraph: who needs whom.

mod order;

use std::collections::BTreeMap;
use std::sync::Arc;

use belljar_model::StepName;

pub(crate) use order::{Order, order};

use crate::pipeline::{Pipeline, Step};
use crate::plan::Plan;

/// Steps and their edges in both directions, by index. All lists are ascending; a step comes
/// after all that it needs.
#[derive(Clone, Default, Debug)]
pub struct StepGraph {
    /// The steps.
    pub steps: Vec<Arc<Step>>,
    /// For each step, those that it needs.
    pub needs: Vec<Vec<usize>>,
    /// For each step, those that need it.
    pub dependents: Vec<Vec<usize>>,
}

impl From<&Pipeline> for StepGraph {
    fn from(pipeline: &Pipeline) -> Self {
        let steps = &pipeline.steps;
        let index: BTreeMap<&StepName, usize> =
            steps.iter().enumerate().map(|(index, step)| (&step.name, index)).collect();
        let needs_of = |step: &Arc<Step>| {
            let mut needs: Vec<usize> =
                step.needs.iter().filter_map(|need| index.get(need).copied()).collect();
            needs.sort_unstable();
            needs
        };
        Self::new(steps.clone(), steps.iter().map(needs_of).collect())
    }
}

impl From<&Plan> for StepGraph {
    fn from(plan: &Plan) -> Self {
        Self::new(plan.steps.clone(), plan.needs.clone())
    }
}

impl StepGraph {
    fn new(steps: Vec<Arc<Step>>, needs: Vec<Vec<usize>>) -> Self {
        let dependents = reverse(&needs);
        Self { steps, needs, dependents }
    }

    /// For each step, the length of the longest way to it from a step that needs nothing.
    pub fn levels(&self) -> Vec<usize> {
        let mut levels: Vec<usize> = Vec::with_capacity(self.steps.len());
        for needs in &self.needs {
            let level = needs.iter().filter_map(|need| levels.get(*need)).max();
            levels.push(level.map_or(0, |deepest| deepest + 1));
        }
        levels
    }
}

/// The same edges, seen from their other end.
fn reverse(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut reversed = vec![Vec::new(); edges.len()];
    for (from, ends) in edges.iter().enumerate() {
        for end in ends {
            reversed[*end].push(from);
        }
    }
    reversed
}
