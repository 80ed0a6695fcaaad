//! `belljar cache trust`, `disputes` and `settle`: whose records are used, and which are not.

use std::fmt::Write as _;

use belljar_model::ports::Clock as _;
use belljar_report::{dispute, sanitize, text};
use belljar_store::{DisputeAt, Trust, WriterCount};
use serde_json::json;

use crate::args::{Global, TrustCommand};
use crate::clock::SystemClock;
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::opening::open_store;
use crate::terminal::Terminal;
use crate::trust::{self, Writer};

/// Whose records there are, one line for each level and writer.
pub(super) fn whose(writers: &[WriterCount], trust: &Trust) -> String {
    let mut answer = String::new();
    for WriterCount { level, writer, records } in writers {
        let known = trust.known.get(writer);
        let who = match known {
            _ if *writer == trust.key.public() => "this machine".to_owned(),
            Some(known) => sanitize::line(&known.name).into_owned(),
            None => format!("{writer}, not known here"),
        };
        writeln!(answer, "{:<9} {} by {who}", level.as_str(), text::grouped(*records))
            .expect("a string takes all");
    }
    answer
}

pub(super) fn disputes(global: &Global, terminal: &Terminal) -> Result<Exit, CommandError> {
    let disputes = open_store(global, terminal)?.disputes()?;
    if terminal.json {
        terminal.answer_json(&json!({
            "schema": "belljar.cache-disputes/v1", "disputes": disputes,
        }));
        return Ok(Exit::Success);
    }
    if disputes.is_empty() {
        terminal.answer("no action had two results");
        return Ok(Exit::Success);
    }
    let now = SystemClock::start().now_ms();
    let mut answer = String::new();
    for DisputeAt { dispute, level, at } in &disputes {
        answer += &format!(
            "action {}, found {}: records up to level {level} are not used\n{}",
            dispute.action.short(),
            text::ago(*at, now),
            dispute::details(dispute),
        );
    }
    terminal.answer(&answer);
    Ok(Exit::Success)
}

pub(super) fn settle(
    global: &Global,
    asked: &str,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let store = open_store(global, terminal)?;
    let disputes = store.disputes()?;
    let mut actions = disputes.iter().map(|found| found.dispute.action);
    let mut found = actions.by_ref().filter(|action| action.to_string().contains(asked));
    let (Some(action), None) = (found.next(), found.next()) else {
        let message = format!("`{asked}` names no action, or several, that had two results");
        return Err(CommandError::usage_help(message, "belljar cache disputes"));
    };
    store.settle(&action)?;
    if terminal.json {
        terminal.answer_json(&json!({ "schema": "belljar.cache-settle/v1", "action": action }));
    } else {
        terminal.answer(&format!(
            "settled {}: its records are forgotten, and its step will be executed",
            action.short()
        ));
    }
    Ok(Exit::Success)
}

pub(super) fn trust(command: &TrustCommand, terminal: &Terminal) -> Result<Exit, CommandError> {
    let mut writers = trust::writers()?;
    match command {
        TrustCommand::Ls => {
            if terminal.json {
                terminal.answer_json(&json!({
                    "schema": "belljar.trusted-writers/v1", "writers": writers,
                }));
                return Ok(Exit::Success);
            }
            let mut answer = String::new();
            for (name, Writer { key, level, until }) in &writers {
                let until = until.as_ref().map(|day| format!(" until {day}")).unwrap_or_default();
                answer += &format!("{}  {level}{until}  {key}\n", sanitize::line(name));
            }
            if writers.is_empty() {
                answer += "none but this machine itself\n";
            }
            terminal.answer(&answer);
        }
        TrustCommand::Add { name, key, level, until } => {
            if let Some(day) = until {
                trust::end_of(name, day)?;
            }
            writers.retain(|_, writer| writer.key != *key); // one key has one name
            let writer = Writer { key: *key, level: *level, until: until.clone() };
            writers.insert(name.clone(), writer);
            let place = trust::write(writers)?;
            terminal.remark(&format!("records of `{name}` are used as {level}; it is in {place}"));
        }
        TrustCommand::Remove { name } => {
            if writers.remove(name).is_none() {
                let message = format!("no writer is called `{name}` here");
                return Err(CommandError::usage_help(message, "belljar cache trust ls"));
            }
            let place = trust::write(writers)?;
            terminal.remark(&format!("records of `{name}` are used no more; it is in {place}"));
        }
    }
    Ok(Exit::Success)
}
