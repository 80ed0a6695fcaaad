//! The tools that plugins ask for, against those that steps are granted.

use std::collections::BTreeMap;

use belljar_model::Descriptor;
use belljar_model::descriptor::ToolNeed;
use belljar_pipeline::check_config;

use crate::workspace::{assert_shown, parse_text, render};

/// What a plugin says of itself that asks for these tools: names and reasons.
fn asking(tools: &[(&str, &str)]) -> Descriptor {
    let need = |(name, reason): &(&str, &str)| ToolNeed {
        name: (*name).to_owned(),
        version_req: String::new(),
        reason: (*reason).to_owned(),
    };
    Descriptor {
        name: "p".to_owned(),
        version: "1.0.0".to_owned(),
        summary: String::new(),
        docs: String::new(),
        config_schema: "{}".to_owned(),
        tools: tools.iter().map(need).collect(),
        secrets: Vec::new(),
        hosts: Vec::new(),
        attrs: BTreeMap::new(),
    }
}

/// Checks what is said of steps that use the plugin `p`, where the tools `cc` and `node` exist.
#[track_caller]
fn check(asked: &[(&str, &str)], steps: &str, expected: &str) {
    let head = "plugins.p = 'builtin:p'\ntools = { cc = 'cc', node = 'node' }\n";
    let parsed = parse_text(&format!("{head}{steps}"));
    let shown = render(&parsed.sources, &parsed.diagnostics);
    let pipeline = parsed.pipeline.unwrap_or_else(|| panic!("{shown}"));
    let descriptors = BTreeMap::from([("p".to_owned(), asking(asked))]);
    let found = check_config(&pipeline, &descriptors);
    assert_shown(&render(&parsed.sources, &found), expected);
}

#[test]
fn a_step_grants_what_its_plugin_needs() {
    let step = "[step.a]\nuses = 'p'\n";
    check(&[], step, "");
    check(&[("cc", "to compile")], &format!("{step}grants.tools = ['cc']"), "");
    check(
        &[("cc", "to compile")],
        step,
        r#"
        4:8-11 E0314 the plugin `p` needs the tool `cc`
          note: the plugin says why: to compile
          help: add `grants.tools = ["cc"]` to the step
        "#,
    );
    check(
        &[("cargo", ""), ("node", "it runs the tests")],
        &format!("{step}grants.tools = ['cc']"),
        r#"
        4:8-11 E0314 the plugin `p` needs the tool `cargo`
          help: add `grants.tools = ["cargo", "cc", "node"]` to the step, and `cargo = "cargo"` to `[tools]`
        4:8-11 E0314 the plugin `p` needs the tool `node`
          note: the plugin says why: it runs the tests
          help: add `grants.tools = ["cargo", "cc", "node"]` to the step
        "#,
    );
}

#[test]
fn a_plugin_that_takes_any_tool_needs_none_in_particular() {
    let any = [("*", "what the user wants")];
    check(&any, "[step.a]\nuses = 'p'", "");
    check(&any, "[step.a]\nuses = 'p'\ngrants.tools = ['cc', 'node']", "");
    check(
        &[any[0], ("cc", "")],
        "[step.a]\nuses = 'p'\ngrants.tools = ['node']",
        r#"
        4:8-11 E0314 the plugin `p` needs the tool `cc`
          help: add `grants.tools = ["cc", "node"]` to the step
        "#,
    );
}

#[test]
fn no_tool_is_granted_to_a_plugin_that_runs_none() {
    check(
        &[],
        "[step.a]\nuses = 'p'\ngrants.tools = ['cc', 'node']",
        "
        5:17-21 E0315 the plugin `p` asks for no tool
          help: take it out of `grants.tools`
        5:23-29 E0315 the plugin `p` asks for no tool
          help: take it out of `grants.tools`
        ",
    );
}

#[test]
fn a_mistake_of_an_entry_or_a_template_is_told_once() {
    check(
        &[("cc", "")],
        "[template.t]\nuses = 'p'\n[step.a]\nextends = 't'\nfor-each = 'packages/*'\n\
         [step.b]\nextends = 't'",
        r#"
        4:8-11 E0314 the plugin `p` needs the tool `cc`
          help: add `grants.tools = ["cc"]` to the step
        "#,
    );
    check(
        &[],
        "[template.t]\nuses = 'p'\ngrants.tools = ['cc']\n[step.a]\nextends = 't'\n\
         for-each = 'packages/*'\n[step.b]\nextends = 't'",
        "
        5:17-21 E0315 the plugin `p` asks for no tool
          help: take it out of `grants.tools`
        ",
    );
}
