//! Conversation: requests and responses over one connection, until one side has enough.

use std::io::{self, BufReader, Read, Write};

use crate::request::{Request, RequestError};
use crate::response::{Response, Status};

/// Answers the requests of one connection, in order.
///
/// # Errors
/// When the connection breaks. A request that makes no sense is answered, and ends the
/// conversation: what follows it cannot be told from the rest of it.
pub fn converse<C: Read + Write>(
    connection: C,
    mut answer: impl FnMut(&Request) -> Response,
) -> io::Result<()> {
    let mut connection = BufReader::new(connection);
    loop {
        let request = match Request::read(&mut connection) {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(()),
            Err(RequestError::Io(error)) => return Err(error),
            Err(error) => return refusal(&error).write(connection.get_mut()),
        };
        answer(&request).write(connection.get_mut())?;
        if !request.keep_alive {
            return Ok(());
        }
    }
}

fn refusal(error: &RequestError) -> Response {
    let status = match error {
        RequestError::UnknownMethod | RequestError::UnknownEncoding => Status::NotImplemented,
        RequestError::TooLarge => Status::TooLarge,
        RequestError::Malformed(_) | RequestError::Io(_) => Status::BadRequest,
    };
    Response::text(status, format!("{error}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client that has said everything before it listens.
    struct Client<'a> {
        says: &'a [u8],
        hears: Vec<u8>,
    }

    impl Read for Client<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.says.read(buffer)
        }
    }

    impl Write for Client<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.hears.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Returns the status lines of the answers; each answer says the path.
    fn statuses(says: &str) -> Vec<String> {
        let mut client = Client { says: says.as_bytes(), hears: Vec::new() };
        converse(&mut client, |request| Response::text(Status::Ok, request.path.clone())).unwrap();
        let heard = String::from_utf8(client.hears).unwrap();
        let lines = heard.split('\n').flat_map(|line| line.split("HTTP/1.1 ").skip(1));
        lines.map(|line| line.trim().to_owned()).collect()
    }

    #[test]
    fn requests_are_answered_in_order_until_the_client_closes() {
        assert_eq!(statuses("GET /a HTTP/1.1\n\nGET /b HTTP/1.1\n\n"), ["200 OK", "200 OK"]);
        assert_eq!(
            statuses("GET /a HTTP/1.1\nconnection: close\n\nGET /b HTTP/1.1\n\n"),
            ["200 OK"]
        );
    }

    #[test]
    fn nonsense_is_answered_once() {
        assert_eq!(statuses("nonsense\n\nGET /b HTTP/1.1\n\n"), ["400 Bad Request"]);
        assert_eq!(statuses("BREW /tea HTTP/1.1\n\n"), ["501 Not Implemented"]);
    }
}
