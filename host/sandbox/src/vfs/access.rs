//! Reading, writing and asking about files, whatever interface the guest uses.

use belljar_model::{Answer, NodeKind, Question, WorkspacePath};
use wasmtime::Result;
use wasmtime::component::Resource;

use super::types::{Descriptor, EntryStream, Place, Told};
use super::{BodyError, Found, SharedFile, Vfs, piece};
use crate::bindings::ambient::wasi::filesystem::types::{
    DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode, MetadataHashValue,
};
use crate::clocks::MOMENT;
use crate::state::State;

impl State {
    pub(super) fn place(&self, descriptor: &Resource<Descriptor>) -> Result<Place> {
        Ok(self.table.get(descriptor)?.place.clone())
    }

    /// Reads up to `len` bytes of a file.
    pub(crate) fn read_place(&mut self, place: &Place, offset: u64, len: u64) -> Told<Vec<u8>> {
        match place {
            Place::Folder(_) => Ok(Err(ErrorCode::IsDirectory)),
            Place::Input(path) => {
                let content = self.vfs.content(path);
                let bytes = piece(&self.or_end(content)?, offset, len);
                self.vfs.count_read(bytes.len());
                Ok(Ok(bytes))
            }
            Place::Written(_, file) => {
                let bytes = file.body().read(offset, len, self.vfs.store());
                self.or_end(bytes).map(Ok)
            }
        }
    }

    /// Writes bytes to a file, at its end if no offset is given.
    pub(crate) fn write_file(
        &mut self,
        file: &SharedFile,
        at: Option<u64>,
        bytes: &[u8],
    ) -> Told<()> {
        let len = file.body().len();
        let offset = at.unwrap_or(len);
        let grown = offset.saturating_add(bytes.len() as u64).saturating_sub(len);
        let charged = self.vfs.layer.charge(grown);
        self.or_end(charged)?;
        let written = file.body().write(offset, bytes, self.vfs.store());
        self.told(written)
    }

    pub(super) fn set_file_len(&mut self, file: &SharedFile, len: u64) -> Told<()> {
        let old = file.body().len();
        let charged = self.vfs.layer.charge(len.saturating_sub(old));
        self.or_end(charged)?;
        let set = file.body().set_len(len, self.vfs.store());
        if set.is_ok() {
            self.vfs.layer.release(old.saturating_sub(len));
        }
        self.told(set)
    }

    pub(super) fn told<T>(&mut self, result: std::result::Result<T, BodyError>) -> Told<T> {
        match result {
            Ok(value) => Ok(Ok(value)),
            Err(BodyError::Code(code)) => Ok(Err(code)),
            Err(BodyError::Fault(fault)) => self.end(fault),
        }
    }
}

impl Vfs {
    /// Returns what `stat` tells of a place, and records it.
    pub(super) fn stat(&mut self, found: &Found) -> std::result::Result<DescriptorStat, ErrorCode> {
        let (kind, size) = match found {
            Found::Written(_, file) => (DescriptorType::RegularFile, file.body().len()),
            Found::Missing(path) => {
                self.absent(path);
                return Err(ErrorCode::NoEntry);
            }
            Found::Folder(path) => {
                self.present(path);
                (DescriptorType::Directory, 0)
            }
            Found::Input(path) | Found::Link(path) => {
                match self.ask(Question::Stat(path.clone())) {
                    Answer::Stat(kind, size) => (descriptor_type(kind), size),
                    _ => return Err(ErrorCode::NoEntry),
                }
            }
        };
        Ok(DescriptorStat {
            type_: kind,
            link_count: 1,
            size,
            data_access_timestamp: None,
            data_modification_timestamp: Some(MOMENT),
            status_change_timestamp: None,
        })
    }

    /// Returns the entries of a folder, sorted, and records what the inputs have there.
    pub(super) fn entries(&mut self, path: &WorkspacePath) -> EntryStream {
        let mut kinds = self.layer.children(path);
        if !super::layer::is_scratch(path)
            && let Answer::Listing(listed) = self.ask(Question::Listing(path.clone()))
        {
            for (name, kind) in listed {
                kinds.entry(name).or_insert(kind);
            }
        }
        let entry = |(name, kind)| DirectoryEntry { type_: descriptor_type(kind), name };
        EntryStream(kinds.into_iter().rev().map(entry).collect())
    }
}

const fn descriptor_type(kind: NodeKind) -> DescriptorType {
    match kind {
        NodeKind::File => DescriptorType::RegularFile,
        NodeKind::Directory => DescriptorType::Directory,
        NodeKind::Symlink => DescriptorType::SymbolicLink,
    }
}

/// The identity of a node: of its place, never of its content, so that it is no Observation.
pub(super) fn identity(path: &WorkspacePath) -> MetadataHashValue {
    let hash = blake3::hash(path.as_str().as_bytes());
    let half = |from: usize| {
        let bytes = hash.as_bytes()[from..from + 8].try_into();
        u64::from_le_bytes(bytes.expect("a hash has 32 bytes"))
    };
    MetadataHashValue { lower: half(0), upper: half(8) }
}

/// What an open place would be found as.
pub(super) fn found(place: &Place) -> Found {
    match place.clone() {
        Place::Folder(path) => Found::Folder(path),
        Place::Input(path) => Found::Input(path),
        Place::Written(path, file) => Found::Written(path, file),
    }
}
