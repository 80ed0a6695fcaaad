//! `belljar freeze` and `belljar incident`: what people write into the ledger by hand.

use belljar_model::LedgerEvent;
use belljar_model::ports::{Clock as _, Ledger as _};

use crate::args::{FreezeArgs, Global, IncidentCommand};
use crate::clock::SystemClock;
use crate::delivery::Book;
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::moment;
use crate::project::Project;
use crate::terminal::Terminal;

pub(super) fn freeze(
    global: &Global,
    args: &FreezeArgs,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let project = Project::open(global, terminal)?;
    let book = Book::of(&project);
    let environment = book.environment(&args.environment)?.spec.name.clone();
    let reason = args.message.clone();
    let now_ms = SystemClock::start().now_ms();
    let length = args.length.as_deref().map(|text| moment::length_ms("--for", text));
    let until = length.transpose()?.map(|length| now_ms.saturating_add(length));
    let event = if args.lift {
        if book.standing(&environment)?.frozen.is_none() {
            let message = format!("`{environment}` was not frozen by hand");
            return Err(CommandError::usage_help(
                message,
                "a freeze that is written in the pipeline file ends there",
            ));
        }
        LedgerEvent::Unfrozen { environment, reason }
    } else {
        LedgerEvent::Frozen { environment, until, reason }
    };
    append(&book, event, terminal)
}

pub(super) fn incident(
    global: &Global,
    command: &IncidentCommand,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let project = Project::open(global, terminal)?;
    let book = Book::of(&project);
    let event = match command {
        IncidentCommand::Open { id, place, message } => {
            let environment = book.environment(&place.environment)?.spec.name.clone();
            let standing = book.standing(&environment)?;
            let deployment = match place.number {
                Some(_) => Some(place.find(&standing)?.number),
                None => standing.live,
            };
            LedgerEvent::IncidentOpened {
                incident: id.clone(),
                environment,
                deployment,
                summary: message.clone(),
            }
        }
        IncidentCommand::Close { id, environment } => {
            let environment = book.environment(environment)?.spec.name.clone();
            let is_open = book.entries()?.iter().rev().find_map(|entry| match &entry.event {
                LedgerEvent::IncidentOpened { incident, .. } if incident == id => Some(true),
                LedgerEvent::IncidentClosed { incident, .. } if incident == id => Some(false),
                _ => None,
            });
            if is_open != Some(true) {
                return Err(CommandError::usage(format!("no incident `{id}` is open")));
            }
            LedgerEvent::IncidentClosed { incident: id.clone(), environment }
        }
    };
    append(&book, event, terminal)
}

fn append(book: &Book<'_>, event: LedgerEvent, terminal: &Terminal) -> Result<Exit, CommandError> {
    let entries = book.to_append()?.append(vec![event])?;
    for entry in &entries {
        if terminal.json {
            terminal.answer_json(entry);
        } else {
            terminal.remark(&format!("    Written  e{} into the ledger", entry.seq));
        }
    }
    Ok(Exit::Success)
}
