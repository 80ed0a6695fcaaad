//! Reach: places whose names a tool chose, and folders whose modes it chose.

use std::path::Path;

use belljar_disk::{Kind, Listed, Root};
use belljar_model::{Fault, WorkspacePath};

use crate::fault;

/// Where a walk is.
#[derive(Clone)]
pub(super) struct Place {
    /// The path; where a name cannot be part of one, something like it.
    pub(super) path: WorkspacePath,
    /// The real path with escapes, if some name on the way is not portable.
    pub(super) odd: Option<String>,
    /// How many folders it lies in.
    pub(super) depth: usize,
}

impl Place {
    /// At a path of the pipeline file.
    pub(super) fn of(path: &WorkspacePath) -> Self {
        Self { path: path.clone(), odd: None, depth: path.segments().count() }
    }

    /// At an entry of this folder.
    pub(super) fn join(&self, entry: &Listed) -> Self {
        let depth = self.depth + 1;
        let name = entry.name.to_str();
        if let (Some(path), None) = (name.and_then(|name| self.path.join(name)), &self.odd) {
            return Self { path, odd: None, depth };
        }
        let wrong = |letter: char| letter.is_control() || matches!(letter, '\\' | '/');
        let like = entry.name.to_string_lossy().replace(wrong, "_");
        let path = self.path.join(&like).unwrap_or_else(|| self.path.clone());
        let before = self.odd.clone().unwrap_or_else(|| self.path.as_str().to_owned());
        let slash = if before.is_empty() { "" } else { "/" };
        let odd = Some(format!("{before}{slash}{}", entry.name.as_encoded_bytes().escape_ascii()));
        Self { path, odd, depth }
    }
}

/// What kind of thing is there.
pub(super) fn stat(folder: &Root, name: &str) -> Result<Option<Kind>, Fault> {
    let stat = folder.stat(name).map_err(|error| fault::disk(&error))?;
    Ok(stat.map(|stat| stat.kind))
}

/// Opens a folder that a tool made, whatever mode it has.
pub(super) fn enter(folder: &Root, name: &str) -> Result<Root, Fault> {
    let opened = match folder.folder_itself(name) {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            folder.unlock_mode(name).and_then(|()| folder.folder_itself(name))
        }
        opened => opened,
    };
    opened.map_err(|error| fault::disk(&error))
}

/// Where a link points, as text; what is not text is escaped.
pub(super) fn text_of(target: &Path) -> String {
    target.to_str().map_or_else(
        || target.as_os_str().as_encoded_bytes().escape_ascii().to_string(),
        str::to_owned,
    )
}
