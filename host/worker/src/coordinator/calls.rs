//! The ports that workers implement: each call with what it may ask, and checks of what it says.

use std::time::Duration;

use belljar_model::limits::Limit;
use belljar_model::ports::{
    Cancel, Compiled, Compiler, DeployCall, DeployEnded, Execution, Guest, GuestKind, Guests,
    Request, Source, ToolRequest, ToolRun,
};
use belljar_model::{Cost, Descriptor, Fault, OutputFile, Patterns, StepName, Trace};

use belljar_model::action_result::Sharing;

use super::answers::Answers;
use super::scope::Scope;
use super::tools::ToolGate;
use super::workers::{Errand, Workers};
use crate::fault;
use crate::message::{Call, Done, Enclosed, SentAction, SentDeploy, SentGuest, SentTool};

/// How long a plugin may take to describe itself: more than it is given where it runs.
const DESCRIBE: Duration = Duration::from_secs(11);

fn sent(guest: &Guest<'_>) -> SentGuest {
    SentGuest { digest: guest.digest, label: guest.label.to_owned() }
}

fn other(what: &str) -> Fault {
    fault::lied(what, "it returned what belongs to another call")
}

impl Workers {
    fn answers<'a>(&'a self, cancel: &'a Cancel) -> Answers<'a> {
        Answers::nothing(&*self.options.inputs, &*self.options.outputs, cancel)
    }

    fn execute(&self, guest: &Guest<'_>, request: &Request<'_>) -> Result<Execution, Fault> {
        let Request { step, action, limits, cancel, log, variation, .. } = *request;
        let mut answers = self.answers(cancel);
        answers.guest = Some(guest);
        answers.scope = Scope::new(Some(action.view.root.clone()), []);
        answers.log = Some((step, log));
        answers.tools = Some(ToolGate::of(request));
        answers.secrets = Some(&**request.secrets);
        answers.limited(limits.output_bytes.value, limits.log_bytes.value);
        let call = || {
            let (enclosed, raw) = Enclosed::of(&action.view.root, &*self.options.inputs);
            let call = Call::Step {
                code: sent(guest),
                step: step.as_str().to_owned(),
                action: SentAction::of(action, variation),
                limits: limits.into(),
                enclosed,
            };
            (call, raw)
        };
        let what = format!("step `{step}`");
        let errand = Errand { what: &what, time: &limits.time, cancel };
        let Done::Executed(executed) = self.call(call, &mut answers, &errand)? else {
            return Err(other(&what));
        };
        let mut execution = Execution::from(executed);
        if let Err(fault) = answers.all_kept() {
            execution.outcome = Err(fault);
        }
        if let Ok(result) = &mut execution.outcome {
            let lied = |how: &str| fault::lied(&what, how);
            let allowed = result.blobs().all(|digest| answers.scope.has(&digest));
            if !allowed || result.log.is_some() || result.tool.is_some() {
                return Err(lied("its result names blobs that are not of its call"));
            }
            within(&action.outputs, &result.outputs).map_err(|how| lied(&how))?;
            let isolation = answers.tools.and_then(|tools| tools.isolation);
            result.class = action.class;
            result.isolation = isolation;
            if action.grants.iter().any(|grant| grant.secret().is_some()) {
                result.sharing = Sharing::Local;
            }
        }
        Ok(execution)
    }

    fn run_command(&self, guest: &Guest<'_>, request: &ToolRequest<'_>) -> Result<ToolRun, Fault> {
        let ToolRequest { step, action, limits, cpus, reuse: _, cancel, log } = *request;
        let mut answers = self.answers(cancel);
        answers.guest = Some(guest);
        answers.scope = Scope::new(Some(action.root.clone()), [action.stdin]);
        answers.log = Some((step, log));
        answers.limited(limits.output_bytes.value, limits.log_bytes.value);
        let call = || {
            let (code, step) = (sent(guest), step.as_str().to_owned());
            let tool = SentTool::by_digest(action, limits, cpus);
            (Call::Command { code, step, tool }, Vec::new())
        };
        let what = format!("tool `{}`", action.tool);
        let errand = Errand { what: &what, time: &limits.time, cancel };
        let Done::Ran(ran) = self.call(call, &mut answers, &errand)? else {
            return Err(other(&what));
        };
        answers.all_kept()?;
        let run = ToolRun::from(ran?);
        let result = &run.result;
        let outputs = result.outputs.iter().map(|output| output.digest);
        let mut named = outputs.chain([result.stdout, result.stderr]).chain(result.log);
        if !named.all(|digest| answers.scope.has(&digest)) || !result.links.is_empty() {
            return Err(fault::lied(&what, "its result names what is not of its call"));
        }
        within(&action.writes, &result.outputs).map_err(|how| fault::lied(&what, &how))?;
        Ok(run)
    }

