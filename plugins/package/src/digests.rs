//! Digests of bytes on their way, so that nothing is read twice.

use std::io::{self, Read, Write};

use serde::Serialize;
use sha2::Digest as _;

/// The size and the digests of some bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Digests {
    /// How many bytes.
    pub(crate) size: u64,
    /// BLAKE3, as 64 hexadecimal digits.
    pub(crate) blake3: String,
    /// SHA-256, as 64 hexadecimal digits.
    pub(crate) sha256: String,
}

impl Digests {
    /// Digests bytes that are at hand.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut digesting = Digesting::new(());
        digesting.add(bytes);
        digesting.finish().1
    }
}

/// A reader or a writer that digests what goes through it.
pub(crate) struct Digesting<T> {
    inner: T,
    size: u64,
    blake3: blake3::Hasher,
    sha256: sha2::Sha256,
}

impl<T> Digesting<T> {
    /// Starts with no bytes.
    pub(crate) fn new(inner: T) -> Self {
        Self { inner, size: 0, blake3: blake3::Hasher::new(), sha256: sha2::Sha256::new() }
    }

    /// Gives back the reader or writer, with the digests of what went through it.
    pub(crate) fn finish(self) -> (T, Digests) {
        let blake3 = self.blake3.finalize().to_hex().to_string();
        let sha256 = format!("{:x}", self.sha256.finalize());
        (self.inner, Digests { size: self.size, blake3, sha256 })
    }

    fn add(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.blake3.update(bytes);
        self.sha256.update(bytes);
    }
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.add(&into[..count]);
        Ok(count)
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.add(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
