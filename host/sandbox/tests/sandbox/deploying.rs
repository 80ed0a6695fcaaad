//! Calls of a plugin that deploys: what it is given, what it answers, and how it is ended.

use std::sync::Arc;
use std::time::Duration;

use belljar_model::delivery::{Change, Condition, DeployPhase, HealthObservation};
use belljar_model::limits::Limit;
use belljar_model::ports::{DeployCall, Deployed, Deployer as _, LogSink, Outlet, Unheard};
use belljar_model::{Blame, Class, Digest};
use belljar_sandbox::{AotOptions, Options, ReadComponent, Sandbox};

use crate::deployment::{Deployment, NoInputs};
use crate::harness::{Bench, DEPLOY_GUEST, GUEST};
use crate::outlet::Recording;

#[test]
fn a_plugin_that_deploys_is_of_class_effect_and_lists_its_ways_out() {
    let digest = Digest::of(&DEPLOY_GUEST);
    let read = Arc::new(|| Ok(DEPLOY_GUEST.clone()));
    let loaded = Bench::new(&[]).sandbox().load("deploy", digest, read).unwrap();
    assert_eq!(
        (loaded.class, loaded.descriptor.label().as_str()),
        (Class::Effect, "deploy-guest@0.1.0")
    );
    let functions = |interface: &str| {
        let name = format!("belljar:step/{interface}@0.1.0");
        let import = loaded.imports.iter().find(|import| import.interface == name);
        import.map(|import| import.functions.join(" ")).unwrap_or_default()
    };
    assert_eq!(functions("http"), "send");
    assert_eq!(functions("storage"), "list put read remove swap write");
    assert_eq!(functions("effect-tool"), "run");
    assert_eq!(functions("inputs"), "read");
}

#[test]
fn a_compiled_plugin_that_deploys_is_taken_from_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let digest = Digest::of(&DEPLOY_GUEST);
    let mut deployment = Deployment::new();
    let mut said = |read: ReadComponent| {
        let aot = Some(AotOptions { dir: dir.path().to_owned(), key: [7; 32] });
        let (blobs_in, blobs_out) = (Arc::new(NoInputs), Arc::new(deployment.blobs.clone()));
        let options = Options { aot, blobs_in, blobs_out, parallel: 1 };
        deployment.sandbox = Sandbox::new(options).unwrap();
        let loaded = deployment.sandbox.load("deploy", digest, read).unwrap();
        assert_eq!(loaded.class, Class::Effect);
        deployment.call(&[&["get", "live"]]).said().join(", ")
    };
    let compiled = said(Arc::new(|| Ok(DEPLOY_GUEST.clone())));
    assert_eq!(said(Arc::new(|| panic!("it is not read again"))), compiled);
}

#[test]
fn a_plugin_is_only_used_for_what_it_is_made_for() {
    let bench = Bench::new(&[]);
    let deployment = Deployment::new();
    let mut action = bench.action(&[]);
    action.plugin = Digest::of(&DEPLOY_GUEST);
    let fault = bench.execute(&deployment.sandbox, &action).outcome.unwrap_err();
    assert_eq!((fault.blame, fault.code.as_str()), (Blame::Configuration, "E0921"));
    assert!(fault.message.contains("plugin deploy-guest@0.1.0 deploys"), "{fault:#?}");

    let step = Digest::of(&GUEST);
    deployment.sandbox.load("guest", step, Arc::new(|| Ok(GUEST.clone()))).unwrap();
    let outlet: Arc<dyn Outlet> = Arc::new(Recording::default());
    let log: Arc<dyn LogSink> = Arc::new(Unheard);
    let call = |plugin| {
        let ended = deployment.sandbox.call(&DeployCall {
            plugin,
            phase: DeployPhase::Preview,
            config: "{}",
            environment: "staging",
            release: "",
            idempotency_key: "",
            artifacts: &[],
            tools: &[],
            secrets: &[],
            limits: &deployment.limits,
            cancel: &deployment.cancel,
            log: &log,
            outlet: &outlet,
        });
        ended.outcome.unwrap_err()
    };
    let fault = call(step);
    assert_eq!((fault.blame, fault.code.as_str()), (Blame::Configuration, "E0921"));
    assert!(fault.message.contains("not in environment `staging`"), "{fault:#?}");
    let fault = call(Digest::of(b"another"));
    assert_eq!((fault.blame, fault.code.as_str()), (Blame::Infrastructure, "E0410"));
}

#[test]
fn what_is_shipped_is_what_it_reads_and_it_makes_no_files() {
    let called = Deployment::new().call(&[
        &["input", "bin/app"],
        &["input", "other"],
        &["file", "site"],
        &["file", "/bin/app"],
        &["make", "out"],
        &["make", "site"],
    ]);
    let told = [
        "program",
        "error: not-found",
        "page",
        "program",
        "`out` cannot be written: a plugin that deploys makes no files",
        "error",
        "`site` cannot be written: a plugin that deploys makes no files",
        "error",
    ];
    assert_eq!(called.said(), told);
}

