//! ToolGate: which tools a step may run, over what, whatever its worker says.

use belljar_model::grant::Capability;
use belljar_model::limits::Limit;
use belljar_model::ports::{Request, Reuse, ToolLimits, ToolRequest, ToolRun};
use belljar_model::tool::StateMount;
use belljar_model::{Fault, Grant, Isolation, Limits, Node, ToolAction};

use super::answers::denied;
use super::scope::Scope;
use crate::message::{Answer, SentFault, SentTool, SentToolRun};
use crate::stream::Broken;

/// The tools of a step.
pub(super) struct ToolGate<'a> {
    request: &'a Request<'a>,
    /// How the runs so far were kept apart.
    pub(super) isolation: Option<Isolation>,
}

impl<'a> ToolGate<'a> {
    pub(super) const fn of(request: &'a Request<'a>) -> Self {
        Self { request, isolation: None }
    }

    /// Runs tools, and lets the call read what they left.
    ///
    /// # Errors
    /// When the step was not granted one of them, or a run names what is not of the call.
    pub(super) fn run(
        &mut self,
        asked: Vec<SentTool>,
        scope: &mut Scope,
    ) -> Result<Answer, Broken> {
        let mut runs = Vec::with_capacity(asked.len());
        for sent in asked {
            let run = sent.over(None).ok_or_else(|| denied("a run that is none"))?;
            self.check(&run.0, scope)?;
            runs.push((run.0, bounded(run.1, self.request.limits), run.2));
        }
        let Request { step, cancel, log, tools, .. } = *self.request;
        let requests: Vec<_> = runs
            .iter()
            .map(|(action, limits, cpus)| ToolRequest {
                step,
                action,
                limits,
                cpus: *cpus,
                reuse: Reuse::Allowed,
                cancel,
                log,
            })
            .collect();
        let results = tools.run_all(&requests);
        for ((action, ..), result) in runs.iter().zip(&results) {
            if let Ok(run) = result {
                self.note(action, run, scope);
            }
        }
        let sent =
            |result: Result<ToolRun, Fault>| result.map(SentToolRun::from).map_err(SentFault::from);
        Ok(Answer::Tools(results.into_iter().map(sent).collect()))
    }

    fn note(&mut self, action: &ToolAction, run: &ToolRun, scope: &mut Scope) {
        let result = &run.result;
        let outputs = result.outputs.iter().map(|output| output.digest);
        for digest in outputs.chain([result.stdout, result.stderr]).chain(result.log) {
            scope.add(digest);
        }
        let isolation = Isolation::of(action);
        self.isolation = Some(match self.isolation.take() {
            Some(earlier) => earlier.and(isolation),
            None => isolation,
        });
    }

    fn check(&self, action: &ToolAction, scope: &mut Scope) -> Result<(), Broken> {
        let step = self.request.action;
        let granted = |capability: Capability, name: &str| {
            let is = |grant: &Grant| grant.capability == capability && grant.resource == name;
            step.grants.iter().any(is)
        };
        let is_granted = granted(Capability::Tool, &action.tool)
            && step.view.tools.get(&action.tool) == Some(&action.granted);
        if !is_granted {
            return Err(denied("a tool that its step was not granted"));
        }
        let states: Vec<StateMount> = step.grants.iter().filter_map(Grant::state).collect();
        if !action.state.iter().all(|mount| states.contains(mount)) {
            return Err(denied("a state folder that its step was not granted"));
        }
        if !action.network.iter().all(|host| granted(Capability::Network, host)) {
            return Err(denied("a host that its step was not granted"));
        }
        let secret = |name: &String| {
            step.grants.iter().any(|grant| grant.secret() == Some(granted_name(name)))
        };
        if !action.secrets.values().all(secret) {
            return Err(denied("a secret that its step was not granted"));
        }
        let mut is_known = scope.has(&action.stdin);
        action.root.walk(&mut |_, node| {
            if let Node::File { digest, .. } = node {
                is_known &= scope.has(digest);
            }
        });
        if is_known { Ok(()) } else { Err(denied("a tool over files that are not of its call")) }
    }
}

/// The name of a secret as it was granted, without its version.
fn granted_name(granted: &str) -> &str {
    granted.split_once('@').map_or(granted, |(name, _)| name)
}

/// No more than the step itself has.
fn bounded(asked: ToolLimits, limits: &Limits) -> ToolLimits {
    fn least<T: Ord + Clone>(asked: Limit<T>, most: &Limit<T>) -> Limit<T> {
        if asked.value > most.value { most.clone() } else { asked }
    }
    ToolLimits {
        time: least(asked.time, &limits.time),
        memory: least(asked.memory, &limits.tool_memory),
        processes: least(asked.processes, &limits.tool_processes),
        output_bytes: least(asked.output_bytes, &limits.output_bytes),
        output_files: least(asked.output_files, &limits.output_files),
        log_bytes: least(asked.log_bytes, &limits.log_bytes),
    }
}
