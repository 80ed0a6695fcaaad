//! Requests against a server that answers, and against those that do not.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use belljar_model::Digest;
use belljar_model::delivery::Body;
use belljar_model::ports::{MAX_ANSWER, OutletError};
use bytes::Bytes;

use crate::parts::{TOKEN, client, code, request, uses};
use crate::server::{Server, answer};

#[test]
fn an_answer_comes_back_whatever_its_status() {
    for status in ["200 OK", "204 No Content", "404 Not Found", "409 Conflict", "500 Oh"] {
        let body: &[u8] = if status.starts_with("204") { b"" } else { b"said" };
        let server = Server::saying(answer(status, "X-Kind: A\r\nx-kind: b\r\n", body));
        let got = client(&server.authority).send(&request("GET", &server.authority, "/a?b=c"));
        let got = got.unwrap();
        assert_eq!(got.status.to_string(), status[..3]);
        assert_eq!(got.body, body, "{status}");
        let kinds = got.headers.iter().filter(|(name, _)| name == "x-kind");
        assert!(kinds.map(|(_, value)| value.as_str()).eq(["A", "b"]), "{:?}", got.headers);
    }
}

#[test]
fn what_is_sent_is_what_was_asked_for_and_little_more() {
    let server = Server::saying(answer("200 OK", "set-cookie: a=b\r\n", b""));
    let client = client(&server.authority);
    let mut asked = request("POST", &server.authority, "/a/b?c=d%20e");
    asked.headers =
        vec![("x-one".to_owned(), "1".to_owned()), ("x-one".to_owned(), "2".to_owned())];
    asked.body = Body::Bytes(Bytes::from_static(b"some bytes"));
    client.send(&asked).unwrap();
    client.send(&request("GET", &server.authority, "/")).unwrap();
    let [first, second] = &server.received()[..] else { panic!("two requests came") };
    assert!(first.head.starts_with("POST /a/b?c=d%20e HTTP/1.1\r\n"), "{}", first.head);
    assert_eq!(first.body, b"some bytes");
    let names = |head: &str| {
        let pairs = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        let mut names: Vec<_> = pairs.map(|(name, _)| name.to_lowercase()).collect();
        names.sort();
        names
    };
    let few = ["accept", "content-length", "host", "user-agent", "x-one", "x-one"];
    assert_eq!(names(&first.head), few);
    assert_eq!(names(&second.head), ["accept", "host", "user-agent"], "no cookie, no length");
    let agent = first.header("user-agent").unwrap();
    assert_eq!(agent, concat!("belljar/", env!("CARGO_PKG_VERSION")));
}

#[test]
fn any_method_carries_a_body_if_there_is_one() {
    let server = Server::saying(answer("200 OK", "", b""));
    let client = client(&server.authority);
    for (method, body, length) in [
        ("PUT", "", Some("0")),
        ("DELETE", "", None),
        ("DELETE", "why", Some("3")),
        ("PROPFIND", "ask", Some("3")),
        ("GET", "ask", Some("3")),
        ("HEAD", "", None),
    ] {
        let mut asked = request(method, &server.authority, "/");
        asked.body = Body::Bytes(Bytes::from_static(body.as_bytes()));
        client.send(&asked).unwrap();
        let received = server.received();
        let last = received.last().unwrap();
        assert!(last.head.starts_with(method), "{}", last.head);
        assert_eq!((last.header("content-length"), &*last.body), (length, body.as_bytes()));
    }
}

#[test]
fn a_redirect_is_an_answer() {
    belljar_cases::case!("E04");
    let elsewhere = Server::saying(answer("200 OK", "", b"caught"));
    let location = format!("location: http://{}/\r\n", elsewhere.authority);
    for status in ["301 A", "302 A", "303 A", "307 A", "308 A"] {
        let server = Server::saying(answer(status, &location, b"over there"));
        let mut asked = request("POST", &server.authority, "/");
        asked.secrets = vec![uses("authorization", "", "token")];
        let got = client(&server.authority).send(&asked).unwrap();
        assert_eq!(
            (got.status.to_string(), &got.body[..]),
            (status[..3].to_owned(), &b"over there"[..])
        );
        assert!(got.headers.iter().any(|(name, _)| name == "location"));
    }
    assert!(elsewhere.received().is_empty());
}

#[test]
fn an_answer_that_does_not_come_in_time_is_none() {
    belljar_cases::case!("E07");
    for sent in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"] {
        let (end, waits) = mpsc::channel::<()>();
        let waits = Mutex::new(waits);
        let server = Server::start(move |_, stream| {
            stream.write_all(sent.as_bytes()).unwrap();
            // Until the test drops the other end.
            let _ = waits.lock().unwrap().recv();
        });
        let mut asked = request("GET", &server.authority, "/");
        asked.time_limit_ms = 150;
        let error = client(&server.authority).send(&asked).unwrap_err();
        assert_eq!(error, OutletError::TimedOut, "{sent:?}");
        drop(end);
    }
}

