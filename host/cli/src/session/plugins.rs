//! The plugins of a session: loaded, kept, and as others know them.

use std::collections::BTreeMap;
use std::sync::Arc;

use belljar_model::ports::BlobStore as _;
use belljar_model::{Blame, Descriptor, Digest, Fault, StepName};
use belljar_runner::Plugin;
use belljar_sandbox::Loaded;
use bytes::Bytes;
use tracing::trace_span;

use super::{Components, LoadedPlugins, Session};
use crate::terminal::Terminal;

impl Session {
    pub(super) fn load_plugins(&self, terminal: &Terminal) -> (LoadedPlugins, Components) {
        let locator = self.locator(terminal);
        let (mut plugins, mut components) = (BTreeMap::new(), BTreeMap::new());
        for (name, source) in &self.project.pipeline.plugins {
            let _span = trace_span!("load a plugin", name).entered();
            let loaded = locator.locate(name, source).and_then(|located| {
                let (digest, remark) = (located.digest, terminal.remarks());
                let located = Arc::new(located);
                let component = Arc::clone(&located);
                components.insert(name.clone(), Arc::new(move || component.bytes()) as _);
                let compiling = format!("    Compiling plugin `{name}`, once for this machine");
                let read = move || {
                    remark.once(&compiling);
                    located.bytes()
                };
                self.sandbox.load(name, digest, Arc::new(read))
            });
            match &loaded {
                Ok(plugin) => tracing::debug!(name, digest = %plugin.digest, "plugin loaded"),
                Err(fault) => tracing::debug!(name, %fault, "plugin not loaded"),
            }
            plugins.insert(name.clone(), loaded);
        }
        (plugins, components)
    }

    /// The plugin of a step, as messages show it.
    pub(crate) fn label_of(&self, step: &StepName) -> String {
        let step = self.project.pipeline.steps.iter().find(|found| found.name == *step);
        let uses = step.map_or("", |step| &step.uses);
        match self.plugins.get(uses) {
            Some(Ok(loaded)) => loaded.descriptor.label(),
            Some(Err(_)) | None => uses.to_owned(),
        }
    }

    /// Puts the component of a plugin into the store, so that it can be kept with what it
    /// deployed. Returns its label and digest.
    ///
    /// # Errors
    /// When it could not be loaded, or cannot be read any more.
    pub(crate) fn keep_plugin(&self, uses: &str) -> Result<(String, Digest), Fault> {
        let loaded = self.plugins.get(uses).ok_or_else(|| {
            let message = format!("there is no plugin `{uses}`");
            Fault::new(Blame::Configuration, crate::plugins::E0312, message)
        })?;
        let loaded = loaded.as_ref().map_err(Fault::clone)?;
        if !self.store.contains(&loaded.digest) {
            let read = self.components.get(uses).expect("what was loaded was read from somewhere");
            self.store.put(&read()?)?;
        }
        Ok((loaded.descriptor.label(), loaded.digest))
    }

    /// Reads the component of a plugin.
    ///
    /// # Errors
    /// When it is not there, or cannot be read any more.
    pub(crate) fn read_plugin(&self, name: &str) -> Result<Bytes, Fault> {
        let read = self.components.get(name).ok_or_else(|| {
            let message = format!("there is no plugin `{name}`");
            Fault::new(Blame::Configuration, crate::plugins::E0312, message)
        })?;
        read()
    }

    /// What each plugin says of itself.
    pub(crate) fn descriptors(&self) -> BTreeMap<String, Descriptor> {
        let descriptor = |(name, plugin): (&String, &Result<Loaded, Fault>)| {
            Some((name.clone(), plugin.as_ref().ok()?.descriptor.clone()))
        };
        self.plugins.iter().filter_map(descriptor).collect()
    }

    /// The plugins as the runner knows them.
    pub(crate) fn run_plugins(&self) -> BTreeMap<String, Result<Plugin, Fault>> {
        let plugin = |loaded: &Loaded| {
            let Loaded { digest, descriptor, class, .. } = loaded;
            Plugin { digest: *digest, label: descriptor.label(), class: *class }
        };
        let plugins = self.plugins.iter();
        plugins
            .map(|(name, loaded)| (name.clone(), loaded.as_ref().map(plugin).map_err(Fault::clone)))
            .collect()
    }
}
