//! From a plugin in the pipeline file to the bytes of a component.

mod cargo_build;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use belljar_disk::Root;
use belljar_model::ports::{BlobSource, Inputs};
use belljar_model::{Blame, Code, Digest, Fault, Node, Patterns, WorkspacePath};
use belljar_pipeline::{PluginLocation, PluginSource};
use bytes::Bytes;

use crate::terminal::Terminal;

/// A `builtin:` plugin that this program does not hold.
pub(crate) const E0311: Code = Code::new("E0311");
/// A plugin's file or folder that is not there.
pub(crate) const E0312: Code = Code::new("E0312");
/// A plugin's source folder that does not build.
pub(crate) const E0313: Code = Code::new("E0313");

/// The components inside this program: name, BLAKE3 hash, bytes.
const BUILTINS: &[(&str, [u8; 32], &[u8])] = include!(concat!(env!("OUT_DIR"), "/builtins.rs"));

/// A component that was found, and is read only if somebody needs its code.
pub(crate) struct Located {
    /// Its digest.
    pub(crate) digest: Digest,
    bytes: Place,
}

enum Place {
    Inside(&'static [u8]),
    Here(Bytes),
    Blob(Arc<dyn BlobSource>),
}

impl Located {
    /// Reads the component.
    pub(crate) fn bytes(&self) -> Result<Bytes, Fault> {
        match &self.bytes {
            Place::Inside(bytes) => Ok(Bytes::from_static(bytes)),
            Place::Here(bytes) => Ok(bytes.clone()),
            Place::Blob(blobs) => blobs.get(&self.digest)?.ok_or_else(|| {
                let message = "the file of a plugin or tool vanished while it was being loaded";
                Fault::new(Blame::Infrastructure, E0312, message)
            }),
        }
    }
}

/// Whether building a plugin may use the network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Network {
    /// Cargo may download what the lock file of the folder names, and write that file.
    Allowed,
    /// Cargo downloads nothing and changes no lock file (`--frozen`).
    Denied,
}

/// Where plugins of one workspace are looked for.
pub(crate) struct Locator<'a> {
    /// The workspace root.
    pub(crate) root: &'a Path,
    /// The workspace's state folder.
    pub(crate) state: &'a Path,
    /// Finds files of the workspace by their stat index.
    pub(crate) inputs: &'a dyn Inputs,
    /// Reads them.
    pub(crate) blobs: Arc<dyn BlobSource>,
    /// Whether building a plugin may use the network.
    pub(crate) network: Network,
    /// For the remark that a plugin is being built.
    pub(crate) terminal: &'a Terminal,
}

impl Locator<'_> {
    /// Finds the component of a plugin, building it first if it is a source folder.
    ///
    /// # Errors
    /// When it is not there, or does not build.
    pub(crate) fn locate(&self, name: &str, source: &PluginSource) -> Result<Located, Fault> {
        match &source.location {
            PluginLocation::Builtin(builtin) => locate_builtin(builtin),
            PluginLocation::Path(path) if is_component(path) => self.file("plugin", path),
            PluginLocation::Path(path) => self.locate_folder(name, path),
        }
    }

    /// Finds a component file of the workspace. `what` it is goes into messages.
    ///
    /// # Errors
    /// When it is not there.
    pub(crate) fn file(&self, what: &str, path: &WorkspacePath) -> Result<Located, Fault> {
        let missing = |why: String| {
            Fault::new(Blame::Configuration, E0312, format!("the {what} file `{path}` {why}"))
        };
        let patterns = Patterns::parse(&[path.as_str()]);
        let patterns = patterns.map_err(|error| missing(error.to_string()))?;
        let entries = self.inputs.snapshot(&patterns)?;
        match entries.into_iter().find(|entry| entry.path == *path).map(|entry| entry.node) {
            Some(Node::File { digest, .. }) => {
                Ok(Located { digest, bytes: Place::Blob(Arc::clone(&self.blobs)) })
            }
            Some(_) => Err(missing("is not a regular file".to_owned())),
            None => Err(missing("does not exist".to_owned())),
        }
    }

    fn locate_folder(&self, name: &str, path: &WorkspacePath) -> Result<Located, Fault> {
        let folder = self.root.join(path.as_str());
        let component =
            cargo_build::build((name, &folder), self.state, self.network, self.terminal)?;
        read_component(&component)
    }
}

/// Whether a plugin is a source folder, which is built here before it is loaded.
pub(crate) fn is_built_here(location: &PluginLocation) -> bool {
    match location {
        PluginLocation::Builtin(_) => false,
        PluginLocation::Path(path) => !is_component(path),
    }
}

/// Reads a component from anywhere on the machine, for `plugin inspect FILE`.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn read_component(file: &Path) -> Result<Located, Fault> {
    let failed = |why: String| {
        let message = format!("the plugin file `{}` cannot be read: {why}", file.display());
        Fault::new(Blame::Configuration, E0312, message)
    };
    let (folder, name) = split(file).ok_or_else(|| failed("it has no name".to_owned()))?;
    let folder = Root::open(&folder).map_err(|error| failed(error.to_string()))?;
    let bytes = folder.read(&name).map_err(|error| failed(error.to_string()))?;
    Ok(Located { digest: Digest::of(&bytes), bytes: Place::Here(Bytes::from(bytes)) })
}

/// The names of the components inside this program.
pub(crate) fn builtins() -> impl Iterator<Item = &'static str> {
    BUILTINS.iter().map(|(name, ..)| *name)
}

/// Finds a component inside this program.
///
/// # Errors
/// When there is none of this name.
pub(crate) fn locate_builtin(name: &str) -> Result<Located, Fault> {
    let found = BUILTINS.iter().find(|(builtin, ..)| *builtin == name);
    let Some((_, hash, bytes)) = found else {
        let names: Vec<_> = BUILTINS.iter().map(|(name, ..)| format!("`builtin:{name}`")).collect();
        let fault = Fault::new(
            Blame::Configuration,
            E0311,
            format!("this program holds no plugin `builtin:{name}`"),
        );
        return Err(if names.is_empty() {
            fault.help("it was built without plugins; build it with `cargo xtask install`")
        } else {
            fault.help(format!("it holds {}", names.join(", ")))
        });
    };
    let digest = Digest::from_parts(*hash, bytes.len() as u64);
    Ok(Located { digest, bytes: Place::Inside(bytes) })
}

/// Whether a plugin's path names a component; otherwise it names a source folder.
fn is_component(path: &WorkspacePath) -> bool {
    Path::new(path.as_str()).extension().is_some_and(|extension| extension == "wasm")
}

/// The folder and the name of a file.
fn split(file: &Path) -> Option<(PathBuf, String)> {
    let name = file.file_name()?.to_str()?.to_owned();
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    Some((parent.unwrap_or(Path::new(".")).to_owned(), name))
}
