//! Requests that must not leave.

use belljar_model::delivery::{Body, HttpRequest};
use bytes::Bytes;

use crate::parts::{client, code, request, uses};
use crate::server::{Server, answer};

/// Changes a good request, and expects that it is stopped with a code before anything is sent.
fn check(expected: &str, change: impl Fn(&mut HttpRequest)) {
    let server = Server::saying(answer("200 OK", "", b""));
    let client = client(&server.authority);
    let mut asked = request("POST", &server.authority, "/");
    asked.body = Body::Bytes(Bytes::from_static(b"body"));
    client.may_send(&asked).unwrap();
    change(&mut asked);
    assert_eq!(code(client.may_send(&asked)), expected, "{asked:?}");
    assert_eq!(code(client.send(&asked)), expected, "{asked:?}");
    assert!(server.received().is_empty(), "{asked:?}");
}

#[test]
fn a_host_that_was_not_granted_is_not_reached() {
    belljar_cases::case!("E06");
    let other = Server::saying(answer("200 OK", "", b""));
    check("E0910", |asked| asked.url = format!("http://{}/", other.authority));
    check("E0912", |asked| {
        asked.url = asked.url.replace("://", &format!("://{}@", other.authority));
    });
    check("E0912", |asked| asked.url = asked.url.replacen("http", "ftp", 1));
    assert!(other.received().is_empty());
}

#[test]
fn a_header_cannot_become_two() {
    belljar_cases::case!("E05");
    for value in ["a\r\nx-other: b", "a\nb", "a\rb", "a\0b", "a\r\n\r\nGET / HTTP/1.1"] {
        check("E0912", |asked| asked.headers.push(("x".to_owned(), value.to_owned())));
        check("E0915", |asked| asked.secrets.push(uses("x", value, "token")));
    }
    for name in ["", "a b", "a:", "a\r\nb", "ä"] {
        check("E0912", |asked| asked.headers.push((name.to_owned(), "v".to_owned())));
        check("E0912", |asked| asked.secrets.push(uses(name, "", "token")));
    }
}

#[test]
fn what_frames_a_message_is_set_by_the_host() {
    belljar_cases::case!("E05", "E06");
    for name in
        ["Host", "host", "content-length", "Transfer-Encoding", "connection", "expect", "upgrade"]
    {
        check("E0912", |asked| asked.headers.push((name.to_owned(), "1".to_owned())));
        check("E0912", |asked| asked.secrets.push(uses(name, "", "token")));
    }
}

#[test]
fn a_method_is_a_word_in_upper_case() {
    belljar_cases::case!("E05");
    for method in ["", "get", "GET /", "GET\r\n", "CONNECT", "G\0"] {
        check("E0912", |asked| asked.method = method.to_owned());
    }
}

#[test]
fn a_secret_that_was_not_granted_is_not_sent() {
    belljar_cases::case!("F03");
    check("E0911", |asked| asked.secrets.push(uses("authorization", "", "other")));
}
