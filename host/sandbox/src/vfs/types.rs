//! `wasi:filesystem`: how `std::fs` of a guest sees the tree.
//!
//! One folder is preopened, the root. A preopen with a longer name would capture relative paths
//! that start with it, because the guest's library strips the leading slash.

use belljar_model::ports::ListingOrder;
use belljar_model::{Answer, Question, WorkspacePath};
use wasmtime::Result;
use wasmtime::component::Resource;

use super::access::{found, identity};
use super::{Found, SharedFile};
use crate::bindings::ambient::wasi::filesystem::preopens;
use crate::bindings::ambient::wasi::filesystem::types::{
    self, Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode,
    MetadataHashValue, NewTimestamp,
};
use crate::io::{InputStream, MAX_PIECE, OutputStream, StreamFailure};
use crate::state::State;

/// Something that a guest has open.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Descriptor {
    pub(super) place: Place,
    pub(super) flags: DescriptorFlags,
}

/// What a descriptor or stream refers to.
#[derive(Clone)]
pub(crate) enum Place {
    /// A folder.
    Folder(WorkspacePath),
    /// An input file.
    Input(WorkspacePath),
    /// A written file, and where it was when it was opened.
    Written(WorkspacePath, SharedFile),
}

/// The entries of a folder that were not read yet, the last one first.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct EntryStream(pub(super) Vec<DirectoryEntry>);

/// A result that the guest sees.
pub(super) type Told<T> = Result<std::result::Result<T, ErrorCode>>;

impl Place {
    const fn path(&self) -> &WorkspacePath {
        match self {
            Self::Folder(path) | Self::Input(path) | Self::Written(path, _) => path,
        }
    }
}

impl preopens::Host for State {
    fn get_directories(&mut self) -> Result<Vec<(Resource<Descriptor>, String)>> {
        let place = Place::Folder(WorkspacePath::root());
        let flags = DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY;
        let root = self.table.push(Descriptor { place, flags })?;
        Ok(vec![(root, "/".to_owned())])
    }
}

impl types::Host for State {
    fn filesystem_error_code(
        &mut self,
        failure: Resource<StreamFailure>,
    ) -> Result<Option<ErrorCode>> {
        Ok(Some(self.table.get(&failure)?.code))
    }
}

impl types::HostDirectoryEntryStream for State {
    fn read_directory_entry(
        &mut self,
        stream: Resource<EntryStream>,
    ) -> Told<Option<DirectoryEntry>> {
        Ok(Ok(self.table.get_mut(&stream)?.0.pop()))
    }

    fn drop(&mut self, stream: Resource<EntryStream>) -> Result<()> {
        self.table.delete(stream)?;
        Ok(())
    }
}

impl types::HostDescriptor for State {
    fn read_via_stream(
        &mut self,
        this: Resource<Descriptor>,
        offset: u64,
    ) -> Told<Resource<InputStream>> {
        let Descriptor { place, flags } = self.table.get(&this)?;
        if matches!(place, Place::Folder(_)) {
            return Ok(Err(ErrorCode::IsDirectory));
        }
        if !flags.contains(DescriptorFlags::READ) {
            return Ok(Err(ErrorCode::BadDescriptor));
        }
        let stream = InputStream::File { place: place.clone(), offset };
        Ok(Ok(self.table.push(stream)?))
    }

    fn write_via_stream(
        &mut self,
        this: Resource<Descriptor>,
        offset: u64,
    ) -> Told<Resource<OutputStream>> {
        match self.writable(&this)? {
            Ok(file) => {
                let stream = OutputStream::File { file, offset: Some(offset) };
                Ok(Ok(self.table.push(stream)?))
            }
            Err(code) => Ok(Err(code)),
        }
    }

    fn append_via_stream(&mut self, this: Resource<Descriptor>) -> Told<Resource<OutputStream>> {
        match self.writable(&this)? {
            Ok(file) => Ok(Ok(self.table.push(OutputStream::File { file, offset: None })?)),
            Err(code) => Ok(Err(code)),
        }
    }

