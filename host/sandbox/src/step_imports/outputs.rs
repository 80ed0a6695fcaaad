//! `belljar:step/outputs`: whole files and files piece by piece, into the output layer.

use belljar_model::{Answer, Question, WorkspacePath};
use wasmtime::Result;
use wasmtime::component::Resource;

use super::digest_text;
use crate::bindings::plugin::belljar::step::outputs as wit;
use crate::bindings::plugin::belljar::step::outputs::OutError;
use crate::state::State;
use crate::vfs::{Body, Follow, Found, Mode, Scope, SharedFile};

/// A file in the making. It takes its place when it is finished.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct OutputWriter {
    path: WorkspacePath,
    file: SharedFile,
}

type Told<T> = Result<std::result::Result<T, OutError>>;

impl State {
    /// Checks that a file may be made at `text`: a declared output, or a scratch file.
    fn output(&self, text: &str) -> std::result::Result<WorkspacePath, OutError> {
        let path = Self::path(text).ok_or(OutError::InvalidPath)?;
        if !self.vfs.layer.takes_file(&path) {
            return Err(OutError::NotDeclared);
        }
        if self.vfs.layer.get(&path).is_some() {
            return Err(OutError::Exists);
        }
        Ok(path)
    }

    /// Puts a file in place and returns its digest.
    fn put(&mut self, path: &WorkspacePath, file: SharedFile, mode: Mode) -> Result<String> {
        let digest = file.body().digest(self.vfs.store());
        let digest = self.or_end(digest)?;
        let put = self.vfs.layer.put(path, file, mode);
        self.or_end(put)?;
        Ok(digest_text(&digest))
    }
}

impl wit::Host for State {
    fn write(&mut self, path: String, data: Vec<u8>, executable: bool) -> Told<String> {
        let path = match self.output(&path) {
            Ok(path) => path,
            Err(error) => return Ok(Err(error)),
        };
        let file = SharedFile::new(Body::empty());
        if self.write_file(&file, None, &data)?.is_err() {
            return Ok(Err(OutError::InvalidPath));
        }
        self.put(&path, file, Mode::from(executable)).map(Ok)
    }

    fn copy_input(&mut self, source: String, dest: String) -> Told<String> {
        let path = match self.output(&dest) {
            Ok(path) => path,
            Err(error) => return Ok(Err(error)),
        };
        if Self::path(&source).is_none() {
            return Ok(Err(OutError::InvalidPath));
        }
        let root = WorkspacePath::root();
        let source = match self.vfs.resolve(&root, &source, Follow::Yes, Scope::Inputs) {
            Ok(Found::Input(source)) => source,
            Ok(Found::Missing(missing)) => {
                self.vfs.absent(&missing);
                return Ok(Err(OutError::NoInput));
            }
            Ok(Found::Folder(folder)) => {
                self.vfs.present(&folder);
                return Ok(Err(OutError::NoInput));
            }
            Ok(Found::Link(_) | Found::Written(..)) | Err(_) => return Ok(Err(OutError::NoInput)),
        };
        let digest = self.vfs.copy_into_store(&source);
        let digest = self.or_end(digest)?;
        let charged = self.vfs.layer.charge(digest.size());
        self.or_end(charged)?;
        let executable = self.ask(Question::Executable(source)) == Answer::Flag(true);
        let file = SharedFile::new(Body::stored(digest));
        self.put(&path, file, Mode::from(executable)).map(Ok)
    }

    fn create(&mut self, path: String) -> Told<Resource<OutputWriter>> {
        match self.output(&path) {
            Ok(path) => {
                let file = SharedFile::new(Body::empty());
                Ok(Ok(self.table.push(OutputWriter { path, file })?))
            }
            Err(error) => Ok(Err(error)),
        }
    }
}

impl wit::HostWriter for State {
    fn append(&mut self, this: Resource<OutputWriter>, data: Vec<u8>) -> Told<()> {
        let file = self.table.get(&this)?.file.clone();
        Ok(self.write_file(&file, None, &data)?.map_err(|_| OutError::InvalidPath))
    }

    fn finish(&mut self, this: Resource<OutputWriter>, executable: bool) -> Told<String> {
        let OutputWriter { path, file } = self.table.delete(this)?;
        if self.vfs.layer.get(&path).is_some() {
            self.vfs.layer.release(file.body().len());
            return Ok(Err(OutError::Exists));
        }
        self.put(&path, file, Mode::from(executable)).map(Ok)
    }

    fn drop(&mut self, this: Resource<OutputWriter>) -> Result<()> {
        let len = self.table.delete(this)?.file.body().len();
        self.vfs.layer.release(len);
        Ok(())
    }
}
