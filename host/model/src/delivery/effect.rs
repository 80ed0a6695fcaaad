//! Effect: one thing that a deploying plugin does to the outside world, as a value.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::path::WorkspacePath;

/// A secret, used by name in one place. The host puts its value there when the request leaves.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SecretUse {
    /// The header or variable that will hold it.
    pub place: String,
    /// What stands before the value, such as `Bearer `.
    pub prefix: String,
    /// The secret's name.
    pub secret: String,
}

/// What a request carries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Body {
    /// Bytes that the plugin made.
    Bytes(Bytes),
    /// A shipped file, which never enters the plugin.
    Artifact(Digest),
}

impl Body {
    /// The digest of what is sent.
    pub fn digest(&self) -> Digest {
        match self {
            Self::Bytes(bytes) => Digest::of(bytes),
            Self::Artifact(digest) => *digest,
        }
    }
}

/// One HTTP request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HttpRequest {
    /// The method, in upper case.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// Names in lower case, and values, in the plugin's order.
    pub headers: Vec<(String, String)>,
    /// Headers whose value is a secret.
    pub secrets: Vec<SecretUse>,
    /// What it carries.
    pub body: Body,
    /// Status codes that count as success. A plan is made as if the first of them came back.
    pub expect: Vec<u16>,
    /// How long it may take, in milliseconds.
    pub time_limit_ms: u64,
}

/// The answer to an HTTP request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HttpAnswer {
    /// The status code.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// What came back.
    pub body: Bytes,
}

/// A run of a tool that changes the outside world.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ToolEffect {
    /// The tool's name in the pipeline file.
    pub tool: String,
    /// The arguments, without the program's own name.
    pub args: Vec<String>,
    /// Environment variables over those of the tool's declaration.
    pub env: BTreeMap<String, String>,
    /// Environment variables whose value is a secret.
    pub secrets: Vec<SecretUse>,
    /// What it reads from standard input.
    pub stdin: Digest,
    /// Digest of all artifacts that it sees.
    pub root: Digest,
    /// The directory it starts in, below the artifacts.
    pub cwd: WorkspacePath,
    /// Exit codes that count as success. A plan is made as if the first of them came back.
    pub expect: Vec<i32>,
}

/// One thing that a deploying plugin does to the outside world. A plan is a list of them; two
/// are the same if they are equal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Effect {
    /// Sends a request.
    Http {
        /// The method.
        method: String,
        /// The whole address.
        url: String,
        /// Names and values.
        headers: Vec<(String, String)>,
        /// Headers whose value is a secret.
        secrets: Vec<SecretUse>,
        /// The digest of what it carries.
        body: Digest,
        /// Status codes that count as success.
        expect: Vec<u16>,
    },
    /// Puts a shipped file into the storage.
    Put {
        /// Where.
        path: WorkspacePath,
        /// Its digest.
        blob: Digest,
    },
    /// Writes into the storage.
    Write {
        /// Where.
        path: WorkspacePath,
        /// The digest of what is written.
        data: Digest,
    },
    /// Replaces a small object if it still is what it was.
    Swap {
        /// Where.
        path: WorkspacePath,
        /// The digest of what must be there; `None` for nothing.
        expected: Option<Digest>,
        /// The digest of what is written.
        data: Digest,
    },
    /// Removes an object.
    Remove {
        /// Which.
        path: WorkspacePath,
    },
    /// Runs a tool.
    Tool(ToolEffect),
}

impl From<&HttpRequest> for Effect {
    fn from(request: &HttpRequest) -> Self {
        Self::Http {
            method: request.method.clone(),
            url: request.url.clone(),
            headers: request.headers.clone(),
            secrets: request.secrets.clone(),
            body: request.body.digest(),
            expect: request.expect.clone(),
        }
    }
}

impl std::fmt::Display for Effect {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Http { method, url, body, .. } => match body.size() {
                0 => write!(out, "{method} {url}"),
                size => write!(out, "{method} {url} ({})", crate::text::bytes(size)),
            },
            Self::Put { path, blob } => {
                write!(out, "put {path} ({}, {})", blob.short(), crate::text::bytes(blob.size()))
            }
            Self::Write { path, data } => {
                write!(out, "write {path} ({})", crate::text::bytes(data.size()))
            }
            Self::Swap { path, .. } => write!(out, "switch {path}"),
            Self::Remove { path } => write!(out, "remove {path}"),
            Self::Tool(tool) => write!(out, "run {} {}", tool.tool, tool.args.join(" ")),
        }
    }
}

/// What came back of an effect, as it is written down, so that an apply that was interrupted can
/// go on: the plugin is run again, and every effect that was done is answered from here.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum EffectAnswer {
    /// A storage call succeeded.
    Done,
    /// An HTTP answer; the body is a blob.
    Http {
        /// The status code.
        status: u16,
        /// Names and values.
        headers: Vec<(String, String)>,
        /// The digest of what came back.
        body: Digest,
    },
    /// A tool ended.
    Tool {
        /// Its exit code.
        code: i32,
        /// The digest of what it printed to standard output.
        stdout: Digest,
        /// The digest of what it printed to standard error.
        stderr: Digest,
    },
    /// It did not succeed, and the plugin was told why.
    Failed {
        /// Why: the name of the error, such as `unreachable`.
        error: String,
        /// One line for people.
        detail: String,
    },
}

/// A question about the storage, and its answer when the plan was made. While the plan is
/// applied it is answered from here, so that an apply which was interrupted can be repeated.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum StorageRead {
    /// A listing.
    List {
        /// The prefix.
        prefix: WorkspacePath,
        /// A blob: a JSON list of paths and sizes.
        answer: Digest,
    },
    /// A whole object.
    Read {
        /// Which.
        path: WorkspacePath,
        /// A blob: its content; `None` if nothing was there.
        answer: Option<Digest>,
    },
}
