//! Zstandard in constant memory: one frame after the other.

use std::io::{self, Write};

use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// How many bytes go into one frame: many times the window of the encoder, so that starting
/// anew costs next to nothing.
const FRAME: usize = 4 << 20;

/// A writer that compresses. Frames in a row are one stream to every reader of the format.
pub(crate) struct Frames<W: Write> {
    into: W,
    waiting: Vec<u8>,
}

impl<W: Write> Frames<W> {
    /// Starts an empty stream.
    pub(crate) fn new(into: W) -> Self {
        Self { into, waiting: Vec::new() }
    }

    /// Writes the last frame and gives back what the stream was written into.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        if !self.waiting.is_empty() {
            self.frame()?;
        }
        Ok(self.into)
    }

    fn frame(&mut self) -> io::Result<()> {
        let frame = compress_to_vec(self.waiting.as_slice(), CompressionLevel::Fastest);
        self.waiting.clear();
        self.into.write_all(&frame)
    }
}

impl<W: Write> Write for Frames<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(FRAME - self.waiting.len());
        self.waiting.extend_from_slice(&bytes[..count]);
        if self.waiting.len() == FRAME {
            self.frame()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.into.flush()
    }
}
