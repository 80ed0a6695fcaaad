//! The faults of delivery: each with a page in `docs/errors`.

use belljar_model::delivery::Effect;
use belljar_model::{Blame, Code, Fault};

/// The plugin asked for something that its plan does not hold.
pub(crate) const DEVIATES: Code = Code::new("E0940");
/// The plan does not describe what would be done today.
pub(crate) const STALE_PLAN: Code = Code::new("E0941");
/// Not enough people agree.
pub(crate) const NOT_APPROVED: Code = Code::new("E0942");
/// A person said no.
pub(crate) const REJECTED: Code = Code::new("E0943");
/// Nothing may be deployed now.
pub(crate) const FROZEN: Code = Code::new("E0944");
/// The release is not live where it must be first.
pub(crate) const ORDER: Code = Code::new("E0945");
/// Another deployment is going on.
pub(crate) const BUSY: Code = Code::new("E0946");
/// Another process took over.
pub(crate) const FENCED: Code = Code::new("E0947");
/// The release to go back to is not whole.
pub(crate) const TARGET_DAMAGED: Code = Code::new("E0948");
/// There is nothing to go back to.
pub(crate) const NO_TARGET: Code = Code::new("E0949");
/// Nobody knows who wrote what is deployed.
pub(crate) const NO_AUTHORS: Code = Code::new("E0950");
/// The plugin did less than its plan.
pub(crate) const INCOMPLETE: Code = Code::new("E0951");
/// The storage could not be asked while a plan was made.
pub(crate) const STORAGE: Code = Code::new("E0952");
/// A person interrupted a deployment.
pub(crate) const INTERRUPTED: Code = Code::new("E0953");
/// An approval is not signed as it must be.
pub(crate) const BAD_APPROVAL: Code = Code::new("E0954");
/// What an interrupted deployment needs is gone.
pub(crate) const LOST_ANSWER: Code = Code::new("E0955");
/// The ledger does not add up to a state.
pub(crate) const NO_SUCH: Code = Code::new("E0956");
/// Nothing is shipped.
pub(crate) const NOTHING: Code = Code::new("E0957");
/// A plan would be too large.
pub(crate) const TOO_MUCH: Code = Code::new("E0958");

/// A fault of policy.
pub(crate) fn policy(code: Code, message: impl Into<String>) -> Fault {
    Fault::new(Blame::Policy, code, message)
}

/// A fault of the world around.
pub(crate) fn infrastructure(code: Code, message: impl Into<String>) -> Fault {
    Fault::new(Blame::Infrastructure, code, message)
}

/// The fault of a call that is not the next effect of the plan.
pub(crate) fn deviates(asked: &Effect, planned: Option<&Effect>) -> Fault {
    let message = format!("the plugin wants to {asked}, which is not what its plan says");
    let fault = Fault::new(Blame::Plugin, DEVIATES, message);
    let fault = match planned {
        Some(planned) if planned.to_string() == asked.to_string() => fault
            .note(format!("planned: {}", json(planned)))
            .note(format!("asked:   {}", json(asked))),
        Some(planned) => fault.note(format!("the plan says: {planned}")),
        None => fault.note("the plan says: nothing more"),
    };
    fault.help("it was stopped before it left; what a plugin does must follow from its request")
}

fn json(effect: &Effect) -> String {
    serde_json::to_string(effect).expect("an effect has a JSON form")
}
