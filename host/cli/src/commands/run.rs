//! `belljar run`: run steps and everything they need.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use belljar_disk::Root;
use belljar_model::ports::{Cancel, Clock, EventSink};
use belljar_runner::{ForceMode, OnFailure, RunOptions};

use crate::args::{Global, RunArgs};
use crate::clock::SystemClock;
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::recording::{Recordings, new_id};
use crate::reports::Reports;
use crate::session::{Session, ToolsOf, most_jobs, processors};
use crate::shown;
use crate::signals;
use crate::stream::{self, JsonLines, Reader};
use crate::terminal::Terminal;

pub(super) fn run(
    global: &Global,
    args: &RunArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let reports = Reports::parse(&args.report)?;
    let session = Session::open(global, terminal)?;
    let plan = session.select(&args.steps)?;
    if plan.steps.is_empty() {
        terminal.remark("warning: the pipeline has no steps, so nothing was run");
        return Ok(Exit::Nothing);
    }
    let clock = SystemClock::start();
    let cancel = Cancel::new();
    signals::listen(&cancel).context("the signals cannot be listened to")?;
    let toolset = session.toolset(ToolsOf::Plan(&plan), terminal)?;
    let options = RunOptions {
        run_id: new_id(),
        jobs: jobs(args, terminal),
        on_failure: if args.on_failure.fail_fast { OnFailure::Stop } else { OnFailure::KeepGoing },
        force: force(args, &session)?,
        cancel,
        environment: Session::environment(&plan),
        plugins: session.run_plugins(),
        tools: toolset.granted(),
        shortfalls: toolset.shortfalls(),
        asked: args.steps.clone(),
    };
    let recordings = Recordings::open(&session.state)?;
    let recording = recordings.start(&options.run_id, clock.now_ms())?;
    let mut readers: Vec<Box<dyn Reader>> = vec![Box::new(JsonLines::new(recording))];
    readers.extend(events_reader(global, args)?);
    readers.push(Box::new(shown::console(args, terminal, &session.project)?));
    let collected = reports.collector();
    readers.push(Box::new(collected.clone()));

    let tools = session.tool_runner(toolset, &options);
    let (events, feeding) = stream::start(readers)?;
    let events: Arc<dyn EventSink> = Arc::new(events);
    let summary = belljar_runner::run(&session.ports(&tools, &events, &clock), &plan, &options);
    drop(events);
    feeding.end()?;
    session.finish()?;
    recordings.prune()?;
    reports.write(&session.root, &collected)?;
    Ok(Exit::Run(summary.exit_code))
}

/// Only the named steps are forced, or all if none is named.
fn force(args: &RunArgs, session: &Session) -> Result<ForceMode, CommandError> {
    Ok(match (args.force, args.steps.is_empty()) {
        (false, _) => ForceMode::Nothing,
        (true, true) => ForceMode::All,
        (true, false) => {
            let named = session.project.select_only(&args.steps)?;
            ForceMode::Steps(named.steps.iter().map(|step| step.name.clone()).collect())
        }
    })
}

/// How many steps may run at once: as asked, within what there is room for.
fn jobs(args: &RunArgs, terminal: &Terminal) -> usize {
    let asked = args.jobs.unwrap_or_else(processors).max(1);
    if asked > most_jobs() {
        terminal.remark(&format!("warning: {asked} steps at once are too many: {}", most_jobs()));
    }
    asked.min(most_jobs())
}

/// The reader behind `--events` or `--json`.
fn events_reader(global: &Global, args: &RunArgs) -> Result<Option<Box<dyn Reader>>, CommandError> {
    let to: Box<dyn Write + Send> = match args.events.as_deref() {
        None if global.json => Box::new(std::io::stdout()),
        None => return Ok(None),
        Some("-") => Box::new(std::io::stdout()),
        Some(file) => {
            let file = Path::new(file);
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
            let name = file.file_name().and_then(|name| name.to_str());
            let name = name.ok_or_else(|| CommandError::usage("--events needs a file or `-`"))?;
            let folder = Root::open(folder.unwrap_or(Path::new(".")));
            let folder = folder.context("the file for --events cannot be written")?;
            let file =
                folder.create_file(name).context("the file for --events cannot be written")?;
            Box::new(std::io::BufWriter::new(file))
        }
    };
    Ok(Some(Box::new(JsonLines::new(to))))
}
