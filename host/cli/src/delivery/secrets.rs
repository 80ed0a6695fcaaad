//! The secrets of an environment: read when it needs them and nowhere else.

use std::collections::BTreeMap;

use belljar_model::delivery::Environment;
use belljar_model::{Digest, Fault};
use belljar_outlet::Secrets;

use super::fault::{self, NO_SECRET};
use crate::project::Project;
use crate::secrets;

/// Reads the secrets that an environment was granted.
///
/// # Errors
/// When one cannot be had. The message never holds a value.
pub(crate) fn read(project: &Project, environment: &Environment) -> Result<Secrets, Fault> {
    let mut values = BTreeMap::new();
    for name in &environment.secrets {
        let source = project.pipeline.secrets.get(name).map(|secret| &secret.source);
        let value = secrets::value(&project.root, source).map_err(|why| {
            fault::configuration(NO_SECRET, format!("the secret `{name}` cannot be had: {why}"))
        })?;
        secrets::veil().cover(&value);
        values.insert(name.clone(), value);
    }
    Ok(Secrets::new(&environment.name, values))
}

/// The digests of where the secrets of an environment come from, by name. They say nothing about
/// the values.
pub(crate) fn sources(project: &Project, environment: &Environment) -> BTreeMap<String, Digest> {
    let source = |name: &String| {
        let secret = project.pipeline.secrets.get(name)?;
        let mut text = serde_json::to_vec(&secret.source).expect("a source has a JSON form");
        text.extend(secret.version.iter().flat_map(|version| version.bytes()));
        Some((name.clone(), Digest::of(&text)))
    };
    environment.secrets.iter().filter_map(source).collect()
}
