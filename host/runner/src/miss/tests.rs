//! Single-cause changes: whatever changes, the first reason names it.

use std::collections::BTreeMap;
use std::sync::Arc;

use belljar_model::action::canonical_json;
use belljar_model::tool::GrantedTool;
use belljar_model::{
    Capability, Class, Digest, Directory, Entry, Grant, Node, Observation, Patterns, Question,
    Tier, View,
};
use serde_json::{Value, json};

use super::*;
use crate::testing::path;

/// All that an Action depends on, in a form that is easy to change.
#[derive(Clone)]
struct Setting {
    plugin: &'static str,
    class: Class,
    config: Value,
    grants: Vec<&'static str>,
    outputs: Vec<&'static str>,
    declared: Vec<&'static str>,
    nodes: BTreeMap<&'static str, Node>,
    environment: BTreeMap<&'static str, &'static str>,
    tool: GrantedTool,
}

fn file(content: &str) -> Node {
    Node::File { digest: Digest::of(content.as_bytes()), executable: false }
}

fn link(target: &str) -> Node {
    Node::Symlink { target: target.to_owned() }
}

/// Where every case starts.
fn setting() -> Setting {
    Setting {
        plugin: "lint 1",
        class: Class::Pure,
        config: json!({
            "strict": true, "level": 1, "name": "x", "deny": ["a", "b"],
            "rules": {"width": 80, "deep": {"on": true}}, "empty": {}, "list": [],
        }),
        grants: vec!["CI", "LANG"],
        outputs: vec!["out"],
        declared: vec!["src", "lib/**/*.js", "run.sh", "link", "conf.toml", "only"],
        nodes: [
            ("src/a.js", file("a")),
            ("src/b.js", file("b")),
            ("src/deep/c.js", file("c")),
            ("lib/x.js", file("x")),
            ("run.sh", file("#!")),
            ("link", link("src/a.js")),
            ("only/one", file("1")),
        ]
        .into(),
        environment: [("CI", "true")].into(),
        tool: GrantedTool { identity: Digest::of(b"cc 1"), tier: Tier::T1 },
    }
}

impl Setting {
    fn action(&self) -> Action {
        let grant = |name: &&str| Grant { capability: Capability::Env, resource: (*name).into() };
        let declared = Patterns::parse(&self.declared).unwrap();
        let nodes =
            self.nodes.iter().map(|(at, node)| Entry { path: path(at), node: node.clone() });
        let nodes = nodes.filter(|entry| declared.matches(&entry.path));
        let environment = self.environment.iter().filter(|(name, _)| self.grants.contains(name));
        let environment = environment.map(|(name, value)| ((*name).into(), (*value).into()));
        Action {
            plugin: Digest::of(self.plugin.as_bytes()),
            class: self.class,
            config: canonical_json(&self.config),
            grants: self.grants.iter().map(grant).collect(),
            outputs: Patterns::parse(&self.outputs).unwrap(),
            view: View {
                root: Arc::new(Directory::from_entries(nodes)),
                declared,
                environment: Arc::new(environment.collect()),
                tools: Arc::new([("cc".to_owned(), self.tool)].into()),
            },
        }
    }
}

/// What the earlier execution asked.
fn questions() -> Vec<Question> {
    let glob = |pattern: &str| Question::Glob { patterns: vec![pattern.into()], except: vec![] };
    vec![
        Question::Environment("CI".into()),
        Question::Environment("LANG".into()),
        Question::Tool("cc".into()),
        Question::Stat(path("src")),
        Question::Stat(path("src/a.js")),
        Question::Content(path("src/a.js")),
        Question::Stat(path("src/b.js")),
        Question::Stat(path("conf.toml")),
        Question::Content(path("conf.toml")),
        Question::Executable(path("run.sh")),
        Question::Link(path("link")),
        Question::Listing(path("src/deep")),
        Question::Stat(path("only")),
        Question::Content(path("only/one")),
        Question::Declared(path("other/y")),
        Question::Stat(path("other/y")),
        glob("lib/**/*.js"),
    ]
}

fn trace(action: &Action) -> Trace {
    let ask = |question: Question| {
        let answer = action.view.answer(&question);
        Observation { question, answer }
    };
    Trace(questions().into_iter().map(ask).collect())
}

