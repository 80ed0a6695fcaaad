//! Tools: programs that a step asks the host to run, and one run of a tool as an Action.
//!
//! A run of a tool is complete and hashable like a step's [`Action`](crate::Action): its key
//! covers the tool's identity, arguments, environment, input tree, declared outputs, and how it
//! is kept apart from the machine.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::action::ActionDigest;
use crate::action_result::OutputFile;
use crate::canonical::{Hashing, Visitor};
use crate::digest::Digest;
use crate::directory::Directory;
use crate::path::WorkspacePath;
use crate::pattern::Patterns;

/// How a tool is kept apart from the machine, the weakest first.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Not at all. Refused unless the operator and the step both allow it.
    T0,
    /// By something around this host that its operator declares, such as a single-use machine.
    T3,
    /// By Landlock and seccomp: contents, network and other processes are denied.
    T2,
    /// By namespaces, a file system of its own, seccomp and Landlock.
    #[default]
    T1,
    /// It is WebAssembly, and reaches only what the host implements.
    Wasm,
}

impl Tier {
    /// Its label in every record and report line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::T0 => "t0",
            Self::T3 => "t3",
            Self::T2 => "t2",
            Self::T1 => "t1",
            Self::Wasm => "wasm",
        }
    }

    /// The native tier with this label.
    pub fn parse(label: &str) -> Option<Self> {
        [Self::T0, Self::T1, Self::T2, Self::T3].into_iter().find(|tier| tier.as_str() == label)
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// A tool as the pipeline file declares it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ToolSpec {
    /// The name by which steps are granted it and plugins ask for it.
    pub name: String,
    /// What is run.
    pub program: Program,
    /// More that it may read, besides what is found by looking at it: absolute paths, where
    /// `~/` is the user's home directory.
    pub closure: Vec<String>,
    /// Other tools of the file that it may start.
    pub uses: Vec<String>,
    /// Its environment, before what a step adds. A leading `~/` in a value is the user's home.
    pub env: BTreeMap<String, String>,
    /// Arguments with which it prints its version, which then belongs to its identity; empty
    /// if only its bytes do.
    pub version: Vec<String>,
    /// Files of the workspace whose contents belong to its identity.
    pub identity: Vec<WorkspacePath>,
}

/// What a tool is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Program {
    /// A native executable: an absolute path, a path that begins with `~/`, or a name that is
    /// looked up in `PATH`.
    Native(String),
    /// A WASI command of this workspace: a component, or a core module of WASI 0.1.
    Wasm(WorkspacePath),
}

/// A tool that a step was granted, as far as a key must know it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct GrantedTool {
    /// Its identity: changes when the executable does, or whatever else the user names.
    pub identity: Digest,
    /// How it will be kept apart.
    pub tier: Tier,
}

/// A folder that outlives the runs of a tool, such as a compiler's build folder.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct StateMount {
    /// The name: all steps of a workspace that name it share the folder.
    pub name: String,
    /// Where the tool finds it.
    pub path: WorkspacePath,
}

/// One run of a tool: everything that its result may depend on, but for what `state` and
/// `network` let in.
#[derive(Clone, Debug)]
pub struct ToolAction {
    /// The tool's name, for people. Not in the key.
    pub tool: String,
    /// What the run is for, for people: the prefix of its lines. Not in the key.
    pub label: String,
    /// Which tool, and how it is kept apart.
    pub granted: GrantedTool,
    /// The arguments, without the program's own name. `{workspace}` is filled in with the
    /// absolute path of the workspace as the tool sees it.
    pub args: Vec<String>,
    /// The environment, over what the tool's declaration sets. Values are filled in like `args`.
    pub env: BTreeMap<String, String>,
    /// Variables whose values are secrets: the secret as it was granted, by the variable's name.
    /// A value is put in when the tool is started, and is no part of the key.
    pub secrets: BTreeMap<String, String>,
    /// Where it starts.
    pub cwd: WorkspacePath,
    /// What it is fed on standard input.
    pub stdin: Digest,
    /// The files it finds in the workspace.
    pub root: Arc<Directory>,
    /// Where what it makes is taken from. All else that it writes is dropped.
    pub writes: Patterns,
    /// Folders that outlive the run, sorted.
    pub state: Vec<StateMount>,
    /// Hosts that it may connect to, as `host:port`, sorted.
    pub network: Vec<String>,
}

impl ToolAction {
    /// Returns the key under which the result of this run is recorded.
    pub fn digest(&self) -> ActionDigest {
        let Self {
            tool: _,
            label: _,
            granted: GrantedTool { identity, tier },
            args,
            env,
            secrets,
            cwd,
            stdin,
            root,
            writes,
            state,
            network,
        } = self; // no field forgotten
        let mut hashing = Hashing::new();
        hashing.field("tool", "", identity.to_string().as_bytes());
        hashing.field("tier", "", tier.as_str().as_bytes());
        for arg in args {
            hashing.field("argument", "", arg.as_bytes());
        }
        for (name, value) in env {
            hashing.field("environment", name, value.as_bytes());
        }
        for (name, secret) in secrets {
            hashing.field("secret", name, secret.as_bytes());
        }
        hashing.field("directory", "", cwd.as_str().as_bytes());
        hashing.field("stdin", "", stdin.to_string().as_bytes());
        hashing.field("input root", "", root.digest().to_string().as_bytes());
        for pattern in writes.texts() {
            hashing.field("output", pattern, b"");
        }
        for StateMount { name, path } in state {
            hashing.field("state", name, path.as_str().as_bytes());
        }
        for host in network {
            hashing.field("network", host, b"");
        }
        ActionDigest::from_bytes(hashing.finish("belljar 2026 tool action v1"))
    }
}

