//! Frames: one message each, as its length (u32, little endian) and its postcard bytes.
//!
//! A message may name a number of raw bytes; these follow its frame as they are.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::message::{FromWorker, ToWorker};

/// The largest frame, in bytes.
pub const MAX_FRAME: usize = 64 << 20;

/// The most raw bytes that follow one frame.
pub const MAX_RAW: u64 = 8 << 30;

/// The length of the length.
pub(crate) const HEAD: usize = 4;

/// Why bytes are no frame.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FrameError {
    /// Longer than a frame may be.
    #[error("a frame of {0} bytes, and at most {MAX_FRAME} are taken")]
    TooLarge(usize),
    /// Not a message, or more than one.
    #[error("a frame that is no message: {0}")]
    NoMessage(String),
}

/// Writes a message as a frame.
///
/// # Errors
/// When it is too large.
pub(crate) fn encode(message: &impl Serialize) -> Result<Vec<u8>, FrameError> {
    let mut frame = Vec::with_capacity(512);
    frame.extend([0; HEAD]);
    let mut frame = postcard::to_extend(message, frame)
        .map_err(|error| FrameError::NoMessage(error.to_string()))?;
    let size = frame.len() - HEAD;
    let head = u32::try_from(size).ok().filter(|_| size <= MAX_FRAME);
    frame[..HEAD].copy_from_slice(&head.ok_or(FrameError::TooLarge(size))?.to_le_bytes());
    Ok(frame)
}

/// The size that the head of a frame names.
///
/// # Errors
/// When a frame may not be so large.
pub(crate) fn size(head: [u8; HEAD]) -> Result<usize, FrameError> {
    let size = usize::try_from(u32::from_le_bytes(head)).unwrap_or(usize::MAX);
    if size > MAX_FRAME { Err(FrameError::TooLarge(size)) } else { Ok(size) }
}

/// Reads a message, which is all of `bytes`.
///
/// # Errors
/// When it is none.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, FrameError> {
    let no_message = |error: postcard::Error| FrameError::NoMessage(error.to_string());
    let (message, rest) = postcard::take_from_bytes(bytes).map_err(no_message)?;
    if rest.is_empty() {
        Ok(message)
    } else {
        Err(FrameError::NoMessage(format!("{} bytes are left over", rest.len())))
    }
}

/// Reads what a worker may send, and throws it away. Never panics, whatever the bytes are.
///
/// # Errors
/// When it is no message.
pub fn check_from_worker(bytes: &[u8]) -> Result<(), FrameError> {
    decode::<FromWorker>(bytes).map(drop)
}

/// Reads what a worker may be sent, and throws it away. Never panics, whatever the bytes are.
///
/// # Errors
/// When it is no message.
pub fn check_to_worker(bytes: &[u8]) -> Result<(), FrameError> {
    decode::<ToWorker>(bytes).map(drop)
}
