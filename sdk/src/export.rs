//! What `#[step]` expands to calls: the two exports of every plugin.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[cfg(target_arch = "wasm32")]
use crate::Outcome;
#[cfg(target_arch = "wasm32")]
use crate::bindings::belljar::step::types as wit;
#[cfg(target_arch = "wasm32")]
use crate::bindings::exports::belljar::step::step::Invocation;
use crate::{Cx, Descriptor, StepError, StepResult, ToolNeed};

/// The configuration of a step that has none: `with` must be empty or absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoConfig {}

/// What `#[step]` knows of a plugin at compile time.
pub struct About {
    /// The plugin's name, or its package's.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// One line; if empty, the first line of `docs` stands in.
    pub summary: &'static str,
    /// Its manual, in Markdown.
    pub docs: &'static str,
    /// The native tools that it asks for.
    pub tools: &'static [AboutTool],
}

/// One native tool that a plugin asks for.
pub struct AboutTool {
    /// The tool's name, or `*` for any tool that the user grants.
    pub name: &'static str,
    /// Why the plugin needs it, for the reviewer.
    pub reason: &'static str,
    /// A semver requirement on its version, or empty.
    pub version: &'static str,
}

impl AboutTool {
    fn need(&self) -> ToolNeed {
        ToolNeed {
            name: self.name.to_owned(),
            version_req: self.version.to_owned(),
            reason: self.reason.to_owned(),
        }
    }
}

/// Makes the descriptor of a plugin whose configuration is `C`.
pub fn describe<C: JsonSchema>(about: &About) -> Descriptor {
    let name = about.name.strip_prefix("belljar-plugin-").unwrap_or(about.name);
    let summary = if about.summary.is_empty() { first_line(about.docs) } else { about.summary };
    Descriptor {
        name: name.to_owned(),
        version: about.version.to_owned(),
        summary: summary.to_owned(),
        docs_md: about.docs.to_owned(),
        config_schema: schemars::schema_for!(C).to_value().to_string(),
        tools: about.tools.iter().map(AboutTool::need).collect(),
        secrets: Vec::new(),
        hosts: Vec::new(),
        attrs: Vec::new(),
    }
}

fn first_line(docs: &str) -> &str {
    let line = docs.split_once('\n').map_or(docs, |(line, _)| line);
    line.trim_start_matches(['#', ' '])
}

/// Runs a step on a configuration that is still text, then hands over what it reported.
///
/// # Errors
/// What the step returns, and `invalid-config` if the text is no `C`.
pub fn execute<C: DeserializeOwned>(
    step: impl FnOnce(C, &mut Cx) -> StepResult,
    config: &str,
    cx: &mut Cx,
) -> StepResult {
    // The host has validated the text against the schema; what is left are the rules that only
    // the plugin's own deserialization knows.
    let config = serde_json::from_str(config)
        .map_err(|error| StepError::invalid_config("", error.to_string()))?;
    let result = step(config, cx);
    cx.flush();
    result
}

/// Runs a step in a component.
///
/// # Errors
/// As [`execute`].
#[cfg(target_arch = "wasm32")]
pub fn run<C: DeserializeOwned>(
    step: impl FnOnce(C, &mut Cx) -> StepResult,
    call: &Invocation,
) -> Result<Outcome, wit::StepError> {
    execute(step, &call.config, &mut Cx::of_component()).map_err(StepError::into_wit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_of_no_config_forbids_every_key() {
        let name = "belljar-plugin-x";
        let about = About { name, version: "1.0.0", summary: "", docs: "", tools: &[] };
        let descriptor = describe::<NoConfig>(&about);
        assert_eq!(descriptor.name, "x");
        let schema: serde_json::Value = serde_json::from_str(&descriptor.config_schema).unwrap();
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    }

    #[test]
    fn the_summary_falls_back_to_the_first_line_of_the_manual() {
        let check = |docs: &str, summary: &str| assert_eq!(first_line(docs), summary);
        check("", "");
        check("# Packs files\n\nMore.", "Packs files");
        check("Packs files.\nMore.", "Packs files.");
    }
}
