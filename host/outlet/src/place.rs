//! Place: what the `storage` of an environment names.

use std::path::PathBuf;

use belljar_model::{Blame, Fault, WorkspacePath};

use crate::code::MALFORMED_STORAGE;
use crate::hosts::parse_url;

/// The region of a bucket that names none. What is not Amazon's mostly does not care.
const DEFAULT_REGION: &str = "us-east-1";

/// The place that an environment names as its storage.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StoragePlace {
    /// `fs:DIRECTORY`: a folder, relative to the workspace root or absolute.
    Folder(PathBuf),
    /// `s3:BUCKET/PREFIX?endpoint=URL&..`: a bucket.
    Bucket(BucketPlace),
}

/// A place in a bucket of S3, or of a service that speaks its API.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BucketPlace {
    /// The bucket's name.
    pub bucket: String,
    /// What all keys begin with, without `/` at either end; may be empty.
    pub prefix: String,
    /// Where the service is: `http` or `https`, host and port, without a path.
    pub endpoint: String,
    /// The region that requests are signed for; `us-east-1` if none is named.
    pub region: String,
    /// Names of secrets. `None`: requests are not signed.
    pub keys: Option<BucketKeys>,
}

/// The names of the two secrets that requests are signed with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BucketKeys {
    /// The name of the secret that holds the id of the access key.
    pub access_key: String,
    /// The name of the secret that holds the secret access key.
    pub secret_key: String,
}

/// Why a text names no storage.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StorageError {
    /// It begins with neither `fs:` nor `s3:`.
    #[error("`{0}` begins with neither `fs:` nor `s3:`")]
    Kind(String),
    /// The folder or bucket has no name.
    #[error("`{0}` names no folder or bucket")]
    Empty(String),
    /// The name of the bucket or the prefix holds what it may not.
    #[error("`{0}` cannot be the name of a bucket and a prefix")]
    Name(String),
    /// A key after `?` that is unknown, named twice, or has no value.
    #[error("`{0}` is not one of `endpoint`, `region`, `access-key` and `secret-key`, once each")]
    Key(String),
    /// A bucket without an endpoint.
    #[error("the bucket has no `endpoint`")]
    NoEndpoint,
    /// The endpoint is no address of a service.
    #[error("the endpoint `{endpoint}` is not `https://HOST`: {reason}")]
    Endpoint {
        /// The text.
        endpoint: String,
        /// What is wrong.
        reason: String,
    },
    /// One of two secrets.
    #[error("`access-key` and `secret-key` belong together")]
    HalfAKey,
    /// This build has no client for S3.
    #[error("this build of belljar has no client for S3")]
    NotBuilt,
    /// The client does not take the settings.
    #[error("the bucket cannot be used: {0}")]
    Client(String),
}

impl From<StorageError> for Fault {
    fn from(error: StorageError) -> Self {
        let help = match &error {
            StorageError::NotBuilt => "build it with the feature `s3`, or use `fs:DIRECTORY`",
            _ => {
                "write `fs:DIRECTORY`, or `s3:BUCKET/PREFIX?endpoint=https://HOST&region=REGION\
                 &access-key=SECRET&secret-key=SECRET` with the names of two secrets"
            }
        };
        Self::new(Blame::Configuration, MALFORMED_STORAGE, format!("no storage: {error}"))
            .help(help)
    }
}

impl StoragePlace {
    /// The names of the secrets that it is used with.
    pub fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Folder(_) | Self::Bucket(BucketPlace { keys: None, .. }) => Vec::new(),
            Self::Bucket(BucketPlace { keys: Some(keys), .. }) => {
                vec![&keys.access_key, &keys.secret_key]
            }
        }
    }
}

/// Reads the `storage` of an environment.
///
/// ```text
/// storage  = "fs:" directory
///          | "s3:" bucket [ "/" prefix ] "?" setting { "&" setting }
/// setting  = "endpoint=" address | "region=" text | "access-key=" secret | "secret-key=" secret
/// ```
///
/// Values are taken as they are: nothing is percent-decoded. `endpoint` must be there;
/// `access-key` and `secret-key` are names of secrets, never values, and come together or not at
/// all.
///
/// # Errors
/// When the text is something else.
pub fn parse_storage(text: &str) -> Result<StoragePlace, StorageError> {
    match text.split_once(':') {
        Some(("fs", "")) => Err(StorageError::Empty(text.to_owned())),
        Some(("fs", folder)) => Ok(StoragePlace::Folder(PathBuf::from(folder))),
        Some(("s3", rest)) => bucket(rest).map(StoragePlace::Bucket),
        _ => Err(StorageError::Kind(text.to_owned())),
    }
}

