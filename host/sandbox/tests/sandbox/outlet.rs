//! An outlet that writes down what is asked of it, and answers by the names that are used.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use belljar_model::delivery::{Body, HttpAnswer, HttpRequest, SecretUse, ToolEffect};
use belljar_model::ports::{Outlet, OutletError, StoredObject, ToolAnswer};
use belljar_model::{Blame, Code, Digest, Fault, WorkspacePath};
use bytes::Bytes;

/// What was asked, and what is stored.
#[derive(Default)]
pub(crate) struct Recording {
    calls: Mutex<Vec<String>>,
    /// The requests, in order.
    pub(crate) requests: Mutex<Vec<HttpRequest>>,
    /// The runs of tools, in order.
    pub(crate) tools: Mutex<Vec<ToolEffect>>,
    objects: Mutex<BTreeMap<WorkspacePath, Bytes>>,
}

impl Recording {
    /// All calls, as short texts.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    fn note(&self, call: String) -> MutexGuard<'_, BTreeMap<WorkspacePath, Bytes>> {
        self.calls.lock().unwrap().push(call);
        self.objects.lock().unwrap()
    }

    /// The error that the last segment of a name asks for.
    fn error(name: &str) -> Result<(), OutletError> {
        let why = || "because".to_owned();
        Err(match name.rsplit('/').next().unwrap_or_default() {
            "not-found" => OutletError::NotFound,
            "conflict" => OutletError::Conflict,
            "denied" => OutletError::Denied(why()),
            "unreachable" => OutletError::Unreachable(why()),
            "timeout" => OutletError::TimedOut,
            "too-large" => OutletError::TooLarge,
            "unexpected" => OutletError::Unexpected(why()),
            "stop" => OutletError::Stop(stop()),
            "crash" => panic!("a mistake of the outlet"),
            _ => return Ok(()),
        })
    }
}

/// The fault with which this outlet stops a guest.
pub(crate) fn stop() -> Fault {
    Fault::new(Blame::Policy, Code::new("E0999"), "it is not in the plan").note("a note")
}

fn secrets(secrets: &[SecretUse]) -> String {
    let text = |one: &SecretUse| format!(" {}={}<{}>", one.place, one.prefix, one.secret);
    secrets.iter().map(text).collect()
}

impl Outlet for Recording {
    fn http(&self, request: &HttpRequest) -> Result<HttpAnswer, OutletError> {
        let body = match &request.body {
            Body::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Body::Artifact(digest) => digest.short(),
        };
        let HttpRequest { method, url, headers, secrets: used, .. } = request;
        drop(self.note(format!("{method} {url} {headers:?}{} `{body}`", secrets(used))));
        self.requests.lock().unwrap().push(request.clone());
        Self::error(url)?;
        let body = Bytes::from_static(b"yes");
        let (status, headers) = (request.expect[0], vec![("etag".to_owned(), "1".to_owned())]);
        let status = if url.ends_with("/teapot") { 418 } else { status };
        Ok(HttpAnswer { status, headers, body })
    }

    fn may_send(&self, _: &HttpRequest) -> Result<(), OutletError> {
        Ok(())
    }

    fn list(&self, prefix: &WorkspacePath) -> Result<Vec<StoredObject>, OutletError> {
        let objects = self.note(format!("list {prefix}"));
        Self::error(prefix.as_str())?;
        let below = objects.iter().filter(|(path, _)| path.is_within(prefix));
        let stored = |(path, data): (&WorkspacePath, &Bytes)| StoredObject {
            path: path.clone(),
            size: data.len() as u64,
        };
        Ok(below.map(stored).collect())
    }

    fn read(&self, path: &WorkspacePath) -> Result<Bytes, OutletError> {
        let objects = self.note(format!("read {path}"));
        Self::error(path.as_str())?;
        objects.get(path).cloned().ok_or(OutletError::NotFound)
    }

    fn put(&self, path: &WorkspacePath, blob: &Digest) -> Result<(), OutletError> {
        let mut objects = self.note(format!("put {path} {}", blob.short()));
        Self::error(path.as_str())?;
        objects.insert(path.clone(), Bytes::from(blob.to_string()));
        Ok(())
    }

    fn write(&self, path: &WorkspacePath, data: &Bytes) -> Result<(), OutletError> {
        let mut objects = self.note(format!("write {path} {data:?}"));
        Self::error(path.as_str())?;
        objects.insert(path.clone(), data.clone());
        Ok(())
    }

    fn swap(
        &self,
        path: &WorkspacePath,
        expected: Option<&Bytes>,
        data: &Bytes,
    ) -> Result<(), OutletError> {
        let mut objects = self.note(format!("swap {path} {expected:?} {data:?}"));
        if objects.get(path) != expected {
            return Err(OutletError::Conflict);
        }
        objects.insert(path.clone(), data.clone());
        Ok(())
    }

    fn remove(&self, path: &WorkspacePath) -> Result<(), OutletError> {
        self.note(format!("remove {path}")).remove(path);
        Ok(())
    }

    fn tool(&self, tool: &ToolEffect, stdin: &Bytes) -> Result<ToolAnswer, OutletError> {
        let args = tool.args.join(" ");
        drop(self.note(format!("run {} {args}{} {stdin:?}", tool.tool, secrets(&tool.secrets))));
        self.tools.lock().unwrap().push(tool.clone());
        Self::error(&args)?;
        Ok(ToolAnswer { code: 3, stdout: Bytes::from_static(b"out"), stderr: Bytes::new() })
    }
}
