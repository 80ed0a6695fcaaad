//! Bucket: a storage in S3, and in services that speak its API.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use belljar_model::ports::{MAX_ANSWER, OutletError, StoredObject};
use belljar_model::{Fault, WorkspacePath};
use bytes::Bytes;
use opendal::services::S3;
use opendal::{EntryMode, ErrorKind, HttpTransporter, OperationContext, Operator};

use super::Storage;
use super::transport::Transport;
use crate::hosts::parse_url;
use crate::place::{BucketKeys, BucketPlace, StorageError};
use crate::secret::Secrets;

/// Objects whose keys begin with a prefix, in one bucket.
pub(crate) struct Bucket {
    operator: Operator,
}

impl Bucket {
    /// Prepares the client. The keys are taken from the secrets here and nowhere else: neither
    /// environment variables nor files nor the machine's metadata are asked.
    pub(crate) fn new(place: &BucketPlace, secrets: &Secrets) -> Result<Self, Fault> {
        let refused = |reason: String| Fault::from(StorageError::Client(reason));
        let (_, endpoint) = parse_url(&place.endpoint).map_err(refused)?;
        let settings = S3::default()
            .bucket(&place.bucket)
            .root(&format!("/{}", place.prefix))
            .endpoint(&place.endpoint)
            .region(&place.region)
            .disable_config_load()
            .disable_ec2_metadata();
        let settings = match &place.keys {
            Some(keys) => signed(settings, keys, secrets)?,
            None => settings.skip_signature(),
        };
        let transport = HttpTransporter::new(Transport::new(endpoint));
        let operator = Operator::new(settings)
            .map_err(|error| refused(error.message().to_owned()))?
            .with_context(OperationContext::new().with_http_transport(transport));
        Ok(Self { operator })
    }

    /// Reads an object together with the tag of this very content.
    fn tagged(&self, path: &WorkspacePath) -> Result<(Bytes, String), OutletError> {
        let seen = finish(self.operator.stat(path.as_str()))?;
        if seen.content_length() > MAX_ANSWER {
            return Err(OutletError::TooLarge);
        }
        let Some(tag) = seen.etag() else {
            return Err(OutletError::Denied("the service gives objects no `ETag`".to_owned()));
        };
        let read = self.operator.read_with(path.as_str()).if_match(tag);
        Ok((finish(read.into_future())?.to_bytes(), tag.to_owned()))
    }
}

fn signed(settings: S3, keys: &BucketKeys, secrets: &Secrets) -> Result<S3, Fault> {
    let text = |name: &str| {
        let value = secrets.get(name)?.expose();
        std::str::from_utf8(value).map_err(|_| {
            Fault::from(StorageError::Client(format!("the secret `{name}` is not text")))
        })
    };
    Ok(settings.access_key_id(text(&keys.access_key)?).secret_access_key(text(&keys.secret_key)?))
}

impl Storage for Bucket {
    fn list(&self, prefix: &WorkspacePath) -> Result<Vec<StoredObject>, OutletError> {
        let listed = self.operator.list_with(prefix.as_str()).recursive(true);
        let mut found = Vec::new();
        for entry in finish(listed.into_future())? {
            // Keys that are no paths were not put by us, and cannot be asked for.
            let Ok(path) = WorkspacePath::parse(entry.path()) else { continue };
            let is_ours = entry.metadata().mode() == EntryMode::FILE && path.is_within(prefix);
            if is_ours && path.as_str() == entry.path() {
                found.push(StoredObject { path, size: entry.metadata().content_length() });
            }
        }
        found.sort();
        Ok(found)
    }

    fn read(&self, path: &WorkspacePath) -> Result<Bytes, OutletError> {
        self.tagged(path).map(|(content, _)| content)
    }

    fn write(&self, path: &WorkspacePath, data: &Bytes) -> Result<(), OutletError> {
        finish(self.operator.write(path.as_str(), data.clone())).map(drop)
    }

    fn swap(
        &self,
        path: &WorkspacePath,
        expected: Option<&Bytes>,
        data: &Bytes,
    ) -> Result<(), OutletError> {
        let writing = self.operator.write_with(path.as_str(), data.clone());
        let writing = match (expected, self.tagged(path)) {
            (Some(expected), Ok((found, tag))) if found == expected => writing.if_match(&tag),
            (None, Err(OutletError::NotFound)) => writing.if_not_exists(true),
            (_, Ok(_) | Err(OutletError::NotFound | OutletError::TooLarge)) => {
                return Err(OutletError::Conflict);
            }
            (_, Err(error)) => return Err(error),
        };
        match finish(writing.into_future()) {
            // It was there a moment ago.
            Err(OutletError::NotFound) => Err(OutletError::Conflict),
            written => written.map(drop),
        }
    }

    fn remove(&self, path: &WorkspacePath) -> Result<(), OutletError> {
        finish(self.operator.delete(path.as_str()))
    }
}

/// Drives a call of the client to its end on this thread. Its transport blocks, so there is
/// nothing that a runtime would be needed for.
fn finish<T>(call: impl Future<Output = opendal::Result<T>>) -> Result<T, OutletError> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut call = pin!(call);
    loop {
        match call.as_mut().poll(&mut context) {
            Poll::Ready(result) => return result.map_err(|error| failure(&error)),
            Poll::Pending => thread::park(),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn failure(error: &opendal::Error) -> OutletError {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(ours) = cause.downcast_ref::<OutletError>() {
            return ours.clone();
        }
        source = cause.source();
    }
    let detail = || error.message().to_owned();
    match error.kind() {
        ErrorKind::NotFound => OutletError::NotFound,
        ErrorKind::ConditionNotMatch | ErrorKind::Conflict => OutletError::Conflict,
        ErrorKind::PermissionDenied | ErrorKind::ConfigInvalid | ErrorKind::Unsupported => {
            OutletError::Denied(detail())
        }
        _ => OutletError::Unreachable(detail()),
    }
}
