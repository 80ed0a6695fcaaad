//! Canaries: what no step may reach, watched from outside.

use std::io::ErrorKind;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;

/// What stands in every canary, so that it can be found wherever it went.
pub(crate) const SECRET: &str = "cAnArY-7f3a91";
/// The variable of the host's environment that holds the secret.
pub(crate) const VARIABLE: &str = "HOST_CANARY";

/// Everything that must stay untouched.
pub(crate) struct Canaries {
    folder: tempfile::TempDir,
    tcp: TcpListener,
    udp: UdpSocket,
    docker: UnixListener,
    hidden: UnixListener,
}

impl Canaries {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), SECRET).unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        tcp.set_nonblocking(true).unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        udp.set_nonblocking(true).unwrap();
        let docker = UnixListener::bind(folder.path().join("docker.sock")).unwrap();
        docker.set_nonblocking(true).unwrap();
        let name = format!("belljar-canary-{}", folder.path().display());
        let hidden = SocketAddr::from_abstract_name(name).unwrap();
        let hidden = UnixListener::bind_addr(&hidden).unwrap();
        hidden.set_nonblocking(true).unwrap();
        Self { folder, tcp, udp, docker, hidden }
    }

    /// The folder outside that everybody could write to.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Fails if any was touched.
    #[track_caller]
    pub(crate) fn assert_untouched(&self) {
        let waits = |kind: ErrorKind| kind == ErrorKind::WouldBlock;
        assert!(self.tcp.accept().is_err_and(|error| waits(error.kind())), "TCP was reached");
        let heard = self.udp.recv(&mut [0; 8]);
        assert!(heard.is_err_and(|error| waits(error.kind())), "UDP was reached");
        for socket in [&self.docker, &self.hidden] {
            assert!(
                socket.accept().is_err_and(|error| waits(error.kind())),
                "a socket was reached"
            );
        }
        let text = std::fs::read_to_string(self.folder.path().join("secret")).unwrap();
        assert_eq!(text, SECRET, "the file outside was changed");
        let names = std::fs::read_dir(self.folder.path()).unwrap().count();
        assert_eq!(names, 2, "something was written outside");
    }
}

/// Fails if the secret is anywhere below a folder, in any of several ways to write it.
#[track_caller]
pub(crate) fn assert_nowhere_below(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = std::fs::symlink_metadata(&path).unwrap().file_type();
        // Machine code of plugins: much, and made before any step begins.
        if path.ends_with("aot-v1") {
            continue;
        }
        if kind.is_dir() {
            assert_nowhere_below(&path);
        } else if kind.is_file() {
            assert_nowhere_in(&std::fs::read(&path).unwrap(), &path.display().to_string());
        }
    }
}

/// Fails if the secret is in these bytes.
#[track_caller]
pub(crate) fn assert_nowhere_in(bytes: &[u8], place: &str) {
    let reversed: String = SECRET.chars().rev().collect();
    let bytewise =
        |form: &dyn Fn(u8) -> String| SECRET.bytes().map(form).collect::<Vec<_>>().concat();
    let hex = bytewise(&|byte| format!("{byte:02x}"));
    let percent = bytewise(&|byte| format!("%{byte:02X}"));
    let upper = (hex.to_uppercase(), SECRET.to_uppercase(), SECRET.to_lowercase());
    let written = [SECRET.to_owned(), reversed, hex, percent, upper.0, upper.1, upper.2];
    let text = String::from_utf8_lossy(bytes);
    for written in written {
        assert!(!text.contains(&written), "the secret is in {place} as {written}");
    }
}
