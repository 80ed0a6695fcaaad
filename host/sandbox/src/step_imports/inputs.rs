//! `belljar:step/inputs`: the declared inputs, and nothing that the step has written.

use belljar_model::{Answer, NodeKind, Patterns, Question, WorkspacePath};
use wasmtime::Result;

use super::digest_text;
use crate::bindings::plugin::belljar::step::inputs as wit;
use crate::bindings::plugin::belljar::step::inputs::FsError;
use crate::state::State;
use crate::vfs::{Follow, Found, Place, Scope};

/// The most bytes that one call carries.
pub(super) const MAX_CALL: u64 = 8 << 20;

type Told<T> = Result<std::result::Result<T, FsError>>;

impl State {
    /// Finds an input by its path, through links.
    fn input(&mut self, text: &str) -> std::result::Result<Found, FsError> {
        let Some(path) = Self::path(text) else { return Err(FsError::InvalidPath) };
        let root = WorkspacePath::root();
        match self.vfs.resolve(&root, text, Follow::Yes, Scope::Inputs) {
            Ok(Found::Missing(missing)) => {
                self.vfs.absent(&missing);
                Err(self.missing(path))
            }
            Ok(found) => Ok(found),
            // A link that leads nowhere, in a circle or out of the workspace.
            Err(_) => Err(self.missing(path)),
        }
    }

    fn missing(&mut self, path: WorkspacePath) -> FsError {
        match self.ask(Question::Declared(path)) {
            Answer::Flag(true) => FsError::NotFound,
            _ => FsError::NotDeclared,
        }
    }

    /// Finds an input file, and how large it is. That it is a file is for the caller to record.
    fn input_file(&mut self, text: &str) -> std::result::Result<(WorkspacePath, u64), FsError> {
        match self.input(text)? {
            Found::Input(path) => {
                let size = match self.vfs.view().answer(&Question::Stat(path.clone())) {
                    Answer::Stat(_, size) => size,
                    _ => 0,
                };
                Ok((path, size))
            }
            Found::Folder(path) => {
                self.vfs.present(&path);
                Err(FsError::NotAFile)
            }
            Found::Link(_) | Found::Written(..) | Found::Missing(_) => Err(FsError::NotFound),
        }
    }

    fn read_input(
        &mut self,
        text: &str,
        offset: u64,
        len: Option<u64>,
        most: u64,
    ) -> Told<Vec<u8>> {
        let (path, size) = match self.input_file(text) {
            Ok(file) => file,
            Err(error) => return Ok(Err(error)),
        };
        if len.is_none() && size > most {
            self.ask(Question::Stat(path));
            return Ok(Err(FsError::TooLarge));
        }
        let bytes = self.read_place(&Place::Input(path), offset, len.unwrap_or(size).min(most))?;
        Ok(bytes.map_err(|_| FsError::NotAFile))
    }

    fn patterns(&mut self, texts: &[String]) -> Result<()> {
        if let Err(error) = Patterns::parse(texts) {
            let what = format!("asked for files by a pattern that is not valid: {error}");
            let fault = self.misuse(&what);
            return self.end(fault);
        }
        Ok(())
    }
}

impl wit::Host for State {
    fn glob(&mut self, patterns: Vec<String>, except: Vec<String>) -> Result<Vec<wit::Match>> {
        self.patterns(&patterns)?;
        self.patterns(&except)?;
        let Answer::Paths(paths) = self.ask(Question::Glob { patterns, except }) else {
            return Ok(Vec::new());
        };
        let found = |(path, found): (WorkspacePath, NodeKind)| wit::Match {
            path: path.as_str().to_owned(),
            kind: kind(found),
        };
        Ok(paths.into_iter().map(found).collect())
    }

    fn stat(&mut self, path: String) -> Told<wit::Entry> {
        let path = match self.input(&path) {
            Ok(Found::Input(path) | Found::Folder(path)) => path,
            Ok(Found::Link(_) | Found::Written(..) | Found::Missing(_)) => {
                return Ok(Err(FsError::NotFound));
            }
            Err(error) => return Ok(Err(error)),
        };
        let Answer::Stat(found, size) = self.ask(Question::Stat(path.clone())) else {
            return Ok(Err(FsError::NotFound));
        };
        let executable =
            found == NodeKind::File && self.ask(Question::Executable(path)) == Answer::Flag(true);
        Ok(Ok(wit::Entry { kind: kind(found), size, executable }))
    }

    fn digest_of(&mut self, path: String) -> Told<String> {
        let path = match self.input_file(&path) {
            Ok((path, _)) => path,
            Err(error) => return Ok(Err(error)),
        };
        Ok(self.vfs.digest(&path).map(|digest| digest_text(&digest)).ok_or(FsError::NotFound))
    }

    fn read(&mut self, path: String) -> Told<Vec<u8>> {
        self.read_input(&path, 0, None, MAX_CALL)
    }

    fn read_range(&mut self, path: String, offset: u64, len: u32) -> Told<Vec<u8>> {
        self.read_input(&path, offset, Some(len.into()), MAX_CALL)
    }

    fn read_many(
        &mut self,
        paths: Vec<String>,
    ) -> Result<Vec<std::result::Result<Vec<u8>, FsError>>> {
        let mut left = MAX_CALL;
        let mut all = Vec::with_capacity(paths.len());
        for path in paths {
            let bytes = self.read_input(&path, 0, None, left)?;
            if let Ok(bytes) = &bytes {
                left -= bytes.len() as u64;
            }
            all.push(bytes);
        }
        Ok(all)
    }
}

const fn kind(kind: NodeKind) -> wit::Kind {
    match kind {
        NodeKind::File => wit::Kind::File,
        NodeKind::Directory => wit::Kind::Directory,
        NodeKind::Symlink => wit::Kind::Symlink,
    }
}
