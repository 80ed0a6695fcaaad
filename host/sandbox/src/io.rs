//! `wasi:io`: streams and polls that are always ready.
//!
//! Nothing here waits. A stream reads a blob that is at hand, writes a file of the output layer
//! or adds to the log; the only thing that takes time is a virtual clock, and waiting for it
//! just moves it.

use wasmtime::component::Resource;
use wasmtime::{Result, bail};

use crate::bindings::ambient::wasi::filesystem::types::ErrorCode;
use crate::bindings::ambient::wasi::io::streams::StreamError;
use crate::bindings::ambient::wasi::io::{error, poll, streams};
use crate::log::Channel;
use crate::state::State;
use crate::vfs::{Place, SharedFile};

/// The most bytes that one call moves: larger pieces cost page faults in host and guest, and
/// would let the guest choose how much the host allocates.
pub(crate) const MAX_PIECE: u64 = 128 << 10;

/// Why a stream cannot go on.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct StreamFailure {
    pub(crate) code: ErrorCode,
}

/// Something that becomes ready.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum Pollable {
    /// It is.
    Ready,
    /// At a moment of the virtual clock, in nanoseconds.
    At(u64),
}

/// Bytes for the guest.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum InputStream {
    /// Standard input, which is empty for a plugin.
    Stdin,
    /// A file, from an offset on.
    File {
        /// Which.
        place: Place,
        /// Where the next byte is.
        offset: u64,
    },
}

/// Bytes from the guest.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum OutputStream {
    /// Lines of the log.
    Log(Channel),
    /// A written file, at an offset, or at its end if there is none.
    File {
        /// Which.
        file: SharedFile,
        /// Where the next byte goes; `None` for the end of the file.
        offset: Option<u64>,
    },
}

impl State {
    fn failed(&mut self, code: ErrorCode) -> Result<StreamError> {
        Ok(StreamError::LastOperationFailed(self.table.push(StreamFailure { code })?))
    }

    fn read_stream(
        &mut self,
        stream: &Resource<InputStream>,
        len: u64,
    ) -> Result<Result<Vec<u8>, StreamError>> {
        let (place, offset) = match self.table.get(stream)? {
            InputStream::Stdin => return Ok(self.read_stdin(len)),
            InputStream::File { place, offset } => (place.clone(), *offset),
        };
        if len == 0 {
            return Ok(Ok(Vec::new()));
        }
        let bytes = match self.read_place(&place, offset, len.min(MAX_PIECE))? {
            Ok(bytes) if bytes.is_empty() => return Ok(Err(StreamError::Closed)),
            Ok(bytes) => bytes,
            Err(code) => return Ok(Err(self.failed(code)?)),
        };
        if let InputStream::File { offset, .. } = self.table.get_mut(stream)? {
            *offset += bytes.len() as u64;
        }
        Ok(Ok(bytes))
    }

    fn read_stdin(&mut self, len: u64) -> std::result::Result<Vec<u8>, StreamError> {
        let program = self.program.as_mut().filter(|program| !program.stdin.is_empty());
        let Some(program) = program else { return Err(StreamError::Closed) };
        let len = usize::try_from(len.min(MAX_PIECE)).unwrap_or(usize::MAX);
        let len = len.min(program.stdin.len());
        Ok(program.stdin.split_to(len).to_vec())
    }

    fn write_stream(
        &mut self,
        stream: &Resource<OutputStream>,
        bytes: &[u8],
    ) -> Result<Result<(), StreamError>> {
        let (file, at) = match self.table.get(stream)? {
            OutputStream::Log(channel) => {
                self.log.write(*channel, bytes);
                if let Some(program) = &mut self.program {
                    program.printed.take(*channel, bytes);
                }
                return Ok(Ok(()));
            }
            OutputStream::File { file, offset } => (file.clone(), *offset),
        };
        if let Err(code) = self.write_file(&file, at, bytes)? {
            return Ok(Err(self.failed(code)?));
        }
        if let OutputStream::File { offset: Some(offset), .. } = self.table.get_mut(stream)? {
            *offset += bytes.len() as u64;
        }
        Ok(Ok(()))
    }
}

impl error::Host for State {}

impl error::HostError for State {
    fn to_debug_string(&mut self, failure: Resource<StreamFailure>) -> Result<String> {
        Ok(self.table.get(&failure)?.code.name().to_owned())
    }

    fn drop(&mut self, failure: Resource<StreamFailure>) -> Result<()> {
        self.table.delete(failure)?;
        Ok(())
    }
}

impl poll::Host for State {
    fn poll(&mut self, pollables: Vec<Resource<Pollable>>) -> Result<Vec<u32>> {
        if pollables.is_empty() {
            bail!("`poll` was called with an empty list");
        }
        let mut moments = Vec::with_capacity(pollables.len());
        for pollable in &pollables {
            moments.push(match self.table.get(pollable)? {
                Pollable::Ready => 0,
                Pollable::At(moment) => *moment,
            });
        }
        let earliest = moments.iter().copied().min().unwrap_or_default();
        self.clock.wait_until(earliest);
        let ready = |(index, moment)| (moment <= self.clock.peek()).then_some(index);
        Ok((0..).zip(moments).filter_map(ready).collect())
    }
}