fn past(action: &Action) -> Past {
    Past {
        action: action.digest(),
        family: action.family(),
        run: "earlier".to_owned(),
        at: 0,
        plugin: "lint@1.0.0".to_owned(),
        fields: action.fields(),
        unrecorded: None,
        wall_us: 1,
    }
}

/// The reasons of an Action after the given earlier ones, newest first.
fn reasons_after(earlier: &[&Action], now: &Action) -> Vec<String> {
    let key = Key::of(now);
    let history: Vec<_> = earlier.iter().map(|action| past(action)).collect();
    let related = earlier.iter().filter(|action| action.family() == key.family);
    let traces: Vec<_> = related.map(|action| (action.digest(), trace(action))).collect();
    let earlier = Earlier { history: &history, traces: &traces };
    explain(now, &key, earlier).iter().map(ToString::to_string).collect()
}

#[track_caller]
fn check(change: impl FnOnce(&mut Setting), expected: &str) {
    let mut changed = setting();
    change(&mut changed);
    let reasons = reasons_after(&[&setting().action()], &changed.action());
    assert!(reasons[0].starts_with(expected), "{expected:?} is not first of {reasons:#?}");
}

#[test]
fn a_changed_logic_is_the_first_reason() {
    check(|s| s.plugin = "lint 2", "plugin changed: ");
    check(|s| s.class = Class::Exec, "class pure → exec");
    check(|s| s.grants = vec!["CI", "HOME", "LANG"], "grant added: env HOME");
    check(|s| s.grants = vec!["LANG"], "grant removed: env CI");
    check(|s| s.outputs = vec!["out", "more"], "declared outputs changed: +more");
    check(|s| s.outputs = vec!["dist"], "declared outputs changed: +dist −out");
    check(|s| s.outputs.clear(), "declared outputs changed: −out");
}

#[test]
fn a_changed_order_of_outputs_is_a_reason() {
    let (mut one, mut two) = (setting(), setting());
    one.outputs = vec!["a", "!a/b"];
    two.outputs = vec!["!a/b", "a"];
    let reasons = reasons_after(&[&one.action()], &two.action());
    assert_eq!(reasons, ["declared outputs changed:"]);
}

#[test]
fn a_changed_key_of_the_configuration_is_the_only_reason() {
    #[track_caller]
    fn check_config(change: impl FnOnce(&mut Value), expected: &[&str]) {
        let mut changed = setting();
        change(&mut changed.config);
        let reasons = reasons_after(&[&setting().action()], &changed.action());
        assert_eq!(reasons, expected);
    }
    let remove = |config: &mut Value, key: &str| drop(config.as_object_mut().unwrap().remove(key));
    check_config(|c| c["strict"] = json!(false), &["with.strict: true → false"]);
    check_config(|c| c["level"] = json!("1"), &["with.level: 1 → \"1\""]);
    check_config(|c| c["new"] = json!(null), &["with.new: unset → null"]);
    check_config(|c| remove(c, "name"), &["with.name: \"x\" → unset"]);
    check_config(|c| c["deny"] = json!(["a", "c"]), &["with.deny[1]: \"b\" → \"c\""]);
    check_config(|c| c["deny"] = json!(["a", "b", "c"]), &["with.deny[2]: unset → \"c\""]);
    check_config(|c| c["deny"] = json!(["a"]), &["with.deny[1]: \"b\" → unset"]);
    check_config(|c| c["list"] = json!([1]), &["with.list[0]: unset → 1"]);
    check_config(|c| c["empty"] = json!([]), &["with.empty: {} → []"]);
    check_config(|c| remove(c, "empty"), &["with.empty: {} → unset"]);
    check_config(|c| c["rules"]["width"] = json!(100), &["with.rules.width: 80 → 100"]);
    check_config(|c| c["rules"]["deep"] = json!({}), &["with.rules.deep.on: true → unset"]);
    check_config(
        |c| remove(c, "rules"),
        &["with.rules.deep.on: true → unset", "with.rules.width: 80 → unset"],
    );
    check_config(|c| c["deny"] = json!({"0": "a", "1": "b"}), &["with.deny: [] → {}"]);
    check_config(|c| c["level"] = json!({}), &["with.level: 1 → {}"]);
    check_config(|c| c["a/b"] = json!({"~": 1}), &["with.a/b.~: unset → 1"]);
}

