//! The strategy `tool`: commands that deploy, and one that looks.

use belljar_sdk::prelude::*;

use crate::config::{Command, Tool};
use crate::release::digits;
use crate::template::fill;

/// Runs all commands, one after the other.
pub(crate) fn apply(config: &Tool, cx: &DeployCx) -> DeployResult {
    let mut changes = Vec::new();
    for command in &config.apply {
        cx.check_cancelled()?;
        cx.tools().run(&effect(command, cx))?;
        changes.push(Change::new("run", command.command.join(" ")));
    }
    Ok(changes)
}

/// Runs the command that looks. Its exit code is the answer.
pub(crate) fn observe(command: &Command, cx: &DeployCx) -> Observation {
    let ended = cx.tools().run_raw(&effect(command, cx));
    let (line, code) = (command.command.join(" "), ended.code());
    let said = ended.last_line().map(|line| format!(": {line}")).unwrap_or_default();
    let detail = format!("`{line}` ended with {code}{said}");
    if command.expect.contains(&code) {
        Observation::healthy(detail)
    } else {
        Observation::unhealthy(detail)
    }
}

fn effect(command: &Command, cx: &DeployCx) -> EffectCommand {
    let names = [
        ("artifacts", "{workspace}"),
        ("release", digits(cx.release())),
        ("environment", cx.environment()),
        ("idempotency-key", cx.idempotency_key()),
    ];
    let mut words = command.command.iter();
    let mut effect = EffectCommand::new(words.next().map_or("", String::as_str))
        .args(words.map(|word| fill(word, &names)))
        .cwd(command.cwd.trim_end_matches('/'))
        .expect(command.expect.iter().copied());
    for (name, value) in &command.env {
        effect = effect.env(name, fill(value, &names));
    }
    for secret in &command.secret_env {
        effect = effect.secret_env(&secret.name, &secret.prefix, &secret.secret);
    }
    effect
}
