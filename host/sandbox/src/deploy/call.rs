//! One call of a plugin that deploys, in a fresh instance.

use std::collections::BTreeMap;
use std::sync::Arc;

use belljar_model::delivery::{Artifact, DeployPhase};
use belljar_model::ports::{
    BlobStore, DeployCall, DeployEnded, Deployed, NoSecrets, NoTools, Outlet, Request, Secrets,
    Tools, Variation,
};
use belljar_model::view::TIME_LIMIT;
use belljar_model::{
    Action, Class, Digest, Directory, Entry, Fault, Node, Patterns, StepName, View, WorkspacePath,
};
use wasmtime::{Result as Wasm, Store};

use super::{answer, fault};
use crate::bindings::deploy::DeployPluginPre;
use crate::bindings::deploy::exports::belljar::step::deployment as wit;
use crate::bindings::plugin::belljar::step::types::StepError;
use crate::guest::{self, Ended};
use crate::random::RandomStream;
use crate::state::State;
use crate::step_imports::digest_text;
use crate::trap;
use crate::vfs::Blobs;

/// What a guest has only while it deploys.
pub(crate) struct Deployment {
    /// Its way out.
    pub(crate) outlet: Arc<dyn Outlet>,
    /// The name of the environment, for messages.
    pub(crate) environment: String,
    /// What is shipped.
    pub(crate) artifacts: BTreeMap<WorkspacePath, Digest>,
    /// The digest of all that is shipped, as a folder.
    pub(crate) root: Digest,
    /// The tools that it may run.
    pub(crate) tools: Vec<String>,
    /// The secrets that it may name.
    pub(crate) secrets: Vec<String>,
}

/// What the guest returned: changes or an observation.
enum Told {
    Changes(Vec<wit::Change>),
    Observation(wit::Observation),
}

/// Makes one call to a plugin that is called `label`.
pub(crate) fn call(
    pre: &DeployPluginPre<State>,
    call: &DeployCall<'_>,
    label: &str,
    store: Arc<dyn BlobStore>,
) -> DeployEnded {
    let (state, request) = (state(call, label, store), request(call));
    let phase = call.phase;
    let Ended { returned, state } =
        guest::call(pre.engine(), state, |store| run(pre, store, phase, &request));
    let outcome = returned.and_then(|returned| conclude(&state, returned));
    let (log, last_words) = state.log.finish();
    let outcome = outcome.map_err(|fault| {
        fault::of_call(call, label, trap::with_last_words(fault, label, &last_words))
    });
    DeployEnded { outcome, log }
}

/// A call that did not come to run anything.
pub(crate) const fn none(fault: Fault) -> DeployEnded {
    DeployEnded { outcome: Err(fault), log: Vec::new() }
}

fn run(
    pre: &DeployPluginPre<State>,
    store: &mut Store<State>,
    phase: DeployPhase,
    request: &wit::Request,
) -> Wasm<Result<Told, StepError>> {
    let plugin = pre.instantiate(&mut *store)?;
    let deployment = plugin.belljar_step_deployment();
    Ok(match phase {
        DeployPhase::Preview => deployment.call_preview(store, request)?.map(Told::Changes),
        DeployPhase::Apply => deployment.call_apply(store, request)?.map(Told::Changes),
        DeployPhase::Observe => deployment.call_observe(store, request)?.map(Told::Observation),
    })
}

fn conclude(state: &State, returned: Result<Told, StepError>) -> Result<Deployed, Fault> {
    if state.told_to_stop {
        return Err(crate::fault::cancelled());
    }
    match returned {
        Ok(Told::Changes(changes)) => answer::changes(changes).map(Deployed::Changes),
        Ok(Told::Observation(seen)) => Ok(Deployed::Observation(answer::observation(&seen))),
        Err(error) => Err(answer::fault(&state.label, error)),
    }
}

fn request(call: &DeployCall<'_>) -> wit::Request {
    let artifact = |artifact: &Artifact| wit::Artifact {
        step: artifact.step.as_str().to_owned(),
        path: artifact.path.as_str().to_owned(),
        digest: digest_text(&artifact.digest),
        size: artifact.digest.size(),
        executable: artifact.executable,
    };
    wit::Request {
        config: call.config.to_owned(),
        environment: call.environment.to_owned(),
        release: call.release.to_owned(),
        idempotency_key: call.idempotency_key.to_owned(),
        artifacts: call.artifacts.iter().map(artifact).collect(),
        attrs: Vec::new(),
    }
}

/// Everything that the call owns, like that of a step whose inputs are the artifacts.
fn state(call: &DeployCall<'_>, label: &str, store: Arc<dyn BlobStore>) -> State {
    let entry = |artifact: &Artifact| Entry {
        path: artifact.path.clone(),
        node: Node::File { digest: artifact.digest, executable: artifact.executable },
    };
    let root = Directory::from_entries(call.artifacts.iter().map(entry));
    let time = call.limits.time.value.as_millis().to_string();
    let deployment = Deployment {
        outlet: Arc::clone(call.outlet),
        environment: call.environment.to_owned(),
        artifacts: call.artifacts.iter().map(|one| (one.path.clone(), one.digest)).collect(),
        root: root.digest(),
        tools: call.tools.to_vec(),
        secrets: call.secrets.to_vec(),
    };
    let action = Action {
        plugin: call.plugin,
        class: Class::Effect,
        config: call.config.to_owned(),
        grants: Vec::new(),
        outputs: Patterns::none(),
        view: View {
            root: Arc::new(root),
            declared: Patterns::parse(&["**"]).expect("it is a pattern"),
            environment: Arc::new(BTreeMap::from([(TIME_LIMIT.to_owned(), time)])),
            tools: Arc::default(),
        },
    };
    let (step, tools): (_, Arc<dyn Tools>) = (StepName::new(call.environment), Arc::new(NoTools));
    let DeployCall { limits, cancel, log, .. } = *call;
    let variation = Variation::default();
    let secrets: Arc<dyn Secrets> = Arc::new(NoSecrets);
    let request = Request {
        step: &step,
        action: &action,
        limits,
        cancel,
        log,
        tools: &tools,
        secrets: &secrets,
        variation,
    };
    // What is shipped was made by steps, so it is in the store, whatever the workspace holds now.
    let blobs = Blobs { inputs: Arc::clone(&store) as _, outputs: store };
    let mut state = State::new(&request, label, blobs);
    state.random = RandomStream::of_deployment(&action.family(), call.idempotency_key);
    state.deployment = Some(deployment);
    state
}
