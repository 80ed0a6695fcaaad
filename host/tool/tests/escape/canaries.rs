//! Canaries: what a tool must not reach, watched from outside.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use tempfile::TempDir;

/// Everything that must stay untouched.
pub(crate) struct Canaries {
    pub(crate) folder: TempDir,
    tcp: TcpListener,
    udp: UdpSocket,
    socket: UnixListener,
    hidden: UnixListener,
    name: String,
    victim: Child,
    _leaked: OwnedFd,
}

impl Canaries {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("outside")).unwrap();
        std::fs::write(folder.path().join("outside/secret"), "secret").unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        tcp.set_nonblocking(true).unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        udp.set_nonblocking(true).unwrap();
        let socket = UnixListener::bind(folder.path().join("outside/docker.sock")).unwrap();
        socket.set_nonblocking(true).unwrap();
        let name = format!("belljar-canary-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let hidden = UnixListener::bind_addr(&address).unwrap();
        hidden.set_nonblocking(true).unwrap();
        let victim = Command::new("sleep").arg("3600").spawn().unwrap();
        // A descriptor of the host that is not closed on execve.
        let leaked = OwnedFd::from(std::fs::File::open(folder.path().join("outside")).unwrap());
        // SAFETY: changes a flag of a descriptor that is open.
        unsafe { libc::fcntl(leaked.as_raw_fd(), libc::F_SETFD, 0) };
        Self { folder, tcp, udp, socket, hidden, name, victim, _leaked: leaked }
    }

    pub(crate) fn outside(&self) -> PathBuf {
        self.folder.path().join("outside")
    }

    /// What the attacker is told about them.
    pub(crate) fn told(&self) -> BTreeMap<String, String> {
        let outside = self.outside();
        let shown = |path: &Path| path.display().to_string();
        let maps = std::fs::read_to_string(format!("/proc/{}/maps", self.victim.id()));
        let maps = maps.unwrap_or_default();
        BTreeMap::from([
            ("SECRET".to_owned(), shown(&outside.join("secret"))),
            ("OUTSIDE".to_owned(), shown(&outside)),
            ("SOCKET".to_owned(), shown(&outside.join("docker.sock"))),
            ("ABSTRACT".to_owned(), self.name.clone()),
            ("TCP".to_owned(), self.tcp.local_addr().unwrap().port().to_string()),
            ("UDP".to_owned(), self.udp.local_addr().unwrap().port().to_string()),
            ("HOST".to_owned(), std::process::id().to_string()),
            ("VICTIM".to_owned(), self.victim.id().to_string()),
            ("VICTIM_AT".to_owned(), maps.split('-').next().unwrap_or_default().to_owned()),
        ])
    }

    /// What was touched.
    pub(crate) fn touched(&mut self) -> Vec<&'static str> {
        let mut touched = Vec::new();
        let mut note = |what, is: bool| {
            if is {
                touched.push(what);
            }
        };
        let waits = |kind: ErrorKind| kind == ErrorKind::WouldBlock;
        note("tcp", !self.tcp.accept().is_err_and(|error| waits(error.kind())));
        note("udp", !self.udp.recv(&mut [0; 8]).is_err_and(|error| waits(error.kind())));
        note("socket", !self.socket.accept().is_err_and(|error| waits(error.kind())));
        note("abstract", !self.hidden.accept().is_err_and(|error| waits(error.kind())));
        note("victim", self.victim.try_wait().unwrap().is_some());
        let secret = std::fs::read_to_string(self.outside().join("secret")).unwrap();
        note("secret", secret != "secret");
        note("outside", std::fs::read_dir(self.outside()).unwrap().count() != 2);
        touched
    }
}

impl Drop for Canaries {
    fn drop(&mut self) {
        let _ = self.victim.kill();
        let _ = self.victim.wait();
    }
}
