//! The manifest beside an archive: what is in it, with sizes and digests.

use belljar_sdk::{StepError, serde_json};
use serde::Serialize;

use crate::config::{Config, Format};
use crate::digests::Digests;
use crate::select::Entry;

/// The archive itself.
#[derive(Serialize)]
pub(crate) struct Archive {
    path: String,
    format: Format,
    #[serde(flatten)]
    pub(crate) digests: Digests,
    /// The digest by which an image is pulled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) image: Option<String>,
}

impl Archive {
    /// Describes the archive that is at `path`.
    pub(crate) fn new(config: &Config, path: String, digests: Digests) -> Self {
        Self { path, format: config.format, digests, image: None }
    }
}

/// One file of the archive.
#[derive(Serialize)]
pub(crate) struct Packed {
    path: String,
    source: String,
    mode: String,
    #[serde(flatten)]
    digests: Digests,
}

impl Packed {
    /// Describes an entry once it was read.
    pub(crate) fn new(entry: &Entry, digests: Digests) -> Self {
        Self {
            path: entry.target.clone(),
            source: entry.source.clone(),
            mode: format!("{:04o}", entry.mode()),
            digests,
        }
    }
}

#[derive(Serialize)]
struct Manifest<'a> {
    /// Counts the incompatible changes of this file's form.
    version: u32,
    archive: &'a Archive,
    files: &'a [Packed],
}

/// Returns the manifest as JSON text.
///
/// # Errors
/// When it cannot be written as JSON, which is a mistake of this plugin.
pub(crate) fn text(archive: &Archive, files: &[Packed]) -> Result<String, StepError> {
    let mut text = serde_json::to_string_pretty(&Manifest { version: 1, archive, files })?;
    text.push('\n');
    Ok(text)
}
