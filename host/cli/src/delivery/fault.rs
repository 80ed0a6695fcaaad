//! The faults of delivering that belong to the command line.

use belljar_model::{Blame, Code, Fault};

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
