//! Builds a plugin from a source folder, with cargo.
//!
//! A build runs the folder's own build scripts and macros, outside of any sandbox: it is for
//! plugins that the team owns (`docs/design/0004-plugins-from-source.md`). Starting cargo costs
//! more than a whole run without changes, so a note is kept of every file that the last build
//! read (rustc's dep-info, the manifests and the lock file); while none of them has another
//! size or time, cargo is not started.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use belljar_disk::{Mode, Root};
use belljar_model::{Blame, Fault};
use serde::{Deserialize, Serialize};

use super::{E0312, E0313, Network, split};
use crate::terminal::Terminal;

/// The folder of notes, below the workspace's state folder.
const FOLDER: &str = "plugins-v1";

/// What the last build read and made.
#[derive(Serialize, Deserialize, PartialEq, Eq)]
struct Note {
    component: PathBuf,
    read: Vec<Seen>,
}

/// A file as it was. Size and time are compared, as cargo does.
#[derive(Serialize, Deserialize, PartialEq, Eq)]
struct Seen {
    file: PathBuf,
    size: u64,
    modified_ns: i64,
}

/// Builds the plugin in `folder` unless it is fresh, and returns the component's file.
pub(super) fn build(
    (name, folder): (&str, &Path),
    state: &Path,
    network: Network,
    terminal: &Terminal,
) -> Result<PathBuf, Fault> {
    let manifest = folder.join("Cargo.toml");
    if see(&manifest).is_none() {
        let message = format!("the plugin folder `{}` holds no Cargo.toml", folder.display());
        return Err(Fault::new(Blame::Configuration, E0312, message)
            .help("a plugin's `path` is a `.wasm` file or a folder with a Rust package"));
    }
    let notes = Root::create(&state.join(FOLDER)).map_err(|error| infrastructure(&error))?;
    let note_name = format!("{name}.json");
    let note = notes.read(&note_name).ok().and_then(|note| serde_json::from_slice(&note).ok());
    if let Some(Note { component, read }) = note
        && read.iter().all(|seen| see(&seen.file).as_ref() == Some(seen))
    {
        return Ok(component);
    }
    terminal.remark(&format!("    Building plugin `{name}` from {} with cargo", folder.display()));
    let component = run_cargo(name, &manifest, network)?;
    let read = files_read(&manifest, &component).into_iter().filter_map(|file| see(&file));
    let note = Note { read: read.collect(), component };
    let text = serde_json::to_vec(&note).expect("a note is plain values");
    notes.write_atomic(&note_name, &text, Mode::Plain).map_err(|error| infrastructure(&error))?;
    Ok(note.component)
}

/// Runs cargo and returns the component that it says it made.
fn run_cargo(name: &str, manifest: &Path, network: Network) -> Result<PathBuf, Fault> {
    let output = Command::new("cargo")
        .args(["build", "--release", "--target", "wasm32-wasip2"])
        .args((network == Network::Denied).then_some("--frozen"))
        .arg("--message-format=json-render-diagnostics")
        .arg("--manifest-path")
        .arg(manifest)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| {
            Fault::new(
                Blame::Infrastructure,
                E0313,
                format!("plugin `{name}` is a source folder, but cargo cannot be started: {error}"),
            )
            .help("install Rust, or name a `.wasm` file as the plugin's `path`")
        })?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        let mut fault = Fault::new(
            Blame::Configuration,
            E0313,
            format!("plugin `{name}` does not build ({})", output.status),
        );
        fault.notes = words.lines().map(str::to_owned).collect();
        return Err(fault.help(match network {
            Network::Allowed => "rustup target add wasm32-wasip2, if the target is missing",
            Network::Denied => {
                "nothing is downloaded (`--frozen`, the default in CI): run `cargo \
                 fetch` in the folder before, or `--no-locked`"
            }
        }));
    }
    component_of(&output.stdout, manifest).ok_or_else(|| {
        let message = format!("plugin `{name}` was built, but it is not a component");
        Fault::new(Blame::Configuration, E0313, message)
            .help("its Cargo.toml needs `[lib]` with `crate-type = [\"cdylib\"]`")
    })
}

/// Finds the component in cargo's messages: the `.wasm` artifact of this manifest.
fn component_of(messages: &[u8], manifest: &Path) -> Option<PathBuf> {
    #[derive(Deserialize)]
    struct Message {
        reason: String,
        #[serde(default)]
        manifest_path: PathBuf,
        #[serde(default)]
        filenames: Vec<PathBuf>,
    }
    let manifest = manifest.canonicalize().ok()?;
    let messages = messages.split(|byte| *byte == b'\n');
    let messages = messages.filter_map(|line| serde_json::from_slice::<Message>(line).ok());
    messages
        .filter(|message| message.reason == "compiler-artifact")
        .filter(|message| message.manifest_path == manifest)
        .flat_map(|message| message.filenames)
        .find(|file| file.extension().is_some_and(|extension| extension == "wasm"))
}

/// Every file that decided what was built: the sources by rustc's dep-info, the manifests
/// above them, the lock file and the toolchain file.
fn files_read(manifest: &Path, component: &Path) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::from([component.to_owned(), manifest.to_owned()]);
    let dep_info = component.with_extension("d");
    if let Some(text) = read(&dep_info) {
        files.extend(dependencies(&text));
    }
    let folders: BTreeSet<_> =
        files.iter().flat_map(|file| file.ancestors().skip(1)).map(Path::to_owned).collect();
    for folder in folders {
        for name in ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", ".cargo/config.toml"] {
            files.insert(folder.join(name));
        }
    }
    files
}

/// Reads the files out of a Makefile rule as rustc writes it; a space in a name is `\ `.
fn dependencies(text: &str) -> Vec<PathBuf> {
    let Some((_, files)) = text.lines().next().unwrap_or_default().split_once(": ") else {
        return Vec::new();
    };
    let marked = files.replace("\\ ", "\0");
    marked.split_whitespace().map(|file| PathBuf::from(file.replace('\0', " "))).collect()
}

fn read(file: &Path) -> Option<String> {
    let (folder, name) = split(file)?;
    String::from_utf8(Root::open(&folder).ok()?.read(&name).ok()?).ok()
}

fn see(file: &Path) -> Option<Seen> {
    let (folder, name) = split(file)?;
    let stat = Root::open(&folder).ok()?.stat(&name).ok()??;
    Some(Seen { file: file.to_owned(), size: stat.size, modified_ns: stat.mtime_ns })
}

fn infrastructure(error: &belljar_disk::DiskError) -> Fault {
    Fault::new(Blame::Infrastructure, E0313, format!("a plugin cannot be built: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sources_are_read_from_dep_info() {
        let files = dependencies("/t/a.wasm: /s/lib.rs /s/with\\ space.rs\n\n/s/lib.rs:\n");
        assert_eq!(files, [Path::new("/s/lib.rs"), Path::new("/s/with space.rs")]);
    }

    #[test]
    fn the_component_is_the_wasm_of_the_manifest() {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let message = |manifest: &Path, file: &str| {
            serde_json::json!({
                "reason": "compiler-artifact", "manifest_path": manifest, "filenames": [file],
            })
        };
        let other = message(Path::new("/other/Cargo.toml"), "/t/other.wasm");
        let own = message(&manifest, "/t/own.wasm");
        let messages = format!("{other}\n{own}\nnot json\n");
        let found = component_of(messages.as_bytes(), &manifest);
        assert_eq!(found, Some(PathBuf::from("/t/own.wasm")));
    }
}
