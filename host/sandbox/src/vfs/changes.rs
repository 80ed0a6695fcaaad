//! Opening, making, moving and removing: which changes a step may make to its tree.

use belljar_model::event::LogLevel;
use belljar_model::{Question, WorkspacePath};
use wasmtime::component::Resource;

use super::layer::Written;
use super::types::Told;
use super::{Body, Descriptor, Follow, Found, Mode, Place, Scope, SharedFile};
use crate::bindings::ambient::wasi::filesystem::types::{
    DescriptorFlags, ErrorCode, OpenFlags, PathFlags,
};
use crate::state::State;

/// A descriptor and a path seen from it.
pub(super) type At<'a> = (&'a Resource<Descriptor>, &'a str);

impl State {
    /// Finds what `path` means, seen from an open folder.
    pub(super) fn find(
        &mut self,
        this: &Resource<Descriptor>,
        flags: PathFlags,
        path: &str,
    ) -> Told<Found> {
        let Place::Folder(base) = self.place(this)? else {
            return Ok(Err(ErrorCode::NotDirectory));
        };
        let follow =
            if flags.contains(PathFlags::SYMLINK_FOLLOW) { Follow::Yes } else { Follow::No };
        Ok(self.vfs.resolve(&base, path, follow, Scope::All))
    }

    /// The file behind a descriptor that is open for writing.
    pub(super) fn writable(&mut self, this: &Resource<Descriptor>) -> Told<SharedFile> {
        let Descriptor { place, flags } = self.table.get(this)?;
        Ok(match place {
            Place::Folder(_) => Err(ErrorCode::IsDirectory),
            Place::Written(_, file) if flags.contains(DescriptorFlags::WRITE) => Ok(file.clone()),
            Place::Input(_) | Place::Written(..) => Err(ErrorCode::BadDescriptor),
        })
    }

    pub(super) fn open(
        &mut self,
        found: Found,
        how: OpenFlags,
        flags: DescriptorFlags,
    ) -> Told<Place> {
        let changes = how.contains(OpenFlags::TRUNCATE) || flags.contains(DescriptorFlags::WRITE);
        let must_be_new = how.contains(OpenFlags::CREATE | OpenFlags::EXCLUSIVE);
        if let Found::Missing(path) = found {
            self.vfs.absent(&path);
            if !how.contains(OpenFlags::CREATE) || how.contains(OpenFlags::DIRECTORY) {
                return Ok(Err(ErrorCode::NoEntry));
            }
            return self.create(&path, Body::empty());
        }
        if must_be_new {
            return Ok(self.vfs.stat(&found).and(Err(ErrorCode::Exist)));
        }
        if how.contains(OpenFlags::DIRECTORY) && !matches!(found, Found::Folder(_)) {
            return Ok(self.vfs.stat(&found).and(Err(ErrorCode::NotDirectory)));
        }
        match found {
            Found::Folder(path) => {
                self.vfs.present(&path);
                Ok(if changes { Err(ErrorCode::IsDirectory) } else { Ok(Place::Folder(path)) })
            }
            Found::Input(path) if changes => self.shadow(&path, how),
            Found::Input(path) => {
                self.ask(Question::Stat(path.clone()));
                Ok(Ok(Place::Input(path)))
            }
            Found::Written(path, file) => {
                if how.contains(OpenFlags::TRUNCATE)
                    && let Err(code) = self.set_file_len(&file, 0)?
                {
                    return Ok(Err(code));
                }
                Ok(Ok(Place::Written(path, file)))
            }
            Found::Link(_) => Ok(self.vfs.stat(&found).and(Err(ErrorCode::Loop))),
            Found::Missing(_) => Ok(Err(ErrorCode::NoEntry)),
        }
    }

    /// Makes a writable file over an input that is also a declared output.
    fn shadow(&mut self, path: &WorkspacePath, how: OpenFlags) -> Told<Place> {
        self.vfs.present(path);
        if !self.vfs.layer.takes_file(path) {
            return Ok(Err(self.refuse(path)));
        }
        if how.contains(OpenFlags::TRUNCATE) {
            return self.create(path, Body::empty());
        }
        let digest = self.vfs.copy_into_store(path);
        let digest = self.or_end(digest)?;
        let charged = self.vfs.layer.charge(digest.size());
        self.or_end(charged)?;
        self.create(path, Body::stored(digest))
    }

    fn create(&mut self, path: &WorkspacePath, body: Body) -> Told<Place> {
        if !self.vfs.layer.takes_file(path) {
            return Ok(Err(self.refuse(path)));
        }
        let file = SharedFile::new(body);
        let put = self.vfs.layer.put(path, file.clone(), Mode::Plain);
        self.or_end(put)?;
        Ok(Ok(Place::Written(path.clone(), file)))
    }

    /// Says in the log what an error code cannot.
    fn refuse(&mut self, path: &WorkspacePath) -> ErrorCode {
        let reason = if self.deployment.is_some() {
            "a plugin that deploys makes no files"
        } else {
            "it is not among the step's outputs; `outputs` of the step can declare it"
        };
        let shown = belljar_model::text::short(path.as_str());
        let text = format!("`{shown}` cannot be written: {reason}");
        self.log.message(LogLevel::Warn, &text);
        ErrorCode::NotPermitted
    }

