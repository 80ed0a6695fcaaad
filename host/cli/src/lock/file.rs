//! The lock file on the disk.

use std::sync::Arc;

use belljar_disk::{Mode, Root};
use belljar_model::{Blame, Code, Digest, Fault};
use belljar_pipeline::lock::{LockFile, parse_lock};

use crate::error::CommandError;
use crate::project::Project;

/// A lock file that cannot be read or written.
const E0343: Code = Code::new("E0343");

/// The name of a project's lock file: that of the pipeline file, with another ending.
pub(crate) fn name(project: &Project) -> String {
    let file = &project.file;
    format!("{}.lock", file.strip_suffix(".toml").unwrap_or(file))
}

/// Reads a project's lock file; `None` if there is none.
///
/// # Errors
/// When it cannot be read, or is not one.
pub(crate) fn read(project: &Project) -> Result<Option<LockFile>, CommandError> {
    Ok(read_with_digest(project)?.map(|(lock, _)| lock))
}

/// Reads a project's lock file, and says what its digest is; `None` if there is none.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_with_digest(
    project: &Project,
) -> Result<Option<(LockFile, Digest)>, CommandError> {
    let name = name(project);
    let failed = |error: &dyn std::fmt::Display| {
        let message = format!("the lock file `{name}` cannot be read: {error}");
        Fault::new(Blame::Infrastructure, E0343, message)
    };
    let root = Root::open(&project.root).map_err(|error| failed(&error))?;
    let Some(bytes) = root.read_if_there(&name).map_err(|error| failed(&error))? else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let digest = Digest::of(&bytes);
    parse_lock(&name, &text).map(|lock| Some((lock, digest))).map_err(|diagnostics| {
        let mut sources = project.sources.clone();
        sources.insert(Arc::from(name.as_str()), Arc::from(text));
        CommandError::Diagnostics { diagnostics, sources }
    })
}

/// Writes a project's lock file.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write(project: &Project, lock: &LockFile) -> Result<(), Fault> {
    let name = name(project);
    let failed = |error: &dyn std::fmt::Display| {
        let message = format!("the lock file `{name}` cannot be written: {error}");
        Fault::new(Blame::Infrastructure, E0343, message)
            .help("make the folder writable; a lock file that needs no change is not written")
    };
    let root = Root::open(&project.root).map_err(|error| failed(&error))?;
    let written = root.write_atomic(&name, lock.to_string().as_bytes(), Mode::Plain);
    written.map_err(|error| failed(&error))
}
