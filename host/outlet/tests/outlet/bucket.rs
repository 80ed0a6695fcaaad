//! A storage in a bucket, against a server of the S3 API.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use belljar_model::WorkspacePath;
use belljar_model::ports::OutletError;
use belljar_outlet::{Secrets, Storage, open_storage, parse_storage};
use bytes::Bytes;

use crate::bucket_server::{self, ACCESS, SECRET};
use crate::contract;
use crate::parts::{path, secrets};
use crate::server::{Server, answer};

fn open(authority: &str, at: &str, secrets: &Secrets) -> Box<dyn Storage> {
    let keys = "access-key=id&secret-key=key";
    let text = format!("s3:{at}?endpoint=http://{authority}&region=somewhere&{keys}");
    let place = parse_storage(&text).unwrap();
    open_storage(&place, Path::new("nowhere"), secrets).unwrap()
}

/// A server with one bucket, `site`.
fn served() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("site")).unwrap();
    let authority = bucket_server::start(folder.path()).to_string();
    (folder, authority)
}

#[test]
fn a_bucket_is_a_storage() {
    let (_folder, authority) = served();
    let secrets = secrets(&[("id", ACCESS), ("key", SECRET)]);
    contract::holds_for(&*open(&authority, "site", &secrets));
    contract::holds_for(&*open(&authority, "site/some/prefix", &secrets));
}

#[test]
fn a_prefix_is_all_that_is_seen() {
    belljar_cases::case!("C01");
    let (folder, authority) = served();
    let secrets = secrets(&[("id", ACCESS), ("key", SECRET)]);
    let all = open(&authority, "site", &secrets);
    let within = open(&authority, "site/a", &secrets);
    all.write(&path("ab/c"), &Bytes::from_static(b"1")).unwrap();
    within.write(&path("d"), &Bytes::from_static(b"22")).unwrap();
    let listed = within.list(&WorkspacePath::root()).unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!((&listed[0].path, listed[0].size), (&path("d"), 2));
    assert_eq!(fs::read(folder.path().join("site/a/d")).unwrap(), b"22");
}

#[test]
fn a_key_that_is_not_known_is_denied() {
    let (_folder, authority) = served();
    let wrong = secrets(&[("id", ACCESS), ("key", "another-secret-key")]);
    let storage = open(&authority, "site", &wrong);
    let data = Bytes::from_static(b"1");
    for result in [
        storage.read(&path("a")).map(drop),
        storage.list(&WorkspacePath::root()).map(drop),
        storage.write(&path("a"), &data),
        storage.swap(&path("a"), None, &data),
    ] {
        assert!(matches!(result, Err(OutletError::Denied(_))), "{result:?}");
    }
}

#[test]
fn the_keys_must_be_granted() {
    let place = parse_storage("s3:site?endpoint=http://a&access-key=id&secret-key=key").unwrap();
    let some = secrets(&[("id", ACCESS)]);
    let Err(fault) = open_storage(&place, Path::new("nowhere"), &some) else { panic!() };
    assert_eq!(fault.code.as_str(), "E0911");
    assert!(fault.to_string().contains("`key`"), "{fault}");
}

#[test]
fn who_writes_between_comparing_and_writing_is_not_overwritten() {
    // What the object is at each look: the same tag and content until the condition is checked.
    let server = Server::start(|received, stream| {
        let tag = "etag: \"1\"\r\nlast-modified: Sat, 01 Jan 2022 00:00:00 GMT\r\n";
        let said = match received.head.split(' ').next().unwrap() {
            "HEAD" => {
                b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 3\r\netag: \"1\"\r\n\r\n"
                    .to_vec()
            }
            "GET" => answer("200 OK", tag, b"one"),
            _ => answer("412 Precondition Failed", "", b""),
        };
        stream.write_all(&said).unwrap();
    });
    let storage = open(&server.authority, "site", &secrets(&[("id", ACCESS), ("key", SECRET)]));
    let [one, two] = [Bytes::from_static(b"one"), Bytes::from_static(b"two")];
    assert_eq!(storage.swap(&path("live"), Some(&one), &two), Err(OutletError::Conflict));
    let received = server.received();
    let put = received.last().unwrap();
    assert!(put.head.starts_with("PUT /site/live HTTP/1.1"), "{}", put.head);
    assert_eq!(put.header("if-match"), Some("\"1\""), "{}", put.head);
}

#[test]
fn an_object_is_only_made_where_none_is() {
    let server = Server::start(|received, stream| {
        let status = if received.head.starts_with("PUT") { "412 No" } else { "404 No" };
        stream.write_all(&answer(status, "", b"")).unwrap();
    });
    let storage = open(&server.authority, "site", &secrets(&[("id", ACCESS), ("key", SECRET)]));
    let made = storage.swap(&path("live"), None, &Bytes::from_static(b"one"));
    assert_eq!(made, Err(OutletError::Conflict));
    let received = server.received();
    let put = received.last().unwrap();
    assert_eq!(put.header("if-none-match"), Some("*"), "{}", put.head);
    assert!(!put.head.contains(SECRET), "{}", put.head);
}

#[test]
fn only_the_endpoint_is_spoken_to() {
    belljar_cases::case!("E06");
    let elsewhere = Server::saying(answer("200 OK", "", b"caught"));
    let location = format!("location: http://{}/site/a\r\n", elsewhere.authority);
    let server = Server::saying(answer("307 Temporary Redirect", &location, b""));
    let storage = open(&server.authority, "site", &secrets(&[("id", ACCESS), ("key", SECRET)]));
    let data = Bytes::from_static(b"1");
    assert!(storage.read(&path("a")).is_err());
    assert!(storage.write(&path("a"), &data).is_err());
    assert!(storage.list(&WorkspacePath::root()).is_err());
    assert!(!server.received().is_empty());
    assert!(elsewhere.received().is_empty());
}

#[test]
fn a_bucket_that_cannot_be_asked_is_unreachable() {
    let broken = Server::saying("");
    let storage = open(&broken.authority, "site", &secrets(&[("id", ACCESS), ("key", SECRET)]));
    let error = storage.read(&path("a")).unwrap_err();
    let OutletError::Unreachable(detail) = &error else { panic!("{error:?}") };
    assert!(detail.starts_with(&broken.authority), "{detail}");
}

#[test]
fn a_bucket_is_asked_from_within_a_runtime_as_well() {
    let (_folder, authority) = served();
    let storage = open(&authority, "site", &secrets(&[("id", ACCESS), ("key", SECRET)]));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let data = Bytes::from_static(b"1");
    runtime.block_on(async { storage.write(&path("a"), &data) }).unwrap();
    assert_eq!(runtime.block_on(async { storage.read(&path("a")) }).unwrap(), data);
}
