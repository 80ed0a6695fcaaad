//! Calls of a plugin that deploys: what reaches the outlet, and what is answered.

use std::sync::Arc;
use std::time::Duration;

use belljar_model::delivery::{
    Artifact, Change, Condition, DeployPhase, HealthObservation, ToolEffect,
};
use belljar_model::limits::Limit;
use belljar_model::ports::{
    BlobSource, BlobStore as _, Cancel, DeployCall, DeployEnded, Deployed, Deployer as _, LogSink,
    Outlet,
};
use belljar_model::{Blame, Class, Digest, Directory, Entry, Fault, Limits, Node, StepName};
use belljar_sandbox::{AotOptions, Options, ReadComponent, Sandbox};
use bytes::Bytes;

use crate::harness::{Bench, DEPLOY_GUEST, Deaf, GUEST, Memory, at};
use crate::outlet::{Recording, stop};

/// One deployment of two files.
struct Deployment {
    blobs: Memory,
    sandbox: Sandbox,
    artifacts: Vec<Artifact>,
    limits: Limits,
    cancel: Cancel,
    key: &'static str,
    phase: DeployPhase,
}

/// What came of a call.
struct Called {
    ended: DeployEnded,
    outlet: Arc<Recording>,
}

/// Inputs that nobody may read: what is shipped is in the store.
struct NoInputs;

impl BlobSource for NoInputs {
    fn get(&self, _: &Digest) -> Result<Option<Bytes>, Fault> {
        panic!("the workspace is not asked")
    }
}

impl Deployment {
    fn new() -> Self {
        let blobs = Memory::default();
        let artifact = |path: &str, content: &str, executable| Artifact {
            step: StepName::new("package"),
            path: at(path),
            digest: blobs.put(content.as_bytes()).unwrap(),
            executable,
        };
        let artifacts = vec![artifact("bin/app", "program", true), artifact("site", "page", false)];
        let (blobs_in, blobs_out) = (Arc::new(NoInputs), Arc::new(blobs.clone()));
        let options = Options { aot: None, blobs_in, blobs_out, parallel: 2 };
        let sandbox = Sandbox::new(options).unwrap();
        let digest = Digest::of(&DEPLOY_GUEST);
        sandbox.load("deploy", digest, Arc::new(|| Ok(DEPLOY_GUEST.clone()))).unwrap();
        let (limits, cancel, phase) = (Limits::default(), Cancel::new(), DeployPhase::Apply);
        Self { blobs, sandbox, artifacts, limits, cancel, key: "key-1", phase }
    }

    fn phase(self, phase: DeployPhase) -> Self {
        Self { phase, ..self }
    }

    fn call(&self, ops: &[&[&str]]) -> Called {
        self.call_with(&serde_json::json!({ "ops": ops }).to_string())
    }

    fn call_with(&self, config: &str) -> Called {
        let outlet = Arc::new(Recording::default());
        let (log, way_out): (Arc<dyn LogSink>, Arc<dyn Outlet>) = (Arc::new(Deaf), outlet.clone());
        let ended = self.sandbox.call(&DeployCall {
            plugin: Digest::of(&DEPLOY_GUEST),
            phase: self.phase,
            config,
            environment: "staging",
            release: "r-1",
            idempotency_key: self.key,
            artifacts: &self.artifacts,
            tools: &["kubectl".to_owned(), "rsync".to_owned()],
            secrets: &["TOKEN".to_owned()],
            limits: &self.limits,
            cancel: &self.cancel,
            log: &log,
            outlet: &way_out,
        });
        Called { ended, outlet }
    }
}

impl Called {
    /// The lines of the log of a call that has an answer.
    #[track_caller]
    fn said(&self) -> Vec<&str> {
        if let Err(fault) = &self.ended.outcome {
            panic!("{fault:#?}");
        }
        self.log()
    }

    fn log(&self) -> Vec<&str> {
        self.ended.log.iter().map(|line| line.text.as_str()).collect()
    }

