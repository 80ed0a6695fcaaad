//! Describe: one tool of the pipeline file by itself, and the texts of its identity.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use belljar_disk::Root;
use belljar_model::tool::{Program, ToolSpec};
use belljar_model::{Blame, Digest, Fault};

use super::closure::{allowed, declared};
use super::layout::layout;
use super::memory::{Like, Memory};
use super::{Layout, Reason, Surroundings, lookup};
use crate::fault;

/// A tool, without the tools that it uses.
#[derive(Debug)]
pub(crate) struct Identified {
    /// What was found.
    pub(crate) layout: Layout,
    /// The digest of the executable.
    pub(crate) digest: Digest,
    /// The executables as they were when they were looked at.
    pub(crate) like: Vec<(PathBuf, Like)>,
    /// The environment that the pipeline file sets, with `~/` filled in.
    pub(crate) env: BTreeMap<String, String>,
    /// All that tells this tool from another, but for what its version command prints.
    pub(crate) texts: Vec<String>,
}

/// Looks at a tool.
pub(crate) fn describe(
    spec: &ToolSpec,
    at: &Surroundings,
    memory: &Memory,
) -> Result<Identified, Fault> {
    let Program::Native(program) = &spec.program else {
        let message = format!("tool `{}` is WebAssembly, and is not executed natively", spec.name);
        return Err(Fault::new(Blame::Configuration, fault::NOT_UNDERSTOOD, message));
    };
    let unclear = |why: String| {
        let message = format!("tool `{}` cannot be used: {why}", spec.name);
        Fault::new(Blame::Configuration, fault::NOT_UNDERSTOOD, message)
            .help(format!("set the executable itself in `[tools.{}]`: `path = \"/…\"`", spec.name))
    };
    let program = lookup(&spec.name, program, at)?;
    let mut layout = layout(&program, at).map_err(unclear)?;
    for path in declared(&spec.name, &spec.closure, at)? {
        layout.readable.insert(path, Reason::Declared);
    }
    for path in layout.readable.keys() {
        allowed(&spec.name, path, at)?;
    }
    let mut like = Vec::new();
    let mut texts = Vec::new();
    let mut members = vec![layout.executable.clone()];
    members.extend(layout.members.iter().filter(|member| **member != layout.executable).cloned());
    for member in &members {
        let (digest, now) = memory.digest(member).map_err(|error| fault::disk(&error))?;
        texts.push(format!("executable {digest}"));
        like.push((member.clone(), now));
    }
    let (digest, _) = memory.digest(&layout.executable).map_err(|error| fault::disk(&error))?;
    texts.extend(layout.marks.iter().map(|mark| format!("mark {mark}")));
    texts.extend(layout.readable.keys().map(|path| format!("reads {}", at.show(path))));
    texts.extend(spec.env.iter().map(|(name, value)| format!("sets {name}={value}")));
    texts.extend(identity_files(spec, &at.root)?);
    let home =
        |value: &String| at.expand(value).and_then(|path| path.into_os_string().into_string().ok());
    let fill = |(name, value): (&String, &String)| {
        (name.clone(), home(value).unwrap_or_else(|| value.clone()))
    };
    let env = spec.env.iter().map(fill).collect();
    Ok(Identified { layout, digest, like, env, texts })
}

/// The contents of the files that belong to the identity; one that is not there counts as such.
fn identity_files(spec: &ToolSpec, workspace: &Path) -> Result<Vec<String>, Fault> {
    if spec.identity.is_empty() {
        return Ok(Vec::new());
    }
    let root = Root::open(workspace).map_err(|error| fault::disk(&error))?;
    let text = |path: &belljar_model::WorkspacePath| {
        let read = root.read_if_there(path.as_str()).map_err(|error| fault::disk(&error))?;
        let digest =
            read.map_or_else(|| "absent".to_owned(), |bytes| Digest::of(&bytes).to_string());
        Ok(format!("file {path} {digest}"))
    };
    spec.identity.iter().map(text).collect()
}

/// The identity that these texts make. Their order does not matter to whoever reads them, but is
/// always the same.
pub(crate) fn identity(texts: &[String]) -> Digest {
    // As JSON no two lists of texts look alike.
    let listed = serde_json::to_vec(&("belljar 2026 tool v1", texts));
    Digest::of(&listed.expect("texts have a JSON form"))
}
