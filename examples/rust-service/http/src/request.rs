//! Request: what a client asks for.

use std::fmt;
use std::io::{self, BufRead, Read};

/// The most bytes that the request line and all headers may have together.
const MAX_HEAD: u64 = 8 * 1024;
/// The most bytes that a body may have.
const MAX_BODY: u64 = 64 * 1024;

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// Read something.
    Get,
    /// Add something.
    Post,
    /// Remove something.
    Delete,
}

impl Method {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "GET" => Some(Self::Get),
            "POST" => Some(Self::Post),
            "DELETE" => Some(Self::Delete),
            _ => None,
        }
    }
}

/// What a client asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// What is to be done.
    pub method: Method,
    /// With what: the path as it was sent, without the query.
    pub path: String,
    /// What was sent along.
    pub body: Vec<u8>,
    /// Whether the client wants to ask for more afterwards.
    pub keep_alive: bool,
}

/// Why a request cannot be answered as it was meant.
#[derive(Debug)]
pub enum RequestError {
    /// It is not HTTP, for this reason.
    Malformed(&'static str),
    /// Its method is none that we know.
    UnknownMethod,
    /// Its head or its body has too many bytes.
    TooLarge,
    /// Its body comes in a form that we cannot read.
    UnknownEncoding,
    /// The connection broke.
    Io(io::Error),
}

impl fmt::Display for RequestError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(reason) => write!(out, "the request is malformed: {reason}"),
            Self::UnknownMethod => out.write_str("the method is unknown"),
            Self::TooLarge => out.write_str("the request is too large"),
            Self::UnknownEncoding => out.write_str("the transfer encoding is unknown"),
            Self::Io(error) => write!(out, "the connection broke: {error}"),
        }
    }
}

impl std::error::Error for RequestError {}

impl From<io::Error> for RequestError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The headers that matter here.
#[derive(Default)]
struct Headers {
    content_length: u64,
    close: bool,
}

impl Request {
    /// Reads one request, or `None` if the client has closed the connection.
    ///
    /// # Errors
    /// When what arrives is no request that we can answer, or the connection breaks.
    pub fn read(from: &mut impl BufRead) -> Result<Option<Self>, RequestError> {
        let mut head = from.by_ref().take(MAX_HEAD);
        let Some(line) = read_line(&mut head)? else { return Ok(None) };
        let (method, path) = parse_request_line(&line)?;
        let headers = Headers::read(&mut head)?;
        if headers.content_length > MAX_BODY {
            return Err(RequestError::TooLarge);
        }
        let mut body = Vec::new();
        from.take(headers.content_length).read_to_end(&mut body)?;
        if body.len() as u64 != headers.content_length {
            return Err(RequestError::Malformed("the body ends too early"));
        }
        let keep_alive = !headers.close;
        Ok(Some(Self { method: method?, path, body, keep_alive }))
    }
}

impl Headers {
    fn read(from: &mut io::Take<impl BufRead>) -> Result<Self, RequestError> {
        let mut headers = Self::default();
        loop {
            let line =
                read_line(from)?.ok_or(RequestError::Malformed("the head ends too early"))?;
            if line.is_empty() {
                return Ok(headers);
            }
            let (name, value) =
                line.split_once(':').ok_or(RequestError::Malformed("a header has no colon"))?;
            headers.take(&name.to_ascii_lowercase(), value.trim())?;
        }
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), RequestError> {
        match name {
            "content-length" => {
                let length = value.parse();
                self.content_length =
                    length.map_err(|_| RequestError::Malformed("the length is no number"))?;
            }
            "transfer-encoding" => return Err(RequestError::UnknownEncoding),
            "connection" => self.close = value.eq_ignore_ascii_case("close"),
            _ => {}
        }
        Ok(())
    }
}

/// The method, or that it is unknown: then the rest is still worth reading; and the path.
fn parse_request_line(line: &str) -> Result<(Result<Method, RequestError>, String), RequestError> {
    let mut parts = line.split(' ');
    let (Some(method), Some(place), Some(version), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(RequestError::Malformed("the first line has not three parts"));
    };
    if version != "HTTP/1.1" {
        return Err(RequestError::Malformed("the version is not HTTP/1.1"));
    }
    let path = place.split('?').next().unwrap_or_default();
    if !path.starts_with('/') {
        return Err(RequestError::Malformed("the path does not begin with a slash"));
    }
    Ok((Method::parse(method).ok_or(RequestError::UnknownMethod), path.to_owned()))
}

/// Reads a line without its end, or `None` if there is nothing more.
fn read_line(from: &mut io::Take<impl BufRead>) -> Result<Option<String>, RequestError> {
    let mut bytes = Vec::new();
    from.read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() && from.limit() > 0 {
        return Ok(None);
    }
    if bytes.pop() != Some(b'\n') {
        let full = from.limit() == 0;
        let early = RequestError::Malformed("the head ends too early");
        return Err(if full { RequestError::TooLarge } else { early });
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    let text = String::from_utf8(bytes);
    text.map(Some).map_err(|_| RequestError::Malformed("the head is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Request>, RequestError> {
        Request::read(&mut text.as_bytes())
    }

    #[test]
    fn a_request_has_a_method_a_path_and_a_body() {
        let text = "POST /links?from=here HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
        let expected = Request {
            method: Method::Post,
            path: "/links".to_owned(),
            body: b"abc".to_vec(),
            keep_alive: true,
        };
        assert_eq!(read(text).unwrap(), Some(expected));
    }

    #[test]
    fn a_closed_connection_is_no_request() {
        assert_eq!(read("").unwrap(), None);
    }

    #[test]
    fn a_client_may_say_that_it_is_done() {
        let request = read("GET / HTTP/1.1\nconnection: Close\n\n").unwrap().unwrap();
        assert!(!request.keep_alive);
    }

    #[test]
    fn what_is_no_request_is_refused_for_its_reason() {
        let long = format!("GET / HTTP/1.1\nx: {}", "y".repeat(9000));
        for (text, reason) in [
            ("GET /\r\n\r\n", "the first line has not three parts"),
            ("GET / HTTP/1.0\r\n\r\n", "the version is not HTTP/1.1"),
            ("GET x HTTP/1.1\r\n\r\n", "does not begin with a slash"),
            ("GET / HTTP/1.1\r\nhost\r\n\r\n", "a header has no colon"),
            ("GET / HTTP/1.1\r\n", "the head ends too early"),
            ("GET / HTTP", "the head ends too early"),
            ("POST / HTTP/1.1\ncontent-length: many\n\n", "the length is no number"),
            ("POST / HTTP/1.1\ncontent-length: 9\n\nabc", "the body ends too early"),
            ("POST / HTTP/1.1\ncontent-length: 99999999\n\n", "too large"),
            ("POST / HTTP/1.1\ntransfer-encoding: chunked\n\n", "encoding is unknown"),
            ("BREW / HTTP/1.1\n\n", "the method is unknown"),
            (&long, "too large"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text:?}: {error}");
        }
    }
}
