//! What the user writes in the environment's `with` table.

mod check;

use std::collections::BTreeMap;

use belljar_sdk::serde_json::Value;

/// How a release goes live.
#[belljar_sdk::config]
pub struct Config {
    /// What is done, in this order. The release is healthy when all of them say so.
    pub strategies: Vec<Strategy>,
}

/// One way to deploy: exactly one of the three. They are keys and not an enum, so that a mistake
/// within one is shown at its place.
#[belljar_sdk::config]
pub struct Strategy {
    /// Puts files into the environment's storage, and switches a pointer to them.
    pub directory: Option<Directory>,
    /// Sends files to a server.
    pub http: Option<Http>,
    /// Runs tools.
    pub tool: Option<Tool>,
}

/// What a [`Strategy`] is.
#[derive(Clone, Copy)]
pub(crate) enum Kind<'a> {
    Directory(&'a Directory),
    Http(&'a Http),
    Tool(&'a Tool),
}

impl Strategy {
    /// What it is: one thing, once it is checked.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = Kind<'_>> {
        let directory = self.directory.iter().map(Kind::Directory);
        directory.chain(self.http.iter().map(Kind::Http)).chain(self.tool.iter().map(Kind::Tool))
    }
}

impl Config {
    /// All strategies, each with its place in the list.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = (usize, Kind<'_>)> {
        let strategies = self.strategies.iter().enumerate();
        strategies.flat_map(|(at, strategy)| strategy.kinds().map(move |kind| (at, kind)))
    }
}

/// Puts files into the environment's storage, and switches a pointer to them.
#[belljar_sdk::config]
pub struct Directory {
    /// Globs of the shipped files to put there. By default all.
    #[serde(default = "everything")]
    pub files: Vec<String>,
    /// Globs of files to leave out.
    #[serde(default)]
    pub except: Vec<String>,
    /// The folder of the storage. By default its root.
    #[serde(default)]
    pub to: String,
    /// How many releases stay, the live one included.
    #[serde(default = "three")]
    pub keep: u32,
}

/// Sends files to a server, and asks whether the release is well. At least one of the three.
#[belljar_sdk::config]
pub struct Http {
    /// A request for each file.
    pub upload: Option<Upload>,
    /// The request that makes them live, sent last.
    pub activate: Option<Activate>,
    /// The request that tells how the release is.
    pub health: Option<Health>,
}

/// A request for each file.
#[belljar_sdk::config]
pub struct Upload {
    /// The address; `{release}`, `{path}` and `{environment}` are filled in.
    pub url: String,
    /// The method.
    #[serde(default = "put")]
    pub method: Method,
    /// Globs of the shipped files to send. By default all.
    #[serde(default = "everything")]
    pub files: Vec<String>,
    /// Globs of files to leave out.
    #[serde(default)]
    pub except: Vec<String>,
    /// A folder that is taken off the front of `{path}`.
    #[serde(default)]
    pub strip: String,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Headers whose value is a secret.
    #[serde(default)]
    pub secret_headers: Vec<SecretHeader>,
    /// Status codes that count as success.
    #[serde(default = "done")]
    pub expect: Vec<u16>,
    /// How long each request may take, in milliseconds. By default 30000.
    pub time_limit_ms: Option<u64>,
}

/// The request that makes a release live.
#[belljar_sdk::config]
pub struct Activate {
    /// The address; `{release}` and `{environment}` are filled in.
    pub url: String,
    /// The method.
    #[serde(default = "post")]
    pub method: Method,
    /// What it carries, as JSON; `{release}` and `{environment}` are filled in within texts.
    pub json: Option<Value>,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Headers whose value is a secret.
    #[serde(default)]
    pub secret_headers: Vec<SecretHeader>,
    /// Status codes that count as success.
    #[serde(default = "done")]
    pub expect: Vec<u16>,
    /// How long it may take, in milliseconds. By default 30000.
    pub time_limit_ms: Option<u64>,
}

/// The request that tells how a release is: a GET.
#[belljar_sdk::config]
pub struct Health {
    /// The address; `{release}` and `{environment}` are filled in.
    pub url: String,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Headers whose value is a secret.
    #[serde(default)]
    pub secret_headers: Vec<SecretHeader>,
    /// Status codes of a healthy release.
    #[serde(default = "ok")]
    pub expect: Vec<u16>,
    /// What the answer must hold: values by JSON pointer, such as `"/status" = "ok"`.
    #[serde(default)]
    pub json: BTreeMap<String, Value>,
    /// Where the answer names the live release: a JSON pointer to its id, or to the id's digits.
    pub release: Option<String>,
    /// How long it may take, in milliseconds. By default 30000.
    pub time_limit_ms: Option<u64>,
}

/// The method of a request.
#[belljar_sdk::config]
#[derive(Copy, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// `PUT`.
    Put,
    /// `POST`.
    Post,
    /// `PATCH`.
    Patch,
    /// `DELETE`.
    Delete,
}

impl Method {
    /// The name, in upper case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A header whose value is a secret.
#[belljar_sdk::config]
pub struct SecretHeader {
    /// The header.
    pub name: String,
    /// What stands before the value, such as `Bearer `.
    #[serde(default)]
    pub prefix: String,
    /// The secret's name in the pipeline file.
    pub secret: String,
}

/// Runs tools.
#[belljar_sdk::config]
pub struct Tool {
    /// The commands that deploy, run one after the other.
    #[serde(default)]
    pub apply: Vec<Command>,
    /// The command that looks: it ends as expected if the release is healthy.
    pub observe: Option<Command>,
}

/// One run of a tool.
#[belljar_sdk::config]
pub struct Command {
    /// The tool's name in the pipeline file, and its arguments. `{artifacts}`, `{release}`,
    /// `{environment}` and `{idempotency-key}` are filled in.
    pub command: Vec<String>,
    /// Environment variables; the same is filled in.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Environment variables whose value is a secret.
    #[serde(default)]
    pub secret_env: Vec<SecretEnv>,
    /// The folder it starts in. By default the root of the shipped files.
    #[serde(default)]
    pub cwd: String,
    /// Exit codes that count as success.
    #[serde(default = "zero")]
    pub expect: Vec<i32>,
}

/// An environment variable whose value is a secret.
#[belljar_sdk::config]
pub struct SecretEnv {
    /// The variable.
    pub name: String,
    /// What stands before the value.
    #[serde(default)]
    pub prefix: String,
    /// The secret's name in the pipeline file.
    pub secret: String,
}

fn everything() -> Vec<String> {
    vec!["**".to_owned()]
}

const fn three() -> u32 {
    3
}

const fn put() -> Method {
    Method::Put
}

const fn post() -> Method {
    Method::Post
}

fn done() -> Vec<u16> {
    vec![200, 201, 202, 204]
}

fn ok() -> Vec<u16> {
    vec![200]
}

fn zero() -> Vec<i32> {
    vec![0]
}
