//! The encoding of an Action: two Actions have one key exactly if they are the same.
#![no_main]

use std::collections::BTreeMap;
use std::sync::Arc;

use arbitrary::Arbitrary;
use belljar_model::action::canonical_json;
use belljar_model::directory::Entry;
use belljar_model::{
    Action, Capability, Class, Digest, Directory, Grant, Node, Patterns, View, WorkspacePath,
};
use libfuzzer_sys::fuzz_target;

/// What an Action is made from.
#[derive(Arbitrary, Debug)]
struct Parts {
    plugin: u8,
    class: u8,
    config: Vec<(String, Config)>,
    grants: Vec<(bool, String)>,
    outputs: Vec<String>,
    inputs: Vec<String>,
    files: Vec<(String, u8, bool)>,
    environment: BTreeMap<String, String>,
}

#[derive(Arbitrary, Debug)]
enum Config {
    Null,
    Flag(bool),
    Number(i32),
    Text(String),
    List(Vec<String>),
    Table(BTreeMap<String, String>),
}

fuzz_target!(|parts: (Parts, Parts)| {
    let (Some(one), Some(two)) = (action(parts.0), action(parts.1)) else { return };
    assert_eq!(one.keys(), (one.digest(), one.family()));
    let family = families(&one) == families(&two);
    assert_eq!(one.family() == two.family(), family, "{one:?}\n{two:?}");
    let same = family && views(&one.view) == views(&two.view);
    assert_eq!(one.digest() == two.digest(), same, "{one:?}\n{two:?}");
    let config = serde_json::from_str(&one.config).expect("it was made from a value");
    assert_eq!(canonical_json(&config), one.config, "canonical text stays as it is");
});

type Family<'a> = (Digest, Class, &'a str, &'a [Grant], &'a [String]);

fn families(action: &Action) -> Family<'_> {
    let Action { plugin, class, config, grants, outputs, view: _ } = action;
    (*plugin, *class, config, grants, outputs.texts())
}

fn views(view: &View) -> (Digest, &[String], &BTreeMap<String, String>) {
    (view.root.digest(), view.declared.texts(), &view.environment)
}

fn action(parts: Parts) -> Option<Action> {
    let config = parts.config.into_iter().map(|(name, value)| (name, json(value)));
    let grant = |(tool, resource)| Grant {
        capability: if tool { Capability::Tool } else { Capability::Env },
        resource,
    };
    let entry = |(path, content, executable): (String, u8, bool)| {
        let node = Node::File { digest: Digest::of(&[content]), executable };
        Some(Entry { path: WorkspacePath::parse(&path).ok()?, node })
    };
    Some(Action {
        plugin: Digest::of(&[parts.plugin]),
        class: [Class::Pure, Class::Exec, Class::Effect][usize::from(parts.class % 3)],
        config: canonical_json(&config.collect::<serde_json::Map<_, _>>().into()),
        grants: parts.grants.into_iter().map(grant).collect(),
        outputs: Patterns::parse(&parts.outputs).ok()?,
        view: View {
            root: Arc::new(Directory::from_entries(parts.files.into_iter().filter_map(entry))),
            declared: Patterns::parse(&parts.inputs).ok()?,
            environment: Arc::new(parts.environment),
            tools: Arc::default(),
        },
    })
}

fn json(config: Config) -> serde_json::Value {
    match config {
        Config::Null => serde_json::Value::Null,
        Config::Flag(flag) => flag.into(),
        Config::Number(number) => number.into(),
        Config::Text(text) => text.into(),
        Config::List(texts) => texts.into(),
        Config::Table(table) => table
            .into_iter()
            .map(|(name, text)| (name, text.into()))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}
