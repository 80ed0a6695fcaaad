//! Http: sends one request of a plugin.

use std::sync::Arc;
use std::time::Duration;

use belljar_model::delivery::{Body, HttpAnswer, HttpRequest};
use belljar_model::ports::{BlobSource, OutletError};
use bytes::Bytes;
use ureq::http::header::HOST;
use ureq::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, response};
use ureq::{Agent, AsSendBody};

use crate::blob::shipped;
use crate::client::{agent, failure, read, settings};
use crate::code::malformed;
use crate::hosts::{Authority, Hosts};
use crate::secret::Secrets;

/// How long a request may take that does not say.
const DEFAULT_TIME_LIMIT: Duration = Duration::from_secs(30);

/// Headers that say where a message begins and ends, whom it is for, and how it travels. A plugin
/// that could set them would say something else than its plan shows.
const RESERVED: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Sends requests of one environment to the hosts that it was granted.
pub struct Http {
    agent: Agent,
    hosts: Hosts,
    secrets: Arc<Secrets>,
    blobs: Arc<dyn BlobSource>,
}

impl Http {
    /// Makes a client. Nothing is connected yet.
    pub fn new(hosts: Hosts, secrets: Arc<Secrets>, blobs: Arc<dyn BlobSource>) -> Self {
        Self { agent: agent(settings()), hosts, secrets, blobs }
    }

    pub(crate) fn environment(&self) -> &str {
        self.hosts.environment()
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    pub(crate) fn blobs(&self) -> &dyn BlobSource {
        &*self.blobs
    }

    /// Sends one request and returns its answer, whatever its status. Redirects are not followed.
    /// The values of secrets do not occur in the answer.
    ///
    /// # Errors
    /// When there is no answer in time, or it is too large. [`OutletError::Stop`] when the request
    /// may not or cannot be sent; then nothing has left.
    pub fn send(&self, request: &HttpRequest) -> Result<HttpAnswer, OutletError> {
        self.exchange(request).map_err(|error| self.secrets.mask_error(error))
    }

    /// Returns whether a request may leave and can be written as it is. Nothing is sent.
    ///
    /// # Errors
    /// [`OutletError::Stop`] if it may not, or cannot.
    pub fn may_send(&self, request: &HttpRequest) -> Result<(), OutletError> {
        self.admitted(request).map(drop).map_err(|error| self.secrets.mask_error(error))
    }

    fn admitted(&self, request: &HttpRequest) -> Result<(Request<()>, Authority), OutletError> {
        let (uri, to) = self.hosts.admit(&request.url)?;
        Ok((self.head(request, uri)?, to))
    }

    fn exchange(&self, request: &HttpRequest) -> Result<HttpAnswer, OutletError> {
        let (head, to) = self.admitted(request)?;
        let body = match &request.body {
            Body::Bytes(bytes) => bytes.clone(),
            Body::Artifact(digest) => shipped(&*self.blobs, digest)?,
        };
        let time_limit = match request.time_limit_ms {
            0 => DEFAULT_TIME_LIMIT,
            limit => Duration::from_millis(limit),
        };
        // No length is written for a method that usually has no body, unless there is one.
        let has_body = !body.is_empty() || matches!(&*request.method, "POST" | "PUT" | "PATCH");
        if has_body {
            self.run(head.map(|()| &*body), &to, time_limit)
        } else {
            self.run(head, &to, time_limit)
        }
    }

    fn run<B: AsSendBody>(
        &self,
        request: Request<B>,
        to: &Authority,
        time_limit: Duration,
    ) -> Result<HttpAnswer, OutletError> {
        let limited = self.agent.configure_request(request);
        let request = limited.timeout_global(Some(time_limit)).build();
        let answer = self.agent.run(request).map_err(|error| failure(to, error))?;
        let (parts, body) = answer.into_parts();
        let body = read(body).map_err(|error| failure(to, error))?;
        Ok(self.answer(&parts, body.into()))
    }

    /// What is sent before the body.
    fn head(&self, request: &HttpRequest, uri: Uri) -> Result<Request<()>, OutletError> {
        let mut head = Request::new(());
        *head.method_mut() = method(&request.method)?;
        *head.uri_mut() = uri;
        let headers = head.headers_mut();
        for (name, value) in &request.headers {
            headers.append(header_name(name)?, header_value(name, value.as_bytes())?);
        }
        for used in &request.secrets {
            let filled = self.secrets.fill(used).map_err(OutletError::Stop)?;
            let mut value = header_value(&used.place, filled.expose())?;
            value.set_sensitive(true);
            headers.append(header_name(&used.place)?, value);
        }
        Ok(head)
    }

    fn answer(&self, parts: &response::Parts, body: Bytes) -> HttpAnswer {
        HttpAnswer {
            status: parts.status.as_u16(),
            headers: self.answer_headers(&parts.headers),
            body: self.secrets.mask(body),
        }
    }

    fn answer_headers(&self, headers: &HeaderMap) -> Vec<(String, String)> {
        let shown = |value: &HeaderValue| {
            let masked = self.secrets.mask(Bytes::copy_from_slice(value.as_bytes()));
            String::from_utf8_lossy(&masked).into_owned()
        };
        let name = |name: &HeaderName| self.secrets.mask_text(name.as_str().to_owned());
        headers.iter().map(|(key, value)| (name(key), shown(value))).collect()
    }
}

fn method(text: &str) -> Result<Method, OutletError> {
    let is_known = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase());
    if !is_known || text == "CONNECT" {
        return Err(malformed(format!("`{}` is not a method to send", text.escape_debug())));
    }
    Method::from_bytes(text.as_bytes())
        .map_err(|_| malformed(format!("`{text}` is not a method to send")))
}

fn header_name(text: &str) -> Result<HeaderName, OutletError> {
    let shown = text.escape_debug();
    let name = HeaderName::try_from(text)
        .map_err(|_| malformed(format!("`{shown}` is not the name of a header")))?;
    if name == HOST || RESERVED.contains(&name.as_str()) {
        return Err(malformed(format!("the header `{name}` is set by the host alone")));
    }
    Ok(name)
}

/// Says nothing about the value: it may be that of a secret.
fn header_value(name: &str, value: &[u8]) -> Result<HeaderValue, OutletError> {
    HeaderValue::from_bytes(value).map_err(|_| {
        let name = name.escape_debug();
        malformed(format!("the value of the header `{name}` holds a control character"))
    })
}
