//! Entries of the lock file for the plugins that a session has loaded.

use std::collections::BTreeMap;

use belljar_model::Fault;
use belljar_model::hex::hex;
use belljar_pipeline::lock::{Compared, LockEntry, LockFile, Named, granted, world_of};
use belljar_pipeline::{PluginLocation, PluginSource};
use belljar_sandbox::Loaded;
use sha2::{Digest as _, Sha256};

use crate::session::Session;

/// What is taken for known about the bytes of a plugin.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// Bytes with the BLAKE3 digest of the lock file are those that were locked.
    ByOneDigest,
    /// Nothing: each file is read, and both digests are compared.
    Nothing,
}

/// The entries of all plugins that were loaded, by their name in the file. A plugin whose bytes
/// cannot be read has none.
pub(crate) fn entries(
    session: &Session,
    lock: Option<&LockFile>,
    known: Known,
) -> BTreeMap<String, Result<LockEntry, Fault>> {
    let pipeline = &session.project.pipeline;
    let mut entries = BTreeMap::new();
    for (name, source) in &pipeline.plugins {
        let Some(Ok(loaded)) = session.plugins.get(name) else { continue };
        let mut now = entry(&text_of(source), loaded, granted(pipeline, name));
        let old = lock.and_then(|lock| lock.plugins.get(name));
        let same = old.filter(|old| old.digest == now.digest);
        let trusted = known == Known::ByOneDigest || now.compared() == Compared::Powers;
        match same.filter(|_| trusted) {
            Some(old) => now.sha256.clone_from(&old.sha256),
            None => match session.read_plugin(name) {
                Ok(bytes) => now.sha256 = sha256_of(&bytes),
                Err(fault) => {
                    entries.insert(name.clone(), Err(fault));
                    continue;
                }
            },
        }
        entries.insert(name.clone(), Ok(now));
    }
    entries
}

/// The SHA-256 of a component.
pub(crate) fn sha256_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Where a plugin comes from, as a lock file says it.
pub(super) fn text_of(source: &PluginSource) -> String {
    match &source.location {
        PluginLocation::Builtin(name) => format!("builtin:{name}"),
        PluginLocation::Path(path) => format!("path:{path}"),
    }
}

/// What is locked of a plugin with these grants. Its SHA-256 is left empty.
pub(crate) fn entry(source: &str, loaded: &Loaded, grants: Named) -> LockEntry {
    let Loaded { digest, descriptor, class, imports, .. } = loaded;
    let imports = imports.iter().filter(|import| !import.ambient).flat_map(|import| {
        let interface = &import.interface;
        import.functions.iter().map(move |function| format!("{interface}#{function}"))
    });
    let mut asks = Named::new();
    let mut ask = |kind: &str, names: Vec<String>| {
        if !names.is_empty() {
            asks.insert(kind.to_owned(), names.into_iter().collect());
        }
    };
    ask("tools", descriptor.tools.iter().map(|tool| tool.name.clone()).collect());
    ask("secrets", descriptor.secrets.clone());
    ask("hosts", descriptor.hosts.clone());
    LockEntry {
        source: source.to_owned(),
        label: descriptor.label(),
        world: world_of(*class).to_owned(),
        class: *class,
        digest: *digest,
        sha256: String::new(),
        imports: imports.collect(),
        asks,
        grants,
    }
}
