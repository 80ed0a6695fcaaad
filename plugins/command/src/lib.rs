//! Runs any command line as a step.
//!
//! `Config` → `Line` → a run of a tool → its files at the step's outputs
//!
//! **Invariant:** what a tool prints is not printed again: the host has shown it.

pub mod config;
mod keep;
mod line;
#[cfg(test)]
mod tests;

use belljar_sdk::prelude::*;
use belljar_sdk::{Ran, Secret, Tools};

use crate::config::{Config, Line};
use crate::keep::Kept;

/// How many lines of what a tool printed last a failure shows.
const LINES: usize = 3;
/// How many letters of a failure's lines are shown.
const LETTERS: usize = 300;

/// Runs any command line with a native tool.
#[belljar_sdk::step(
    docs = include_str!("../README.md"),
    tools = [("*", "runs the commands that the step's configuration names")],
    secrets = ["*"]
)]
pub fn run(config: Config, cx: &mut Cx) -> StepResult {
    config.check(&cx.tools().granted(), &cx.secrets().granted())?;
    let named = config.secrets.iter();
    let secrets: Vec<(&String, Secret)> =
        named.map(|(variable, name)| (variable, cx.secrets().open(name))).collect();
    let lines = config.lines();
    let mut kept = Kept::default();
    for (at, (pointer, line)) in lines.iter().enumerate() {
        cx.check_cancelled()?;
        let command = command(&config, line, at, lines.len());
        let ran = run_one(&cx.tools(), &command, &secrets);
        if !config.success_codes.contains(&ran.code()) {
            return Err(failure(line, &ran));
        }
        kept.take(&ran, pointer)?;
    }
    kept.tell(&cx.log());
    Ok(Outcome::new(summary(&config, &lines, kept.count())))
}

/// Secrets go from the host to the tool: here they are names.
fn run_one(tools: &Tools, command: &Command, secrets: &[(&String, Secret)]) -> Ran {
    if secrets.is_empty() {
        return tools.run(command);
    }
    let variables = secrets.iter().map(|(variable, secret)| (variable.as_str(), secret));
    tools.run_with_secrets(command, &variables.collect::<Vec<_>>())
}

/// The command at place `at` of `count`.
fn command(config: &Config, line: &Line, at: usize, count: usize) -> Command {
    let command = line
        .command()
        .cwd(config.cwd.clone())
        .read(config.reads.iter().cloned())
        .write(config.writes.iter().cloned())
        .stdin(config.stdin.clone())
        .cpus(config.cpus);
    let set = |command: Command, (name, value): (&String, &String)| command.env(name, value);
    let command = config.env.iter().fold(command, set);
    let command =
        if count == 1 { command } else { command.label(format!("{} {}", at + 1, line.tool())) };
    // What is for the next command only need not be an output of the step.
    if at + 1 == count { command } else { command.write([".scratch/**"]) }
}

fn failure(line: &Line, ran: &Ran) -> StepError {
    let code = ran.code();
    let stderr = last_lines(&ran.stderr_text());
    let last = if stderr.is_empty() { last_lines(&ran.stdout_text()) } else { stderr };
    let message = format!("{} ended with code {code}", line.shown());
    let message = if last.is_empty() { message } else { format!("{message}: {last}") };
    StepError::failed(format!("exit-{code}"), message).attr("tool", line.tool())
}

/// Returns the last lines of a text that are not blank, joined to one.
fn last_lines(text: &str) -> String {
    let lines = text.lines().rev().map(str::trim).filter(|line| !line.is_empty()).take(LINES);
    let lines: Vec<&str> = lines.collect();
    let joined = lines.into_iter().rev().collect::<Vec<_>>().join(" / ");
    match joined.char_indices().rev().nth(LETTERS - 1) {
        Some((start, _)) if start > 0 => format!("…{}", &joined[start..]),
        _ => joined,
    }
}

fn summary(config: &Config, lines: &[(String, &Line)], files: usize) -> String {
    if let Some(summary) = &config.summary {
        return summary.clone();
    }
    let what = match lines {
        [(_, line)] => line.shown(),
        _ => format!("{} commands", lines.len()),
    };
    match files {
        0 => format!("{what} passed"),
        1 => format!("{what} made 1 file"),
        _ => format!("{what} made {files} files"),
    }
}
