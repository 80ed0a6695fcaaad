//! `belljar:step/effect-tool`: tools that are run for what they do outside.

use belljar_model::delivery::{SecretUse, ToolEffect};
use belljar_model::ports::{MAX_ANSWER, OutletError, ToolAnswer};
use belljar_model::{Fault, WorkspacePath};
use bytes::Bytes;
use wasmtime::Result;

use crate::bindings::deploy::belljar::step::effect_tool as wit;
use crate::deploy;
use crate::state::State;
use crate::step_imports::is_name;

impl State {
    /// Checks what the guest wants to run, and writes it as the model does.
    fn tool_effect(&self, asked: &wit::Command) -> std::result::Result<ToolEffect, Fault> {
        let deployment = self.deployment()?;
        let tool = &asked.tool;
        if !deployment.tools.iter().any(|granted| granted == tool) {
            return Err(deploy::fault::tool_not_granted(&self.label, deployment, tool));
        }
        let cwd =
            if asked.cwd.is_empty() { Some(WorkspacePath::root()) } else { Self::path(&asked.cwd) };
        let cwd = cwd.ok_or_else(|| {
            self.misuse(&format!("starts `{tool}` in `{}`, which is no path", asked.cwd))
        })?;
        if asked.expect.is_empty() {
            return Err(self.misuse(&format!("runs `{tool}` and expects no exit code at all")));
        }
        if asked.args.iter().any(|arg| arg.contains('\0')) {
            return Err(self.misuse(&format!("runs `{tool}` with an argument that holds a NUL")));
        }
        let plain = asked.env.iter().map(|(name, value)| (name, value));
        let secret = asked.secrets.iter().map(|secret| (&secret.name, &secret.prefix));
        let mut names = std::collections::BTreeSet::new();
        for (name, value) in plain.chain(secret) {
            if !is_name(name) || value.contains('\0') || !names.insert(name) {
                let what = format!("sets the variable `{name}` in a way that `{tool}` cannot get");
                return Err(self.misuse(&what));
            }
        }
        let mut secrets = Vec::with_capacity(asked.secrets.len());
        for wit::SecretEnv { name, prefix, secret } in &asked.secrets {
            self.check_secret(secret)?;
            let (place, prefix, secret) = (name.clone(), prefix.clone(), secret.clone());
            secrets.push(SecretUse { place, prefix, secret });
        }
        Ok(ToolEffect {
            tool: tool.clone(),
            args: asked.args.clone(),
            env: asked.env.iter().cloned().collect(),
            secrets,
            stdin: self.vfs.store().put(&asked.stdin)?,
            root: deployment.root,
            cwd,
            expect: asked.expect.clone(),
        })
    }
}

/// What a run printed, as much of it as a guest gets.
fn printed(bytes: &Bytes) -> Vec<u8> {
    let most = usize::try_from(MAX_ANSWER).unwrap_or(usize::MAX);
    bytes[..bytes.len().min(most)].to_vec()
}

impl wit::Host for State {
    fn run(&mut self, command: wit::Command) -> Result<wit::Ended> {
        let asked = self.tool_effect(&command).and_then(|effect| Ok((effect, self.outlet()?)));
        let (effect, outlet) = self.or_end(asked)?;
        match outlet.tool(&effect, &Bytes::from(command.stdin)) {
            Ok(ToolAnswer { code, stdout, stderr }) => {
                Ok(wit::Ended { code, stdout: printed(&stdout), stderr: printed(&stderr) })
            }
            Err(OutletError::Stop(fault)) => self.end(fault),
            Err(error) => self.end(deploy::fault::tool_broke(&effect.tool, &error)),
        }
    }
}