fn bucket(text: &str) -> Result<BucketPlace, StorageError> {
    let (place, query) = text.split_once('?').unwrap_or((text, ""));
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    if bucket.is_empty() {
        return Err(StorageError::Empty(format!("s3:{text}")));
    }
    let of_bucket = |letter: char| letter.is_ascii_alphanumeric() || ".-_".contains(letter);
    let name = || StorageError::Name(place.to_owned());
    if !bucket.chars().all(of_bucket) {
        return Err(name());
    }
    let prefix = match prefix {
        "" => WorkspacePath::root(),
        prefix => WorkspacePath::parse(prefix).map_err(|_| name())?,
    };
    let mut settings = Settings::default();
    for setting in query.split('&').filter(|setting| !setting.is_empty()) {
        settings.take(setting)?;
    }
    let keys = match (settings.access_key, settings.secret_key) {
        (Some(access_key), Some(secret_key)) => Some(BucketKeys { access_key, secret_key }),
        (None, None) => None,
        _ => return Err(StorageError::HalfAKey),
    };
    Ok(BucketPlace {
        bucket: bucket.to_owned(),
        prefix: prefix.as_str().to_owned(),
        endpoint: endpoint(settings.endpoint.ok_or(StorageError::NoEndpoint)?)?,
        region: settings.region.unwrap_or_else(|| DEFAULT_REGION.to_owned()),
        keys,
    })
}

#[derive(Default)]
struct Settings {
    endpoint: Option<String>,
    region: Option<String>,
    access_key: Option<String>,
    secret_key: Option<String>,
}

impl Settings {
    fn take(&mut self, setting: &str) -> Result<(), StorageError> {
        let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
        let place = match key {
            "endpoint" => Some(&mut self.endpoint),
            "region" => Some(&mut self.region),
            "access-key" => Some(&mut self.access_key),
            "secret-key" => Some(&mut self.secret_key),
            _ => None,
        };
        match place {
            Some(place) if place.is_none() && !value.is_empty() => {
                *place = Some(value.to_owned());
                Ok(())
            }
            _ => Err(StorageError::Key(key.to_owned())),
        }
    }
}

fn endpoint(endpoint: String) -> Result<String, StorageError> {
    let reason = match parse_url(&endpoint) {
        Ok((uri, _)) if uri.path() == "/" && uri.query().is_none() => {
            return Ok(endpoint.trim_end_matches('/').to_owned());
        }
        Ok(_) => "it has a path".to_owned(),
        Err(reason) => reason,
    };
    Err(StorageError::Endpoint { endpoint, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_folder_or_a_bucket() {
        assert_eq!(parse_storage("fs:dist/live"), Ok(StoragePlace::Folder("dist/live".into())));
        assert_eq!(parse_storage("fs:/srv/a:b"), Ok(StoragePlace::Folder("/srv/a:b".into())));
        let text = "s3:site/a/b/?endpoint=https://s3.example:9000/&region=eu-1\
                    &access-key=id&secret-key=key";
        let Ok(StoragePlace::Bucket(place)) = parse_storage(text) else { panic!() };
        assert_eq!((&*place.bucket, &*place.prefix, &*place.region), ("site", "a/b", "eu-1"));
        assert_eq!(place.endpoint, "https://s3.example:9000");
        assert_eq!(StoragePlace::Bucket(place).secrets(), ["id", "key"]);
        let open = parse_storage("s3:site?endpoint=http://[::1]:9000").unwrap();
        assert!(open.secrets().is_empty());
    }

    #[test]
    fn every_mistake_in_a_place_is_named() {
        let check = |text: &str, expected: &str| {
            let error = parse_storage(text).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        };
        for text in ["", "fs", "dist", "FS:a", "gs:a", "https://a"] {
            check(text, "neither `fs:` nor `s3:`");
        }
        check("fs:", "names no folder");
        check("s3:", "names no folder or bucket");
        check("s3:/a?endpoint=http://a", "names no folder or bucket");
        for place in ["a/../b", "a/b//c", "a//", "b@c/a", "a/b/./c"] {
            check(&format!("s3:{place}?endpoint=http://a"), "cannot be the name");
        }
        check("s3:a?endpoint=http://a&token=b", "`token` is not one of");
        check("s3:a?endpoint=http://a&endpoint=http://b", "once each");
        check("s3:a?endpoint=", "`endpoint` is not");
        check("s3:a", "no `endpoint`");
        check("s3:a?endpoint=http://a&access-key=b", "belong together");
        for endpoint in ["a", "ftp://a", "http://u@a", "http://a/b", "http://a/?c", "http://a#b"] {
            check(&format!("s3:a?endpoint={endpoint}"), "is not `https://HOST`");
        }
    }
}