#[test]
fn a_changed_file_is_the_first_reason() {
    check(|s| drop(s.nodes.insert("src/a.js", file("changed"))), "src/a.js changed: ");
    check(|s| drop(s.nodes.insert("src/a.js", file("A"))), "src/a.js changed: "); // same size
    check(
        |s| drop(s.nodes.insert("src/b.js", file("long"))),
        "src/b.js changed: 1 bytes → 4 bytes",
    );
    check(|s| drop(s.nodes.insert("src/b.js", link("a.js"))), "src/b.js changed: 1 bytes → link");
    check(|s| drop(s.nodes.insert("conf.toml", file("new"))), "conf.toml appeared");
    check(|s| drop(s.nodes.remove("src/a.js")), "src/a.js is gone");
    check(|s| drop(s.nodes.remove("src/b.js")), "src/b.js is gone");
    check(|s| drop(s.nodes.insert("src/deep/d.js", file("d"))), "directory src/deep: +d.js");
    check(|s| drop(s.nodes.remove("only/one")), "only/one is gone");
    check(|s| drop(s.nodes.insert("lib/y.js", file("y"))), "files of lib/**/*.js: +lib/y.js");
    check(|s| drop(s.nodes.remove("lib/x.js")), "files of lib/**/*.js: −lib/x.js");
    check(
        |s| drop(s.nodes.insert("lib/x.js", link("y"))),
        "files of lib/**/*.js: +lib/x.js −lib/x",
    );
    check(|s| drop(s.nodes.insert("link", link("src/b.js"))), "link link: src/a.js → src/b.js");
    check(|s| drop(s.nodes.remove("link")), "link is gone");
    check(|s| drop(s.nodes.insert("link", file("a"))), "link changed: link → 1 bytes");
    let executable = Node::File { digest: Digest::of(b"#!"), executable: true };
    check(|s| drop(s.nodes.insert("run.sh", executable)), "run.sh became executable");
    check(|s| drop(s.nodes.remove("run.sh")), "run.sh is gone");
    check(
        |s| {
            s.nodes.remove("src/a.js");
            s.nodes.insert("src/a.js/inner", file("x"));
        },
        "src/a.js changed: 1 bytes → directory",
    );
}

#[test]
fn a_changed_declaration_is_the_first_reason() {
    let other = |s: &mut Setting| s.declared.push("other");
    check(other, "other/y is now a declared input");
    let present = |s: &mut Setting| {
        s.declared.push("other");
        s.nodes.insert("other/y", file("y"));
    };
    check(present, "other/y is now a declared input");
    let without =
        |gone: &'static str| move |s: &mut Setting| s.declared.retain(|pattern| *pattern != gone);
    check(without("run.sh"), "run.sh is not a declared input any more");
    check(without("link"), "link is not a declared input any more");
    check(without("only"), "only/one is not a declared input any more");
    check(|s| s.declared.push("!src/a.js"), "src/a.js is not a declared input any more");
}

#[test]
fn a_changed_environment_is_the_first_reason() {
    check(|s| s.environment = [("CI", "false")].into(), "environment CI has another value");
    check(|s| s.environment.clear(), "environment CI is not set any more");
    check(|s| s.environment.extend([("LANG", "C")]), "environment LANG is now set");
}

#[test]
fn a_changed_tool_or_tier_is_the_first_reason() {
    check(|s| s.tool.identity = Digest::of(b"cc 2"), "tool cc changed: ");
    check(|s| s.tool.tier = Tier::T2, "isolation of cc: t1 → t2");
}

#[test]
fn one_changed_file_is_told_once() {
    let mut changed = setting();
    changed.nodes.insert("src/a.js", file("longer"));
    let reasons = reasons_after(&[&setting().action()], &changed.action());
    assert_eq!(reasons.len(), 1, "{reasons:?}");
}