/// A symbolic link that a tool made. It is recorded, and never followed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OutputLink {
    /// Where it is.
    pub path: WorkspacePath,
    /// Where it points, as written.
    pub target: String,
}

/// What one run of a tool produced.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ToolResult {
    /// Its exit code. A tool that died of a signal or was ended by the host has no result.
    pub code: i32,
    /// A blob of what it printed to standard output, cut at the limit for logs.
    pub stdout: Digest,
    /// A blob of what it printed to standard error, cut at the limit for logs.
    pub stderr: Digest,
    /// A blob of both as JSON lines ([`crate::event::LogLine`]), in the order of arrival;
    /// `None` if it was silent.
    pub log: Option<Digest>,
    /// The files that it made where `writes` allows, sorted by path.
    pub outputs: Vec<OutputFile>,
    /// The links that it made where `writes` allows, sorted by path.
    pub links: Vec<OutputLink>,
    /// What it cost.
    pub cost: ToolCost,
}

/// What one run of a tool cost. Not part of the result's identity.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct ToolCost {
    /// Wall time in microseconds, from the start of its sandbox to the end of its last process.
    pub wall_us: u64,
    /// The part of it that passed before the tool itself started: making the sandbox and
    /// putting its inputs in place.
    pub setup_us: u64,
    /// The most memory that its processes held together, in bytes, as far as it was seen.
    pub peak_memory: u64,
}

/// How the tools of one execution were kept apart, and what came in beside its inputs: the
/// label of a result of class exec.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Isolation {
    /// The weakest tier of any of its runs.
    pub tier: Tier,
    /// The names of the state folders that they saw. Such a result is `stateful`: it stays on
    /// this machine.
    pub state: Vec<String>,
    /// The hosts that they could connect to. Such a result is not hermetic.
    pub network: Vec<String>,
}

impl Isolation {
    /// The isolation of one run.
    pub fn of(action: &ToolAction) -> Self {
        let state = action.state.iter().map(|mount| mount.name.clone()).collect();
        Self { tier: action.granted.tier, state, network: action.network.clone() }
    }

    /// The isolation of both: the weaker tier, and all that came in.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.tier = self.tier.min(other.tier);
        for (into, from) in [(&mut self.state, other.state), (&mut self.network, other.network)] {
            into.extend(from);
            into.sort();
            into.dedup();
        }
        self
    }
}

impl fmt::Display for Isolation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.tier.as_str())?;
        if !self.state.is_empty() {
            out.write_str(", stateful")?;
        }
        if !self.network.is_empty() {
            out.write_str(", not hermetic")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action() -> ToolAction {
        ToolAction {
            tool: "cc".to_owned(),
            label: String::new(),
            granted: GrantedTool { identity: Digest::of(b"cc"), tier: Tier::T1 },
            args: vec!["-c".to_owned(), "a.c".to_owned()],
            env: BTreeMap::from([("LANG".to_owned(), "C".to_owned())]),
            secrets: BTreeMap::new(),
            cwd: WorkspacePath::root(),
            stdin: Digest::of(b""),
            root: Arc::new(Directory::empty()),
            writes: Patterns::parse(&["a.o"]).unwrap(),
            state: Vec::new(),
            network: Vec::new(),
        }
    }

    #[test]
    fn every_field_that_matters_is_in_the_key_and_names_for_people_are_not() {
        let base = action().digest();
        let check = |change: &dyn Fn(&mut ToolAction), differs: bool| {
            let mut action = action();
            change(&mut action);
            assert_eq!(action.digest() != base, differs, "{action:?}");
        };
        let path = WorkspacePath::parse("target").unwrap();
        check(&|action| action.tool.push('x'), false);
        check(&|action| action.label.push('x'), false);
        check(&|action| action.granted.tier = Tier::T2, true);
        check(&|action| action.granted.identity = Digest::of(b"other"), true);
        check(&|action| action.args.swap(0, 1), true);
        check(&|action| action.args = vec!["-ca.c".to_owned()], true);
        check(&|action| drop(action.env.insert("LANG".to_owned(), "D".to_owned())), true);
        let secret = |name: &str| BTreeMap::from([("TOKEN".to_owned(), name.to_owned())]);
        check(&|action| action.secrets = secret("npm"), true);
        check(&|action| action.cwd = path.clone(), true);
        check(&|action| action.stdin = Digest::of(b"y"), true);
        check(&|action| action.writes = Patterns::none(), true);
        let mount = StateMount { name: "target".to_owned(), path: path.clone() };
        check(&|action| action.state.push(mount.clone()), true);
        check(&|action| action.network.push("a:1".to_owned()), true);
    }

    #[test]
    fn tiers_are_ordered_by_strength() {
        let mut tiers = [Tier::Wasm, Tier::T2, Tier::T0, Tier::T1, Tier::T3];
        tiers.sort();
        assert_eq!(tiers.map(Tier::as_str), ["t0", "t3", "t2", "t1", "wasm"]);
        assert_eq!(Tier::parse("t2"), Some(Tier::T2));
        assert_eq!(Tier::parse("wasm"), None, "not a choice of the operator");
    }

    #[test]
    fn the_isolation_of_two_runs_is_the_weaker_one_with_all_that_came_in() {
        let isolation = |tier, state: &[&str], network: &[&str]| Isolation {
            tier,
            state: state.iter().map(|&name| name.to_owned()).collect(),
            network: network.iter().map(|&name| name.to_owned()).collect(),
        };
        let both = isolation(Tier::T1, &["b"], &[]).and(isolation(Tier::T2, &["a", "b"], &["h:1"]));
        assert_eq!(both, isolation(Tier::T2, &["a", "b"], &["h:1"]));
        assert_eq!(both.to_string(), "t2, stateful, not hermetic");
    }
}
