//! The lock file of a project: held against its plugins, and written.
//!
//! [`hold`] compares when a project is opened: a plugin with more power than was accepted is
//! taken out, so that it is the fault of the steps that use it and of no other. [`settle`] is
//! called by what executes: it writes what has changed without more power, or refuses if
//! nothing may change.

mod entries;
mod fault;
mod file;
mod words;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use belljar_model::{Digest, Fault};
use belljar_pipeline::lock::{Change, Comparison, LockEntry, LockFile, Power, judge};

use crate::args::LockArgs;
use crate::env::EnvVar;
use crate::error::CommandError;
use crate::plugins::Network;
use crate::session::Session;
use crate::terminal::Terminal;

pub(crate) use entries::{Known, entries, entry, sha256_of};
pub(crate) use fault::{E0340, fault_of, look_alike, no_line, taken};
use file::read_with_digest;
pub(crate) use file::{name as file_name, read, write};
pub(crate) use words::{as_json, changes_json, comparison_word, powers};

/// How strictly the lock file is held.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) enum Mode {
    /// It is written when it changes.
    #[default]
    Open,
    /// It must be there, and nothing of it may change.
    Locked,
    /// As locked; and no plugin is built with the network.
    Frozen(Why),
}

/// Why all is frozen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Why {
    /// A flag says so.
    Asked,
    /// The environment says that this is a CI system.
    Ci,
}

impl Mode {
    /// What the flags and the environment ask for.
    pub(crate) fn of(args: LockArgs) -> Self {
        match args {
            LockArgs { frozen: true, .. } => Self::Frozen(Why::Asked),
            LockArgs { locked: true, .. } => Self::Locked,
            LockArgs { no_locked: true, .. } => Self::Open,
            LockArgs { .. } if EnvVar::says_ci() => Self::Frozen(Why::Ci),
            LockArgs { .. } => Self::Open,
        }
    }

    /// Whether building a plugin may use the network.
    pub(crate) const fn network(self) -> Network {
        match self {
            Self::Open | Self::Locked => Network::Allowed,
            Self::Frozen(_) => Network::Denied,
        }
    }
}

/// What came of holding the lock file against the plugins.
#[derive(Default)]
pub(crate) struct Held {
    /// How strictly.
    pub(crate) mode: Mode,
    /// What the file said; `None` if there was none.
    before: Option<LockFile>,
    /// What it says when all that gained no power is written down.
    after: LockFile,
    /// The plugins whose entries are not as the file says, with what they are now.
    moved: BTreeMap<String, (LockEntry, Comparison)>,
    /// Plugins of the lock file that the pipeline file has no more.
    gone: Vec<String>,
    /// Whether it was written, or found to be as it must be: a command may ask more than once.
    settled: OnceLock<()>,
}

/// Compares the plugins of a session with the lock file. What gained power is taken out.
///
/// # Errors
/// When there is a lock file and it cannot be read.
pub(crate) fn hold(session: &mut Session) -> Result<(), CommandError> {
    let _span = tracing::trace_span!("hold against the lock file").entered();
    let mode = session.lock.mode;
    let before = read(&session.project)?;
    let known = match mode {
        Mode::Open => Known::ByOneDigest,
        Mode::Locked | Mode::Frozen(_) => Known::Nothing,
    };
    let mut after = LockFile::default();
    let mut moved = BTreeMap::new();
    for (name, entry) in entries(session, before.as_ref(), known) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(fault) => {
                session.plugins.insert(name, Err(fault));
                continue;
            }
        };
        let old = before.as_ref().and_then(|lock| lock.plugins.get(&name));
        let comparison = as_written(mode, judge(old, &entry));
        if let (Some(fault), Some(old)) = (fault_of(&name, old, &entry, &comparison), old) {
            session.plugins.insert(name.clone(), Err(fault));
            after.plugins.insert(name.clone(), old.clone());
        } else if let (Comparison::Unchanged, Some(old)) = (&comparison, old) {
            after.plugins.insert(name.clone(), old.clone());
        } else {
            after.plugins.insert(name.clone(), entry.clone());
        }
        if comparison != Comparison::Unchanged {
            moved.insert(name, (entry, comparison));
        }
    }
    let mut gone = Vec::new();
    for (name, old) in before.iter().flat_map(|lock| &lock.plugins) {
        if !session.project.pipeline.plugins.contains_key(name) {
            gone.push(name.clone());
        } else if !after.plugins.contains_key(name) {
            // It could not be loaded: what was accepted of it stays.
            after.plugins.insert(name.clone(), old.clone());
        }
    }
    session.lock = Held { mode, before, after, moved, gone, settled: OnceLock::new() };
    Ok(())
}

