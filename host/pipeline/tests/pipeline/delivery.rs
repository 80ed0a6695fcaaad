//! What the sections of delivery mean.

use std::collections::BTreeMap;

use belljar_model::delivery::{ApprovalPolicy, Freeze, Gate, Monitor, OnIllness, SecretSource};
use belljar_model::{Class, Descriptor, StepName};
use belljar_pipeline::{
    EnvironmentAt, LedgerSettings, Pipeline, check_asks, check_classes, check_config,
};

use crate::workspace::{MemoryFiles, assert_shown, parse_text, pipeline, pipeline_of, render};

/// A step that makes something to ship.
pub(crate) const STEP: &str = "plugins = { p = 'builtin:p', deploy = 'builtin:deploy' }\n\
     [step.package]\nuses = 'p'\noutputs = ['dist/**']\n";

/// A public key that ends with a digit.
pub(crate) fn key(last: char) -> String {
    format!("ed25519:{}{last}", "0".repeat(63))
}

fn environment<'a>(pipeline: &'a Pipeline, name: &str) -> &'a EnvironmentAt {
    &pipeline.environments[name]
}

#[test]
fn an_environment_says_little_or_much() {
    let text = format!(
        "{STEP}[vars]\nsite = 'www'\n[tools]\nkubectl = 'kubectl'\n[secret]\nTOKEN = {{ env = 'T' }}\n\
         ALSO = {{ file = '/run/also' }}\n[approver.ana]\nkey = '{}'\ngroups = ['release']\n\
         [approver.bob]\nkey = '{}'\n[environment.staging]\nuses = 'deploy'\n\
         artifacts = ['package']\n\
         [environment.production]\ndoc = 'What ${{vars.site}} shows'\nneeds = ['staging']\n\
         artifacts = ['package', 'package']\nuses = 'deploy'\n\
         with = {{ z = ['${{vars.site}}', 1, true], a = {{ b = 0.5 }} }}\n\
         storage = 'fs:/srv/${{vars.site}}'\nhosts = ['B.example.org:443', '127.0.0.1:80']\n\
         secrets = ['TOKEN', 'ALSO']\ntools = ['kubectl']\n\
         approvals = {{ count = 2, from = ['group:release', 'bob'], expires = '1h 30m' }}\n\
         gate = {{ interval = '1s', timeout = '2s', count = 5, failure-limit = 2, minimum = 4, \
         time-limit = '3m', bake = '10m' }}\n\
         monitor = {{ interval = '1m', after = 5, on-illness = 'rollback' }}\n\
         [[environment.production.freeze]]\nfrom = '1970-01-02T00:00:00Z'\n\
         until = '1970-01-03T01:00:00+01:00'\nreason = 'holidays'\n\
         [[environment.production.freeze]]\nfrom = 1970-01-05T00:00:00Z\n",
        key('1'),
        key('2')
    );
    let pipeline = pipeline(&text);
    let staging = &environment(&pipeline, "staging").spec;
    assert_eq!((staging.config.as_str(), &staging.storage), ("{}", &None));
    assert_eq!(staging.approvals, ApprovalPolicy::default());
    assert_eq!((&staging.gate, &staging.monitor), (&Gate::default(), &Monitor::default()));
    let production = environment(&pipeline, "production");
    assert!(text[production.at.span.clone()].starts_with("[environment.production"));
    let at = production.places.config("/a/b").unwrap();
    assert_eq!(&text[at.value.span.clone()], "0.5");
    let spec = &production.spec;
    assert_eq!((spec.name.as_str(), spec.doc.as_str()), ("production", "What www shows"));
    assert_eq!(spec.needs, ["staging"]);
    assert_eq!(spec.artifacts.iter().map(StepName::as_str).collect::<Vec<_>>(), ["package"]);
    assert_eq!(spec.config, r#"{"a":{"b":0.5},"z":["www",1,true]}"#);
    assert_eq!(spec.storage.as_deref(), Some("fs:/srv/www"));
    assert_eq!(spec.hosts, ["127.0.0.1:80", "b.example.org:443"]);
    assert_eq!(
        (spec.secrets.join(" "), spec.tools.join(" ")),
        ("ALSO TOKEN".into(), "kubectl".into())
    );
    let from = vec!["bob".to_owned(), "group:release".to_owned()];
    assert_eq!(spec.approvals, ApprovalPolicy { count: 2, from, expires_ms: 5_400_000 });
    let gate = Gate {
        interval_ms: 1_000,
        timeout_ms: 2_000,
        count: 5,
        failure_limit: 2,
        minimum: 4,
        time_limit_ms: 180_000,
        bake_ms: 600_000,
    };
    assert_eq!(spec.gate, gate);
    let on_illness = OnIllness::Rollback;
    assert_eq!(spec.monitor, Monitor { interval_ms: 60_000, after: 5, on_illness });
    let day = 86_400_000;
    let first = Freeze { from_ms: day, until_ms: Some(2 * day), reason: "holidays".to_owned() };
    let second = Freeze { from_ms: 4 * day, until_ms: None, reason: String::new() };
    assert_eq!(spec.freezes, [first, second]);
}

#[test]
fn numbers_of_a_gate_that_are_left_out_follow_a_lower_count() {
    let of = |fields: &str| {
        let text = format!(
            "{STEP}[environment.e]\nuses = 'deploy'\nartifacts = ['package']\ngate = {{ {fields} }}\n"
        );
        let gate = environment(&pipeline(&text), "e").spec.gate.clone();
        (gate.count, gate.failure_limit, gate.minimum)
    };
    assert_eq!(of(""), (3, 1, 2));
    assert_eq!(of("count = 1"), (1, 0, 1));
    assert_eq!(of("count = 2"), (2, 1, 2));
    assert_eq!(of("count = 9"), (9, 1, 2));
}

#[test]
fn artifacts_are_named_as_needs_are() {
    let of = |artifacts: &str| {
        let text = format!(
            "vars.which = 'web'\nplugins = {{ p = 'builtin:p', deploy = 'builtin:deploy' }}\n\
             [template.t]\nuses = 'p'\noutputs = ['${{member}}/dist/**']\n\
             [step.build]\nextends = 't'\nfor-each = 'packages/*'\n\
             [environment.e]\ndoc = '${{vars.which}}'\nuses = 'deploy'\nartifacts = [{artifacts}]\n"
        );
        let pipeline = pipeline(&text);
        let artifacts = &environment(&pipeline, "e").spec.artifacts;
        artifacts.iter().map(|step| step.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of("'build'"), ["api:build", "web:build"]);
    assert_eq!(of("'web:build', 'packages/web:build'"), ["web:build"]);
    assert_eq!(of("'${vars.which}:build'"), ["web:build"]);
}

#[test]
fn approvers_secrets_and_the_ledger_are_read_from_all_files() {
    let main = format!(
        "include = ['people.toml']\n{STEP}[ledger]\nfolder = '/var/ledger/'\norigin = 'example.org/acme'\n\
         [environment.e]\nuses = 'deploy'\nartifacts = ['package']\nsecrets = ['A', 'B', 'C']\n"
    );
    let people = format!(
        "[approver.ana]\nkey = '{}'\ngroups = ['b', 'a', 'b']\nauthors = ['Ana@Example.org']\n\
         [secret]\nA = {{ env = 'A_TOKEN' }}\nB = {{ file = 'b' }}\n\
         C = {{ command = ['pass', 'c'] }}\n[ledger]\nkey = '{}'\n",
        key('1'),
        key('a')
    );
    let files = [("belljar.toml", main.as_str()), ("people.toml", people.as_str())];
    let pipeline = pipeline_of(&MemoryFiles::new(&files));
    let ana = &pipeline.approvers["ana"];
    assert_eq!(ana.spec.key, key('1'));
    assert_eq!(ana.spec.groups, ["a", "b"]);
    assert_eq!(ana.spec.authors, ["ana@example.org"]);
    assert_eq!(&*ana.at.file, "people.toml");
    let sources: Vec<_> = pipeline.secrets.values().map(|secret| &secret.source).collect();
    let command = SecretSource::Command(vec!["pass".to_owned(), "c".to_owned()]);
    let expected = [SecretSource::Env("A_TOKEN".into()), SecretSource::File("b".into()), command];
    assert_eq!(sources, expected.iter().collect::<Vec<_>>());
    let folder = Some("/var/ledger".to_owned());
    let origin = Some("example.org/acme".to_owned());
    assert_eq!(pipeline.ledger, LedgerSettings { folder, origin, key: Some(key('a')) });
}

fn descriptor(tools: &[&str], secrets: &[&str], hosts: &[&str]) -> Descriptor {
    let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let need = |name| belljar_model::descriptor::ToolNeed {
        name,
        version_req: String::new(),
        reason: "to deploy".to_owned(),
    };
    let schema = r#"{
        "type": "object", "additionalProperties": false,
        "properties": { "domain": { "type": "string" }, "mode": { "enum": ["fast", "slow"] } }
    }"#;
    Descriptor {
        name: "deploy".to_owned(),
        version: "1.0.0".to_owned(),
        summary: String::new(),
        docs: String::new(),
        config_schema: schema.to_owned(),
        tools: own(tools).into_iter().map(need).collect(),
        secrets: own(secrets),
        hosts: own(hosts),
        attrs: BTreeMap::new(),
    }
}

#[test]
fn the_configuration_of_an_environment_is_checked_by_its_plugin() {
    let text = format!(
        "{STEP}[environment.e]\nuses = 'deploy'\nartifacts = ['package']\n\
         with = {{ domian = 'x', mode = 'fats' }}\n[environment.f]\nuses = 'deploy'\n\
         artifacts = ['package']\nwith.domain = 7\n"
    );
    let parsed = parse_text(&text);
    let pipeline = parsed.pipeline.unwrap();
    let descriptors = BTreeMap::from([("deploy".to_owned(), descriptor(&[], &[], &[]))]);
    let found = check_config(&pipeline, &descriptors);
    assert_shown(
        &render(&parsed.sources, &found),
        "
        8:31-37 E0309 `with.mode` cannot be \"fats\": it is one of `fast`, `slow`
          help: did you mean `fast`?
        8:10-16 E0308 the plugin `deploy` knows no key `domian` here
          help: did you mean `domain`?
        12:15-16 E0309 `with.domain` must be a string, not a number
        ",
    );
}

#[test]
fn an_environment_grants_what_its_plugin_asks_for() {
    let text = format!(
        "{STEP}[tools]\nkubectl = 'kubectl'\n[secret]\nA = {{ env = 'A' }}\n\
         [environment.e]\nuses = 'deploy'\nartifacts = ['package']\nsecrets = ['A']\n\
         tools = ['kubectl']\nhosts = ['a.example.org:443']\n\
         [environment.f]\nuses = 'p'\nartifacts = ['package']\n"
    );
    let parsed = parse_text(&text);
    let pipeline = parsed.pipeline.unwrap();
    let check = |asked: Descriptor, expected: &str| {
        let descriptors = BTreeMap::from([("deploy".to_owned(), asked)]);
        let found = check_asks(&pipeline, &descriptors);
        assert_shown(&render(&parsed.sources, &found), expected);
    };
    check(descriptor(&[], &[], &[]), "");
    check(descriptor(&["*", "kubectl"], &["*", "A"], &["*", "a.example.org:443"]), "");
    check(
        descriptor(&["helm"], &["B"], &["b.example.org:443"]),
        r#"
        10:8-16 E0314 the plugin `deploy` needs the tool `helm`
          note: the plugin says why: to deploy
          help: add `tools = ["helm", "kubectl"]` to the environment
        10:8-16 E0234 the plugin `deploy` needs the secret `B`
          help: add `secrets = ["A", "B"]` to the environment
        10:8-16 E0235 the plugin `deploy` needs the host `b.example.org:443`
          help: add `hosts = ["a.example.org:443", "b.example.org:443"]` to the environment
        "#,
    );
}

#[test]
fn only_environments_use_plugins_that_deploy() {
    let text = format!(
        "{STEP}[step.wrong]\nuses = 'deploy'\nfor-each = 'packages/*'\n\
         [environment.e]\nuses = 'p'\nartifacts = ['package']\n\
         [environment.f]\nuses = 'deploy'\nartifacts = ['package']\n"
    );
    let parsed = parse_text(&text);
    let pipeline = parsed.pipeline.unwrap();
    let class = |name: &str, class| (name.to_owned(), class);
    let classes = BTreeMap::from([class("p", Class::Exec), class("deploy", Class::Effect)]);
    assert_shown(
        &render(&parsed.sources, &check_classes(&pipeline, &classes)),
        "
        6:8-16 E0231 a step cannot use the plugin `deploy`: it deploys
          help: use it in an `[environment.NAME]`, which is planned and approved
        9:8-11 E0232 an environment cannot use the plugin `p`: it deploys nothing
          help: use it in a `[step.NAME]`, and name here a plugin that deploys
        ",
    );
    assert_eq!(check_classes(&pipeline, &BTreeMap::new()).len(), 0);
}

#[test]
fn the_example_of_the_reference_is_right() {
    let page = include_str!("../../../../docs/reference/environments.md");
    let example = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let parsed = parse_text(example);
    assert_shown(&render(&parsed.sources, &parsed.diagnostics), "");
    assert_eq!(parsed.pipeline.unwrap().environments.len(), 2);
}
