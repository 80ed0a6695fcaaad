//! Folder: a storage in a directory.

use std::io::ErrorKind;
use std::path::PathBuf;

use belljar_disk::{DiskError, Durability, Kind, Lock, Mode, Root, TEMP_PREFIX, Temp};
use belljar_model::WorkspacePath;
use belljar_model::ports::{MAX_ANSWER, OutletError, StoredObject};
use bytes::Bytes;

use super::Storage;

/// Whoever changes an object holds this. It is not an object.
const LOCK: &str = ".belljar-storage.lock";

/// A directory. It is made when something is first written.
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    fn existing(&self) -> Result<Option<Root>, OutletError> {
        match Root::open(&self.path) {
            Ok(root) => Ok(Some(root)),
            Err(error) if error.is_absent() => Ok(None),
            Err(error) => Err(failure(&error)),
        }
    }

    fn made(&self) -> Result<Root, OutletError> {
        Root::create(&self.path).map_err(|error| failure(&error))
    }

    /// Gives the object its new content, if `agreed` says so while nobody else can change it.
    fn place(
        &self,
        path: &WorkspacePath,
        data: &[u8],
        agreed: impl FnOnce(&Root) -> Result<(), OutletError>,
    ) -> Result<(), OutletError> {
        refuse_reserved(path)?;
        let root = self.made()?;
        let folder = path.parent().unwrap_or_else(WorkspacePath::root);
        let write = || {
            let lock = Lock::exclusive(&root, LOCK)?;
            if !folder.is_root() {
                root.create_dir_all(folder.as_str())?;
            }
            sweep(&root, &folder)?;
            let mut temp = Temp::new(&root, folder.as_str(), Mode::Plain)?;
            temp.append(data)?;
            Ok((temp, lock))
        };
        let (temp, lock) = write().map_err(|error| failure(&error))?;
        agreed(&root)?;
        temp.persist(path.as_str(), Durability::Synced).map_err(|error| failure(&error))?;
        drop(lock);
        Ok(())
    }
}

impl Storage for Folder {
    fn list(&self, prefix: &WorkspacePath) -> Result<Vec<StoredObject>, OutletError> {
        let Some(root) = self.existing()? else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        let mut waiting = vec![prefix.clone()];
        while let Some(path) = waiting.pop() {
            let stat = root.stat(path.as_str()).map_err(|error| failure(&error))?;
            match stat.map(|stat| (stat.kind, stat.size)) {
                Some((Kind::Directory, _)) => waiting.extend(entries(&root, &path)?),
                Some((Kind::File, size)) => found.push(StoredObject { path, size }),
                _ => {}
            }
        }
        found.sort();
        Ok(found)
    }

    fn read(&self, path: &WorkspacePath) -> Result<Bytes, OutletError> {
        refuse_reserved(path)?;
        let root = self.existing()?.ok_or(OutletError::NotFound)?;
        content(&root, path)?.ok_or(OutletError::NotFound)
    }

    fn write(&self, path: &WorkspacePath, data: &Bytes) -> Result<(), OutletError> {
        self.place(path, data, |_| Ok(()))
    }

    fn swap(
        &self,
        path: &WorkspacePath,
        expected: Option<&Bytes>,
        data: &Bytes,
    ) -> Result<(), OutletError> {
        self.place(path, data, |root| match content(root, path) {
            Ok(found) if found.as_ref() == expected => Ok(()),
            Ok(_) | Err(OutletError::TooLarge) => Err(OutletError::Conflict),
            Err(error) => Err(error),
        })
    }

    fn remove(&self, path: &WorkspacePath) -> Result<(), OutletError> {
        refuse_reserved(path)?;
        let Some(root) = self.existing()? else { return Ok(()) };
        let remove = || {
            let _lock = Lock::exclusive(&root, LOCK)?;
            root.remove(path.as_str())?;
            // Also if it was gone: whoever removed it may have been killed before this.
            remove_empty(&root, path)
        };
        remove().map_err(|error| failure(&error))
    }
}

/// What is in a directory and may be an object, or hold some.
fn entries(root: &Root, path: &WorkspacePath) -> Result<Vec<WorkspacePath>, OutletError> {
    let entries = match root.list(path.as_str()) {
        Ok(entries) => entries,
        Err(error) if error.is_absent() => return Ok(Vec::new()),
        Err(error) => return Err(failure(&error)),
    };
    let names = entries.iter().filter_map(|entry| entry.name.to_str());
    Ok(names.filter(|name| !is_reserved(name)).filter_map(|name| path.join(name)).collect())
}

/// Removes what writers who were killed left in a folder: users may be served from there. Whoever
/// calls this holds the lock, so nobody is writing.
fn sweep(root: &Root, folder: &WorkspacePath) -> Result<(), DiskError> {
    let files = root.list(folder.as_str())?.into_iter().filter(|entry| entry.kind == Kind::File);
    let names = files.filter_map(|entry| entry.name.into_string().ok());
    let left = names.filter(|name| name.starts_with(TEMP_PREFIX));
    for path in left.filter_map(|name| folder.join(&name)) {
        root.remove(path.as_str())?;
    }
    Ok(())
}

/// Removes the folders above an object that is gone, as far as nothing is in them any more:
/// objects have no folders. Whoever calls this holds the lock.
fn remove_empty(root: &Root, path: &WorkspacePath) -> Result<(), DiskError> {
    let mut above = path.parent();
    while let Some(folder) = above.filter(|folder| !folder.is_root()) {
        match root.stat(folder.as_str())?.map(|stat| stat.kind) {
            None => {}
            Some(Kind::Directory) => {
                sweep(root, &folder)?;
                if !root.list(folder.as_str())?.is_empty() {
                    break;
                }
                root.remove_dir_all(folder.as_str())?;
            }
            Some(_) => break,
        }
        above = folder.parent();
    }
    Ok(())
}

/// The content of an object; `None` if nothing is there.
fn content(root: &Root, path: &WorkspacePath) -> Result<Option<Bytes>, OutletError> {
    let stat = root.stat(path.as_str()).map_err(|error| failure(&error))?;
    match stat.map(|stat| (stat.kind, stat.size)) {
        None | Some((Kind::Directory, _)) => Ok(None),
        Some((Kind::File, size)) if size > MAX_ANSWER => Err(OutletError::TooLarge),
        Some((Kind::File, _)) => {
            let read = root.read_if_there(path.as_str()).map_err(|error| failure(&error))?;
            Ok(read.map(Bytes::from))
        }
        Some((Kind::Symlink | Kind::Special, _)) => {
            Err(OutletError::Denied(format!("`{path}` is a link or no file")))
        }
    }
}

/// Whether a name belongs to us.
fn is_reserved(name: &str) -> bool {
    name == LOCK || name.starts_with(TEMP_PREFIX)
}

fn refuse_reserved(path: &WorkspacePath) -> Result<(), OutletError> {
    if path.is_root() || path.segments().any(is_reserved) {
        return Err(OutletError::Denied(format!("`{path}` is not the path of an object")));
    }
    Ok(())
}

fn failure(error: &DiskError) -> OutletError {
    match error.kind() {
        ErrorKind::PermissionDenied
        | ErrorKind::NotADirectory
        | ErrorKind::IsADirectory
        | ErrorKind::AlreadyExists
        | ErrorKind::DirectoryNotEmpty
        | ErrorKind::InvalidFilename
        | ErrorKind::ReadOnlyFilesystem
        | ErrorKind::StorageFull
        | ErrorKind::QuotaExceeded => OutletError::Denied(error.to_string()),
        _ => OutletError::Unreachable(error.to_string()),
    }
}
