//! `belljar ledger`: verify, prove and export the record of all deliveries.

use std::path::Path;

use belljar_disk::Root;
use belljar_ledger::{Filter, Proof, export, prove, verify};
use serde::Serialize;

use crate::args::{Global, LedgerCommand};
use crate::delivery::Book;
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::project::Project;
use crate::terminal::Terminal;

/// What verification found, as JSON.
#[derive(Serialize)]
struct Verdict<'a> {
    schema: &'static str,
    ok: bool,
    size: u64,
    root: &'a str,
    checkpoint: &'a str,
    problems: &'a [belljar_ledger::Problem],
}

pub(super) fn ledger(
    global: &Global,
    command: &LedgerCommand,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let project = Project::open(global, terminal)?;
    let book = Book::of(&project);
    let named = project.pipeline.ledger.key.clone();
    match command {
        LedgerCommand::Verify { against, key } => {
            let against = against.as_deref().map(read).transpose()?;
            let key = key.clone().or(named);
            return verified(&book, (against.as_deref(), key.as_deref()), terminal);
        }
        LedgerCommand::Prove { event } => {
            let number = event.strip_prefix('e').unwrap_or(event).parse();
            let number = number.map_err(|_| {
                CommandError::usage_help(format!("`{event}` is no event"), "such as e12")
            })?;
            let proof = prove(&book.folder, number)?;
            terminal.answer(&if terminal.json { json(&proof) } else { proof.to_text() });
        }
        LedgerCommand::Check { proof, key } => {
            let key = key.clone().or(named).ok_or_else(|| {
                CommandError::usage_help(
                    "a proof says nothing without the key that must have signed it",
                    "--key ed25519:…, or `key` in `[ledger]`",
                )
            })?;
            let text = read(proof)?;
            let proof = serde_json::from_str(&text).map_or_else(|_| Proof::from_text(&text), Ok)?;
            let entry = proof.verify(&key)?;
            terminal.answer(&json(&entry));
        }
        LedgerCommand::Export { types, environment } => {
            let types = types.iter().cloned().collect();
            let filter = Filter { range: None, types, environment: environment.clone() };
            export(&book.folder, &filter, &mut std::io::stdout().lock())?;
        }
        LedgerCommand::Checkpoint => {
            let checkpoint = book.to_read().checkpoint()?;
            let checkpoint = checkpoint
                .ok_or_else(|| CommandError::usage("nothing was written into the ledger yet"))?;
            terminal.answer(&checkpoint);
        }
    }
    Ok(Exit::Success)
}

fn verified(
    book: &Book<'_>,
    (against, key): (Option<&str>, Option<&str>),
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let found = verify(&book.folder, against, key)?;
    let ok = found.problems.is_empty();
    if terminal.json {
        terminal.answer_json(&Verdict {
            schema: "belljar.ledger-verification/v1",
            ok,
            size: found.size,
            root: &found.root,
            checkpoint: &found.checkpoint,
            problems: &found.problems,
        });
    } else {
        let shown = belljar_report::delivery::VerifiedShown {
            size: found.size,
            root: found.root.clone(),
            key: key.unwrap_or_default().to_owned(),
            problems: found.problems.iter().map(ToString::to_string).collect(),
        };
        terminal.answer(&belljar_report::delivery::verified(&shown, &terminal.out));
    }
    Ok(if ok { Exit::Success } else { Exit::Infrastructure })
}

/// Reads a file that was named on the command line.
pub(super) fn read(file: &Path) -> Result<String, CommandError> {
    let failed =
        |why: String| CommandError::usage(format!("`{}` cannot be read: {why}", file.display()));
    let name = file.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| failed("it is no file".to_owned()))?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = Root::open(folder.unwrap_or(Path::new(".")));
    let folder = folder.map_err(|error| failed(error.to_string()))?;
    let bytes = folder.read(name).map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(|_| failed("it is no text".to_owned()))
}

/// Writes a file that was named on the command line.
pub(super) fn write(file: &Path, text: &str) -> Result<(), CommandError> {
    let failed = |why: &dyn std::fmt::Display| {
        CommandError::usage(format!("`{}` cannot be written: {why}", file.display()))
    };
    let name = file.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| failed(&"it is no file"))?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = Root::create(folder.unwrap_or(Path::new("."))).map_err(|error| failed(&error))?;
    let written = folder.write_atomic(name, text.as_bytes(), belljar_disk::Mode::Plain);
    written.map_err(|error| failed(&error))
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("answers are plain values")
}
