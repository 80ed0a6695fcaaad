//! `belljar run --audit-only`: execute steps to find out the least grants that they need.
//!
//! Nothing of it stays: results are neither read from nor written to the cache, and outputs are
//! not put into the workspace.

mod proposal;
mod witness;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use belljar_model::ports::{ActionCache, BlobStore, Cancel, EventSink, Tools};
use belljar_model::tool::GrantedTool;
use belljar_model::{Blame, Capability, Code, Fault, Grant};
use belljar_pipeline::{GrantAt, Plan, Step};
use belljar_runner::{
    Afterwards, ForceMode, OnDispute, OnFailure, Ports, RunOptions, RunSummary, ToolPorts,
    ToolRunner,
};

use crate::args::RunArgs;
use crate::clock::SystemClock;
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::lock::Mode;
use crate::opening::processors;
use crate::session::{Session, ToolsOf};
use crate::shown;
use crate::stream::{self, Reader};
use crate::terminal::Terminal;
use witness::{Nowhere, Witness};

/// More power than was granted, where nothing may have it.
const E0346: Code = Code::new("E0346");

pub(super) fn least(
    session: &Session,
    plan: &Plan,
    args: &RunArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    if session.lock.mode != Mode::Open {
        let message =
            "`--audit-only` gives steps more than they were granted, and here nothing may";
        let fault = Fault::new(Blame::Policy, E0346, message);
        return Err(fault
            .help("run it where the pipeline file is written; in CI it is refused")
            .into());
    }
    let wide = widened(session, plan, terminal)?;
    let witness = Arc::new(Witness::default());
    let summary = execute(session, &wide, args, (&witness, terminal))?;
    session.finish()?;
    let proposals = proposal::of(plan, &summary, &witness.traces());
    if terminal.json {
        terminal.answer_json(&proposal::as_json(&proposals));
    } else {
        terminal.answer(&belljar_report::sanitize::text(&proposal::as_toml(&proposals)));
    }
    Ok(Exit::Run(summary.exit_code))
}

/// The plan with all tools of the file that plugins ask for and that are to be had here.
fn widened(session: &Session, plan: &Plan, terminal: &Terminal) -> Result<Plan, CommandError> {
    let all = session.toolset(ToolsOf::File, terminal)?.granted();
    let descriptors = session.descriptors();
    let steps = plan.steps.iter().map(|step| {
        let asks = descriptors.get(&step.uses).map(|descriptor| &descriptor.tools);
        let asks = |name: &str| {
            asks.is_some_and(|asks| asks.iter().any(|need| need.name == "*" || need.name == name))
        };
        let more = all.iter().filter(|(name, tool)| asks(name) && fits(step, tool));
        with_tools(step, more.map(|(name, _)| name.as_str()))
    });
    Ok(Plan { steps: steps.collect(), needs: plan.needs.clone() })
}

/// Whether a tool can be run for a step on this machine.
fn fits(step: &Step, tool: &Result<GrantedTool, Fault>) -> bool {
    tool.as_ref().is_ok_and(|tool| tool.tier >= step.min_isolation)
}

fn with_tools<'a>(step: &Arc<Step>, names: impl Iterator<Item = &'a str>) -> Arc<Step> {
    let mut wide = Step::clone(step);
    for name in names {
        let grant = Grant { capability: Capability::Tool, resource: name.to_owned() };
        if !wide.grants.iter().any(|at| at.grant == grant) {
            wide.grants.push(GrantAt { grant, at: step.at.clone() });
        }
    }
    wide.grants.sort_by(|one, two| one.grant.cmp(&two.grant));
    Arc::new(wide)
}

fn execute(
    session: &Session,
    plan: &Plan,
    args: &RunArgs,
    (witness, terminal): (&Arc<Witness>, &Terminal),
) -> Result<RunSummary, CommandError> {
    let clock = SystemClock::start();
    let toolset = session.toolset(ToolsOf::Plan(plan), terminal)?;
    let cancel = Cancel::new();
    crate::signals::listen(&cancel).context("the signals cannot be listened to")?;
    let options = RunOptions {
        run_id: "audit".to_owned(),
        jobs: args.jobs.unwrap_or_else(processors).max(1),
        on_failure: OnFailure::KeepGoing,
        force: ForceMode::All,
        on_dispute: OnDispute::Tell,
        afterwards: Afterwards::Nothing,
        cancel,
        environment: Session::environment(plan),
        plugins: session.run_plugins(),
        tools: toolset.granted(),
        shortfalls: toolset.shortfalls(),
        settled: None,
        asked: args.steps.clone(),
    };
    let tool_ports = ToolPorts {
        cache: Arc::clone(witness) as Arc<dyn ActionCache>,
        blobs: Arc::clone(&session.store) as Arc<dyn BlobStore>,
        executor: Arc::new(toolset),
        secrets: session.secrets(),
        veil: crate::secrets::veil().clone(),
    };
    let cpus = u32::try_from(options.jobs).unwrap_or(u32::MAX);
    let tools: Arc<dyn Tools> = Arc::new(ToolRunner::new(tool_ports, cpus, ForceMode::All));
    let console = shown::console((args.progress, args.logs), terminal, &session.project)?;
    let readers: Vec<Box<dyn Reader>> = vec![Box::new(console)];
    let (events, feeding) = stream::start(readers)?;
    let events: Arc<dyn EventSink> = Arc::new(events);
    let secrets = session.secrets();
    let ports = session.ports(&tools, &secrets, &events, &clock);
    let ports = Ports { cache: &**witness, write_back: &Nowhere, ..ports };
    let summary = belljar_runner::run(&ports, plan, &options);
    drop(events);
    feeding.end().context("the events of the run could not be shown")?;
    Ok(summary)
}

/// What steps used, by their plain name: the entry of the file that they come from.
type ByEntry<T> = BTreeMap<String, T>;