    fn advise(&mut self, _this: Resource<Descriptor>, _: u64, _: u64, _: Advice) -> Told<()> {
        Ok(Ok(()))
    }

    fn sync_data(&mut self, _this: Resource<Descriptor>) -> Told<()> {
        Ok(Ok(()))
    }

    fn get_flags(&mut self, this: Resource<Descriptor>) -> Told<DescriptorFlags> {
        Ok(Ok(self.table.get(&this)?.flags))
    }

    fn get_type(&mut self, this: Resource<Descriptor>) -> Told<DescriptorType> {
        Ok(Ok(match self.table.get(&this)?.place {
            Place::Folder(_) => DescriptorType::Directory,
            Place::Input(_) | Place::Written(..) => DescriptorType::RegularFile,
        }))
    }

    fn set_size(&mut self, this: Resource<Descriptor>, size: u64) -> Told<()> {
        match self.writable(&this)? {
            Ok(file) => self.set_file_len(&file, size),
            Err(code) => Ok(Err(code)),
        }
    }

    fn set_times(
        &mut self,
        this: Resource<Descriptor>,
        _: NewTimestamp,
        _: NewTimestamp,
    ) -> Told<()> {
        // There is one time for everything; for a written file, setting it is no mistake.
        Ok(match self.table.get(&this)?.place {
            Place::Written(..) => Ok(()),
            Place::Folder(_) | Place::Input(_) => Err(ErrorCode::NotPermitted),
        })
    }

    fn read(
        &mut self,
        this: Resource<Descriptor>,
        length: u64,
        offset: u64,
    ) -> Told<(Vec<u8>, bool)> {
        if !self.table.get(&this)?.flags.contains(DescriptorFlags::READ) {
            return Ok(Err(ErrorCode::BadDescriptor));
        }
        let place = self.place(&this)?;
        let bytes = self.read_place(&place, offset, length.min(MAX_PIECE))?;
        Ok(bytes.map(|bytes| {
            let is_end = length > 0 && bytes.is_empty();
            (bytes, is_end)
        }))
    }

    fn write(&mut self, this: Resource<Descriptor>, bytes: Vec<u8>, offset: u64) -> Told<u64> {
        let file = match self.writable(&this)? {
            Ok(file) => file,
            Err(code) => return Ok(Err(code)),
        };
        Ok(self.write_file(&file, Some(offset), &bytes)?.map(|()| bytes.len() as u64))
    }

    fn read_directory(&mut self, this: Resource<Descriptor>) -> Told<Resource<EntryStream>> {
        let Place::Folder(path) = self.place(&this)? else {
            return Ok(Err(ErrorCode::NotDirectory));
        };
        let mut entries = self.vfs.entries(&path);
        if self.variation.listing == ListingOrder::Reversed {
            entries.0.reverse(); // what was asked and told stays the same
        }
        Ok(Ok(self.table.push(entries)?))
    }

    fn sync(&mut self, _this: Resource<Descriptor>) -> Told<()> {
        Ok(Ok(()))
    }

    fn create_directory_at(&mut self, this: Resource<Descriptor>, path: String) -> Told<()> {
        self.create_folder(&this, &path)
    }

    fn stat(&mut self, this: Resource<Descriptor>) -> Told<DescriptorStat> {
        let place = self.place(&this)?;
        Ok(self.vfs.stat(&found(&place)))
    }

    fn stat_at(
        &mut self,
        this: Resource<Descriptor>,
        flags: types::PathFlags,
        path: String,
    ) -> Told<DescriptorStat> {
        Ok(match self.find(&this, flags, &path)? {
            Ok(found) => self.vfs.stat(&found),
            Err(code) => Err(code),
        })
    }

