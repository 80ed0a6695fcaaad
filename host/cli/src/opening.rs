//! Opening: the store and the sandbox as this machine and its settings have them.

use std::path::PathBuf;
use std::sync::Arc;

use belljar_model::Fault;
use belljar_model::ports::{BlobSource, BlobStore};
use belljar_runner::SealedBlobs;
use belljar_sandbox::AotOptions;
use belljar_store::{DEFAULT_MAX_BYTES, Store};
use belljar_worker::EarlyWorkers;

use crate::args::Global;
use crate::clock::SystemClock;
use crate::env::EnvVar;
use crate::error::CommandError;
use crate::terminal::{Terminal, remark};
use crate::worker::{self, Opened};
use crate::{secrets, trust};

/// Opens the local store.
pub(crate) fn open_store(global: &Global, terminal: &Terminal) -> Result<Store, CommandError> {
    let place = place(global)?;
    tracing::debug!(place = %place.display(), "opening the store");
    let _span = tracing::trace_span!("open the store").entered();
    let clock = Arc::new(SystemClock::start());
    let trust = trust::of_machine(global, terminal)?;
    let store = Store::open(&place, clock, trust).map_err(Fault::from)?;
    for said in store.remarks() {
        remark(&format!("warning: {said}"));
    }
    Ok(store)
}

/// Where the local store is.
pub(crate) fn place(global: &Global) -> Result<PathBuf, CommandError> {
    global.store.clone().map_or_else(default_store, Ok)
}

/// How many processors there are.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The most steps that may run at once: the sandbox sets room aside for so many.
pub(crate) fn most_jobs() -> usize {
    (4 * processors()).max(16)
}

/// The store as those see it who make files: no value of a secret gets into it.
pub(crate) fn sealed(store: &Arc<Store>) -> SealedBlobs {
    SealedBlobs::new(Arc::clone(store) as Arc<dyn BlobStore>, secrets::veil().clone())
}

/// Opens a sandbox that reads from `inputs` and writes into the store.
pub(crate) fn open_sandbox(
    store: &Arc<Store>,
    inputs: Arc<dyn BlobSource>,
    early: Option<EarlyWorkers>,
) -> Result<Opened, CommandError> {
    let _span = tracing::trace_span!("open the sandbox").entered();
    let aot = AotOptions { dir: store.aot_dir(), key: store.machine_key() };
    worker::open(aot, (inputs, Arc::new(sealed(store))), most_jobs(), early)
}

/// How large the store may grow.
pub(crate) fn store_size() -> Result<u64, CommandError> {
    let Some(text) = EnvVar::get(EnvVar::STORE_SIZE) else { return Ok(DEFAULT_MAX_BYTES) };
    belljar_pipeline::parse_size(&text).ok_or_else(|| {
        let message = format!("{}={text} is not a size", EnvVar::STORE_SIZE);
        CommandError::usage_help(message, "a number and a unit, such as 500MiB or 10GiB")
    })
}

fn default_store() -> Result<PathBuf, CommandError> {
    let cache = EnvVar::get(EnvVar::XDG_CACHE_HOME).map(PathBuf::from);
    let cache = cache.filter(|cache| cache.is_absolute());
    let home = || EnvVar::get(EnvVar::HOME).map(|home| PathBuf::from(home).join(".cache"));
    let cache = cache.or_else(home).ok_or_else(|| {
        let message = "there is no place for the store: neither HOME nor XDG_CACHE_HOME is set";
        CommandError::usage_help(message, format!("--store DIR, or {}=DIR", EnvVar::STORE))
    })?;
    Ok(cache.join("belljar"))
}
