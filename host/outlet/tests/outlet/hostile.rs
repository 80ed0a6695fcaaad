//! Servers that answer so as to hurt whoever reads it.

use std::io::Write as _;

use belljar_model::ports::OutletError;

use crate::parts::{client, request};
use crate::server::{Server, answer};

#[test]
fn headers_without_end_are_too_large() {
    belljar_cases::case!("E07");
    let server = Server::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        let piece = "x-much: more\r\n".repeat(1_000);
        // The client goes away long before a million.
        (0..1_000).find(|_| stream.write_all(piece.as_bytes()).is_err());
    });
    let error = client(&server.authority).send(&request("GET", &server.authority, "/"));
    let error = error.expect_err("nobody reads a million headers");
    assert!(matches!(error, OutletError::TooLarge | OutletError::Unreachable(_)), "{error:?}");
}

#[test]
fn a_byte_at_a_time_takes_no_longer_than_a_request_may() {
    belljar_cases::case!("E07");
    let server = Server::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n");
        // Each byte comes soon enough for a limit on silence alone.
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    });
    let mut asked = request("GET", &server.authority, "/");
    asked.time_limit_ms = 300;
    let error = client(&server.authority).send(&asked).expect_err("it never ends");
    assert_eq!(error, OutletError::TimedOut);
}

#[test]
fn what_is_packed_stays_packed() {
    belljar_cases::case!("E07");
    // A gzip stream of a mebibyte of zeros begins like this; nobody looks into it.
    let packed = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xed, 0xc1, 1, 1];
    let server = Server::saying(answer("200 OK", "content-encoding: gzip\r\n", &packed));
    let got = client(&server.authority).send(&request("GET", &server.authority, "/"));
    assert_eq!(got.expect("it is an answer as any other").body, packed[..]);
}
