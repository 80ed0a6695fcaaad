//! One file per verb: arguments in, library calls, answer out.

mod approvals;
mod audit;
mod cache;
mod cache_trust;
mod check;
mod deploy;
mod explain;
mod freeze;
mod graph;
mod key;
mod least;
mod ledger;
mod logs;
mod ls;
mod plan;
mod plugin;
mod report;
mod run;
mod runs;
mod schema;
mod status;
mod tools;
mod verify;
mod watch_env;
mod why;

use crate::args::{Arguments, Command};
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::terminal::Terminal;

/// Carries out what was typed.
///
/// # Errors
/// When there is no answer; the error says why and decides the exit code.
pub(crate) fn dispatch(arguments: &Arguments, terminal: &Terminal) -> Result<Exit, CommandError> {
    let Arguments { global, command } = arguments;
    match command {
        Command::Run(args) => run::run(global, args, terminal),
        Command::Plan(args) => plan::plan(global, args, terminal),
        Command::Why(args) => why::why(global, args, terminal),
        Command::Ls(args) => ls::ls(global, args, terminal),
        Command::Check => check::check(global, terminal),
        Command::Graph(args) => graph::graph(global, args, terminal),
        Command::Schema(args) => schema::schema(global, args, terminal),
        Command::Logs(args) => logs::logs(global, args, terminal),
        Command::Verify(args) => verify::verify(global, args, terminal),
        Command::Runs(args) => runs::runs(global, args, terminal),
        Command::Cache(command) => cache::cache(global, command, terminal),
        Command::Plugin(command) => plugin::plugin(global, command, terminal),
        Command::Audit(args) => audit::audit(global, args, terminal),
        Command::Tools(command) => tools::tools(global, command, terminal),
        Command::Deploy(args) => deploy::deploy(global, args, terminal),
        Command::Rollback(args) => deploy::rollback(global, args, terminal),
        Command::Promote(args) => deploy::promote(global, args, terminal),
        Command::Status(args) => status::status(global, args, terminal),
        Command::History(args) => status::history(global, args, terminal),
        Command::Approvals(command) => approvals::approvals(global, command, terminal),
        Command::Freeze(args) => freeze::freeze(global, args, terminal),
        Command::WatchEnv(args) => watch_env::watch_env(global, args, terminal),
        Command::Incident(command) => freeze::incident(global, command, terminal),
        Command::Ledger(command) => ledger::ledger(global, command, terminal),
        Command::Report(command) => report::report(global, command, terminal),
        Command::Find(args) => report::find(global, args, terminal),
        Command::Key(command) => key::key(global, command, terminal),
        Command::Explain(args) => explain::explain(args, terminal),
    }
}
