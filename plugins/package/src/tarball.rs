//! Tarballs whose bytes depend on nothing but names, modes and contents.

use std::collections::BTreeSet;
use std::io::{Read, Write};

use belljar_sdk::StepError;
use tar::{Builder, EntryType, Header};

/// A tarball in the making. Folders are written before what is in them, so that their modes do
/// not depend on who unpacks it.
pub(crate) struct Tarball<W: Write> {
    builder: Builder<W>,
    folders: BTreeSet<String>,
}

impl<W: Write> Tarball<W> {
    /// Starts an empty tarball.
    pub(crate) fn new(into: W) -> Self {
        Self { builder: Builder::new(into), folders: BTreeSet::new() }
    }

    /// Adds a file of exactly `size` bytes.
    pub(crate) fn file(
        &mut self,
        path: &str,
        size: u64,
        mode: u32,
        from: &mut dyn Read,
    ) -> Result<(), StepError> {
        for folder in folders(path) {
            if self.folders.insert(folder.to_owned()) {
                let mut header = header(EntryType::Directory, 0, 0o755);
                self.builder.append_data(&mut header, format!("{folder}/"), std::io::empty())?;
            }
        }
        let mut header = header(EntryType::Regular, size, mode);
        Ok(self.builder.append_data(&mut header, path, from)?)
    }

    /// Writes the end and gives back what the tarball was written into.
    pub(crate) fn finish(self) -> Result<W, StepError> {
        Ok(self.builder.into_inner()?)
    }
}

/// Returns the folders that a path lies in, the outermost first.
pub(crate) fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

fn header(kind: EntryType, size: u64, mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}