    pub(super) fn create_folder(&mut self, this: &Resource<Descriptor>, path: &str) -> Told<()> {
        let path = match self.find(this, PathFlags::empty(), path)? {
            Ok(Found::Missing(path)) => path,
            Ok(found) => return Ok(self.vfs.stat(&found).and(Err(ErrorCode::Exist))),
            Err(code) => return Ok(Err(code)),
        };
        self.vfs.absent(&path);
        if !path.parent().is_some_and(|above| self.has_folder(&above)) {
            return Ok(Err(ErrorCode::NoEntry));
        }
        if !self.vfs.layer.takes_folder(&path) {
            return Ok(Err(self.refuse(&path)));
        }
        let put = self.vfs.layer.put_folder(&path);
        self.or_end(put).map(Ok)
    }

    fn has_folder(&self, path: &WorkspacePath) -> bool {
        self.vfs.layer.has_folder(path) || self.vfs.view().root.folder(path).is_some()
    }

    pub(super) fn remove_file(&mut self, this: &Resource<Descriptor>, path: &str) -> Told<()> {
        let path = match self.find(this, PathFlags::empty(), path)? {
            Ok(Found::Written(path, _)) => path,
            Ok(Found::Folder(path)) => {
                self.vfs.present(&path);
                return Ok(Err(ErrorCode::IsDirectory));
            }
            Ok(found) => return Ok(self.vfs.stat(&found).and(Err(ErrorCode::NotPermitted))),
            Err(code) => return Ok(Err(code)),
        };
        if self.is_input(&path) {
            return Ok(Err(ErrorCode::NotPermitted));
        }
        self.vfs.layer.remove(&path);
        Ok(Ok(()))
    }

    pub(super) fn remove_folder(&mut self, this: &Resource<Descriptor>, path: &str) -> Told<()> {
        let path = match self.find(this, PathFlags::empty(), path)? {
            Ok(Found::Folder(path)) => path,
            Ok(found) => return Ok(self.vfs.stat(&found).and(Err(ErrorCode::NotDirectory))),
            Err(code) => return Ok(Err(code)),
        };
        if self.vfs.layer.below(&path).next().is_some() {
            return Ok(Err(ErrorCode::NotEmpty));
        }
        if self.is_input(&path) || path.as_str() == super::layer::SCRATCH {
            return Ok(Err(ErrorCode::NotPermitted));
        }
        self.vfs.layer.remove(&path);
        Ok(Ok(()))
    }

    /// Whether the inputs have something at `path`: it would show again if what the step made
    /// there were removed.
    fn is_input(&mut self, path: &WorkspacePath) -> bool {
        if super::layer::is_scratch(path) {
            return false;
        }
        if path.is_root() || self.vfs.view().root.get(path).is_some() {
            self.ask(Question::Stat(path.clone()));
            return true;
        }
        self.vfs.absent(path);
        false
    }

    pub(super) fn rename(&mut self, old: At<'_>, new: At<'_>) -> Told<()> {
        let from = match self.find(old.0, PathFlags::empty(), old.1)? {
            Ok(Found::Written(path, _) | Found::Folder(path)) => path,
            Ok(found) => return Ok(self.vfs.stat(&found).and(Err(ErrorCode::NotPermitted))),
            Err(code) => return Ok(Err(code)),
        };
        let to = match self.find(new.0, PathFlags::empty(), new.1)? {
            Ok(Found::Missing(path)) => {
                self.vfs.absent(&path);
                path
            }
            Ok(Found::Input(path) | Found::Folder(path) | Found::Written(path, _)) => {
                self.vfs.present(&path);
                path
            }
            Ok(found @ Found::Link(_)) => {
                return Ok(self.vfs.stat(&found).and(Err(ErrorCode::NotPermitted)));
            }
            Err(code) => return Ok(Err(code)),
        };
        if from == to {
            return Ok(Ok(()));
        }
        Ok(self
            .check_rename(&from, &to)
            .and_then(|()| self.vfs.layer.rename(&from, &to).map_err(|()| self.refuse(&to))))
    }

    fn check_rename(
        &mut self,
        from: &WorkspacePath,
        to: &WorkspacePath,
    ) -> std::result::Result<(), ErrorCode> {
        if self.is_input(from) || from.as_str() == super::layer::SCRATCH {
            return Err(ErrorCode::NotPermitted);
        }
        let is_folder = matches!(self.vfs.layer.get(from), Some(Written::Folder));
        let onto_folder = self.has_folder(to);
        if onto_folder && !is_folder {
            return Err(ErrorCode::IsDirectory);
        }
        if is_folder && to.is_within(from) {
            return Err(ErrorCode::Invalid);
        }
        let onto_file = !onto_folder
            && (self.vfs.layer.get(to).is_some() || self.vfs.view().root.get(to).is_some());
        if is_folder && onto_file {
            return Err(ErrorCode::NotDirectory);
        }
        if onto_folder && (self.vfs.layer.below(to).next().is_some() || self.is_input(to)) {
            return Err(ErrorCode::NotEmpty);
        }
        if !to.parent().is_some_and(|above| self.has_folder(&above)) {
            return Err(ErrorCode::NoEntry);
        }
        let fits =
            if is_folder { self.vfs.layer.takes_folder(to) } else { self.vfs.layer.takes_file(to) };
        if fits { Ok(()) } else { Err(self.refuse(to)) }
    }
}