/// Who writes a grant into the pipeline file has accepted it. Where the lock file may not change,
/// it has to say so, too.
fn as_written(mode: Mode, comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Gained(changes) if mode == Mode::Open && changes.iter().all(is_allowed) => {
            Comparison::Moved(changes)
        }
        comparison => comparison,
    }
}

fn is_allowed(change: &Change) -> bool {
    change.power != Power::Gains || change.is_grant()
}

impl Held {
    /// Nothing was compared yet.
    pub(crate) fn with(mode: Mode) -> Self {
        Self { mode, ..Self::default() }
    }

    /// An earlier run found all as it must be, and nothing has changed since.
    pub(crate) fn as_before(mode: Mode) -> Self {
        Self { mode, settled: OnceLock::from(()), ..Self::default() }
    }

    /// What has to change in the lock file, one line for each fact.
    fn differences(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (name, (_, comparison)) in &self.moved {
            match comparison {
                Comparison::New => lines.push(format!("plugin `{name}` is not in it")),
                Comparison::Unchanged => {}
                Comparison::Moved(changes)
                | Comparison::Gained(changes)
                | Comparison::Swapped(changes) => {
                    lines.extend(changes.iter().map(|change| format!("plugin `{name}`: {change}")));
                }
            }
        }
        let gone = self.gone.iter();
        lines.extend(gone.map(|name| format!("plugin `{name}` is not in the pipeline any more")));
        lines
    }

    /// What is said of each change that is written down.
    fn remarks(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (name, (entry, comparison)) in &self.moved {
            match comparison {
                Comparison::New => {
                    lines.push(format!("      Locked plugin `{name}`: {}", powers(entry)));
                }
                Comparison::Moved(changes) => {
                    let all: Vec<_> = changes.iter().map(ToString::to_string).collect();
                    let gains = changes.iter().any(|change| change.power == Power::Gains);
                    let how = if gains { "with what the file grants" } else { "no more power" };
                    lines.push(format!("   Re-locked plugin `{name}`, {how}: {}", all.join(", ")));
                }
                Comparison::Unchanged | Comparison::Gained(_) | Comparison::Swapped(_) => {}
            }
        }
        let gone = self.gone.iter();
        lines.extend(gone.map(|name| format!("    Unlocked plugin `{name}`")));
        lines
    }
}

/// Whether the lock file may be written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writing {
    /// What executes writes it.
    Allowed,
    /// What only looks does not.
    Denied,
}

/// The name of the lock file, and its digest if there is one. `None` if it is not as it was held
/// against the plugins.
pub(crate) fn as_held(session: &Session) -> Option<(String, Option<Digest>)> {
    let Held { after, .. } = &session.lock;
    let name = file_name(&session.project);
    match read_with_digest(&session.project).ok()? {
        None => after.plugins.is_empty().then_some((name, None)),
        Some((lock, digest)) => (lock == *after).then_some((name, Some(digest))),
    }
}

/// Makes sure of the lock file before anything is executed.
///
/// # Errors
/// When nothing may change and something would, or it cannot be written.
pub(crate) fn settle(
    session: &Session,
    writing: Writing,
    terminal: &Terminal,
) -> Result<(), CommandError> {
    let held = &session.lock;
    if held.settled.get().is_some() {
        return Ok(());
    }
    let name = file_name(&session.project);
    if held.mode != Mode::Open {
        return match fault::locked(held.mode, &name, held.before.as_ref(), &held.differences()) {
            None => Ok(()),
            Some(fault) => Err(refusals(session, fault)),
        };
    }
    let is_due = writing == Writing::Allowed && held.before.as_ref() != Some(&held.after);
    if is_due && held.settled.set(()).is_ok() {
        // A file without plugins needs no lock file.
        if held.before.is_some() || !held.after.plugins.is_empty() {
            write(&session.project, &held.after)?;
        }
        if !terminal.quiet {
            for remark in held.remarks() {
                terminal.remark(&belljar_report::sanitize::text(&remark));
            }
        }
    }
    Ok(())
}

/// The faults of the plugins that gained power, and then that of the whole.
fn refusals(session: &Session, whole: Fault) -> CommandError {
    let of_plugins = session.lock.moved.iter().filter_map(|(name, (entry, comparison))| {
        let old = session.lock.before.as_ref().and_then(|lock| lock.plugins.get(name));
        fault_of(name, old, entry, comparison)
    });
    CommandError::Faults(of_plugins.chain([whole]).collect())
}
