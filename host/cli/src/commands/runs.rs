//! `belljar runs`: list recorded runs, or show one again.

use belljar_report::console::{Console, ConsoleOptions, Mode, ShownLogs};

use crate::args::{Global, RunsArgs};
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::project::Project;
use crate::recording::Recordings;
use crate::session::STATE;
use crate::terminal::Terminal;

pub(super) fn runs(
    global: &Global,
    args: &RunsArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let Some(asked) = &args.run else { return super::ls::runs(global, terminal) };
    let project = Project::read(global)?;
    let recordings = Recordings::open(&project.root.join(STATE))?;
    let events = recordings.read(&recordings.find(asked)?)?;
    if terminal.json {
        for event in &events {
            terminal.answer(&belljar_report::json::line(event));
        }
    } else {
        let options = ConsoleOptions { mode: Mode::Plain, logs: ShownLogs::Failed };
        let mut console = Console::new(Box::new(std::io::stdout()), terminal.out, options);
        for event in &events {
            console.read(event);
        }
    }
    Ok(Exit::Success)
}
