//! Descriptors: open files on their way from one process to another.
#![expect(unsafe_code, reason = "messages with descriptors are built by hand")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// How many are sent at once.
pub(crate) const COUNT: usize = 5;

/// The bytes that they take in a message.
const BYTES: usize = COUNT * size_of::<RawFd>();

/// Room for the head of a control message and for them, aligned for both.
type Control = [u64; 8];

/// Sends descriptors, with one byte.
///
/// # Errors
/// When nobody receives any more.
pub(crate) fn send(socket: impl AsFd, files: &[BorrowedFd<'_>; COUNT]) -> io::Result<()> {
    let mut byte = [0_u8];
    let mut part = libc::iovec { iov_base: byte.as_mut_ptr().cast(), iov_len: 1 };
    let mut control = Control::default();
    let numbers = files.each_ref().map(AsRawFd::as_raw_fd);
    // SAFETY: `message` points to `part` and `control`, which outlive the call; the head that is
    // filled in and the numbers behind it lie within `control`, which is as large as asserted.
    let sent = unsafe {
        let mut message = message(&mut part, &mut control);
        let head = libc::CMSG_FIRSTHDR(&raw const message);
        (*head).cmsg_level = libc::SOL_SOCKET;
        (*head).cmsg_type = libc::SCM_RIGHTS;
        (*head).cmsg_len = size(libc::CMSG_LEN(size(BYTES)));
        std::ptr::copy_nonoverlapping(numbers.as_ptr().cast(), libc::CMSG_DATA(head), BYTES);
        message.msg_controllen = size(libc::CMSG_SPACE(size(BYTES)));
        libc::sendmsg(socket.as_fd().as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL)
    };
    if sent == 1 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Waits for descriptors. `None` when there will be none any more.
///
/// # Errors
/// When something else comes.
pub(crate) fn receive(socket: impl AsFd) -> io::Result<Option<[OwnedFd; COUNT]>> {
    let mut byte = [0_u8];
    let mut part = libc::iovec { iov_base: byte.as_mut_ptr().cast(), iov_len: 1 };
    let mut control = Control::default();
    let mut numbers: [RawFd; COUNT] = [-1; COUNT];
    // SAFETY: `message` points to `part` and `control`, which outlive the calls; the numbers are
    // read from `control` only if the kernel says that so many are there.
    let read = unsafe {
        let mut message = message(&mut part, &mut control);
        let read = rustix::io::retry_on_intr(|| {
            let flags = libc::MSG_CMSG_CLOEXEC;
            match libc::recvmsg(socket.as_fd().as_raw_fd(), &raw mut message, flags) {
                -1 => Err(rustix::io::Errno::from_io_error(&io::Error::last_os_error())
                    .unwrap_or(rustix::io::Errno::IO)),
                read => Ok(read),
            }
        })?;
        let head = libc::CMSG_FIRSTHDR(&raw const message);
        if read == 1 && !head.is_null() && (*head).cmsg_type == libc::SCM_RIGHTS {
            let whole: u32 = libc::CMSG_LEN(size(BYTES));
            if size::<_, usize>((*head).cmsg_len) == size::<_, usize>(whole) {
                std::ptr::copy_nonoverlapping(
                    libc::CMSG_DATA(head).cast_const(),
                    numbers.as_mut_ptr().cast(),
                    BYTES,
                );
            }
        }
        read
    };
    if read == 0 {
        return Ok(None);
    }
    if numbers.contains(&-1) {
        return Err(io::Error::other("a message without its descriptors"));
    }
    // SAFETY: the kernel has just opened these for this process, and nobody else knows them.
    Ok(Some(numbers.map(|number| unsafe { OwnedFd::from_raw_fd(number) })))
}

const _: () = assert!(size_of::<Control>() >= size_of::<libc::cmsghdr>() + 2 * BYTES);

/// A message of one part with room for control messages.
fn message(part: &mut libc::iovec, control: &mut Control) -> libc::msghdr {
    // SAFETY: zeros are a valid value of this plain structure.
    let mut message = unsafe { std::mem::zeroed::<libc::msghdr>() };
    message.msg_iov = part;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = size(size_of::<Control>());
    message
}

/// A size in the type that a C library has for it here.
fn size<A: TryInto<B>, B>(size: A) -> B {
    let Ok(size) = size.try_into() else { unreachable!("all sizes here are below a hundred") };
    size
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read as _, Seek as _, Write as _};
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn what_is_sent_is_received_and_closed_on_execve() {
        let (one, other) = UnixStream::pair().unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"text").unwrap();
        file.rewind().unwrap();
        send(&one, &[file.as_fd(); COUNT]).unwrap();
        let received = receive(&other).unwrap().expect("five files");
        for fd in &received {
            let flags = rustix::io::fcntl_getfd(fd).unwrap();
            assert!(flags.contains(rustix::io::FdFlags::CLOEXEC), "{flags:?}");
        }
        let [first, ..] = received;
        let mut text = String::new();
        File::from(first).read_to_string(&mut text).unwrap();
        assert_eq!(text, "text");
    }

    #[test]
    fn a_message_without_descriptors_is_an_error() {
        let (one, other) = UnixStream::pair().unwrap();
        (&one).write_all(b"x").unwrap();
        assert!(receive(&other).is_err());
        drop(one);
        assert!(receive(&other).unwrap().is_none(), "the end");
    }
}
