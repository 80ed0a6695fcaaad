//! What `#[step]` and `#[deployment]` expand to calls: the exports of a plugin.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

#[cfg(target_arch = "wasm32")]
use crate::Outcome;
#[cfg(target_arch = "wasm32")]
use crate::bindings::belljar::step::types as wit;
#[cfg(target_arch = "wasm32")]
use crate::bindings::exports::belljar::step::step::Invocation;
#[cfg(target_arch = "wasm32")]
use crate::deploy::{Change, DeployCx, DeployRequest, Deployment, Observation};
use crate::{Cx, Descriptor, StepError, StepResult, ToolNeed};

/// The configuration of a step that has none: `with` must be empty or absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoConfig {}

/// What the attribute knows of a plugin at compile time.
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
    /// The names of the secrets that it asks for.
    pub secrets: &'static [&'static str],
    /// The hosts that it asks for, as `host:port`.
    pub hosts: &'static [&'static str],
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
        config_schema: schema::<C>().to_value().to_string(),
        tools: about.tools.iter().map(AboutTool::need).collect(),
        secrets: owned(about.secrets),
        hosts: owned(about.hosts),
        attrs: Vec::new(),
    }
}

/// The schema of `C`, in which nothing can be null: there is no null in a pipeline file, and
/// validators tell more of a mistake if there is no alternative.
fn schema<C: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12();
    let settings = settings.with_transform(RecursiveTransform(without_null));
    settings.into_generator().into_root_schema_for::<C>()
}

fn without_null(schema: &mut Schema) {
    let Some(schema) = schema.as_object_mut() else { return };
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(forms)) = schema.get_mut("anyOf") {
        forms.retain(|form| *form != json!({ "type": "null" }));
        if let [Value::Object(only)] = &forms[..] {
            let only = only.clone();
            schema.remove("anyOf");
            // What is said of the key comes before what is said of its type.
            only.into_iter().for_each(|(key, value)| {
                schema.entry(key).or_insert(value);
            });
        }
    }
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
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
    let result = step(parse(config)?, cx);
    cx.flush();
    result
}

/// Reads a configuration that is still text. The host has validated it against the schema; what
/// is left are the rules that only the plugin's own deserialization knows.
///
/// # Errors
/// `invalid-config` if the text is no `C`.
pub fn parse<C: DeserializeOwned>(config: &str) -> Result<C, StepError> {
    serde_json::from_str(config).map_err(|error| StepError::invalid_config("", error.to_string()))
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

/// Applies in a component, or goes through all that this would do: which of them it is, only the
/// host knows.
///
/// # Errors
/// What the deployment returns, and `invalid-config` if the text is no configuration of it.
#[cfg(target_arch = "wasm32")]
pub fn apply<D: Deployment>(request: DeployRequest) -> Result<Vec<Change>, wit::StepError> {
    let cx = &mut DeployCx::of_component(request);
    parse(cx.config()).and_then(|config| D::apply(config, cx)).map_err(StepError::into_wit)
}

/// Observes in a component.
///
/// # Errors
/// As [`apply`].
#[cfg(target_arch = "wasm32")]
pub fn observe<D: Deployment>(request: DeployRequest) -> Result<Observation, wit::StepError> {
    let cx = &mut DeployCx::of_component(request);
    parse(cx.config()).and_then(|config| D::observe(config, cx)).map_err(StepError::into_wit)
}

/// Says that a plugin which deploys is used as a step.
#[cfg(target_arch = "wasm32")]
pub fn not_a_step() -> wit::StepError {
    StepError::internal("this plugin deploys: name it in an environment, not in a step").into_wit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_of_no_config_forbids_every_key() {
        let name = "belljar-plugin-x";
        let about = About {
            name,
            version: "1.0.0",
            summary: "",
            docs: "",
            tools: &[],
            secrets: &["key"],
            hosts: &[],
        };
        let descriptor = describe::<NoConfig>(&about);
        assert_eq!(descriptor.name, "x");
        let schema: serde_json::Value = serde_json::from_str(&descriptor.config_schema).unwrap();
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    }

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Part {
        /// A word.
        #[serde(default)]
        word: Option<String>,
    }

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Whole {
        /// Its part.
        part: Option<Part>,
        count: Option<Vec<u8>>,
    }

    #[test]
    fn what_may_be_absent_is_not_null() {
        let schema = schema::<Whole>().to_value();
        let text = schema.to_string();
        assert!(!text.contains("null") && !text.contains("anyOf"), "{text}");
        assert_eq!(schema["properties"]["part"]["$ref"], "#/$defs/Part");
        assert_eq!(schema["properties"]["part"]["description"], "Its part.");
        assert_eq!(schema["$defs"]["Part"]["properties"]["word"]["type"], "string");
        assert_eq!(schema["required"], Value::Null);
    }

    #[test]
    fn the_summary_falls_back_to_the_first_line_of_the_manual() {
        let check = |docs: &str, summary: &str| assert_eq!(first_line(docs), summary);
        check("", "");
        check("# Packs files\n\nMore.", "Packs files");
        check("Packs files.\nMore.", "Packs files.");
    }
}
