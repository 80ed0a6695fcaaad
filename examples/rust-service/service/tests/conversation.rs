//! Whole conversations with the service, as bytes. The connection is in memory, so that this
//! passes where a program may open no sockets.

use std::io::{self, Read, Write};

use service::{Links, answer};

/// A connection whose other end has said everything already.
struct Connection<'a> {
    incoming: &'a [u8],
    outgoing: Vec<u8>,
}

impl Read for Connection<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // A few bytes at a time, as networks do.
        let few = buffer.len().min(7);
        self.incoming.read(&mut buffer[..few])
    }
}

impl Write for Connection<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns what the service answers, one line for each line of the answers.
fn talk(links: &mut Links, says: &str) -> Vec<String> {
    let mut connection = Connection { incoming: says.as_bytes(), outgoing: Vec::new() };
    http::converse(&mut connection, |request| answer(links, request)).unwrap();
    let heard = String::from_utf8(connection.outgoing).unwrap();
    heard.lines().map(str::to_owned).collect()
}

#[test]
fn a_client_adds_a_link_and_another_follows_it() {
    let mut links = Links::default();
    let added = talk(
        &mut links,
        "POST /links HTTP/1.1\r\nhost: a\r\ncontent-length: 26\r\n\r\nhttps://example.com/a/long\
         GET /health HTTP/1.1\r\nconnection: close\r\n\r\n",
    );
    assert_eq!(added[0], "HTTP/1.1 201 Created");
    assert_eq!(added[1], "location: /to/2");
    assert_eq!(added.last().unwrap(), "ok");

    let followed = talk(&mut links, "GET /to/2 HTTP/1.1\r\n\r\n");
    assert_eq!(followed[0], "HTTP/1.1 302 Found");
    assert_eq!(followed[1], "location: https://example.com/a/long");
}

#[test]
fn links_survive_a_client_that_talks_nonsense() {
    let mut links = Links::default();
    links.add("https://example.com").unwrap();
    assert_eq!(talk(&mut links, "\x01\x02\r\n\r\n")[0], "HTTP/1.1 400 Bad Request");
    let listed = talk(&mut links, "GET /links HTTP/1.1\r\n\r\n");
    assert_eq!(listed.last().unwrap(), "2 https://example.com");
}
