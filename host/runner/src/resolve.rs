//! Resolve: from a step, and what is there now, to an Action.

use std::collections::BTreeMap;
use std::sync::Arc;

use belljar_model::action::canonical_json;
use belljar_model::tool::GrantedTool;
use belljar_model::view::TIME_LIMIT;
use belljar_model::{
    Action, Capability, Class, Directory, Entry, Grant, Node, OutputFile, Tier, View,
};
use belljar_pipeline::Step;

use crate::ports::Plugin;

/// What a step finds when its turn comes.
#[derive(Clone, Debug)]
pub struct Surroundings<'a> {
    /// The workspace's files that the step's `inputs` match.
    pub workspace: Vec<Entry>,
    /// The outputs of the steps that it needs, directly.
    pub needs: Vec<&'a [OutputFile]>,
    /// The environment of the run.
    pub environment: &'a BTreeMap<String, String>,
    /// The tools that the step was granted.
    pub tools: BTreeMap<String, GrantedTool>,
}

/// Makes the Action of a step.
///
/// It sees the workspace's files that its `inputs` match; over them lie the outputs of the steps
/// that it needs, as far as its `inputs` match them too. Of the environment it sees the
/// variables that it was granted and that are set.
pub fn resolve(step: &Step, plugin: &Plugin, around: Surroundings<'_>) -> Action {
    let made = around.needs.iter().copied().flatten();
    let made = made.filter(|output| step.inputs.matches(&output.path)).map(entry);
    let root = Directory::from_entries(around.workspace.into_iter().chain(made));
    let mut grants: Vec<Grant> = step.grants.iter().map(|given| given.grant.clone()).collect();
    grants.sort();
    grants.dedup();
    let mut environment = environment(&grants, around.environment);
    let limit = step.limits.time.value.as_millis().to_string();
    environment.insert(TIME_LIMIT.to_owned(), limit);
    let view = View {
        root: Arc::new(root),
        declared: step.inputs.clone(),
        environment: Arc::new(environment),
        tools: Arc::new(around.tools),
    };
    Action {
        plugin: plugin.digest,
        class: class(plugin, &view),
        config: canonical_json(&step.config),
        grants,
        outputs: step.outputs.clone(),
        view,
    }
}

/// A plugin that may ask for tools does nothing that the host does not see, as long as all
/// the tools of the step are WebAssembly.
fn class(plugin: &Plugin, view: &View) -> Class {
    let native = view.tools.values().any(|tool| tool.tier != Tier::Wasm);
    if plugin.class == Class::Exec && !native { Class::Pure } else { plugin.class }
}

fn entry(output: &OutputFile) -> Entry {
    let node = Node::File { digest: output.digest, executable: output.executable };
    Entry { path: output.path.clone(), node }
}

fn environment(grants: &[Grant], all: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let names = grants.iter().filter(|grant| grant.capability == Capability::Env);
    let set = names.filter_map(|grant| all.get_key_value(&grant.resource));
    set.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use belljar_model::{Answer, Digest, Question};
    use serde_json::json;

    use super::*;
    use crate::testing::{granted, path, plugin, step};

    fn file(at: &str, content: &str) -> Entry {
        let node = Node::File { digest: Digest::of(content.as_bytes()), executable: false };
        Entry { path: path(at), node }
    }

    fn output(at: &str, content: &str) -> OutputFile {
        let digest = Digest::of(content.as_bytes());
        OutputFile { path: path(at), digest, executable: false }
    }

    fn content(action: &Action, at: &str) -> Option<Digest> {
        match action.view.answer(&Question::Content(path(at))) {
            Answer::Content(digest) => Some(digest),
            _ => None,
        }
    }

    #[test]
    fn outputs_of_needs_lie_over_the_workspace_where_inputs_match_them() {
        let step = step("a", &["src", "gen"], &[]);
        let made = [output("gen/x", "new"), output("other/y", "unseen")];
        let none = BTreeMap::new();
        let around = Surroundings {
            workspace: vec![file("src/m", "main"), file("gen/x", "stale")],
            needs: vec![&made],
            environment: &none,
            tools: BTreeMap::new(),
        };
        let action = resolve(&step, &plugin("p"), around);
        assert_eq!(content(&action, "gen/x"), Some(Digest::of(b"new")));
        assert_eq!(content(&action, "src/m"), Some(Digest::of(b"main")));
        assert_eq!(content(&action, "other/y"), None, "not declared");
    }

    #[test]
    fn only_granted_variables_that_are_set_are_seen() {
        let mut step = step("a", &[], &[]);
        step.grants = ["B", "A", "B"].map(granted).into();
        let all = [("A", "1"), ("C", "3")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let around = Surroundings {
            workspace: vec![],
            needs: vec![],
            environment: &all,
            tools: BTreeMap::new(),
        };
        let action = resolve(&step, &plugin("p"), around);
        let names: Vec<_> = action.grants.iter().map(|grant| &*grant.resource).collect();
        assert_eq!(names, ["A", "B"], "sorted, each once");
        let seen: Vec<_> = action.view.environment.keys().map(String::as_str).collect();
        assert_eq!(seen, [TIME_LIMIT, "A"]);
        assert_eq!(action.view.environment["A"], "1");
    }

    #[test]
    fn a_step_is_of_class_exec_only_with_a_native_tool() {
        let check = |tiers: &[Tier], expected| {
            let none = BTreeMap::new();
            let tool = |(at, tier): (usize, &Tier)| {
                (at.to_string(), GrantedTool { identity: Digest::of(b"cc"), tier: *tier })
            };
            let tools = tiers.iter().enumerate().map(tool).collect();
            let (workspace, needs) = (vec![], vec![]);
            let around = Surroundings { workspace, needs, environment: &none, tools };
            let plugin = Plugin { class: Class::Exec, ..plugin("p") };
            assert_eq!(resolve(&step("a", &[], &[]), &plugin, around).class, expected);
        };
        check(&[], Class::Pure);
        check(&[Tier::Wasm], Class::Pure);
        check(&[Tier::Wasm, Tier::T1], Class::Exec);
    }

    #[test]
    fn the_configuration_is_canonical() {
        let mut step = step("a", &[], &[]);
        step.config = json!({"b": 1, "a": [true]});
        let none = BTreeMap::new();
        let around = Surroundings {
            workspace: vec![],
            needs: vec![],
            environment: &none,
            tools: BTreeMap::new(),
        };
        assert_eq!(resolve(&step, &plugin("p"), around).config, r#"{"a":[true],"b":1}"#);
    }
}
