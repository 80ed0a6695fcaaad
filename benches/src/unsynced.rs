//! Unsynced: a program whose calls that wait for the disk return at once.
//!
//! The program has no switch for that, and must not have one. So the kernel answers those calls
//! itself, with success and without doing anything: the same binary, and all else that it does.

use std::ffi::OsString;
use std::process::Command;

use anyhow::{Context as _, Result};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

use crate::process::{self, Usage};

/// The hidden verb under which this program measures another one so.
pub(crate) const MEASURE: &str = "measure-one-process-unsynced";

/// Runs a command like [`process::run`].
///
/// # Errors
/// When it cannot be started, or fails.
pub(crate) fn run(command: &Command) -> Result<(Usage, String)> {
    process::run_under(MEASURE, command)
}

/// Runs a command as the only child of this process, which never waits for a disk again.
///
/// # Errors
/// When it cannot be started, or fails.
pub(crate) fn measure_here(command: &[OsString]) -> Result<()> {
    let calls = [
        libc::SYS_fsync,
        libc::SYS_fdatasync,
        libc::SYS_syncfs,
        libc::SYS_sync_file_range,
        libc::SYS_msync,
        libc::SYS_sync,
    ];
    let rules = calls.into_iter().map(|call| (call, Vec::new())).collect();
    let machine = std::env::consts::ARCH.try_into().context("this processor is not known")?;
    // An error of number zero is success.
    let nothing = SeccompAction::Errno(0);
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, nothing, machine)?;
    seccompiler::apply_filter(&BpfProgram::try_from(filter)?)?;
    process::measure_here(command)
}
