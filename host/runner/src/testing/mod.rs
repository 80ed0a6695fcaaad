//! Ports in memory, and a world of them in which tests run small pipelines.

mod executor;
mod memory;
mod world;

use std::sync::Arc;
use std::time::Duration;

use belljar_model::{
    Capability, Class, Digest, Grant, Limits, Patterns, StepName, Tier, WorkspacePath,
};
use belljar_pipeline::{GrantAt, Place, Places, Plan, Step};
use serde_json::{Value, json};

pub(crate) use belljar_model::ports::MemoryBlobs;
pub(crate) use memory::{MemoryCache, Recording, Tree};
pub(crate) use world::{VALUE, World};

/// A time at which nothing takes long.
pub(crate) struct StillClock;

impl belljar_model::ports::Clock for StillClock {
    fn now_ms(&self) -> u64 {
        1_700_000_000_000
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(1)
    }
}

pub(crate) fn path(text: &str) -> WorkspacePath {
    WorkspacePath::parse(text).unwrap()
}

pub(crate) fn plugin(name: &str) -> crate::Plugin {
    let (digest, label) = (Digest::of(name.as_bytes()), format!("{name}@1.0.0"));
    crate::Plugin { digest, label, class: Class::Pure }
}

pub(crate) fn granted(variable: &str) -> GrantAt {
    let grant = Grant { capability: Capability::Env, resource: variable.to_owned() };
    GrantAt { grant, at: Place::default() }
}

/// A step of the plugin `p` without a script.
pub(crate) fn step(name: &str, inputs: &[&str], outputs: &[&str]) -> Step {
    Step {
        name: StepName::new(name),
        doc: String::new(),
        uses: "p".to_owned(),
        needs: Vec::new(),
        inputs: Patterns::parse(inputs).unwrap(),
        outputs: Patterns::parse(outputs).unwrap(),
        config: json!({}),
        grants: Vec::new(),
        min_isolation: Tier::default(),
        limits: Limits::default(),
        retries: 0,
        member: None,
        at: Place::default(),
        places: Arc::new(Places::default()),
    }
}

/// A step with a script, that reads what is below `src` and what its needs made below `gen`.
pub(crate) fn scripted(name: &str, needs: &[&str], script: &Value) -> Step {
    let mut step = step(name, &["src", "gen"], &["gen"]);
    step.needs = needs.iter().map(|need| StepName::new(need)).collect();
    step.config = json!({ "script": script });
    step
}

/// A plan of steps in order; needs are found by name.
pub(crate) fn plan(steps: impl IntoIterator<Item = Step>) -> Plan {
    let steps: Vec<_> = steps.into_iter().map(Arc::new).collect();
    let index = |name: &StepName| steps.iter().position(|step| step.name == *name).unwrap();
    let needs = steps.iter().map(|step| step.needs.iter().map(index).collect()).collect();
    Plan { steps, needs }
}