impl poll::HostPollable for State {
    fn ready(&mut self, pollable: Resource<Pollable>) -> Result<bool> {
        Ok(match self.table.get(&pollable)? {
            Pollable::Ready => true,
            Pollable::At(moment) => *moment <= self.clock.now(),
        })
    }

    fn block(&mut self, pollable: Resource<Pollable>) -> Result<()> {
        if let Pollable::At(moment) = self.table.get(&pollable)? {
            self.clock.wait_until(*moment);
        }
        Ok(())
    }

    fn drop(&mut self, pollable: Resource<Pollable>) -> Result<()> {
        self.table.delete(pollable)?;
        Ok(())
    }
}

impl streams::Host for State {}

impl streams::HostInputStream for State {
    fn read(
        &mut self,
        stream: Resource<InputStream>,
        len: u64,
    ) -> Result<Result<Vec<u8>, StreamError>> {
        self.read_stream(&stream, len)
    }

    fn blocking_read(
        &mut self,
        stream: Resource<InputStream>,
        len: u64,
    ) -> Result<Result<Vec<u8>, StreamError>> {
        self.read_stream(&stream, len)
    }

    fn skip(
        &mut self,
        stream: Resource<InputStream>,
        len: u64,
    ) -> Result<Result<u64, StreamError>> {
        Ok(self.read_stream(&stream, len)?.map(|bytes| bytes.len() as u64))
    }

    fn blocking_skip(
        &mut self,
        stream: Resource<InputStream>,
        len: u64,
    ) -> Result<Result<u64, StreamError>> {
        Ok(self.read_stream(&stream, len)?.map(|bytes| bytes.len() as u64))
    }

    fn subscribe(&mut self, _stream: Resource<InputStream>) -> Result<Resource<Pollable>> {
        Ok(self.table.push(Pollable::Ready)?)
    }

    fn drop(&mut self, stream: Resource<InputStream>) -> Result<()> {
        self.table.delete(stream)?;
        Ok(())
    }
}

impl streams::HostOutputStream for State {
    fn check_write(&mut self, _stream: Resource<OutputStream>) -> Result<Result<u64, StreamError>> {
        Ok(Ok(MAX_PIECE))
    }

    fn write(
        &mut self,
        stream: Resource<OutputStream>,
        bytes: Vec<u8>,
    ) -> Result<Result<(), StreamError>> {
        self.write_stream(&stream, &bytes)
    }

    fn blocking_write_and_flush(
        &mut self,
        stream: Resource<OutputStream>,
        bytes: Vec<u8>,
    ) -> Result<Result<(), StreamError>> {
        self.write_stream(&stream, &bytes)
    }

    fn flush(&mut self, _stream: Resource<OutputStream>) -> Result<Result<(), StreamError>> {
        Ok(Ok(()))
    }

    fn blocking_flush(
        &mut self,
        _stream: Resource<OutputStream>,
    ) -> Result<Result<(), StreamError>> {
        Ok(Ok(()))
    }

    fn subscribe(&mut self, _stream: Resource<OutputStream>) -> Result<Resource<Pollable>> {
        Ok(self.table.push(Pollable::Ready)?)
    }

    fn write_zeroes(
        &mut self,
        stream: Resource<OutputStream>,
        len: u64,
    ) -> Result<Result<(), StreamError>> {
        if len > MAX_PIECE {
            bail!("more bytes were written than `check-write` allowed");
        }
        let zeroes = vec![0; usize::try_from(len)?];
        self.write_stream(&stream, &zeroes)
    }

    fn blocking_write_zeroes_and_flush(
        &mut self,
        stream: Resource<OutputStream>,
        len: u64,
    ) -> Result<Result<(), StreamError>> {
        streams::HostOutputStream::write_zeroes(self, stream, len)
    }

    fn splice(
        &mut self,
        to: Resource<OutputStream>,
        from: Resource<InputStream>,
        len: u64,
    ) -> Result<Result<u64, StreamError>> {
        let bytes = match self.read_stream(&from, len)? {
            Ok(bytes) => bytes,
            Err(error) => return Ok(Err(error)),
        };
        Ok(self.write_stream(&to, &bytes)?.map(|()| bytes.len() as u64))
    }

    fn blocking_splice(
        &mut self,
        to: Resource<OutputStream>,
        from: Resource<InputStream>,
        len: u64,
    ) -> Result<Result<u64, StreamError>> {
        streams::HostOutputStream::splice(self, to, from, len)
    }

    fn drop(&mut self, stream: Resource<OutputStream>) -> Result<()> {
        self.table.delete(stream)?;
        Ok(())
    }
}
