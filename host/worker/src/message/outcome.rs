//! What came of a call, as it is sent.

use belljar_model::delivery::{Change, HealthObservation};
use belljar_model::event::{LogLine, Source, ToolReport};
use belljar_model::fault::ConfigProblem;
use belljar_model::ports::{DeployEnded, Deployed, Execution, ToolRun};
use belljar_model::tool::ToolResult;
use belljar_model::{ActionResult, Blame, Code, Cost, Fault, Trace};
use serde::{Deserialize, Serialize};

/// A fault. Its own form leaves fields out, which only formats with names can.
#[derive(Serialize, Deserialize)]
pub(crate) struct SentFault {
    blame: Blame,
    code: Code,
    message: String,
    config_problems: Vec<ConfigProblem>,
    notes: Vec<String>,
    help: Option<String>,
}

impl From<Fault> for SentFault {
    fn from(fault: Fault) -> Self {
        let Fault { blame, code, message, config_problems, notes, help } = fault;
        Self { blame, code, message, config_problems, notes, help }
    }
}

impl From<SentFault> for Fault {
    fn from(sent: SentFault) -> Self {
        let SentFault { blame, code, message, config_problems, notes, help } = sent;
        Self { blame, code, message, config_problems, notes, help }
    }
}

/// What came of an Action.
#[derive(Serialize, Deserialize)]
pub(crate) struct SentExecution {
    outcome: Result<ActionResult, SentFault>,
    trace: Trace,
    log: Vec<LogLine>,
    cost: Cost,
    tools: Vec<ToolReport>,
}

impl From<Execution> for SentExecution {
    fn from(execution: Execution) -> Self {
        let Execution { outcome, trace, log, cost, tools } = execution;
        Self { outcome: outcome.map_err(SentFault::from), trace, log, cost, tools }
    }
}

impl From<SentExecution> for Execution {
    fn from(sent: SentExecution) -> Self {
        let SentExecution { outcome, trace, log, cost, tools } = sent;
        Self { outcome: outcome.map_err(Fault::from), trace, log, cost, tools }
    }
}

/// What came of a run of a tool.
#[derive(Serialize, Deserialize)]
pub(crate) struct SentToolRun {
    result: ToolResult,
    lines: Vec<LogLine>,
    source: Source,
}

impl From<ToolRun> for SentToolRun {
    fn from(run: ToolRun) -> Self {
        let ToolRun { result, lines, source } = run;
        Self { result, lines, source }
    }
}

impl From<SentToolRun> for ToolRun {
    fn from(sent: SentToolRun) -> Self {
        let SentToolRun { result, lines, source } = sent;
        Self { result, lines, source }
    }
}

/// What a plugin that deploys told.
#[derive(Serialize, Deserialize)]
pub(crate) enum Told {
    Changes(Vec<Change>),
    Observation(HealthObservation),
}

/// What came of a call that deploys.
#[derive(Serialize, Deserialize)]
pub(crate) struct SentDeployed {
    outcome: Result<Told, SentFault>,
    log: Vec<LogLine>,
}

impl From<DeployEnded> for SentDeployed {
    fn from(ended: DeployEnded) -> Self {
        let told = |deployed| match deployed {
            Deployed::Changes(changes) => Told::Changes(changes),
            Deployed::Observation(seen) => Told::Observation(seen),
        };
        let outcome = ended.outcome.map(told).map_err(SentFault::from);
        Self { outcome, log: ended.log }
    }
}

impl From<SentDeployed> for DeployEnded {
    fn from(sent: SentDeployed) -> Self {
        let deployed = |told| match told {
            Told::Changes(changes) => Deployed::Changes(changes),
            Told::Observation(seen) => Deployed::Observation(seen),
        };
        Self { outcome: sent.outcome.map(deployed).map_err(Fault::from), log: sent.log }
    }
}
