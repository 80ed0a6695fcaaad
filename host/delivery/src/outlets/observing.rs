//! Observing: an outlet that reads. What else it does must be in the plan.

use std::sync::Arc;

use belljar_model::delivery::{Effect, HttpAnswer, HttpRequest, ToolEffect};
use belljar_model::ports::{Outlet, OutletError, StoredObject, ToolAnswer};
use belljar_model::{Digest, WorkspacePath};
use bytes::Bytes;

use super::is_safe;
use crate::fault;

/// Reads, and does what the plan permits to observing.
pub(crate) struct Observing {
    real: Arc<dyn Outlet>,
    permitted: Vec<Effect>,
}

impl Observing {
    pub(crate) const fn new(real: Arc<dyn Outlet>, permitted: Vec<Effect>) -> Self {
        Self { real, permitted }
    }

    fn permit(&self, effect: &Effect) -> Result<(), OutletError> {
        if self.permitted.contains(effect) {
            return Ok(());
        }
        Err(OutletError::Stop(
            fault::deviates(effect, None)
                .note("observing reads; what else it does must be planned"),
        ))
    }

    fn never<T>(effect: &Effect) -> Result<T, OutletError> {
        Err(OutletError::Stop(fault::deviates(effect, None).note("observing writes nothing")))
    }
}

/// What observing may do beyond reading, of what it was seen to do.
pub(crate) fn beyond_reading(effects: Vec<Effect>) -> Vec<Effect> {
    let is_more = |effect: &Effect| match effect {
        Effect::Http { method, .. } => !is_safe(method),
        Effect::Tool(_) => true,
        _ => false,
    };
    let mut more: Vec<Effect> = Vec::new();
    for effect in effects {
        if is_more(&effect) && !more.contains(&effect) {
            more.push(effect);
        }
    }
    more
}

impl Outlet for Observing {
    fn http(&self, request: &HttpRequest) -> Result<HttpAnswer, OutletError> {
        if !is_safe(&request.method) {
            self.permit(&Effect::from(request))?;
        }
        self.real.http(request)
    }

    fn may_send(&self, request: &HttpRequest) -> Result<(), OutletError> {
        self.real.may_send(request)
    }

    fn list(&self, prefix: &WorkspacePath) -> Result<Vec<StoredObject>, OutletError> {
        self.real.list(prefix)
    }

    fn read(&self, path: &WorkspacePath) -> Result<Bytes, OutletError> {
        self.real.read(path)
    }

    fn put(&self, path: &WorkspacePath, blob: &Digest) -> Result<(), OutletError> {
        Self::never(&Effect::Put { path: path.clone(), blob: *blob })
    }

    fn write(&self, path: &WorkspacePath, data: &Bytes) -> Result<(), OutletError> {
        Self::never(&Effect::Write { path: path.clone(), data: Digest::of(data) })
    }

    fn swap(
        &self,
        path: &WorkspacePath,
        expected: Option<&Bytes>,
        data: &Bytes,
    ) -> Result<(), OutletError> {
        let (path, expected) = (path.clone(), expected.map(|bytes| Digest::of(bytes)));
        Self::never(&Effect::Swap { path, expected, data: Digest::of(data) })
    }

    fn remove(&self, path: &WorkspacePath) -> Result<(), OutletError> {
        Self::never(&Effect::Remove { path: path.clone() })
    }

    fn tool(&self, tool: &ToolEffect, stdin: &Bytes) -> Result<ToolAnswer, OutletError> {
        self.permit(&Effect::Tool(tool.clone()))?;
        self.real.tool(tool, stdin)
    }
}
