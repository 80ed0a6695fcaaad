//! Requests, as a deployment sends them.

use std::time::Duration;

use serde_json::Value;

use super::host::OutletRef;
use super::{Body, HttpError, RequestWire, ResponseWire, SecretHeader};
use crate::{Attr, Problem, StepError};

/// How many letters of an answer's body a failure shows.
const LETTERS: usize = 300;

/// One request. Its host and its secrets must be granted to the environment.
///
/// ```
/// use belljar_sdk::deploy::HttpRequest;
///
/// let request = HttpRequest::put("https://files.example.com/app")
///     .secret_header("authorization", "Bearer ", "token")
///     .artifact("dist/app")
///     .expect([200, 201]);
/// assert_eq!(request.as_wire().method, "PUT");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    wire: RequestWire,
}

impl HttpRequest {
    /// Starts with a method and a whole address. The request has no headers and no body, expects
    /// the status 200, and may take 30 seconds.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            wire: RequestWire {
                method: method.into(),
                url: url.into(),
                headers: Vec::new(),
                secrets: Vec::new(),
                body: Body::None,
                expect: vec![200],
                time_limit_ms: 0,
            },
        }
    }

    /// Starts a GET.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// Starts a PUT.
    pub fn put(url: impl Into<String>) -> Self {
        Self::new("PUT", url)
    }

    /// Starts a POST.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new("POST", url)
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.wire.headers.push((name.into(), value.into()));
        self
    }

    /// Adds a header whose value is `prefix` and then a secret, by its name in the pipeline file.
    /// The value never enters the plugin.
    #[must_use]
    pub fn secret_header(
        mut self,
        name: impl Into<String>,
        prefix: impl Into<String>,
        secret: impl Into<String>,
    ) -> Self {
        let (name, prefix, secret) = (name.into(), prefix.into(), secret.into());
        self.wire.secrets.push(SecretHeader { name, prefix, secret });
        self
    }

    /// Carries a shipped file, of any size: its bytes do not move through the plugin.
    #[must_use]
    pub fn artifact(mut self, path: impl Into<String>) -> Self {
        self.wire.body = Body::Artifact(path.into());
        self
    }

    /// Carries these bytes.
    #[must_use]
    pub fn bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.wire.body = Body::Bytes(bytes.into());
        self
    }

    /// Carries a JSON value, and says so in `content-type`.
    #[must_use]
    pub fn json(self, value: &Value) -> Self {
        self.header("content-type", "application/json").bytes(value.to_string())
    }

    /// Sets the status codes that count as success. A plan is made as if the first of them came
    /// back.
    #[must_use]
    pub fn expect(mut self, status: impl IntoIterator<Item = u16>) -> Self {
        self.wire.expect = status.into_iter().collect();
        self
    }

    /// Limits how long it may take, to the millisecond.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        // 0 would mean 30 seconds.
        self.wire.time_limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX).max(1);
        self
    }

    /// Returns the request as it crosses the boundary.
    pub fn as_wire(&self) -> &RequestWire {
        &self.wire
    }

    fn unexpected(&self, response: &HttpResponse) -> StepError {
        let RequestWire { method, url, expect, .. } = &self.wire;
        let expected: Vec<String> = expect.iter().map(ToString::to_string).collect();
        let (status, expected) = (response.status(), expected.join(" or "));
        let mut message = format!("{method} {url} answered {status}, expected {expected}");
        let text = response.text();
        if let Some(line) = text.lines().map(str::trim).find(|line| !line.is_empty()) {
            message.push_str(": ");
            message.extend(line.chars().take(LETTERS));
        }
        StepError::Internal(Problem {
            code: "http-status".to_owned(),
            message,
            attrs: vec![Attr::new("status", status.to_string()), Attr::new("url", url)],
        })
    }
}

/// The way to send requests to the hosts that the environment was granted. Redirects are not
/// followed. A host or secret that was not granted ends the plugin.
#[derive(Clone)]
pub struct Http {
    outlet: OutletRef,
}

impl Http {
    pub(crate) fn new(outlet: OutletRef) -> Self {
        Self { outlet }
    }

    /// Sends a request, and returns its answer if that has a status that the request expects.
    ///
    /// # Errors
    /// [`StepError::Internal`] when there is no answer, or (with the code `http-status`) when it
    /// has another status.
    pub fn send(&self, request: &HttpRequest) -> Result<HttpResponse, StepError> {
        let response = self.send_raw(request)?;
        if request.wire.expect.contains(&response.status()) {
            Ok(response)
        } else {
            Err(request.unexpected(&response))
        }
    }

    /// Sends a request, and returns its answer whatever its status.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn send_raw(&self, request: &HttpRequest) -> Result<HttpResponse, HttpError> {
        match self.outlet.send(&request.wire) {
            Ok(wire) => Ok(HttpResponse { wire }),
            Err(problem) => {
                let RequestWire { method, url, .. } = request.wire.clone();
                Err(HttpError { method, url, problem })
            }
        }
    }
}

/// The answer to a request. Made by [`Http::send`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    wire: ResponseWire,
}

impl HttpResponse {
    /// Returns the status code.
    pub fn status(&self) -> u16 {
        self.wire.status
    }

    /// Returns the first value of a header; `name` in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.wire.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Returns what came back.
    pub fn body(&self) -> &[u8] {
        &self.wire.body
    }

    /// Returns what came back, with a replacement for what is not UTF-8.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.wire.body).into_owned()
    }

    /// Returns what came back as JSON. While a plan is made there is nothing to read.
    ///
    /// # Errors
    /// When it is none.
    pub fn json(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_slice(&self.wire.body)
    }
}