    #[track_caller]
    fn fault(&self, blame: Blame, code: &str, message: &str) -> &Fault {
        let fault = self.ended.outcome.as_ref().expect_err("it should have no answer");
        assert_eq!((fault.blame, fault.code.as_str()), (blame, code), "{fault:#?}");
        assert!(fault.message.contains(message), "{fault:#?}");
        fault
    }
}

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
    let log: Arc<dyn LogSink> = Arc::new(Deaf);
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
fn a_request_reaches_the_outlet_as_the_model_writes_it() {
    let deployment = Deployment::new();
    let app = deployment.artifacts[0].digest.short();
    let check = |op: &[&str], call: &str| {
        let called = deployment.call(&[op]);
        assert_eq!(called.said(), [r#"200 [("etag", "1")] yes"#]);
        assert_eq!(called.outlet.calls(), [call]);
    };
    check(&["send", "get", "http://a.example/x"], "GET http://a.example/x [] ``");
    check(&["send-bytes", "hello"], "POST https://a.example/v1 [] `hello`");
    check(&["send-file", "bin/app"], &format!("POST https://a.example/v1 [] `{app}`"));
    let call = r#"POST https://a.example/v1 [("x-one", "a b")] ``"#;
    check(&["send-header", "X-One", "a b"], call);
    let call = "POST https://a.example/v1 [] authorization=Bearer <TOKEN> ``";
    check(&["send-secret", "Authorization", "Bearer ", "TOKEN"], call);
}

#[test]
fn a_request_has_thirty_seconds_unless_it_says_otherwise_or_less_is_left() {
    let mut deployment = Deployment::new();
    let limit = |deployment: &Deployment, op: &[&str]| {
        let called = deployment.call(&[op]);
        called.said();
        let requests = called.outlet.requests.lock().unwrap();
        requests[0].time_limit_ms
    };
    assert_eq!(limit(&deployment, &["send", "GET", "https://a.example/"]), 30_000);
    assert_eq!(limit(&deployment, &["send-within", "45000"]), 45_000);
    deployment.limits.time = Limit::default_of(Duration::from_secs(20));
    let left = limit(&deployment, &["send-within", "45000"]);
    assert!((1..=20_000).contains(&left), "{left}");
}

#[test]
fn an_answer_is_given_whatever_its_status_and_an_error_is_told_by_its_name() {
    let deployment = Deployment::new();
    let check = |name: &str, told: &str| {
        let called = deployment.call(&[&["send", "GET", &format!("https://a.example/{name}")]]);
        let said = called.said();
        assert_eq!(said.last(), Some(&told), "{name}");
        said.join("\n")
    };
    check("teapot", r#"418 [("etag", "1")] yes"#);
    check("timeout", "error: timeout");
    check("too-large", "error: too-large");
    check("denied", "error: unreachable");
    let log = check("unreachable", "error: unreachable");
    let reason = "GET https://a.example/unreachable: unreachable: because";
    assert!(log.contains(reason), "people read why: {log}");
}

#[test]
fn a_request_that_breaks_a_rule_does_not_reach_the_outlet() {
    let check = |op: &[&str], message: &str| {
        let called = Deployment::new().call(&[op]);
        called.fault(Blame::Plugin, "E0411", message);
        assert_eq!(called.outlet.calls(), [""; 0]);
    };
    check(&["send", "GET /\r\n", "https://a.example/"], "which is no method");
    check(&["send", "GET", "ftp://a.example/"], "which is no address of HTTP");
    check(&["send-header", "a b", "c"], "the header `a b`, which is no name");
    check(&["send-header", "a", "b\r\nc: d"], "a control character");
    check(&["send-secret", "a", "\n", "TOKEN"], "a control character");
    check(&["send-secret", "a:", "", "TOKEN"], "which is no name");
    check(&["send-file", "other"], "`other`, which is no file of the release");
    check(&["send-expecting"], "expects no status at all");
    check(&["send-expecting", "7"], "the status 7");
}

#[test]
fn what_was_not_granted_ends_the_plugin_with_the_line_that_grants_it() {
    let check = |op: &[&str], code: &str, help: &str| {
        let called = Deployment::new().call(&[op, &["print", "never"]]);
        let fault = called.fault(Blame::Policy, code, "environment `staging` was not granted");
        assert_eq!(fault.help.as_deref(), Some(help));
        assert_eq!((called.outlet.calls(), called.log()), (vec![], vec![]));
    };
    let help = r#"if it may, write `secrets = ["TOKEN", "OTHER"]` in `[environment.staging]`"#;
    check(&["send-secret", "a", "", "OTHER"], "E0922", help);
    check(&["tool", "kubectl", "@secret=OTHER"], "E0922", help);
    let help =
        r#"if it may, write `tools = ["kubectl", "rsync", "sh"]` in `[environment.staging]`"#;
    check(&["tool", "sh"], "E0923", help);
}

#[test]
fn the_storage_is_read_and_written_through_the_outlet() {
    let deployment = Deployment::new();
    let site = deployment.artifacts[1].digest;
    let called = deployment.call(&[
        &["get", "live"],
        &["swap", "live", "", "one"],
        &["swap", "live", "", "two"],
        &["swap", "live", "one", "two"],
        &["get", "live"],
        &["put", "v/site", "site"],
        &["write", "v/note", "text"],
        &["list", "v"],
        &["list", ""],
        &["remove", "v/note"],
        &["list", "v"],
    ]);
    let long = site.to_string().len();
    let told = [
        "read live: nothing is there",
        "error: not-found",
        "swapped",
        "switch live: it is not what was expected",
        "error: conflict",
        "swapped",
        "two",
        "put",
        "written",
        &format!("v/note:4 v/site:{long}"),
        &format!("live:3 v/note:4 v/site:{long}"),
        "removed",
        &format!("v/site:{long}"),
    ];
    assert_eq!(called.said(), told);
    assert_eq!(called.outlet.calls()[5], format!("put v/site {}", site.short()));
}

#[test]
fn what_the_storage_refuses_is_told_by_its_name() {
    let check = |op: &[&str], told: &str, reaches: bool| {
        let called = Deployment::new().call(&[op]);
        assert_eq!(called.said().last(), Some(&told), "{op:?}");
        assert_eq!(called.outlet.calls().len(), usize::from(reaches), "{op:?}");
    };
    check(&["get", "denied"], "error: denied", true);
    check(&["get", "timeout"], "error: unreachable", true);
    check(&["list", "unreachable"], "error: unreachable", true);
    check(&["write", "unexpected", ""], "error: unreachable", true);
    check(&["get", "too-large"], "error: too-large", true);
    check(&["put", "a", "site/other"], "error: invalid-path", false);
    check(&["put", "a", "../site"], "error: invalid-path", false);
    check(&["put", "../a", "site"], "error: invalid-path", false);
    for path in ["", "/a", "a/../b", "./a", "a/"] {
        check(&["get", path], "error: invalid-path", false);
        check(&["write", path, "x"], "error: invalid-path", false);
        check(&["swap", path, "", "x"], "error: invalid-path", false);
        check(&["remove", path], "error: invalid-path", false);
    }
    check(&["list", "a/"], "error: invalid-path", false);
    check(&["write-large", "a"], "error: too-large", false);
}

#[test]
fn a_tool_is_run_over_all_that_is_shipped() {
    let deployment = Deployment::new();
    let ops: &[&str] =
        &["tool", "kubectl", "apply", "-f", "{workspace}", "@env=A", "@cwd=bin", "@secret=TOKEN"];
    let called = deployment.call(&[ops]);
    assert_eq!(called.said(), ["3 out"]);
    let entry = |artifact: &Artifact| Entry {
        path: artifact.path.clone(),
        node: Node::File { digest: artifact.digest, executable: artifact.executable },
    };
    let root = Directory::from_entries(deployment.artifacts.iter().map(entry)).digest();
    let tools = called.outlet.tools.lock().unwrap();
    let ToolEffect { args, env, stdin, cwd, expect, .. } = &tools[0];
    assert_eq!(tools[0].root, root);
    assert_eq!(args.join(" "), "apply -f {workspace}");
    assert_eq!(env.iter().collect::<Vec<_>>(), [(&"A".to_owned(), &"v".to_owned())]);
    assert_eq!((cwd.as_str(), &expect[..]), ("bin", &[0][..]));
    assert_eq!(deployment.blobs.get(stdin).unwrap().unwrap(), "in");
    assert_eq!(called.outlet.calls(), [r#"run kubectl apply -f {workspace} TOKEN=<TOKEN> b"in""#]);
}

#[test]
fn a_tool_that_breaks_off_ends_the_plugin() {
    let called = Deployment::new().call(&[&["tool", "rsync", "timeout"]]);
    let fault = called.fault(Blame::Infrastructure, "E0925", "tool `rsync` did not come to an end");
    assert_eq!(fault.notes, ["no answer in time"]);
    let check = |args: &[&str], message: &str| {
        let op: Vec<&str> = ["tool", "rsync"].iter().chain(args).copied().collect();
        let called = Deployment::new().call(&[&op]);
        called.fault(Blame::Plugin, "E0411", message);
        assert_eq!(called.outlet.calls(), [""; 0]);
    };
    check(&["@cwd=/"], "starts `rsync` in `/`, which is no path");
    check(&["@expect="], "expects no exit code");
    check(&["a\0b"], "NUL");
    check(&["@env="], "sets the variable ``");
    check(&["@env=TOKEN", "@secret=TOKEN"], "sets the variable `TOKEN`");
}

#[test]
fn an_outlet_that_says_stop_ends_the_plugin_with_its_own_fault() {
    let ops: [&[&str]; 4] = [
        &["send", "GET", "https://a.example/stop"],
        &["get", "stop"],
        &["write", "stop", ""],
        &["tool", "rsync", "stop"],
    ];
    for op in ops {
        let called = Deployment::new().call(&[op, &["print", "never"]]);
        assert_eq!(called.ended.outcome, Err(stop()), "{op:?}");
        assert_eq!(called.log(), [""; 0]);
    }
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
