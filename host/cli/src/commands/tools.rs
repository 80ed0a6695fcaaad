//! `belljar tools`: what the tools of the pipeline file are on this machine.

use belljar_model::Fault;
use belljar_report::table::Table;
use serde_json::{Value, json};

use crate::args::{Global, ToolsCommand};
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::project::Project;
use crate::session::{Session, ToolsOf};
use crate::terminal::Terminal;
use crate::tools::{Looked, Toolset};

pub(super) fn tools(
    global: &Global,
    command: &ToolsCommand,
    terminal: &Terminal,
) -> Result<Exit, CommandError> {
    let session = Session::with(global, Project::open(global, terminal)?, terminal)?;
    let toolset = session.toolset(ToolsOf::File, terminal)?;
    let answer = |text: &str| terminal.answer(text);
    match command {
        _ if terminal.json => terminal.answer_json(&as_json(&toolset)),
        ToolsCommand::Ls => answer(&list(&toolset).render(&terminal.out)),
        ToolsCommand::Doctor => answer(&(walls(&session) + &examined(&toolset))),
    }
    let faults: Vec<Fault> = toolset.granted().into_values().filter_map(Result::err).collect();
    match faults.first() {
        None => Ok(Exit::Success),
        Some(first) if terminal.json => Ok(Exit::of(first.blame)),
        Some(_) => Err(CommandError::Faults(faults)),
    }
}

fn list(toolset: &Toolset) -> Table {
    let mut table = Table::new(&["TOOL", "TIER", "IDENTITY", "PROGRAM"]);
    let tier = tier(toolset);
    for (name, looked) in &toolset.looked {
        match looked {
            Ok(Looked::Native(found)) => {
                let program = found.program.display().to_string();
                table.row([name, tier, &found.identity.short(), &program]);
            }
            Ok(Looked::Wasm { identity, .. }) => {
                table.row([name, "wasm", &identity.short(), "a WASI command"]);
            }
            Err(fault) => table.row([name, "-", "-", &fault.message]),
        }
    }
    table
}

/// The tier of native tools, as text.
fn tier(toolset: &Toolset) -> &'static str {
    let tier = toolset.probe.as_ref().and_then(|probe| probe.tier);
    tier.map_or("none", belljar_model::Tier::as_str)
}

/// What keeps the processes apart in which guests run.
fn walls(session: &Session) -> String {
    match session.workers.as_ref().map(|workers| workers.walls()) {
        None => "guests run in this process: this system has nothing to seal another\n".to_owned(),
        Some(Err(fault)) => {
            let notes: Vec<_> = fault.notes.iter().map(|note| format!("  {note}\n")).collect();
            format!("{}\n{}", fault.message, notes.concat())
        }
        Some(Ok(walls)) => {
            let seccomp = if walls.seccomp { "seccomp" } else { "no seccomp" };
            let landlock = match walls.landlock {
                0 => "no Landlock (this kernel has none)".to_owned(),
                version => format!("Landlock {version}"),
            };
            format!("guests run in workers, kept apart by {seccomp} and {landlock}\n")
        }
    }
}

/// All that is known, for a person who must mend or review it.
fn examined(toolset: &Toolset) -> String {
    let mut text = String::new();
    if let Some(probe) = &toolset.probe {
        text += &format!("native tools run in tier {}\n", tier(toolset));
        for shortfall in &probe.shortfalls {
            text += &format!("  missing: {shortfall}\n");
        }
    } else {
        text += "the pipeline file declares no native tool\n";
    }
    for (name, looked) in &toolset.looked {
        text += &format!("\n{name}\n");
        match looked {
            Err(fault) => text += &format!("  cannot be had: {}\n", fault.message),
            Ok(Looked::Wasm { identity, .. }) => {
                text += &format!(
                    "  identity  {identity}\n  a WASI command: it reads nothing but what a step gives it\n"
                );
            }
            Ok(Looked::Native(found)) => {
                text += &format!("  program   {}\n", found.program.display());
                if found.executable != found.program {
                    text += &format!("  resolved  {}\n", found.executable.display());
                }
                text += &format!("  identity  {}\n", found.identity);
                for line in found.version.iter().flat_map(|version| version.lines()) {
                    text += &format!("  version   {line}\n");
                }
                for folder in &found.path {
                    text += &format!("  PATH      {}\n", folder.display());
                }
                for (variable, value) in &found.env {
                    text += &format!("  sets      {variable}={value}\n");
                }
                for readable in &found.closure {
                    text += &format!(
                        "  reads     {}  ({})\n",
                        readable.path.display(),
                        readable.reason
                    );
                }
            }
        }
    }
    belljar_report::sanitize::text(&text).into_owned()
}

fn as_json(toolset: &Toolset) -> Value {
    let tool = |(name, looked): (&String, &Result<Looked, Fault>)| match looked {
        Err(fault) => json!({ "tool": name, "fault": fault }),
        Ok(Looked::Wasm { identity, env }) => {
            json!({ "tool": name, "kind": "wasm", "identity": identity, "env": env })
        }
        Ok(Looked::Native(found)) => {
            let reads = found.closure.iter().map(
                |readable| json!({ "path": readable.path, "reason": readable.reason.to_string() }),
            );
            json!({
                "tool": name, "kind": "native", "identity": found.identity,
                "program": found.program, "executable": found.executable,
                "version": found.version, "path": found.path, "env": found.env,
                "reads": reads.collect::<Vec<_>>(),
            })
        }
    };
    json!({
        "schema": "belljar.tools/v1",
        "tier": toolset.probe.as_ref().and_then(|probe| probe.tier),
        "missing": toolset.shortfalls(),
        "tools": toolset.looked.iter().map(tool).collect::<Vec<_>>(),
    })
}
