//! Checks that steps use no plugin that deploys, and that environments use one.

use std::collections::BTreeMap;

use belljar_model::{Class, Diagnostic};

use crate::codes;
use crate::configured::Once;
use crate::pipeline::Pipeline;

/// Compares every use of a plugin with what the plugin is. `classes` is a map by the plugin's
/// name in the file; a use whose plugin is not there is left out. Reports each mistake once,
/// even if many steps come from it.
pub fn check_classes(pipeline: &Pipeline, classes: &BTreeMap<String, Class>) -> Vec<Diagnostic> {
    let mut once = Once::default();
    for step in &pipeline.steps {
        if classes.get(&step.uses) == Some(&Class::Effect) {
            let message = format!("a step cannot use the plugin `{}`: it deploys", step.uses);
            let label = step.places.uses.label("changes the outside world");
            once.add(
                Diagnostic::error(codes::STEP_WITH_EFFECTS, message, label)
                    .help("use it in an `[environment.NAME]`, which is planned and approved"),
            );
        }
    }
    for environment in pipeline.environments.values() {
        let uses = &environment.spec.uses;
        if let Some(class) = classes.get(uses).filter(|class| **class != Class::Effect) {
            let message =
                format!("an environment cannot use the plugin `{uses}`: it deploys nothing");
            let label = environment.places.uses.label(format!("its class is `{}`", class.as_str()));
            once.add(
                Diagnostic::error(codes::NO_DEPLOYER, message, label)
                    .help("use it in a `[step.NAME]`, and name here a plugin that deploys"),
            );
        }
    }
    once.found
}
