//! The Faults of plugins that deploy.

use belljar_model::ports::{DeployCall, OutletError};
use belljar_model::text::{harmless, harmless_lines};
use belljar_model::{Blame, Code, Fault};

use super::Deployment;
use crate::fault::{self, EFFECT_TOOL_NOT_GRANTED, SECRET_NOT_GRANTED, WRONG_PLACE};

/// A plugin that deploys was named by a step.
pub(crate) fn not_for_steps(label: &str) -> Fault {
    let message = format!("plugin {label} deploys: name it in an environment, not in a step");
    Fault::new(Blame::Configuration, WRONG_PLACE, message)
        .help("a plugin that deploys is named by `uses` in `[environment.NAME]`")
}

/// A plugin for steps was named by an environment.
pub(crate) fn not_for_environments(label: &str, environment: &str) -> Fault {
    let message = format!(
        "plugin {label} does not deploy: name it in a step, not in environment `{environment}`"
    );
    Fault::new(Blame::Configuration, WRONG_PLACE, message)
        .help("a plugin that deploys exports `belljar:step/deployment`; this one does not")
}

/// A secret that is not among those of the environment.
pub(crate) fn secret_not_granted(label: &str, deployment: &Deployment, name: &str) -> Fault {
    let wants = format!("plugin {label} wants to use the secret");
    let line = line(deployment, ("secrets", &deployment.secrets), name);
    Fault::new(Blame::Policy, SECRET_NOT_GRANTED, not_granted(&wants, deployment, name)).help(line)
}

/// A tool that is not among those of the environment.
pub(crate) fn tool_not_granted(label: &str, deployment: &Deployment, name: &str) -> Fault {
    let wants = format!("plugin {label} wants to run the tool");
    let line = line(deployment, ("tools", &deployment.tools), name);
    Fault::new(Blame::Policy, EFFECT_TOOL_NOT_GRANTED, not_granted(&wants, deployment, name))
        .help(line)
}

fn not_granted(wants: &str, deployment: &Deployment, name: &str) -> String {
    let environment = &deployment.environment;
    format!("{wants} `{}`, which environment `{environment}` was not granted", harmless(name))
}

/// The line that grants `name` beside what is granted already.
fn line(deployment: &Deployment, (key, granted): (&str, &[String]), name: &str) -> String {
    let all = granted.iter().map(String::as_str).chain([name]);
    let all: Vec<_> = all.map(|name| format!("\"{}\"", harmless(name))).collect();
    let environment = &deployment.environment;
    format!("if it may, write `{key} = [{}]` in `[environment.{environment}]`", all.join(", "))
}

/// A tool that was ended, or was never started.
pub(crate) fn tool_broke(tool: &str, error: &OutletError) -> Fault {
    let message = format!("tool `{}` did not come to an end of its own", harmless(tool));
    Fault::new(Blame::Infrastructure, fault::EFFECT_TOOL_BROKE, message)
        .note(harmless_lines(&error.to_string()))
        .help("what it did until then is not known; look there before you deploy again")
}

/// What the sandbox says of a guest in the words of steps, told of a call that deploys.
pub(crate) fn of_call(call: &DeployCall<'_>, label: &str, fault: Fault) -> Fault {
    const OF_GUESTS: [Code; 8] = [
        fault::TIME,
        fault::MEMORY,
        fault::OUTPUT,
        fault::STACK,
        fault::OTHER_LIMIT,
        fault::TRAP,
        fault::INTERNAL,
        fault::MISUSE,
    ];
    if !OF_GUESTS.contains(&fault.code) {
        return fault;
    }
    let mut told = fault;
    let rest = ["the step", "the plugin"].iter().find_map(|who| told.message.strip_prefix(who));
    if let Some(rest) = rest {
        told.message = format!("plugin {label}{rest}");
    }
    told.help = told.help.filter(|help| !help.contains("on the step"));
    let phase = call.phase.as_str();
    told.note(format!("it was called for `{phase}` of environment `{}`", call.environment))
}