    fn call_deploy(&self, guest: &Guest<'_>, call: &DeployCall<'_>) -> Result<DeployEnded, Fault> {
        let mut answers = self.answers(call.cancel);
        let step = StepName::new(call.environment);
        answers.guest = Some(guest);
        answers.scope = Scope::new(None, call.artifacts.iter().map(|one| one.digest));
        answers.log = Some((&step, call.log));
        answers.outlet = Some(&**call.outlet);
        answers.limited(call.limits.output_bytes.value, call.limits.log_bytes.value);
        let begin =
            || (Call::Deploy { code: sent(guest), call: SentDeploy::from(call) }, Vec::new());
        let what = format!("the {} of environment `{}`", call.phase.as_str(), call.environment);
        let errand = Errand { what: &what, time: &call.limits.time, cancel: call.cancel };
        match self.call(begin, &mut answers, &errand)? {
            Done::Deployed(ended) => answers.all_kept().map(|()| ended.into()),
            _ => Err(other(&what)),
        }
    }
}

/// Whether outputs lie where they may.
fn within(patterns: &Patterns, outputs: &[OutputFile]) -> Result<(), String> {
    match outputs.iter().find(|output| !patterns.matches(&output.path)) {
        None => Ok(()),
        Some(output) => Err(format!("it wrote `{}`, where it may not", output.path)),
    }
}

impl Guests for Workers {
    fn describe(&self, guest: &Guest<'_>) -> Result<Descriptor, Fault> {
        let (cancel, time) = (Cancel::new(), Limit::default_of(DESCRIBE));
        let mut answers = self.answers(&cancel);
        answers.guest = Some(guest);
        let what = format!("plugin `{}`", guest.label);
        let errand = Errand { what: &what, time: &time, cancel: &cancel };
        let call = || (Call::Describe { code: sent(guest) }, Vec::new());
        match self.call(call, &mut answers, &errand)? {
            Done::Described(described) => described.map_err(Fault::from),
            _ => Err(other(&what)),
        }
    }

    fn step(&self, guest: &Guest<'_>, request: &Request<'_>) -> Execution {
        self.execute(guest, request).unwrap_or_else(|fault| Execution {
            outcome: Err(fault),
            trace: Trace::default(),
            log: Vec::new(),
            cost: Cost::default(),
            tools: Vec::new(),
        })
    }

    fn deploy(&self, guest: &Guest<'_>, call: &DeployCall<'_>) -> DeployEnded {
        let ended = self.call_deploy(guest, call);
        ended.unwrap_or_else(|fault| DeployEnded { outcome: Err(fault), log: Vec::new() })
    }

    fn command(&self, guest: &Guest<'_>, request: &ToolRequest<'_>) -> Result<ToolRun, Fault> {
        self.run_command(guest, request)
    }
}

impl Compiler for Workers {
    fn compile(&self, source: &Source<'_>) -> Result<Compiled, Fault> {
        let Source { kind, name, bytes } = *source;
        let cancel = Cancel::new();
        let mut answers = self.answers(&cancel);
        let call = Call::Compile {
            command: kind == GuestKind::Command,
            name: name.to_owned(),
            size: bytes.len() as u64,
        };
        let (done, code) = Workers::compile(self, (call, bytes), name, &mut answers)?;
        match done {
            Done::Compiled(Ok((_, facts))) => Ok(Compiled { code, facts: facts.0 }),
            Done::Compiled(Err(fault)) => Err(fault.into()),
            _ => Err(other(&format!("compiling `{name}`"))),
        }
    }
}
