//! Configured: what a step and an environment have in common, the configuration of a plugin.

use std::borrow::Cow;
use std::collections::BTreeSet;

use belljar_model::Diagnostic;
use serde_json::Value;

use crate::pipeline::{EnvironmentAt, Pipeline, Places, Step};
use crate::place::Place;

/// One use of a plugin, with its configuration.
pub(crate) struct Configured<'a> {
    /// The name of the plugin in the file.
    pub(crate) uses: &'a str,
    pub(crate) config: Cow<'a, Value>,
    /// The header of the entry.
    pub(crate) at: &'a Place,
    pub(crate) places: &'a Places,
}

impl<'a> From<&'a Step> for Configured<'a> {
    fn from(step: &'a Step) -> Self {
        let config = Cow::Borrowed(&step.config);
        Self { uses: &step.uses, config, at: &step.at, places: &step.places }
    }
}

impl<'a> From<&'a EnvironmentAt> for Configured<'a> {
    fn from(EnvironmentAt { spec, at, places }: &'a EnvironmentAt) -> Self {
        let config = serde_json::from_str(&spec.config).expect("it was made from JSON");
        Self { uses: &spec.uses, config: Cow::Owned(config), at, places }
    }
}

/// All uses of plugins in a pipeline.
pub(crate) fn all(pipeline: &Pipeline) -> impl Iterator<Item = Configured<'_>> {
    let steps = pipeline.steps.iter().map(|step| Configured::from(&**step));
    steps.chain(pipeline.environments.values().map(Configured::from))
}

/// Diagnostics, each mistake once, even if many steps come from one place.
#[derive(Default)]
pub(crate) struct Once {
    pub(crate) found: Vec<Diagnostic>,
    seen: BTreeSet<(String, usize, String)>,
}

impl Once {
    /// Adds a diagnostic, unless the same was said of the same place.
    pub(crate) fn add(&mut self, diagnostic: Diagnostic) {
        let label = &diagnostic.labels[0];
        if self.seen.insert((label.file.clone(), label.span.start, diagnostic.message.clone())) {
            self.found.push(diagnostic);
        }
    }
}
