//! EnvironmentOutlet: the way out of one environment.

use std::sync::Arc;

use belljar_model::delivery::{HttpAnswer, HttpRequest, ToolEffect};
use belljar_model::ports::{Outlet, OutletError, StoredObject, ToolAnswer};
use belljar_model::{Blame, Digest, Fault, WorkspacePath};
use bytes::Bytes;

use crate::blob::shipped;
use crate::code::NO_STORAGE;
use crate::http::Http;
use crate::storage::Storage;

/// Runs a tool of an environment, with what it reads from standard input. It asks
/// [`Secrets::fill`](crate::Secrets::fill) for the values of the tool's secrets.
pub type RunTool =
    Arc<dyn Fn(&ToolEffect, &Bytes) -> Result<ToolAnswer, OutletError> + Send + Sync>;

/// The way out of one environment: what is sent here is sent.
pub struct EnvironmentOutlet {
    http: Http,
    storage: Option<Box<dyn Storage>>,
    tools: RunTool,
}

impl EnvironmentOutlet {
    /// Puts the ways of one environment together. The client brings its grants and secrets.
    pub fn new(http: Http, storage: Option<Box<dyn Storage>>, tools: RunTool) -> Self {
        Self { http, storage, tools }
    }

    /// Does something with the storage; what it says holds no value of a secret.
    fn stored<T>(
        &self,
        call: impl FnOnce(&dyn Storage) -> Result<T, OutletError>,
    ) -> Result<T, OutletError> {
        let storage = self.storage.as_deref().ok_or_else(|| self.no_storage())?;
        call(storage).map_err(|error| self.http.secrets().mask_error(error))
    }

    fn no_storage(&self) -> OutletError {
        let environment = self.http.environment();
        let message = format!("environment `{environment}` has no storage");
        OutletError::Stop(Fault::new(Blame::Policy, NO_STORAGE, message).help(format!(
            "if it should have one, add `storage = \"fs:DIRECTORY\"` to \
             `[environment.{environment}]`"
        )))
    }
}

impl Outlet for EnvironmentOutlet {
    fn http(&self, request: &HttpRequest) -> Result<HttpAnswer, OutletError> {
        self.http.send(request)
    }

    fn may_send(&self, request: &HttpRequest) -> Result<(), OutletError> {
        self.http.may_send(request)
    }

    fn list(&self, prefix: &WorkspacePath) -> Result<Vec<StoredObject>, OutletError> {
        self.stored(|storage| storage.list(prefix))
    }

    fn read(&self, path: &WorkspacePath) -> Result<Bytes, OutletError> {
        Ok(self.http.secrets().mask(self.stored(|storage| storage.read(path))?))
    }

    fn put(&self, path: &WorkspacePath, blob: &Digest) -> Result<(), OutletError> {
        self.stored(|storage| storage.write(path, &shipped(self.http.blobs(), blob)?))
    }

    fn write(&self, path: &WorkspacePath, data: &Bytes) -> Result<(), OutletError> {
        self.stored(|storage| storage.write(path, data))
    }

    fn swap(
        &self,
        path: &WorkspacePath,
        expected: Option<&Bytes>,
        data: &Bytes,
    ) -> Result<(), OutletError> {
        self.stored(|storage| storage.swap(path, expected, data))
    }

    fn remove(&self, path: &WorkspacePath) -> Result<(), OutletError> {
        self.stored(|storage| storage.remove(path))
    }

    fn tool(&self, tool: &ToolEffect, stdin: &Bytes) -> Result<ToolAnswer, OutletError> {
        let secrets = self.http.secrets();
        for used in &tool.secrets {
            secrets.get(&used.secret).map_err(OutletError::Stop)?;
        }
        let answer = (self.tools)(tool, stdin).map_err(|error| secrets.mask_error(error))?;
        Ok(ToolAnswer {
            code: answer.code,
            stdout: secrets.mask(answer.stdout),
            stderr: secrets.mask(answer.stderr),
        })
    }
}