    fn set_times_at(
        &mut self,
        this: Resource<Descriptor>,
        flags: types::PathFlags,
        path: String,
        _: NewTimestamp,
        _: NewTimestamp,
    ) -> Told<()> {
        Ok(match self.find(&this, flags, &path)? {
            Ok(Found::Written(..)) => Ok(()),
            Ok(found) => self.vfs.stat(&found).and(Err(ErrorCode::NotPermitted)),
            Err(code) => Err(code),
        })
    }

    fn link_at(
        &mut self,
        _this: Resource<Descriptor>,
        _: types::PathFlags,
        _: String,
        _: Resource<Descriptor>,
        _: String,
    ) -> Told<()> {
        Ok(Err(ErrorCode::Unsupported))
    }

    fn open_at(
        &mut self,
        this: Resource<Descriptor>,
        path_flags: types::PathFlags,
        path: String,
        open_flags: types::OpenFlags,
        flags: DescriptorFlags,
    ) -> Told<Resource<Descriptor>> {
        let found = match self.find(&this, path_flags, &path)? {
            Ok(found) => found,
            Err(code) => return Ok(Err(code)),
        };
        match self.open(found, open_flags, flags)? {
            Ok(place) => Ok(Ok(self.table.push(Descriptor { place, flags })?)),
            Err(code) => Ok(Err(code)),
        }
    }

    fn readlink_at(&mut self, this: Resource<Descriptor>, path: String) -> Told<String> {
        Ok(match self.find(&this, types::PathFlags::empty(), &path)? {
            Ok(Found::Link(path)) => match self.ask(Question::Link(path)) {
                Answer::Link(target) => Ok(target),
                _ => Err(ErrorCode::NoEntry),
            },
            Ok(found) => self.vfs.stat(&found).and(Err(ErrorCode::Invalid)),
            Err(code) => Err(code),
        })
    }

    fn remove_directory_at(&mut self, this: Resource<Descriptor>, path: String) -> Told<()> {
        self.remove_folder(&this, &path)
    }

    fn rename_at(
        &mut self,
        this: Resource<Descriptor>,
        old: String,
        other: Resource<Descriptor>,
        new: String,
    ) -> Told<()> {
        self.rename((&this, &old), (&other, &new))
    }

    fn symlink_at(&mut self, _this: Resource<Descriptor>, _: String, _: String) -> Told<()> {
        Ok(Err(ErrorCode::Unsupported))
    }

    fn unlink_file_at(&mut self, this: Resource<Descriptor>, path: String) -> Told<()> {
        self.remove_file(&this, &path)
    }

    fn is_same_object(
        &mut self,
        this: Resource<Descriptor>,
        other: Resource<Descriptor>,
    ) -> Result<bool> {
        Ok(match (self.place(&this)?, self.place(&other)?) {
            (Place::Written(_, one), Place::Written(_, two)) => one.is_same(&two),
            (Place::Folder(one), Place::Folder(two)) | (Place::Input(one), Place::Input(two)) => {
                one == two
            }
            _ => false,
        })
    }

    fn metadata_hash(&mut self, this: Resource<Descriptor>) -> Told<MetadataHashValue> {
        Ok(Ok(identity(self.table.get(&this)?.place.path())))
    }

    fn metadata_hash_at(
        &mut self,
        this: Resource<Descriptor>,
        flags: types::PathFlags,
        path: String,
    ) -> Told<MetadataHashValue> {
        let path = match self.find(&this, flags, &path)? {
            Ok(Found::Missing(path)) => {
                self.vfs.absent(&path);
                return Ok(Err(ErrorCode::NoEntry));
            }
            Ok(
                Found::Folder(path)
                | Found::Input(path)
                | Found::Link(path)
                | Found::Written(path, _),
            ) => path,
            Err(code) => return Ok(Err(code)),
        };
        self.vfs.present(&path);
        Ok(Ok(identity(&path)))
    }

    fn drop(&mut self, this: Resource<Descriptor>) -> Result<()> {
        if let Place::Written(_, file) = self.table.delete(this)?.place {
            let settled = file.body().settle(self.vfs.store());
            self.or_end(settled)?;
        }
        Ok(())
    }
}
