//! A plugin's descriptor: whatever it says, steps are checked against it without a panic.
#![no_main]

use std::collections::BTreeMap;

use belljar_model::{Descriptor, WorkspacePath};
use belljar_pipeline::{Files, check_config, parse};
use belljar_report::{Style, diagnostics};
use libfuzzer_sys::fuzz_target;

const PIPELINE: &str = r#"
[plugins]
p = "builtin:lint"
[tools.cc]
path = "cc"
[step.s]
uses = "p"
grants.tools = ["cc"]
with = { text = "a", number = 1, list = [1, "b", { c = true }], table = { d = 1.5 } }
"#;

/// A workspace with nothing but the pipeline file.
struct One;

impl Files for One {
    fn read(&self, _: &str) -> Result<String, String> {
        Ok(PIPELINE.to_owned())
    }

    fn matching(&self, _: &str) -> Vec<String> {
        Vec::new()
    }

    fn folders(&self, _: &str) -> Vec<WorkspacePath> {
        Vec::new()
    }
}

fuzz_target!(|described: (&str, Vec<String>, Vec<String>)| {
    let (schema, secrets, hosts) = described;
    let parsed = parse("belljar.toml", &One);
    let pipeline = parsed.pipeline.unwrap_or_else(|| panic!("{:?}", parsed.diagnostics));
    let descriptor = Descriptor {
        name: "p".to_owned(),
        version: "1.0.0".to_owned(),
        summary: String::new(),
        docs: String::new(),
        config_schema: schema.to_owned(),
        tools: Vec::new(),
        secrets,
        hosts,
        attrs: BTreeMap::new(),
    };
    let found = check_config(&pipeline, &BTreeMap::from([("p".to_owned(), descriptor)]));
    let source = |file: &str| parsed.sources.text(file).map(str::to_owned);
    let shown = diagnostics::render(&found, &source, &Style::plain());
    assert!(!shown.contains('\u{1b}'), "what a plugin says cannot reach the terminal raw");
});
