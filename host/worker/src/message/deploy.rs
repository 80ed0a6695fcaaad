//! Calls of plugins that deploy and their way out, as they are sent.

use belljar_model::delivery::{
    Artifact, Body, DeployPhase, HttpAnswer, HttpRequest, SecretUse, ToolEffect,
};
use belljar_model::ports::{DeployCall, OutletError, StoredObject, ToolAnswer};
use belljar_model::{Digest, WorkspacePath};
use serde::{Deserialize, Serialize};

use super::{Raw, SentFault, SentLimits};

/// A call of a plugin that deploys.
#[derive(Serialize, Deserialize)]
pub(crate) struct SentDeploy {
    pub(crate) phase: DeployPhase,
    pub(crate) config: String,
    pub(crate) environment: String,
    pub(crate) release: String,
    pub(crate) idempotency_key: String,
    pub(crate) artifacts: Vec<Artifact>,
    pub(crate) tools: Vec<String>,
    pub(crate) secrets: Vec<String>,
    pub(crate) limits: SentLimits,
}

impl From<&DeployCall<'_>> for SentDeploy {
    fn from(call: &DeployCall<'_>) -> Self {
        Self {
            phase: call.phase,
            config: call.config.to_owned(),
            environment: call.environment.to_owned(),
            release: call.release.to_owned(),
            idempotency_key: call.idempotency_key.to_owned(),
            artifacts: call.artifacts.to_vec(),
            tools: call.tools.to_vec(),
            secrets: call.secrets.to_vec(),
            limits: SentLimits::from(call.limits),
        }
    }
}

/// A use of the way out.
#[derive(Serialize, Deserialize)]
pub(crate) enum OutletAsk {
    Http(SentRequest),
    MaySend(SentRequest),
    List(WorkspacePath),
    Read(WorkspacePath),
    Put(WorkspacePath, Digest),
    Write(WorkspacePath, Raw),
    Swap(WorkspacePath, Option<Raw>, Raw),
    Remove(WorkspacePath),
    Tool(ToolEffect, Raw),
}

/// What came of it.
#[derive(Serialize, Deserialize)]
pub(crate) enum OutletAnswer {
    Done,
    Http { status: u16, headers: Vec<(String, String)>, body: Raw },
    Listed(Vec<(WorkspacePath, u64)>),
    Read(Raw),
    Tool { code: i32, stdout: Raw, stderr: Raw },
    Failed(SentError),
}

/// A request.
#[derive(Serialize, Deserialize)]
pub(crate) struct SentRequest {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    secrets: Vec<SecretUse>,
    body: SentBody,
    expect: Vec<u16>,
    time_limit_ms: u64,
}

#[derive(Serialize, Deserialize)]
enum SentBody {
    Bytes(Raw),
    Artifact(Digest),
}

impl From<&HttpRequest> for SentRequest {
    fn from(request: &HttpRequest) -> Self {
        let HttpRequest { method, url, headers, secrets, body, expect, time_limit_ms } = request;
        let body = match body {
            Body::Bytes(bytes) => SentBody::Bytes(Raw(bytes.clone())),
            Body::Artifact(digest) => SentBody::Artifact(*digest),
        };
        Self {
            method: method.clone(),
            url: url.clone(),
            headers: headers.clone(),
            secrets: secrets.clone(),
            body,
            expect: expect.clone(),
            time_limit_ms: *time_limit_ms,
        }
    }
}

impl From<SentRequest> for HttpRequest {
    fn from(sent: SentRequest) -> Self {
        let SentRequest { method, url, headers, secrets, body, expect, time_limit_ms } = sent;
        let body = match body {
            SentBody::Bytes(bytes) => Body::Bytes(bytes.0),
            SentBody::Artifact(digest) => Body::Artifact(digest),
        };
        Self { method, url, headers, secrets, body, expect, time_limit_ms }
    }
}

/// Why the way out failed.
#[derive(Serialize, Deserialize)]
pub(crate) enum SentError {
    NotFound,
    Conflict,
    Denied(String),
    Unreachable(String),
    TimedOut,
    TooLarge,
    Unexpected(String),
    Stop(SentFault),
}

impl From<OutletError> for SentError {
    fn from(error: OutletError) -> Self {
        match error {
            OutletError::NotFound => Self::NotFound,
            OutletError::Conflict => Self::Conflict,
            OutletError::Denied(why) => Self::Denied(why),
            OutletError::Unreachable(why) => Self::Unreachable(why),
            OutletError::TimedOut => Self::TimedOut,
            OutletError::TooLarge => Self::TooLarge,
            OutletError::Unexpected(what) => Self::Unexpected(what),
            OutletError::Stop(fault) => Self::Stop(fault.into()),
        }
    }
}

impl From<SentError> for OutletError {
    fn from(sent: SentError) -> Self {
        match sent {
            SentError::NotFound => Self::NotFound,
            SentError::Conflict => Self::Conflict,
            SentError::Denied(why) => Self::Denied(why),
            SentError::Unreachable(why) => Self::Unreachable(why),
            SentError::TimedOut => Self::TimedOut,
            SentError::TooLarge => Self::TooLarge,
            SentError::Unexpected(what) => Self::Unexpected(what),
            SentError::Stop(fault) => Self::Stop(fault.into()),
        }
    }
}

impl From<Result<(), OutletError>> for OutletAnswer {
    fn from(result: Result<(), OutletError>) -> Self {
        result.map_or_else(|error| Self::Failed(error.into()), |()| Self::Done)
    }
}

impl From<HttpAnswer> for OutletAnswer {
    fn from(answer: HttpAnswer) -> Self {
        let HttpAnswer { status, headers, body } = answer;
        Self::Http { status, headers, body: Raw(body) }
    }
}

impl From<Vec<StoredObject>> for OutletAnswer {
    fn from(objects: Vec<StoredObject>) -> Self {
        Self::Listed(objects.into_iter().map(|object| (object.path, object.size)).collect())
    }
}

impl From<ToolAnswer> for OutletAnswer {
    fn from(answer: ToolAnswer) -> Self {
        let ToolAnswer { code, stdout, stderr } = answer;
        Self::Tool { code, stdout: Raw(stdout), stderr: Raw(stderr) }
    }
}
