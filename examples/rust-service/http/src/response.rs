//! Response: what a client is told.

use std::io::{self, Write};

/// How a request ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// It is done, and the body is the answer.
    Ok,
    /// Something was added.
    Created,
    /// It is done, and there is nothing to say.
    NoContent,
    /// What was asked for is elsewhere.
    Found,
    /// The request makes no sense.
    BadRequest,
    /// There is no such thing.
    NotFound,
    /// There is such a thing, but this cannot be done with it.
    MethodNotAllowed,
    /// The request has too many bytes.
    TooLarge,
    /// The request is right, but we cannot do that.
    NotImplemented,
}

impl Status {
    /// The number and the words of the status line.
    pub const fn line(self) -> &'static str {
        match self {
            Self::Ok => "200 OK",
            Self::Created => "201 Created",
            Self::NoContent => "204 No Content",
            Self::Found => "302 Found",
            Self::BadRequest => "400 Bad Request",
            Self::NotFound => "404 Not Found",
            Self::MethodNotAllowed => "405 Method Not Allowed",
            Self::TooLarge => "413 Content Too Large",
            Self::NotImplemented => "501 Not Implemented",
        }
    }
}

/// What a client is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Response {
    /// How the request ended.
    pub status: Status,
    /// Where else to look.
    pub location: Option<String>,
    /// Plain text.
    pub body: String,
}

impl Response {
    /// A response with a text.
    pub fn text(status: Status, body: impl Into<String>) -> Self {
        Self { status, location: None, body: body.into() }
    }

    /// The same response, which also says where to look.
    #[must_use]
    pub fn at(mut self, location: impl Into<String>) -> Self {
        self.location = Some(location.into());
        self
    }

    /// Sends it.
    ///
    /// # Errors
    /// When the connection breaks.
    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let Self { status, location, body } = self;
        // Sent at once, so that a slow network has fewer pieces to carry.
        let mut bytes = Vec::new();
        write!(bytes, "HTTP/1.1 {}\r\n", status.line())?;
        if let Some(location) = location {
            write!(bytes, "location: {location}\r\n")?;
        }
        if *status != Status::NoContent {
            write!(bytes, "content-type: text/plain; charset=utf-8\r\n")?;
            write!(bytes, "content-length: {}\r\n", body.len())?;
        }
        write!(bytes, "\r\n{body}")?;
        to.write_all(&bytes)?;
        to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(response: &Response) -> String {
        let mut bytes = Vec::new();
        response.write(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_length_is_counted_in_bytes() {
        let text = sent(&Response::text(Status::Ok, "né"));
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
        assert!(text.ends_with("content-length: 3\r\n\r\nné"), "{text}");
    }

    #[test]
    fn a_redirection_says_where_to() {
        let text = sent(&Response::text(Status::Found, "").at("https://example.com"));
        assert!(text.contains("\r\nlocation: https://example.com\r\n"), "{text}");
    }

    #[test]
    fn nothing_has_no_length() {
        assert_eq!(sent(&Response::text(Status::NoContent, "")), "HTTP/1.1 204 No Content\r\n\r\n");
    }
}
