//! NativeTools: the native tools of a workspace, found once and then run by their identity.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use belljar_model::ports::{BlobSource, BlobStore};
use belljar_model::text::harmless;
use belljar_model::tool::ToolSpec;
use belljar_model::{Blame, Digest, Fault, Tier};

use crate::fault;
use crate::find::{
    Found, Identified, Like, Memory, Readable, Reason, Surroundings, describe, identity,
};
use crate::prepare::Runs;

/// What the tools of a workspace need.
#[derive(Clone)]
pub struct Options {
    /// A folder on the store's file system, for run folders.
    pub scratch: PathBuf,
    /// Where the state folders of this workspace are kept.
    pub state: PathBuf,
    /// A folder for what is remembered, such as digests of executables.
    pub memory: PathBuf,
    /// The workspace.
    pub root: PathBuf,
    /// The user's home.
    pub home: Option<PathBuf>,
    /// The user's `PATH`.
    pub path: Option<String>,
    /// Where the contents of inputs come from.
    pub blobs_in: Arc<dyn BlobSource>,
    /// Where outputs go.
    pub blobs_out: Arc<dyn BlobStore>,
    /// Where what is printed goes.
    pub printed: Arc<dyn BlobStore>,
    /// How tools are kept apart.
    pub tier: Tier,
}

/// Finds native tools, and executes them.
pub struct NativeTools {
    pub(crate) options: Options,
    pub(crate) runs: Runs,
    memory: Memory,
    known: Mutex<BTreeMap<Digest, Arc<Known>>>,
}

/// A tool that was found, and what its executables were like then.
pub(crate) struct Known {
    pub(crate) found: Found,
    like: Vec<(PathBuf, Like)>,
}

impl NativeTools {
    /// Opens the folders of the host. Run folders of processes that died are removed.
    ///
    /// # Errors
    /// When a folder cannot be made or read.
    pub fn open(options: Options) -> Result<Self, Fault> {
        let runs = Runs::open(&options.scratch)?;
        let memory = Memory::open(&options.memory).map_err(|error| fault::disk(&error))?;
        Ok(Self { options, runs, memory, known: Mutex::default() })
    }

    /// Finds the tool `name` and the tools that it uses, and remembers it, so that its runs can
    /// be executed by its identity.
    ///
    /// # Errors
    /// When it is not there, what it is cannot be told, or it would read what no tool may.
    pub fn find(&self, specs: &BTreeMap<String, ToolSpec>, name: &str) -> Result<Found, Fault> {
        let at = self.surroundings();
        let mut all = BTreeMap::new();
        for used in with_used(specs, name)? {
            all.insert(&used.name, describe(used, &at, &self.memory)?);
        }
        let mut own = all.remove(&name.to_owned()).expect("the walk begins with it");
        let env = joined_env(&own, &all);
        let mut texts = std::mem::take(&mut own.texts);
        for (used, other) in &all {
            texts.push(format!("uses {used} {}", identity(&other.texts)));
        }
        let path = own.layout.path.iter().chain(all.values().flat_map(|other| &other.layout.path));
        let mut seen = BTreeSet::new();
        let path = path.filter(|folder| seen.insert((*folder).clone())).cloned().collect();
        let mut found = Found {
            name: name.to_owned(),
            program: own.layout.program.clone(),
            executable: own.layout.executable.clone(),
            identity: own.digest,
            version: None,
            closure: joined_closure(&own, &all),
            path,
            env,
        };
        let spec = &specs[name];
        if !spec.version.is_empty() {
            let version = self.version(spec, &found, &texts)?;
            texts.push(format!("version {version}"));
            found.version = Some(version);
        }
        found.identity = identity(&texts);
        let like = all.into_values().flat_map(|other| other.like);
        let known =
            Known { found: found.clone(), like: own.like.into_iter().chain(like).collect() };
        let mut all_known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        all_known.insert(found.identity, Arc::new(known));
        Ok(found)
    }

    /// What is known about a tool of this identity, if it is still the same.
    pub(crate) fn known(&self, tool: &str, identity: &Digest) -> Result<Arc<Known>, Fault> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get(identity).cloned().ok_or_else(|| {
            let message = format!("tool `{tool}` was not looked for on this machine");
            Fault::new(Blame::Infrastructure, fault::UNKNOWN, message)
                .note(format!("its identity is {identity}"))
        })?;
        if let Some((path, _)) = known.like.iter().find(|(path, like)| !Memory::is_like(path, like))
        {
            let message = format!("tool `{tool}` was changed during the run");
            return Err(Fault::new(Blame::Infrastructure, fault::CHANGED, message)
                .note(format!("`{}` is another file than before", path.display()))
                .help("run again"));
        }
        Ok(known)
    }

    fn surroundings(&self) -> Surroundings {
        let Options { scratch, state, memory, root, home, path, .. } = &self.options;
        Surroundings {
            root: root.clone(),
            home: home.clone(),
            path: path.clone().unwrap_or_default(),
            own: vec![scratch.clone(), state.clone(), memory.clone()],
        }
    }

    /// What the version command prints. It runs once for each tool as it is now.
    fn version(&self, spec: &ToolSpec, found: &Found, texts: &[String]) -> Result<String, Fault> {
        let key = Digest::of(format!("{} {:?}", identity(texts), spec.version).as_bytes());
        if let Some(known) = self.memory.version(&key) {
            return Ok(known);
        }
        let (code, printed) = self.run_alone(found, &spec.version)?;
        let text = harmless_text(&printed);
        if code != 0 {
            let message = format!("the version command of tool `{}` ended with {code}", spec.name);
            let fault = Fault::new(Blame::Configuration, fault::NOT_UNDERSTOOD, message);
            let fault = text.lines().take(20).fold(fault, Fault::note);
            return Err(fault.help(format!("see `version` of `{}` in `[tools]`", spec.name)));
        }
        self.memory.keep_version(&key, &text).map_err(|error| fault::disk(&error))?;
        Ok(text)
    }
}

fn harmless_text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.trim_end().lines().map(harmless).collect::<Vec<_>>().join("\n")
}

/// The tool and all that it uses, directly or not; a circle ends where it began.
fn with_used<'a>(
    specs: &'a BTreeMap<String, ToolSpec>,
    name: &str,
) -> Result<Vec<&'a ToolSpec>, Fault> {
    let (mut found, mut names) = (Vec::new(), vec![name.to_owned()]);
    let mut seen = BTreeSet::new();
    while let Some(name) = names.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let spec = specs.get(&name).ok_or_else(|| {
            let message = format!("no tool `{name}` is declared");
            Fault::new(Blame::Configuration, fault::NOT_UNDERSTOOD, message)
                .help(format!("declare it: `tools.{name} = \"…\"`"))
        })?;
        names.extend(spec.uses.iter().cloned());
        found.push(spec);
    }
    Ok(found)
}

fn joined_env(own: &Identified, all: &BTreeMap<&String, Identified>) -> BTreeMap<String, String> {
    let mut env = BTreeMap::new();
    for other in all.values() {
        env.extend(other.layout.env.clone());
    }
    env.extend(own.layout.env.clone());
    env.extend(own.env.clone());
    env
}

fn joined_closure(own: &Identified, all: &BTreeMap<&String, Identified>) -> Vec<Readable> {
    let mut closure = own.layout.readable.clone();
    for (name, other) in all {
        for path in other.layout.readable.keys() {
            closure.entry(path.clone()).or_insert_with(|| Reason::Uses((*name).clone()));
        }
    }
    closure.into_iter().map(|(path, reason)| Readable { path, reason }).collect()
}
