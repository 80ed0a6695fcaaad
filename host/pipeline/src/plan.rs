//! Plan: the steps of one run, in an order in which they could run.

use std::sync::Arc;

use crate::pipeline::Step;

/// The chosen steps. `steps` and `needs` have the same length.
#[derive(Clone, Default, Debug)]
pub struct Plan {
    /// The steps, each after all that it needs.
    pub steps: Vec<Arc<Step>>,
    /// For each step, the indexes of those that must pass before it, ascending. A needed step
    /// that was not chosen is not in it.
    pub needs: Vec<Vec<usize>>,
}

impl Plan {
    /// How many steps were chosen.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether no step was chosen.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}
