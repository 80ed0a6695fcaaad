//! Outcome: what was tried and what failed, with the command that tries it again.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::Result;

/// The result of one campaign.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// What was tried, in the plural: `kill points`.
    pub what: String,
    /// How often.
    pub tried: usize,
    /// What went wrong, each with what led to it.
    pub failed: Vec<String>,
    /// More to know: how often something happened, or why something was not tried.
    pub remarks: Vec<String>,
}

impl Outcome {
    /// Nothing tried yet.
    pub fn new(what: &str) -> Self {
        Self { what: what.to_owned(), tried: 0, failed: Vec::new(), remarks: Vec::new() }
    }

    /// Fails a test if something failed, or if less than `floor` was tried.
    pub fn expect(&self, floor: usize) {
        assert!(self.failed.is_empty(), "{self}");
        assert!(self.tried >= floor, "only {self}");
    }
}

/// The variable that names the folder for what could not be tried on this machine. `cargo xtask
/// test` reads it at the end.
pub const NOT_TRIED: &str = "BELLJAR_NOT_TRIED";

/// Says that something could not be tried, and why.
///
/// # Errors
/// When it cannot be written down where it was asked for.
#[expect(clippy::print_stdout, reason = "it belongs to the result of the tests")]
pub fn not_tried(what: &str, why: &str) -> Result<()> {
    println!("NOT TRIED here: {what}: {why}");
    if let Some(folder) = std::env::var_os(NOT_TRIED) {
        std::fs::create_dir_all(&folder)?;
        let name = what.replace(' ', "-");
        std::fs::write(std::path::Path::new(&folder).join(name), format!("{what}: {why}\n"))?;
    }
    Ok(())
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, tried, failed, remarks } = self;
        write!(formatter, "{tried} {what}, {} failed", failed.len())?;
        for remark in remarks {
            write!(formatter, "\n  {remark}")?;
        }
        for failure in failed.iter().take(20) {
            write!(formatter, "\n  FAILED {failure}")?;
        }
        Ok(())
    }
}

/// Tries each of some cases, on all processors. A case that fails does not stop the others.
pub(crate) fn try_all<T: Sync + fmt::Debug>(
    what: &str,
    cases: &[T],
    attempt: impl Fn(&T) -> Result<()> + Sync,
) -> Outcome {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    let work = || {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = attempt(case) {
                let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                failed.push(format!("{case:?}: {error:#}"));
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let mut failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    failed.sort();
    Outcome { what: what.to_owned(), tried: cases.len(), failed, remarks: Vec::new() }
}
