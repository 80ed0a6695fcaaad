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
fn a_step_grants_the_hosts_that_its_plugin_needs() {
    let text = "plugins.p = 'builtin:p'\n[step.a]\nuses = 'p'\n";
    let parsed = parse_text(text);
    let pipeline = parsed.pipeline.unwrap();
    let mut asking = asking(&[]);
    asking.hosts = vec!["a.example:443".to_owned(), "*".to_owned()];
    let found = check_config(&pipeline, &BTreeMap::from([("p".to_owned(), asking)]));
    assert_shown(
        &render(&parsed.sources, &found),
        r#"
        3:8-11 E0235 the plugin `p` needs the host `a.example:443`
          help: add `grants.network = ["a.example:443"]` to the step
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

/// Checks what is said of a step whose plugin asks for these secrets.
#[track_caller]
fn check_secrets(asked: &[&str], step: &str, expected: &str) {
    let head = "plugins.p = 'builtin:p'\n[secret]\nT = { env = 'TOKEN' }\n\
                U = { file = 'keys/u', version = '2' }\n[step.a]\nuses = 'p'\n";
    let parsed = parse_text(&format!("{head}{step}"));
    let shown = render(&parsed.sources, &parsed.diagnostics);
    let pipeline = parsed.pipeline.unwrap_or_else(|| panic!("{shown}"));
    let secrets = asked.iter().map(|&name| name.to_owned()).collect();
    let descriptors = BTreeMap::from([("p".to_owned(), Descriptor { secrets, ..asking(&[]) })]);
    let found = check_config(&pipeline, &descriptors);
    assert_shown(&render(&parsed.sources, &found), expected);
}

#[test]
fn a_step_is_granted_the_secrets_that_its_plugin_asks_for_and_no_other() {
    belljar_cases::case!("F03");
    check_secrets(&[], "", "");
    check_secrets(&["T", "U"], "grants.secrets = ['U', 'T']", "");
    check_secrets(&["*"], "grants.secrets = ['T']", "");
    check_secrets(&["*"], "", "");
    check_secrets(
        &["T", "V"],
        "grants.secrets = ['U']",
        r#"
        6:8-11 E0145 the plugin `p` needs the secret `T`
          help: add `grants.secrets = ["T", "U", "V"]` to the step
        6:8-11 E0145 the plugin `p` needs the secret `V`
          help: add `grants.secrets = ["T", "U", "V"]` to the step, and `V = { env = "NAME" }` to `[secret]`
        7:19-22 E0146 the plugin `p` does not ask for the secret `U`
          help: take it out of `grants.secrets`
        "#,
    );
}

#[test]
fn what_a_secret_comes_from_is_not_open_to_a_step() {
    belljar_cases::case!("F04");
    check_secrets(&["U"], "grants.secrets = ['U']\ninputs = ['**', '!keys/**']", "");
    check_secrets(
        &["U"],
        "grants = { secrets = ['U'], env = ['TOKEN'] }\ninputs = ['keys/*']",
        r#"
        7:36-43 E0147 the variable `TOKEN` is the secret `T`, and is granted openly
          3:1-2 a secret
          help: take it out of `grants.env`; `grants.secrets = ["T"]` hands it out
        7:23-26 E0147 the file of the secret `U` is among the inputs of the step
          help: keep it out of the workspace, or add `"!keys/u"` to `inputs`
        "#,
    );
}

#[test]
fn the_grant_of_a_secret_names_its_version_and_nothing_of_its_value() {
    belljar_cases::case!("F04");
    let text = "plugins.p = 'builtin:p'\n[secret]\nT = { env = 'TOKEN' }\n\
                U = { file = 'u', version = '2' }\n[step.a]\nuses = 'p'\n\
                grants.secrets = ['U', 'T']\n";
    let pipeline = parse_text(text).pipeline.unwrap();
    let grants: Vec<_> = pipeline.steps[0].grants.iter().map(|at| at.grant.to_string()).collect();
    assert_eq!(grants, ["secrets T", "secrets U@2"]);
}