#[test]
fn a_changed_sandbox_comes_before_all_else() {
    let now = setting().action();
    let mut earlier = past(&now);
    earlier.family = Key::of(&setting_with_plugin("other").action()).family;
    earlier.fields = setting_with_plugin("other").action().fields();
    earlier.fields[0].value = "0".to_owned();
    let reasons = explain(&now, &Key::of(&now), Earlier { history: &[earlier], traces: &[] });
    assert!(matches!(reasons[0], MissReason::SandboxChanged { .. }), "{reasons:?}");
    assert!(matches!(reasons[1], MissReason::PluginChanged { .. }), "{reasons:?}");
}

fn setting_with_plugin(plugin: &'static str) -> Setting {
    Setting { plugin, ..setting() }
}

#[test]
fn the_nearest_of_several_executions_is_compared_with() {
    let base = setting();
    let mut far = base.clone();
    far.config["level"] = json!(7);
    far.config["strict"] = json!(false);
    let mut now = base.clone();
    now.nodes.insert("src/a.js", file("changed"));
    let (base, far, now) = (base.action(), far.action(), now.action());
    for earlier in [[&far, &base], [&base, &far]] {
        let reasons = reasons_after(&earlier, &now);
        assert!(reasons[0].starts_with("src/a.js changed"), "{reasons:?}");
    }
}

#[test]
fn among_equally_near_executions_the_latest_is_compared_with() {
    let with_level = |level: u32| {
        let mut setting = setting();
        setting.config["level"] = json!(level);
        setting.action()
    };
    let (two, three, now) = (with_level(2), with_level(3), with_level(4));
    assert_eq!(reasons_after(&[&three, &two], &now), ["with.level: 3 → 4"]);
    assert_eq!(reasons_after(&[&two, &three], &now), ["with.level: 2 → 4"]);
}

#[test]
fn an_execution_that_left_no_record_is_a_reason() {
    let now = setting().action();
    let mut trapped = past(&now);
    trapped.unrecorded = Some("trapped".to_owned());
    let key = Key::of(&now);
    let reasons = explain(&now, &key, Earlier { history: &[trapped.clone()], traces: &[] });
    assert_eq!(reasons, [MissReason::NotRecorded { ended: "trapped".to_owned() }]);

    // The same Action trapped after an execution of another: its trap is the reason.
    let mut earlier = setting();
    earlier.nodes.insert("src/a.js", file("old"));
    let earlier = earlier.action();
    let history = [trapped, past(&earlier)];
    let traces = [(earlier.digest(), trace(&earlier))];
    let reasons = explain(&now, &key, Earlier { history: &history, traces: &traces });
    assert_eq!(reasons, [MissReason::NotRecorded { ended: "trapped".to_owned() }]);
}

#[test]
fn what_is_known_explains_more_than_what_trapped_with_other_inputs() {
    let base = setting().action();
    let mut second = setting();
    second.nodes.insert("src/a.js", file("second"));
    let mut third = setting();
    third.nodes.insert("src/a.js", file("third"));
    let now = third.action();
    let mut trapped = past(&second.action());
    trapped.unrecorded = Some("trapped".to_owned());
    let traces = [(base.digest(), trace(&base))];
    let history = [trapped, past(&base)];
    let reasons = explain(&now, &Key::of(&now), Earlier { history: &history, traces: &traces });
    assert!(matches!(reasons[0], MissReason::FileChanged { .. }), "{reasons:?}");
}

#[test]
fn without_history_only_a_close_relative_explains() {
    let base = setting().action();
    let traces = [(base.digest(), trace(&base))];
    let explain =
        |now: &Action| explain(now, &Key::of(now), Earlier { history: &[], traces: &traces });
    let mut near = setting();
    near.nodes.insert("src/a.js", file("changed"));
    assert!(matches!(explain(&near.action())[0], MissReason::FileChanged { .. }));

    let mut stranger = setting();
    stranger.nodes.clear();
    stranger.environment.clear();
    assert_eq!(explain(&stranger.action()), [MissReason::NeverRun]);
}

#[test]
fn without_anything_to_compare_with_the_step_has_never_run() {
    assert_eq!(reasons_after(&[], &setting().action()), ["never run before"]);
}
