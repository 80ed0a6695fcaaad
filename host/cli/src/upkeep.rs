//! Upkeep: all that the store's folder holds beside blobs and records stays within bounds.

use belljar_disk::{Root, Swept};
use belljar_model::ports::Clock as _;
use belljar_model::{Blame, Code, Fault};
use belljar_store::{Bounds, Store, Sweep};
use belljar_tool::upkeep::{self, Manner};

use crate::clock::SystemClock;

/// What was removed of each kind, or would be, and what stays.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Tidied {
    /// Machine code of plugins.
    pub(crate) compiled: Swept,
    /// What was found damaged.
    pub(crate) quarantined: Swept,
    /// Workspaces of which history is kept.
    pub(crate) workspaces: Swept,
    /// State folders of tools, by workspace.
    pub(crate) states: Swept,
    /// Run folders of tools.
    pub(crate) runs: Swept,
}

/// Removes what is over the bounds; of no kind, more than `most` bytes stay.
///
/// # Errors
/// When something cannot be read or removed, or another process uses the store.
pub(crate) fn sweep(
    store: &Store,
    bounds: Bounds,
    (most, sweep): (u64, Sweep),
) -> Result<Tidied, Fault> {
    let kept = store.upkeep(&bounds.at_most(most), sweep)?;
    let tools = store.undisturbed(|| tools(store, most, sweep))?;
    let (states, runs) = tools.unwrap_or_default();
    let (compiled, quarantined, workspaces) = (kept.compiled, kept.quarantined, kept.workspaces);
    Ok(Tidied { compiled, quarantined, workspaces, states, runs })
}

/// Does it once a day, if nobody else uses the store. No run fails because of what lies around.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn sweep_if_due(store: &Store) -> Result<(), Fault> {
    if !store.is_upkeep_due()? {
        return Ok(());
    }
    match sweep(store, Bounds::default(), (u64::MAX, Sweep::Delete)) {
        Ok(tidied) => tracing::debug!(?tidied, "the store was tidied"),
        Err(fault) => tracing::debug!(%fault, "the store was not tidied"),
    }
    Ok(())
}

/// What tools have in the store: state folders and run folders.
///
/// # Errors
/// When it cannot be looked at.
pub(crate) fn count_tools(store: &Store) -> Result<(Swept, Swept), Fault> {
    let folder = store.tools_dir();
    let all = belljar_disk::Bound { age_ms: u64::MAX, bytes: u64::MAX };
    let states = upkeep::states(&folder.join("state"), all, 0, Manner::Count);
    let mut runs = Swept::default();
    if let Ok(root) = Root::open(&folder.join("runs")) {
        for run in root.list("").map_err(|error| failed(&error))? {
            runs.keep(root.bytes_below(&run.name.to_string_lossy()));
        }
    }
    Ok((states.map_err(|error| failed(&error))?, runs))
}

fn tools(store: &Store, most: u64, sweep: Sweep) -> Result<(Swept, Swept), Fault> {
    let (folder, now) = (store.tools_dir(), SystemClock::start().now_ms());
    let manner = if sweep == Sweep::Delete { Manner::Delete } else { Manner::Count };
    let bound = upkeep::STATE.at_most(most);
    let states = upkeep::states(&folder.join("state"), bound, now, manner);
    let runs = upkeep::runs(&folder.join("runs"), manner);
    Ok((states.map_err(|error| failed(&error))?, runs.map_err(|error| failed(&error))?))
}

fn failed(error: &belljar_disk::DiskError) -> Fault {
    let message = format!("what tools left cannot be tidied: {error}");
    Fault::new(Blame::Infrastructure, Code::new("E0813"), message)
}