#[test]
fn a_server_that_breaks_off_is_unreachable() {
    // The port of our own end of a connection: taken, and nobody listens there.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let closed = taken.local_addr().unwrap().to_string();
    let silent = Server::saying("");
    let half = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf");
    let chunk = Server::saying("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab");
    let odd = Server::saying("who are you?\r\n\r\n");
    for authority in [&closed, &silent.authority, &half.authority, &chunk.authority, &odd.authority]
    {
        let error = client(authority).send(&request("GET", authority, "/")).unwrap_err();
        let OutletError::Unreachable(detail) = &error else { panic!("{error:?}") };
        assert!(detail.starts_with(&format!("{authority}: ")), "{detail}");
    }
}

#[test]
fn a_server_without_tls_is_not_asked_over_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(&answer("200 OK", "", b"plain")).unwrap();
        let mut first = Vec::new();
        // The other side closes, or resets the connection, when it has seen the answer.
        let _ = stream.read_to_end(&mut first);
        first
    });
    let mut asked = request("GET", &authority, "/");
    asked.url = asked.url.replacen("http", "https", 1);
    asked.secrets = vec![uses("authorization", "", "token")];
    let error = client(&authority).send(&asked).unwrap_err();
    assert!(matches!(error, OutletError::Unreachable(_)), "{error:?}");
    let first = served.join().unwrap();
    let holds = |text: &str| first.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(!holds(TOKEN) && !holds("GET"), "nothing but the greeting was sent");
}

#[test]
fn an_answer_has_eight_mebibytes_at_most() {
    belljar_cases::case!("E07");
    let limit = usize::try_from(MAX_ANSWER).unwrap();
    let full = Server::saying(answer("200 OK", "", &vec![b'a'; limit]));
    let got = client(&full.authority).send(&request("GET", &full.authority, "/")).unwrap();
    assert_eq!(got.body.len(), limit);

    let announced = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", limit + 1);
    let announced = Server::saying(announced);
    let endless = Server::start(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let piece = vec![b'a'; 1 << 16];
        while stream.write_all(&piece).is_ok() {}
    });
    let head = Server::saying(format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "a".repeat(1 << 20)));
    for server in [&announced, &endless, &head] {
        let error = client(&server.authority).send(&request("GET", &server.authority, "/"));
        assert_eq!(error.unwrap_err(), OutletError::TooLarge);
    }
}

#[test]
fn a_secret_goes_out_and_never_comes_back() {
    belljar_cases::case!("F01");
    let server = Server::start(|received, stream| {
        let sent = received.header("authorization").unwrap();
        let basic = STANDARD.encode(format!("user:{TOKEN}"));
        let headers = format!("x-echo: {sent}\r\nx-basic: {basic}\r\n");
        let body = format!("{{\"got\":\"{}\"}} {basic}", sent.replace('"', "\\\""));
        stream.write_all(&answer("401 No", &headers, body.as_bytes())).unwrap();
    });
    let mut asked = request("GET", &server.authority, "/");
    asked.secrets = vec![uses("authorization", "Bearer ", "token")];
    let got = client(&server.authority).send(&asked).unwrap();
    assert_eq!(server.received()[0].header("authorization"), Some(&*format!("Bearer {TOKEN}")));
    let said = format!("{:?} {}", got.headers, String::from_utf8_lossy(&got.body));
    assert!(said.contains(r#"("x-echo", "Bearer ***")"#), "{said}");
    assert!(said.contains(r#"{"got":"Bearer ***"} "#), "{said}");
    let inner = &STANDARD.encode(TOKEN)[..20];
    assert!(!said.contains("s3cret") && !said.contains(inner), "{said}");
    assert_eq!(said.matches("***").count(), 4, "{said}");
}

#[test]
fn a_shipped_file_is_sent_by_its_digest() {
    let server = Server::saying(answer("200 OK", "", b""));
    let client = client(&server.authority);
    let mut asked = request("PUT", &server.authority, "/");
    asked.body = Body::Artifact(Digest::of(b"the shipped file"));
    client.send(&asked).unwrap();
    assert_eq!(server.received()[0].body, b"the shipped file");
    asked.body = Body::Artifact(Digest::of(b"another"));
    assert_eq!(code(client.send(&asked)), "E0916");
    assert_eq!(server.received().len(), 1);
}

/// What the child of the next test does: a request, with the variables of a proxy around it.
#[test]
fn a_request_reaches_its_server() {
    let server = Server::saying(answer("200 OK", "", b"reached"));
    let got = client(&server.authority).send(&request("GET", &server.authority, "/")).unwrap();
    assert_eq!(got.body, "reached");
}

#[test]
fn no_proxy_of_the_environment_is_used() {
    belljar_cases::case!("E06");
    let proxy = Server::saying(answer("200 OK", "", b"caught"));
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
        child.env(name, format!("http://{}", proxy.authority));
    }
    let ended = child.args(["--exact", "http::a_request_reaches_its_server"]).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && said.contains("1 passed"), "{said}");
    assert!(proxy.received().is_empty());
}
