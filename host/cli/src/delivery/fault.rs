//! The faults of delivering that belong to the command line.

use std::collections::BTreeMap;

use belljar_delivery::Deployment;
use belljar_model::{Blame, Code, Digest, Fault};

/// The file has no such environment.
pub(crate) const NO_ENVIRONMENT: Code = Code::new("E0960");
/// A process that is alive deploys to the environment.
pub(crate) const HELD: Code = Code::new("E0961");
/// The value of a secret cannot be had.
pub(crate) const NO_SECRET: Code = Code::new("E0962");
/// A key of this machine cannot be read, or there is none.
pub(crate) const NO_KEY: Code = Code::new("E0963");
/// There is no such deployment, or nothing to promote.
pub(crate) const NO_DEPLOYMENT: Code = Code::new("E0964");
/// The plugin of an earlier deployment is not in the store.
pub(crate) const NO_PLUGIN: Code = Code::new("E0965");
/// A tool could not be run for its effect.
pub(crate) const TOOL: Code = Code::new("E0966");
/// The ledger is signed with another key than the file says.
pub(crate) const OTHER_KEY: Code = Code::new("E0967");
/// A name stands for another tool or source of a secret than when the plan was made.
pub(crate) const BOUND: Code = Code::new("E0968");

pub(crate) fn configuration(code: Code, message: impl Into<String>) -> Fault {
    Fault::new(Blame::Configuration, code, message)
}

pub(crate) fn infrastructure(code: Code, message: impl Into<String>) -> Fault {
    Fault::new(Blame::Infrastructure, code, message)
}

/// An environment has nothing that could be promoted.
pub(crate) fn nothing_live(environment: &str) -> Fault {
    let message = format!("nothing that is known to be healthy is live in `{environment}`");
    configuration(NO_DEPLOYMENT, message).help(format!("`belljar deploy {environment}`"))
}

/// This user has no key to approve with.
pub(crate) fn no_approver_key() -> Fault {
    configuration(NO_KEY, "this user has no key to approve with")
        .help("`belljar key new` makes one; its public part goes into the pipeline file")
}

/// The fault of a deployment that cannot go on with the tools and secrets of today, if it cannot.
pub(crate) fn unbound(deployment: &Deployment, now: &BTreeMap<String, Digest>) -> Option<Fault> {
    let then = &deployment.plan.bindings;
    let names = then.keys().chain(now.keys().filter(|name| !then.contains_key(*name)));
    let other: Vec<_> = names
        .filter(|name| then.get(*name) != now.get(*name))
        .map(|name| format!("`{name}`"))
        .collect();
    if other.is_empty() {
        return None;
    }
    let (name, number) = (&deployment.plan.environment.name, deployment.number);
    let message =
        format!("{name}#{number} was planned with another meaning of {}", other.join(", "));
    Some(Fault::new(Blame::Policy, BOUND, message).help(
        "give the name its old meaning; or `--break-glass REASON` goes on with the new one, and \
         the ledger keeps why",
    ))
}
