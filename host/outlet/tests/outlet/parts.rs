//! What the tests put together.

use std::collections::BTreeMap;
use std::sync::Arc;

use belljar_model::delivery::{Body, HttpRequest, SecretUse};
use belljar_model::ports::{BlobSource, OutletError};
use belljar_model::{Digest, Fault, WorkspacePath};
use belljar_outlet::{Hosts, Http, SecretValue, Secrets};
use bytes::Bytes;

/// The value of the secret `token`.
pub(crate) const TOKEN: &str = "s3cret/with+signs=&\"more";

/// Blobs by digest.
pub(crate) struct Blobs(pub(crate) BTreeMap<Digest, Bytes>);

impl BlobSource for Blobs {
    fn get(&self, digest: &Digest) -> Result<Option<Bytes>, Fault> {
        Ok(self.0.get(digest).cloned())
    }
}

pub(crate) fn blobs(contents: &[&[u8]]) -> Arc<Blobs> {
    let blob = |content: &&[u8]| (Digest::of(content), Bytes::copy_from_slice(content));
    Arc::new(Blobs(contents.iter().map(blob).collect()))
}

pub(crate) fn secrets(values: &[(&str, &str)]) -> Arc<Secrets> {
    let value = |value: &str| SecretValue::new(value.as_bytes().to_vec()).unwrap();
    let values = values.iter().map(|(name, text)| ((*name).to_owned(), value(text))).collect();
    Arc::new(Secrets::new("prod", values))
}

/// A client that may reach one host, and has the secret `token` and one blob.
pub(crate) fn client(authority: &str) -> Http {
    let hosts = Hosts::new("prod", &[authority.to_owned()]).unwrap();
    Http::new(hosts, secrets(&[("token", TOKEN)]), blobs(&[b"the shipped file"]))
}

pub(crate) fn request(method: &str, authority: &str, path: &str) -> HttpRequest {
    HttpRequest {
        method: method.to_owned(),
        url: format!("http://{authority}{path}"),
        headers: Vec::new(),
        secrets: Vec::new(),
        body: Body::Bytes(Bytes::new()),
        expect: vec![200],
        time_limit_ms: 10_000,
    }
}

pub(crate) fn uses(place: &str, prefix: &str, secret: &str) -> SecretUse {
    SecretUse { place: place.to_owned(), prefix: prefix.to_owned(), secret: secret.to_owned() }
}

pub(crate) fn path(text: &str) -> WorkspacePath {
    WorkspacePath::parse(text).unwrap()
}

/// The code of the fault that ends the plugin.
pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, OutletError>) -> String {
    match result {
        Err(OutletError::Stop(fault)) => fault.code.to_string(),
        other => panic!("it was not stopped: {other:?}"),
    }
}
