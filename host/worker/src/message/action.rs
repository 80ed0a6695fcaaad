//! Actions and limits, as they are sent: trees by digest, patterns as their texts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use belljar_model::limits::Limit;
use belljar_model::ports::{ToolLimits, Variation};
use belljar_model::tool::{GrantedTool, StateMount};
use belljar_model::{
    Action, Class, Digest, Directory, Entry, Grant, Limits, Node, Patterns, ToolAction, View,
    WorkspacePath,
};
use serde::{Deserialize, Serialize};

/// What a folder holds under one name.
#[derive(Serialize, Deserialize)]
pub(crate) enum FolderNode {
    File { digest: Digest, executable: bool },
    Link(String),
    Folder(Digest),
}

impl From<&Node> for FolderNode {
    fn from(node: &Node) -> Self {
        match node {
            Node::File { digest, executable } => {
                Self::File { digest: *digest, executable: *executable }
            }
            Node::Symlink { target } => Self::Link(target.clone()),
            Node::Directory(folder) => Self::Folder(folder.digest()),
        }
    }
}

/// An Action whose tree is named by its digest.
#[derive(Serialize, Deserialize)]
pub(crate) struct SentAction {
    plugin: Digest,
    class: Class,
    config: String,
    grants: Vec<Grant>,
    outputs: Vec<String>,
    pub(crate) root: Digest,
    declared: Vec<String>,
    environment: BTreeMap<String, String>,
    tools: BTreeMap<String, GrantedTool>,
    pub(crate) variation: Variation,
}

impl SentAction {
    pub(crate) fn of(action: &Action, variation: Variation) -> Self {
        let Action { plugin, class, config, grants, outputs, view } = action;
        let View { root, declared, environment, tools } = view;
        Self {
            plugin: *plugin,
            class: *class,
            config: config.clone(),
            grants: grants.clone(),
            outputs: outputs.texts().to_vec(),
            root: root.digest(),
            declared: declared.texts().to_vec(),
            environment: (**environment).clone(),
            tools: (**tools).clone(),
            variation,
        }
    }

    /// The Action over its tree; `None` if a pattern is none.
    pub(crate) fn over(self, root: Arc<Directory>) -> Option<Action> {
        Some(Action {
            plugin: self.plugin,
            class: self.class,
            config: self.config,
            grants: self.grants,
            outputs: Patterns::parse(&self.outputs).ok()?,
            view: View {
                root,
                declared: Patterns::parse(&self.declared).ok()?,
                environment: Arc::new(self.environment),
                tools: Arc::new(self.tools),
            },
        })
    }
}

/// A number with the place where it was set.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Bound(u64, Option<String>);

impl Bound {
    fn of(limit: &Limit<u64>) -> Self {
        Self(limit.value, limit.set_at.clone())
    }

    fn of_time(limit: &Limit<Duration>) -> Self {
        let micros = u64::try_from(limit.value.as_micros()).unwrap_or(u64::MAX);
        Self(micros, limit.set_at.clone())
    }

    fn limit(self) -> Limit<u64> {
        Limit { value: self.0, set_at: self.1 }
    }

    fn time(self) -> Limit<Duration> {
        Limit { value: Duration::from_micros(self.0), set_at: self.1 }
    }
}

/// The limits of an Action, in the order of their declaration.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SentLimits([Bound; 8]);

impl From<&Limits> for SentLimits {
    fn from(limits: &Limits) -> Self {
        let Limits {
            time,
            memory,
            output_bytes,
            output_files,
            log_bytes,
            findings,
            tool_memory,
            tool_processes,
        } = limits;
        Self([
            Bound::of_time(time),
            Bound::of(memory),
            Bound::of(output_bytes),
            Bound::of(output_files),
            Bound::of(log_bytes),
            Bound::of(findings),
            Bound::of(tool_memory),
            Bound::of(tool_processes),
        ])
    }
}

