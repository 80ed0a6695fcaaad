//! Tools that are run for their effect: what an environment may run, in the sandbox of the steps'
//! tools, and never from the cache.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use belljar_model::delivery::{Artifact, Environment, ToolEffect};
use belljar_model::ports::{
    BlobStore, Cancel, LogSink, OutletError, Reuse, ToolAnswer, ToolExecutor, ToolLimits,
    ToolRequest,
};
use belljar_model::{Directory, Entry, Fault, Limits, Node, Patterns, StepName, Tier, ToolAction};
use belljar_outlet::{RunTool, Secrets};
use bytes::Bytes;

use super::fault::{self, TOOL};
use crate::tools::Toolset;

/// What running tools for their effect takes.
pub(crate) struct EffectTools {
    pub(crate) toolset: Arc<Toolset>,
    pub(crate) blobs: Arc<dyn BlobStore>,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) environment: Environment,
    pub(crate) log: Arc<dyn LogSink>,
    pub(crate) cancel: Cancel,
}

impl EffectTools {
    /// The function that runs them. `folders` are the sets of shipped files that a tool may be
    /// asked to see: it names one by its digest.
    pub(crate) fn runner(self, folders: Arc<RwLock<Vec<Directory>>>) -> RunTool {
        Arc::new(move |effect, stdin| {
            let folders = folders.read().unwrap_or_else(PoisonError::into_inner);
            self.run(&folders, effect, stdin)
        })
    }

    fn run(
        &self,
        folders: &[Directory],
        effect: &ToolEffect,
        stdin: &Bytes,
    ) -> Result<ToolAnswer, OutletError> {
        let root = folders.iter().find(|folder| folder.digest() == effect.root);
        let action = self.action(effect, root, stdin).map_err(OutletError::Stop)?;
        let step = StepName::new(&format!("environment.{}", self.environment.name));
        let limits = limits();
        let run = ToolExecutor::execute(
            &*self.toolset,
            &ToolRequest {
                step: &step,
                action: &action,
                limits: &limits,
                cpus: 1,
                reuse: Reuse::Denied,
                cancel: &self.cancel,
                log: &self.log,
            },
        );
        // Whoever is killed, or reaches a limit, may have had its effect: that is no end of the
        // host's, but a failure of the deployment.
        let run = run.map_err(|fault| OutletError::Unreachable(fault.message))?;
        let blob = |digest| {
            let bytes = self.blobs.get(digest).map_err(OutletError::Stop)?;
            bytes.ok_or_else(|| OutletError::Stop(lost(&effect.tool)))
        };
        let (stdout, stderr) = (blob(&run.result.stdout)?, blob(&run.result.stderr)?);
        Ok(ToolAnswer { code: run.result.code, stdout, stderr })
    }

    fn action(
        &self,
        effect: &ToolEffect,
        root: Option<&Directory>,
        stdin: &Bytes,
    ) -> Result<ToolAction, Fault> {
        let granted = self.toolset.granted().remove(&effect.tool);
        let granted = granted.ok_or_else(|| {
            fault::infrastructure(TOOL, format!("the tool `{}` was not looked at", effect.tool))
        })??;
        may_have(effect, granted.tier)?;
        let mut env = effect.env.clone();
        for used in &effect.secrets {
            let value = self.secrets.fill(used)?;
            let value = String::from_utf8(value.expose().to_vec());
            let value = value.map_err(|_| {
                let message = format!("the secret `{}` is not text", used.secret);
                fault::configuration(super::fault::NO_SECRET, message)
            })?;
            env.insert(used.place.clone(), value);
        }
        let root = root.cloned().ok_or_else(|| {
            let message = format!("the tool `{}` asks for files that are not shipped", effect.tool);
            fault::infrastructure(TOOL, message)
        })?;
        Ok(ToolAction {
            tool: effect.tool.clone(),
            label: String::new(),
            granted,
            args: effect.args.clone(),
            env,
            secrets: BTreeMap::new(),
            cwd: effect.cwd.clone(),
            stdin: self.blobs.put(stdin)?,
            root: Arc::new(root),
            writes: Patterns::none(),
            state: Vec::new(),
            network: self.environment.hosts.clone(),
        })
    }
}

/// Checks that what a tool prints can be kept without the secrets that it was given. The sandbox of
/// WebAssembly keeps it itself, before anyone could take them out.
fn may_have(effect: &ToolEffect, tier: Tier) -> Result<(), Fault> {
    let Some(used) = effect.secrets.first().filter(|_| tier == Tier::Wasm) else { return Ok(()) };
    let (tool, secret) = (&effect.tool, &used.secret);
    let message = format!("the tool `{tool}` is WebAssembly, and cannot be given `{secret}`");
    Err(fault::configuration(TOOL, message).help("use a native tool, or a request of the plugin"))
}

/// The folder that a tool sees: the shipped files.
pub(crate) fn folder(artifacts: &[Artifact]) -> Directory {
    let entry = |artifact: &Artifact| {
        let node = Node::File { digest: artifact.digest, executable: artifact.executable };
        Entry { path: artifact.path.clone(), node }
    };
    Directory::from_entries(artifacts.iter().map(entry).collect::<Vec<_>>())
}

fn limits() -> ToolLimits {
    let limits = Limits::default();
    ToolLimits {
        time: limits.time,
        memory: limits.tool_memory,
        processes: limits.tool_processes,
        output_bytes: limits.output_bytes,
        output_files: limits.output_files,
        log_bytes: limits.log_bytes,
    }
}

fn lost(tool: &str) -> Fault {
    fault::infrastructure(TOOL, format!("what the tool `{tool}` printed is not in the store"))
}

#[cfg(test)]
mod tests {
    use belljar_model::delivery::SecretUse;
    use belljar_model::{Digest, WorkspacePath};

    use super::*;

    #[test]
    fn a_tool_of_webassembly_is_given_no_secret() {
        let secret = SecretUse {
            place: "TOKEN".to_owned(),
            prefix: String::new(),
            secret: "token".to_owned(),
        };
        let effect = |secrets: &[SecretUse]| ToolEffect {
            tool: "send".to_owned(),
            args: Vec::new(),
            env: BTreeMap::new(),
            secrets: secrets.to_vec(),
            stdin: Digest::of(b""),
            root: Digest::of(b""),
            cwd: WorkspacePath::root(),
            expect: vec![0],
        };
        let with = effect(std::slice::from_ref(&secret));
        let refused = may_have(&with, Tier::Wasm).unwrap_err();
        assert!(refused.message.contains("`send`") && refused.message.contains("`token`"));
        assert!(may_have(&with, Tier::T1).is_ok());
        assert!(may_have(&effect(&[]), Tier::Wasm).is_ok());
    }
}
