//! What a pipeline file grants to a plugin: the union over all that use it.

use crate::pipeline::Pipeline;

use super::Named;

/// All that the steps and environments of a pipeline grant to the plugin with this name.
pub fn granted(pipeline: &Pipeline, plugin: &str) -> Named {
    let mut all = Named::new();
    let mut add = |kind: &str, name: &str| {
        all.entry(kind.to_owned()).or_default().insert(name.to_owned());
    };
    for step in pipeline.steps.iter().filter(|step| step.uses == plugin) {
        for at in &step.grants {
            add(at.grant.capability.as_str(), &at.grant.resource);
        }
    }
    let environments = pipeline.environments.values().map(|environment| &environment.spec);
    for spec in environments.filter(|spec| spec.uses == plugin) {
        for (kind, names) in
            [("hosts", &spec.hosts), ("secrets", &spec.secrets), ("tools", &spec.tools)]
        {
            for name in names {
                add(kind, name);
            }
        }
        spec.storage.iter().for_each(|place| add("storage", place));
    }
    all
}
