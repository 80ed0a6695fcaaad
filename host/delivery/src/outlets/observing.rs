//! Observing: an outlet that reads. What else it does must be in the plan.

use std::sync::Arc;

use belljar_model::delivery::{Effect, HttpAnswer, HttpRequest, ToolEffect};
use belljar_model::ports::{Outlet, OutletError, StoredObject, ToolAnswer};
use belljar_model::{Digest, WorkspacePath};
use bytes::Bytes;

use super::is_safe;
use crate::fault;

/// Headers in which services look for a method other than that of the request.
const METHOD_HEADERS: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];

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
        Effect::Http { .. } => !is_reading(effect),
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

/// Whether a request only asks. One that carries a secret or a body is more than a question, and
/// some services take the method from a header.
fn is_reading(effect: &Effect) -> bool {
    let Effect::Http { method, headers, secrets, body, .. } = effect else { return false };
    let is_another = |name: &str| METHOD_HEADERS.iter().any(|one| name.eq_ignore_ascii_case(one));
    is_safe(method)
        && secrets.is_empty()
        && body.size() == 0
        && !headers.iter().any(|(name, _)| is_another(name))
}

impl Outlet for Observing {
    fn http(&self, request: &HttpRequest) -> Result<HttpAnswer, OutletError> {
        let effect = Effect::from(request);
        if !is_reading(&effect) {
            self.permit(&effect)?;
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

#[cfg(test)]
mod tests {
    use belljar_model::delivery::SecretUse;

    use super::*;

    #[test]
    fn a_question_carries_nothing_and_means_what_its_method_says() {
        let get = || Effect::Http {
            method: "GET".to_owned(),
            url: "http://service/health".to_owned(),
            headers: vec![("accept".to_owned(), "text/plain".to_owned())],
            secrets: Vec::new(),
            body: Digest::of(b""),
            expect: vec![200],
        };
        let check = |change: &dyn Fn(&mut Effect), expected: bool| {
            let mut effect = get();
            change(&mut effect);
            assert_eq!(is_reading(&effect), expected, "{effect:?}");
            assert_eq!(beyond_reading(vec![effect]).is_empty(), expected);
        };
        check(&|_| {}, true);
        check(&|effect| set(effect, |method, _, _, _| *method = "HEAD".to_owned()), true);
        check(&|effect| set(effect, |method, _, _, _| *method = "DELETE".to_owned()), false);
        check(&|effect| set(effect, |_, _, _, body| *body = Digest::of(b"drop it")), false);
        for name in ["x-http-method-override", "X-HTTP-Method", "x-method-override"] {
            let header = (name.to_owned(), "DELETE".to_owned());
            check(&|effect| set(effect, |_, headers, _, _| headers.push(header.clone())), false);
        }
        let used = SecretUse {
            place: "authorization".to_owned(),
            prefix: String::new(),
            secret: "token".to_owned(),
        };
        check(&|effect| set(effect, |_, _, secrets, _| secrets.push(used.clone())), false);
    }

    fn set(
        effect: &mut Effect,
        change: impl Fn(&mut String, &mut Vec<(String, String)>, &mut Vec<SecretUse>, &mut Digest),
    ) {
        let Effect::Http { method, headers, secrets, body, .. } = effect else {
            panic!("it is a request")
        };
        change(method, headers, secrets, body);
    }
}
