//! As much of HTTP/1.1 as a small service needs, over anything that can be read and written.
//!
//! Nothing here knows of sockets: a test talks to [`converse`] through a buffer.

mod conversation;
mod request;
mod response;

pub use conversation::converse;
pub use request::{Method, Request, RequestError};
pub use response::{Response, Status};
