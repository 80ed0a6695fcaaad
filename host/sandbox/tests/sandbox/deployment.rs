//! A bench for one deployment: two files, a guest that deploys, and an outlet that records.

use std::sync::Arc;

use belljar_model::delivery::{Artifact, DeployPhase};
use belljar_model::ports::{
    BlobSource, BlobStore as _, Cancel, DeployCall, DeployEnded, Deployer as _, LogSink,
    MemoryBlobs, Outlet, Unheard,
};
use belljar_model::{Blame, Digest, Fault, Limits, StepName};
use belljar_sandbox::{Options, Sandbox};
use bytes::Bytes;

use crate::harness::{DEPLOY_GUEST, at};
use crate::outlet::Recording;

/// One deployment of two files.
pub(crate) struct Deployment {
    pub(crate) blobs: MemoryBlobs,
    pub(crate) sandbox: Sandbox,
    pub(crate) artifacts: Vec<Artifact>,
    pub(crate) limits: Limits,
    pub(crate) cancel: Cancel,
    pub(crate) key: &'static str,
    pub(crate) phase: DeployPhase,
}

/// What came of a call.
pub(crate) struct Called {
    pub(crate) ended: DeployEnded,
    pub(crate) outlet: Arc<Recording>,
}

/// Inputs that nobody may read: what is shipped is in the store.
pub(crate) struct NoInputs;

impl BlobSource for NoInputs {
    fn get(&self, _: &Digest) -> Result<Option<Bytes>, Fault> {
        panic!("the workspace is not asked")
    }
}

impl Deployment {
    pub(crate) fn new() -> Self {
        let blobs = MemoryBlobs::default();
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

    pub(crate) fn phase(self, phase: DeployPhase) -> Self {
        Self { phase, ..self }
    }

    pub(crate) fn call(&self, ops: &[&[&str]]) -> Called {
        self.call_with(&serde_json::json!({ "ops": ops }).to_string())
    }

    pub(crate) fn call_with(&self, config: &str) -> Called {
        let outlet = Arc::new(Recording::default());
        let (log, way_out): (Arc<dyn LogSink>, Arc<dyn Outlet>) =
            (Arc::new(Unheard), outlet.clone());
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
    pub(crate) fn said(&self) -> Vec<&str> {
        if let Err(fault) = &self.ended.outcome {
            panic!("{fault:#?}");
        }
        self.log()
    }

    pub(crate) fn log(&self) -> Vec<&str> {
        self.ended.log.iter().map(|line| line.text.as_str()).collect()
    }

    #[track_caller]
    pub(crate) fn fault(&self, blame: Blame, code: &str, message: &str) -> &Fault {
        let fault = self.ended.outcome.as_ref().expect_err("it should have no answer");
        assert_eq!((fault.blame, fault.code.as_str()), (blame, code), "{fault:#?}");
        assert!(fault.message.contains(message), "{fault:#?}");
        fault
    }
}