#[test]
fn it_is_told_what_is_deployed_and_where() {
    let deployment = Deployment::new();
    let called = deployment.call(&[&["request"], &["limit"]]);
    let told = called.said().join("");
    let digest = format!("blake3:{}", deployment.artifacts[0].digest.hex());
    for part in ["staging", "r-1", "key-1", "bin/app", "executable: true", "size: 7", &digest] {
        assert!(told.contains(part), "`{part}` is not in {told}");
    }
    assert!(told.ends_with("600000"), "{told}");
}

#[test]
fn chance_is_the_same_for_all_of_one_deployment_and_for_no_other() {
    let deployment = Deployment::new();
    let random = |deployment: &Deployment| deployment.call(&[&["random"]]).said().join("");
    let applied = random(&deployment);
    let deployment = deployment.phase(DeployPhase::Preview);
    assert_eq!(random(&deployment), applied, "what was previewed is what is applied");
    let other = Deployment { key: "key-2", ..deployment };
    assert_ne!(random(&other), applied);
}

#[test]
fn changes_are_told_as_harmless_text() {
    belljar_cases::case!("G01", "I08");
    for phase in [DeployPhase::Preview, DeployPhase::Apply] {
        let called = Deployment::new().phase(phase).call(&[&["change", "2"], &["print", "\r"]]);
        let change = |action: &str, subject: &str| Change {
            action: action.to_owned(),
            subject: subject.to_owned(),
            detail: "\\u{7}done".to_owned(),
        };
        let changes = vec![change("change", "2"), change("change", "2"), change("print", "\\u{d}")];
        assert_eq!(called.ended.outcome, Ok(Deployed::Changes(changes)));
    }
    let many = |count| Deployment::new().call(&[&["change", count]]);
    assert!(many("1000").ended.outcome.is_ok());
    many("1001").fault(Blame::Plugin, "E0405", "1000 changes; it told of 1001");
}

#[test]
fn an_observation_is_told_as_harmless_text() {
    belljar_cases::case!("G01", "I08");
    let called = Deployment::new().phase(DeployPhase::Observe).call(&[]);
    let seen = HealthObservation {
        condition: Condition::Unhealthy,
        release: Some("r-1\\u{a}".to_owned()),
        detail: "seen in staging\\u{1b}[2J".to_owned(),
    };
    assert_eq!(called.ended.outcome, Ok(Deployed::Observation(seen)));
}

#[test]
fn each_way_to_say_no_blames_who_must_act() {
    let called = Deployment::new().call(&[&["failed", "no-file", "the site is missing\u{7}"]]);
    let message = "plugin deploy-guest@0.1.0 failed: the site is missing\\u{7}";
    let fault = called.fault(Blame::Project, "E0924", message);
    assert_eq!(fault.notes, ["the plugin's own code is `no-file`"]);
    let called = Deployment::new().call(&[&["internal", "", "no idea"]]);
    called.fault(Blame::Plugin, "E0407", "deploy-guest@0.1.0 gave up: no idea");
    let called = Deployment::new().call(&[&["cancelled"]]);
    called.fault(Blame::Cancelled, "E0408", "cancelled");
    let called = Deployment::new().call_with(r#"{"ops": 1}"#);
    let fault = called.fault(Blame::Configuration, "E0409", "does not accept the configuration");
    assert_eq!(fault.config_problems[0].pointer, "/ops");
}

#[test]
fn a_plugin_that_does_not_behave_is_ended_and_told_of_as_one_that_deploys() {
    let check = |op: &[&str], code: &str, message: &str| {
        let mut deployment = Deployment::new().phase(DeployPhase::Observe);
        deployment.limits.time = Limit::default_of(Duration::from_millis(300));
        deployment.limits.memory = Limit::default_of(16 << 20);
        let called = deployment.call(&[op]);
        let fault = called.fault(Blame::Plugin, code, message);
        let note = "it was called for `observe` of environment `staging`".to_owned();
        assert!(fault.notes.contains(&note), "{fault:#?}");
        assert!(!format!("{fault:?}").contains("step"), "{fault:#?}");
    };
    check(&["spin"], "E0401", "plugin deploy-guest@0.1.0 ran longer than 300ms");
    check(&["allocate", "32"], "E0402", "plugin deploy-guest@0.1.0 needs more than 16 MiB");
    check(&["panic", "all is lost"], "E0406", "deploy-guest@0.1.0 panicked: all is lost");
    check(&["exit"], "E0406", "deploy-guest@0.1.0 ended itself with exit code 0");
}

#[test]
fn a_call_that_was_cancelled_has_no_answer() {
    let deployment = Deployment::new();
    deployment.cancel.ask();
    let called = deployment.call(&[&["asked-to-stop"]]);
    assert_eq!(called.log(), ["true"]);
    called.fault(Blame::Cancelled, "E0408", "cancelled");
    deployment.cancel.now();
    deployment.call(&[&["spin"]]).fault(Blame::Cancelled, "E0408", "cancelled");
}

#[test]
fn a_panic_of_the_outlet_ends_only_the_call() {
    let deployment = Deployment::new();
    let called = deployment.call(&[&["get", "crash"]]);
    let fault = called.fault(Blame::Infrastructure, "E0410", "the sandbox panicked");
    assert_eq!(fault.notes, ["a mistake of the outlet"]);
    assert_eq!(deployment.call(&[&["print", "on"]]).said(), ["on", "printed"]);
}
