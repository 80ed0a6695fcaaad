//! `belljar status` and `belljar history`: what the ledger says of environments.

use belljar_delivery::Standing;
use belljar_model::ports::Clock as _;

use crate::args::{Global, HistoryArgs, StatusArgs};
use crate::clock::SystemClock;
use crate::delivery::{Book, view};
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::project::Project;
use crate::terminal::Terminal;

pub(super) fn status(
    global: &Global,
    args: &StatusArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let project = Project::open(global, terminal)?;
    let book = Book::of(&project);
    if let Some(name) = &args.environment {
        book.environment(name)?;
    }
    let now_ms = SystemClock::start().now_ms();
    let entries = book.entries()?;
    let names = project.pipeline.environments.values().map(|one| &one.spec);
    let names = names.filter(|one| args.environment.as_ref().is_none_or(|name| *name == one.name));
    let shown: Vec<_> = names
        .map(|spec| view::environment_shown(spec, &Standing::of(&entries, &spec.name), now_ms))
        .collect();
    if terminal.json {
        terminal.answer_json(&shown);
    } else if shown.is_empty() {
        terminal.remark("the pipeline has no environment: an `[environment.NAME]` makes one");
    } else {
        terminal.answer(&belljar_report::delivery::status(&shown, now_ms, &terminal.out));
    }
    Ok(Exit::Success)
}

pub(super) fn history(
    global: &Global,
    args: &HistoryArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let project = Project::open(global, terminal)?;
    let book = Book::of(&project);
    book.environment(&args.environment)?;
    let now_ms = SystemClock::start().now_ms();
    let standing = book.standing(&args.environment)?;
    let deployments = standing.deployments.values().rev();
    let shown: Vec<_> = deployments.map(|one| view::deployment_shown(one, now_ms)).collect();
    if terminal.json {
        terminal.answer_json(&shown);
    } else if shown.is_empty() {
        terminal.remark(&format!("nothing was deployed to `{}` yet", args.environment));
    } else {
        terminal.answer(&belljar_report::delivery::history(&shown, now_ms, &terminal.out));
    }
    Ok(Exit::Success)
}
