//! A plugin as the tests have it: uploads, activates, switches a pointer, cleans up.

use std::sync::{Mutex, PoisonError};

use belljar_model::delivery::{Change, Condition, DeployPhase, HealthObservation, HttpRequest};
use belljar_model::ports::{DeployCall, DeployEnded, Deployed, Deployer, Outlet, OutletError};
use belljar_model::{Blame, Fault, WorkspacePath};
use bytes::Bytes;

use super::world::{POINTER, empty};
use crate::fault::NO_SUCH;

/// In which way the plugin misbehaves.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) enum Behavior {
    /// It does not.
    #[default]
    Honest,
    /// It sends one request more when it applies.
    SendsMore,
    /// It sends a request to another place when it applies.
    SendsElsewhere,
    /// It leaves the last effect out when it applies.
    DoesLess,
    /// It reads another object when it applies.
    ReadsElsewhere,
    /// It fails after its first effect when it applies.
    FailsHalfway,
    /// It says that it failed before any effect when it applies.
    FailsAtOnce,
    /// It writes when it observes.
    WritesWhenObserving,
    /// It posts when it observes, in the preview as well.
    PostsWhenObserving,
    /// It posts when it observes, but not in the preview.
    PostsSecretlyWhenObserving,
}

/// The plugin.
#[derive(Default)]
pub(crate) struct FakePlugin {
    pub(crate) behavior: Mutex<Behavior>,
}

impl FakePlugin {
    pub(crate) fn behave(&self, behavior: Behavior) {
        *self.behavior.lock().unwrap_or_else(PoisonError::into_inner) = behavior;
    }

    fn go(&self, call: &DeployCall<'_>) -> Result<Deployed, Fault> {
        let behavior = *self.behavior.lock().unwrap_or_else(PoisonError::into_inner);
        let outlet = &**call.outlet;
        if call.phase == DeployPhase::Observe {
            return observe(outlet, behavior).map(Deployed::Observation);
        }
        let applies = call.phase == DeployPhase::Apply;
        let changes = deploy(call, outlet, if applies { behavior } else { Behavior::Honest });
        changes.map(Deployed::Changes)
    }
}

impl Deployer for FakePlugin {
    fn call(&self, call: &DeployCall<'_>) -> DeployEnded {
        DeployEnded { outcome: self.go(call), log: Vec::new() }
    }
}

fn deploy(
    call: &DeployCall<'_>,
    outlet: &dyn Outlet,
    behavior: Behavior,
) -> Result<Vec<Change>, Fault> {
    if behavior == Behavior::FailsAtOnce {
        return Err(failed("it does not want to"));
    }
    let folder = format!("releases/{}", call.release);
    let there = told(outlet.list(&path(&folder)))?;
    for artifact in call.artifacts {
        let place = path(&format!("{folder}/{}", artifact.path));
        if there.iter().all(|object| object.path != place) {
            told(outlet.put(&place, &artifact.digest))?;
        }
    }
    if behavior == Behavior::FailsHalfway {
        return Err(failed("it is tired"));
    }
    let read = if behavior == Behavior::ReadsElsewhere { "other" } else { POINTER };
    let current = match outlet.read(&path(read)) {
        Err(OutletError::NotFound) => None,
        other => Some(told(other)?),
    };
    if current.as_deref() != Some(call.release.as_bytes()) {
        let url = match behavior {
            Behavior::SendsElsewhere => "http://service/evil",
            _ => "http://service/activate",
        };
        told(outlet.http(&post(url, call.idempotency_key)))?;
        let release = Bytes::copy_from_slice(call.release.as_bytes());
        told(outlet.swap(&path(POINTER), current.as_ref(), &release))?;
        if behavior != Behavior::DoesLess {
            told(outlet.write(&path("note"), &Bytes::from(call.release.to_owned())))?;
        }
    }
    if behavior == Behavior::SendsMore {
        told(outlet.http(&post("http://service/activate", call.idempotency_key)))?;
    }
    let (action, subject) = ("switch".to_owned(), POINTER.to_owned());
    Ok(vec![Change { action, subject, detail: String::new() }])
}

fn observe(outlet: &dyn Outlet, behavior: Behavior) -> Result<HealthObservation, Fault> {
    if behavior == Behavior::WritesWhenObserving {
        told(outlet.write(&path("note"), &Bytes::from("hello")))?;
    }
    let get = HttpRequest { method: "GET".to_owned(), ..post("http://service/health", "") };
    let seen = match outlet.http(&get) {
        Err(OutletError::Stop(fault)) => return Err(fault),
        Err(error) => {
            let detail = error.to_string();
            HealthObservation { condition: Condition::Unknown, release: None, detail }
        }
        Ok(answer) => {
            let healthy = answer.status == 200;
            let condition = if healthy { Condition::Healthy } else { Condition::Unhealthy };
            let release = String::from_utf8_lossy(&answer.body).into_owned();
            let release = Some(release).filter(|release| !release.is_empty());
            HealthObservation { condition, release, detail: format!("status {}", answer.status) }
        }
    };
    let secretly = behavior == Behavior::PostsSecretlyWhenObserving && seen.release.is_some();
    if behavior == Behavior::PostsWhenObserving || secretly {
        told(outlet.http(&post("http://service/ping", "")))?;
    }
    Ok(seen)
}

fn post(url: &str, key: &str) -> HttpRequest {
    HttpRequest {
        method: "POST".to_owned(),
        url: url.to_owned(),
        headers: vec![("idempotency-key".to_owned(), key.to_owned())],
        secrets: Vec::new(),
        body: empty(),
        expect: vec![201],
        time_limit_ms: 1_000,
    }
}

fn path(text: &str) -> WorkspacePath {
    WorkspacePath::parse(text).unwrap()
}

fn told<T>(result: Result<T, OutletError>) -> Result<T, Fault> {
    result.map_err(|error| match error {
        OutletError::Stop(fault) => fault,
        error => failed(&error.to_string()),
    })
}

fn failed(why: &str) -> Fault {
    Fault::new(Blame::Project, NO_SUCH, why)
}
