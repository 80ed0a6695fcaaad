//! PluginCaller: the sandbox as a Deployer that loads what it calls, from the store.

use std::sync::Arc;

use belljar_model::ports::{BlobSource as _, DeployCall, DeployEnded, Deployer};
use belljar_sandbox::Sandbox;
use belljar_store::Store;

use super::fault::{self, NO_PLUGIN};

/// Calls plugins that deploy: that of the file, and those of earlier deployments.
pub(crate) struct PluginCaller {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) store: Arc<Store>,
}

impl Deployer for PluginCaller {
    fn call(&self, call: &DeployCall<'_>) -> DeployEnded {
        let (store, digest) = (Arc::clone(&self.store), call.plugin);
        let read = move || {
            store.get(&digest)?.ok_or_else(|| {
                let message = format!("the plugin {} of a deployment is not here", digest.short());
                fault::infrastructure(NO_PLUGIN, message)
                    .help("the store of the machine that deployed has it")
            })
        };
        let name = format!("of {}", call.environment);
        match self.sandbox.load(&name, call.plugin, Arc::new(read)) {
            Ok(_) => self.sandbox.call(call),
            Err(fault) => DeployEnded { outcome: Err(fault), log: Vec::new() },
        }
    }
}
