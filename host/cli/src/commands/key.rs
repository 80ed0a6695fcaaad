//! `belljar key`: make and show keys.

use serde::Serialize;

use crate::args::{Global, KeyCommand};
use crate::delivery::{ApproverKey, ledger_key, new_approver_key};
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::terminal::Terminal;
use crate::trust;

/// The public keys of a user, as JSON.
#[derive(Serialize)]
struct Keys {
    schema: &'static str,
    approver: Option<String>,
    ledger: String,
    machine: Option<String>,
}

pub(super) fn key(
    _global: &Global,
    command: &KeyCommand,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    match command {
        KeyCommand::New => {
            let (file, key) = new_approver_key()?;
            let public = key.public();
            terminal.remark(&format!(
                "The secret key is in {}. Keep it: it signs in your name.\n\n\
                 In the pipeline file, reviewed by others:\n\n\
                 [approver.NAME]\nkey = \"{public}\"\nauthors = [\"YOUR ADDRESS IN COMMITS\"]\n",
                file.display()
            ));
            terminal.answer(&public);
        }
        KeyCommand::Show => {
            let keys = Keys {
                schema: "belljar.keys/v1",
                approver: ApproverKey::find()?.map(|key| key.public()),
                ledger: ledger_key()?.public(),
                machine: match trust::machine_key()? {
                    trust::Kept::Key(key) => Some(key.public().to_string()),
                    trust::Kept::Nowhere(_) => None,
                },
            };
            if terminal.json {
                terminal.answer_json(&keys);
            } else {
                let none = || "none; `belljar key new` makes one".to_owned();
                let approver = keys.approver.unwrap_or_else(none);
                let machine = keys.machine.unwrap_or_else(|| "none".to_owned());
                terminal.answer(&format!(
                    "approves with  {approver}\nsigns ledgers  {}\nsigns records  {machine}",
                    keys.ledger
                ));
            }
        }
    }
    Ok(Exit::Success)
}
