//! `belljar:step/http`: requests to hosts that the environment was granted.

use std::time::Duration;

use belljar_model::Fault;
use belljar_model::delivery::{Body, HttpAnswer, HttpRequest, SecretUse};
use belljar_model::ports::{MAX_ANSWER, OutletError};
use bytes::Bytes;
use wasmtime::Result;

use super::is_token;
use crate::bindings::deploy::belljar::step::http as wit;
use crate::state::State;

/// How long a request may take that does not say it.
const TIME_LIMIT: Duration = Duration::from_secs(30);

impl State {
    /// Checks what the guest wants to send, and writes it as the model does.
    fn http_request(&self, asked: wit::Request) -> std::result::Result<HttpRequest, Fault> {
        if !is_token(&asked.method) {
            return Err(self.misuse(&format!("sends a `{}`, which is no method", asked.method)));
        }
        if !is_url(&asked.url) {
            let url = &asked.url;
            return Err(self.misuse(&format!("sends to `{url}`, which is no address of HTTP")));
        }
        if let Some(status) = bad_status(&asked.expect) {
            return Err(self.misuse(&format!("sends a request that expects {status}")));
        }
        let mut headers = Vec::with_capacity(asked.headers.len());
        for (name, value) in asked.headers {
            headers.push((self.header(&name, &value)?, value));
        }
        let mut secrets = Vec::with_capacity(asked.secrets.len());
        for wit::SecretHeader { name, prefix, secret } in asked.secrets {
            self.check_secret(&secret)?;
            secrets.push(SecretUse { place: self.header(&name, &prefix)?, prefix, secret });
        }
        Ok(HttpRequest {
            method: asked.method.to_ascii_uppercase(),
            url: asked.url,
            headers,
            secrets,
            body: self.http_body(asked.body)?,
            expect: asked.expect,
            time_limit_ms: self.http_time(asked.time_limit_ms),
        })
    }

    /// The name of a header in lower case.
    fn header(&self, name: &str, value: &str) -> std::result::Result<String, Fault> {
        if !is_token(name) {
            return Err(self.misuse(&format!("sends the header `{name}`, which is no name")));
        }
        if value.contains(|letter: char| letter.is_control() && letter != '\t') {
            let what = format!("sends the header `{name}` with a control character in its value");
            return Err(self.misuse(&what));
        }
        Ok(name.to_ascii_lowercase())
    }

    fn http_body(&self, body: wit::Body) -> std::result::Result<Body, Fault> {
        match body {
            wit::Body::None => Ok(Body::Bytes(Bytes::new())),
            wit::Body::Bytes(bytes) => Ok(Body::Bytes(Bytes::from(bytes))),
            wit::Body::Artifact(text) => {
                let path = Self::path(&text);
                let digest = path.and_then(|path| self.deployment().ok()?.artifacts.get(&path));
                digest.map(|digest| Body::Artifact(*digest)).ok_or_else(|| {
                    self.misuse(&format!("sends `{text}`, which is no file of the release"))
                })
            }
        }
    }

    /// The time that a request gets: what the guest says, within what is left of its own.
    fn http_time(&self, asked_ms: u64) -> u64 {
        let asked = if asked_ms == 0 { TIME_LIMIT } else { Duration::from_millis(asked_ms) };
        let left = self.limits.time.value.saturating_sub(self.started.elapsed());
        let time = asked.min(left).max(Duration::from_millis(1));
        u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
    }
}

/// Whether a text may be sent to an outlet as an address, which looks at it closely.
fn is_url(text: &str) -> bool {
    let is_known = text.starts_with("https://") || text.starts_with("http://");
    is_known && !text.contains(|letter: char| letter.is_control() || letter.is_whitespace())
}

/// What is wrong with the statuses that a request expects, if something is.
fn bad_status(expect: &[u16]) -> Option<String> {
    if expect.is_empty() {
        return Some("no status at all".to_owned());
    }
    let bad = expect.iter().find(|status| !(100..600).contains(*status))?;
    Some(format!("the status {bad}, which there is not"))
}

fn error(error: &OutletError) -> wit::HttpError {
    match error {
        OutletError::TimedOut => wit::HttpError::Timeout,
        OutletError::TooLarge => wit::HttpError::TooLarge,
        _ => wit::HttpError::Unreachable,
    }
}

impl wit::Host for State {
    fn send(
        &mut self,
        request: wit::Request,
    ) -> Result<std::result::Result<wit::Response, wit::HttpError>> {
        let asked = self.http_request(request).and_then(|asked| Ok((asked, self.outlet()?)));
        let (request, outlet) = self.or_end(asked)?;
        let answer = outlet.http(&request).and_then(|answer| {
            let fits = answer.body.len() as u64 <= MAX_ANSWER;
            if fits { Ok(answer) } else { Err(OutletError::TooLarge) }
        });
        let what = format!("{} {}", request.method, request.url);
        let told = self.answered(&what, answer, error)?;
        Ok(told.map(|HttpAnswer { status, headers, body }| wit::Response {
            status,
            headers,
            body: body.into(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_of_http_and_has_no_spaces() {
        let check = |text, expected: bool| assert_eq!(is_url(text), expected, "{text}");
        check("https://example.org/a?b=c", true);
        check("http://127.0.0.1:8080", true);
        check("ftp://example.org/", false);
        check("/a", false);
        check("http://a/\r\nhost: b", false);
        check("http://a/ b", false);
    }

    #[test]
    fn a_request_expects_at_least_one_status() {
        let check = |expect: &[u16], good: bool| {
            assert_eq!(bad_status(expect).is_none(), good, "{expect:?}");
        };
        check(&[200], true);
        check(&[100, 599], true);
        check(&[], false);
        check(&[200, 99], false);
        check(&[600], false);
    }
}