impl From<SentLimits> for Limits {
    fn from(sent: SentLimits) -> Self {
        let [time, memory, bytes, files, log, findings, tool_memory, processes] = sent.0;
        Self {
            time: time.time(),
            memory: memory.limit(),
            output_bytes: bytes.limit(),
            output_files: files.limit(),
            log_bytes: log.limit(),
            findings: findings.limit(),
            tool_memory: tool_memory.limit(),
            tool_processes: processes.limit(),
        }
    }
}

/// The limits of a run of a tool, in the order of their declaration.
#[derive(Serialize, Deserialize)]
pub(crate) struct SentToolLimits([Bound; 6]);

impl From<&ToolLimits> for SentToolLimits {
    fn from(limits: &ToolLimits) -> Self {
        let ToolLimits { time, memory, processes, output_bytes, output_files, log_bytes } = limits;
        Self([
            Bound::of_time(time),
            Bound::of(memory),
            Bound::of(processes),
            Bound::of(output_bytes),
            Bound::of(output_files),
            Bound::of(log_bytes),
        ])
    }
}

impl From<SentToolLimits> for ToolLimits {
    fn from(sent: SentToolLimits) -> Self {
        let [time, memory, processes, bytes, files, log] = sent.0;
        Self {
            time: time.time(),
            memory: memory.limit(),
            processes: processes.limit(),
            output_bytes: bytes.limit(),
            output_files: files.limit(),
            log_bytes: log.limit(),
        }
    }
}

/// A run of a tool. Its tree goes as a digest to a worker, and as all its files from one, which
/// has just put it together.
#[derive(Serialize, Deserialize)]
pub(crate) struct SentTool {
    tool: String,
    label: String,
    granted: GrantedTool,
    args: Vec<String>,
    env: BTreeMap<String, String>,
    cwd: WorkspacePath,
    stdin: Digest,
    pub(crate) root: Option<Digest>,
    files: Vec<(WorkspacePath, FolderNode)>,
    writes: Vec<String>,
    state: Vec<StateMount>,
    network: Vec<String>,
    secrets: BTreeMap<String, String>,
    pub(crate) limits: SentToolLimits,
    pub(crate) cpus: u32,
}

impl SentTool {
    /// With all files of its tree.
    pub(crate) fn whole(action: &ToolAction, limits: &ToolLimits, cpus: u32) -> Self {
        let mut sent = Self::by_digest(action, limits, cpus);
        sent.root = None;
        let files = &mut sent.files;
        action.root.walk(&mut |path, node| files.push((path.clone(), FolderNode::from(node))));
        sent
    }

    /// With the digest of its tree.
    pub(crate) fn by_digest(action: &ToolAction, limits: &ToolLimits, cpus: u32) -> Self {
        Self {
            tool: action.tool.clone(),
            label: action.label.clone(),
            granted: action.granted,
            args: action.args.clone(),
            env: action.env.clone(),
            cwd: action.cwd.clone(),
            stdin: action.stdin,
            root: Some(action.root.digest()),
            files: Vec::new(),
            writes: action.writes.texts().to_vec(),
            state: action.state.clone(),
            network: action.network.clone(),
            secrets: action.secrets.clone(),
            limits: SentToolLimits::from(limits),
            cpus,
        }
    }

    /// The run over `root`, or over its own files; `None` if a pattern is none, or a folder
    /// stands among its files.
    pub(crate) fn over(
        self,
        root: Option<Arc<Directory>>,
    ) -> Option<(ToolAction, ToolLimits, u32)> {
        let mut entries = Vec::with_capacity(self.files.len());
        for (path, node) in self.files {
            let node = match node {
                FolderNode::File { digest, executable } => Node::File { digest, executable },
                FolderNode::Link(target) => Node::Symlink { target },
                FolderNode::Folder(_) => return None,
            };
            entries.push(Entry { path, node });
        }
        let action = ToolAction {
            tool: self.tool,
            label: self.label,
            granted: self.granted,
            args: self.args,
            env: self.env,
            cwd: self.cwd,
            stdin: self.stdin,
            root: root.unwrap_or_else(|| Arc::new(Directory::from_entries(entries))),
            writes: Patterns::parse(&self.writes).ok()?,
            state: self.state,
            network: self.network,
            secrets: self.secrets,
        };
        Some((action, self.limits.into(), self.cpus))
    }
}
