//! Evil: a tool that tries to reach what it was not given. Exit code 0 is success: it got it.

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Does one attack, and returns whether it worked.
pub(crate) fn act(attack: &str) -> bool {
    match attack {
        "read-file" => fs::read(var("SECRET")).is_ok(),
        "read-environment" => std::env::var("BELLJAR_CANARY").is_ok(),
        "write-outside" => fs::write(format!("{}/new", var("OUTSIDE")), "x").is_ok(),
        "truncate-outside" => {
            let opened = fs::OpenOptions::new().write(true).truncate(true).open(var("SECRET"));
            opened.is_ok()
        }
        "tcp" => tcp(),
        "udp" => udp(),
        "unix-path" => UnixStream::connect(var("SOCKET")).is_ok(),
        "unix-abstract" => abstract_socket(),
        // SAFETY: plain numbers, and buffers that live until after the call.
        "fds" => (3..1024).any(|fd| unsafe { libc::fcntl(fd, libc::F_GETFD) } >= 0),
        "state" => dirty_state(),
        "listing" => fs::read_dir(var("OUTSIDE")).is_ok(),
        "setuid-file" => setuid_file(),
        "device" => device(),
        "chdir-host" => fs::read_dir(format!("/proc/{}/cwd/", var("HOST"))).is_ok(),
        _ => of_processes(attack) || by_call(attack) || without_end(attack),
    }
}

fn var(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

fn number(name: &str) -> i32 {
    var(name).parse().unwrap_or(-1)
}

fn tcp() -> bool {
    let address = SocketAddr::from(([127, 0, 0, 1], u16::try_from(number("TCP")).unwrap_or(0)));
    TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
}

fn udp() -> bool {
    let address = SocketAddr::from(([127, 0, 0, 1], u16::try_from(number("UDP")).unwrap_or(0)));
    let Ok(socket) = UdpSocket::bind("127.0.0.1:0") else { return false };
    let mut answer = [0; 8];
    let _ = socket.set_read_timeout(Some(Duration::from_millis(500)));
    socket.send_to(b"hello", address).is_ok() && socket.recv(&mut answer).is_ok()
}

fn abstract_socket() -> bool {
    let address = std::os::unix::net::SocketAddr::from_abstract_name(var("ABSTRACT"));
    address.and_then(|address| UnixStream::connect_addr(&address)).is_ok()
}

/// What a process inherits besides descriptors.
fn dirty_state() -> bool {
    // SAFETY: the sets and structures are valid places for the answers.
    unsafe {
        let mut blocked = std::mem::zeroed::<libc::sigset_t>();
        libc::sigprocmask(libc::SIG_BLOCK, std::ptr::null(), &raw mut blocked);
        let mut core = std::mem::zeroed::<libc::rlimit>();
        libc::getrlimit(libc::RLIMIT_CORE, &raw mut core);
        let mask = libc::umask(0o022);
        mask != 0o022
            || core.rlim_max != 0
            || libc::sigismember(&raw const blocked, libc::SIGUSR1) == 1
            || libc::getpid() != libc::getsid(0)
    }
}

fn setuid_file() -> bool {
    let _ = fs::write("tool", "x");
    let _ = fs::set_permissions("tool", PermissionsExt::from_mode(0o4755));
    fs::metadata("tool").is_ok_and(|found| found.permissions().mode() & 0o4000 != 0)
}

fn device() -> bool {
    // SAFETY: the path ends with a NUL byte.
    unsafe { libc::mknod(c"node".as_ptr(), libc::S_IFCHR | 0o666, libc::makedev(1, 3)) };
    fs::metadata("node").is_ok_and(|found| found.file_type().is_char_device())
}

fn of_processes(attack: &str) -> bool {
    let (host, victim) = (var("HOST"), number("VICTIM"));
    let nothing = std::ptr::null_mut::<libc::c_void>();
    // SAFETY: the buffers are valid for the time of the calls.
    match attack {
        // SAFETY: plain numbers, and buffers that live until after the call.
        "kill" => unsafe { libc::kill(victim, libc::SIGKILL) == 0 },
        // SAFETY: plain numbers, and buffers that live until after the call.
        "kill-host-0" => unsafe { libc::kill(number("HOST"), 0) == 0 && victim > 0 && seen() },
        // SAFETY: plain numbers, and buffers that live until after the call.
        "ptrace" => unsafe { libc::ptrace(libc::PTRACE_SEIZE, victim, nothing, nothing) == 0 },
        "vm-read" => {
            let mut byte = [0_u8; 1];
            let local = libc::iovec { iov_base: byte.as_mut_ptr().cast(), iov_len: 1 };
            let Ok(at) = usize::from_str_radix(&var("VICTIM_AT"), 16) else { return false };
            let remote = libc::iovec { iov_base: at as *mut libc::c_void, iov_len: 1 };
            let (local, remote) = (&raw const local, &raw const remote);
            // SAFETY: plain numbers, and buffers that live until after the call.
            unsafe { libc::process_vm_readv(victim, local, 1, remote, 1, 0) == 1 }
        }
        "proc-environ" => {
            let text = fs::read(format!("/proc/{host}/environ")).unwrap_or_default();
            String::from_utf8_lossy(&text).contains("BELLJAR_CANARY")
        }
        "parent-environ" => {
            let parent = std::os::unix::process::parent_id();
            fs::read(format!("/proc/{parent}/environ")).is_ok_and(|text| !text.is_empty())
        }
        "proc-mem" => fs::File::open(format!("/proc/{victim}/mem")).is_ok() && seen(),
        "proc-root" => fs::read_dir(format!("/proc/{host}/root/")).is_ok() && seen(),
        "rlimits" => {
            let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
            let nowhere = std::ptr::null_mut();
            let core = libc::RLIMIT_CORE;
            // SAFETY: plain numbers, and buffers that live until after the call.
            unsafe { libc::prlimit(victim, core, &raw const none, nowhere) == 0 }
        }
        _ => false,
    }
}

/// Whether the processes of the machine are in sight, rather than others with the same numbers.
fn seen() -> bool {
    let marker = fs::read(format!("/proc/{}/cmdline", var("VICTIM"))).unwrap_or_default();
    String::from_utf8_lossy(&marker).contains("3600")
}

fn by_call(attack: &str) -> bool {
    let page = [0_u8; 4_096];
    let at = page.as_ptr();
    // SAFETY: `page` is large enough for every structure that these calls read, and is zero.
    let call = |number, first: i64, second: i64, third: i64| unsafe {
        libc::syscall(number, first, second, third, -1, 0)
    };
    let place = at as i64;
    let found = match attack {
        "io-uring" => call(libc::SYS_io_uring_setup, 1, place, 0),
        "bpf" => call(libc::SYS_bpf, 0, place, 4),
        "userfaultfd" => call(libc::SYS_userfaultfd, 0, 0, 0),
        "keyctl" => call(libc::SYS_keyctl, 0, -3, 1),
        "perf" => call(libc::SYS_perf_event_open, place, 0, -1),
        "mount" => return mount(),
        "unshare" => call(libc::SYS_unshare, i64::from(libc::CLONE_NEWUSER), 0, 0),
        "setns" => match fs::File::open("/proc/self/ns/net") {
            Ok(file) => call(libc::SYS_setns, std::os::fd::AsRawFd::as_raw_fd(&file).into(), 0, 0),
            Err(_) => -1,
        },
        // SAFETY: plain numbers, and buffers that live until after the call.
        "clone-newuser" => child(|| unsafe {
            let flags = libc::CLONE_NEWUSER | libc::SIGCHLD;
            libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0)
        }),
        "clone3-newuser" => {
            let mut args = [0_u64; 11];
            args[0] = u64::from(libc::CLONE_NEWUSER.unsigned_abs());
            args[4] = u64::from(libc::SIGCHLD.unsigned_abs());
            // SAFETY: plain numbers, and buffers that live until after the call.
            child(|| unsafe { libc::syscall(libc::SYS_clone3, args.as_ptr(), 88) })
        }
        // SAFETY: plain numbers, and buffers that live until after the call.
        "raw" => unsafe { libc::socket(libc::AF_INET, libc::SOCK_RAW, 1) }.into(),
        // SAFETY: plain numbers, and buffers that live until after the call.
        "netlink" => unsafe { libc::socket(libc::AF_NETLINK, libc::SOCK_RAW, 0) }.into(),
        // SAFETY: plain numbers, and buffers that live until after the call.
        "vsock" => unsafe { libc::socket(libc::AF_VSOCK, libc::SOCK_STREAM, 0) }.into(),
        "tiocsti" => return terminal(),
        "other-architecture" => other_architecture(),
        _ => -1,
    };
    found >= 0
}

/// A new terminal of its own has no input of anyone, so even there the call itself must fail.
fn terminal() -> bool {
    let Ok(terminal) = fs::OpenOptions::new().read(true).write(true).open(var("TERMINAL")) else {
        return false;
    };
    let fd = std::os::fd::AsRawFd::as_raw_fd(&terminal);
    // SAFETY: the third argument points to one byte.
    unsafe { libc::ioctl(fd, libc::TIOCSTI, c"x".as_ptr()) == 0 }
}

fn mount() -> bool {
    let (name, place) = (c"tmpfs".as_ptr(), c"/tmp".as_ptr());
    // SAFETY: the strings end with a NUL byte. In a namespace of its own, as root also may.
    unsafe {
        libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNS);
        libc::mount(name, place, name, 0, std::ptr::null()) == 0
    }
}

/// Makes a process that ends at once.
fn child(make: impl Fn() -> i64) -> i64 {
    let pid = make();
    if pid == 0 {
        // SAFETY: ends this process without running what belongs to its parent.
        unsafe { libc::_exit(0) };
    }
    pid
}

#[cfg(target_arch = "x86_64")]
fn other_architecture() -> i64 {
    let found: i64;
    // SAFETY: `getpid` of the 32-bit table touches no memory.
    unsafe {
        std::arch::asm!("int 0x80", inout("rax") 20_i64 => found, out("r8") _, out("r9") _,
            out("r10") _, out("r11") _);
    }
    found
}

#[cfg(not(target_arch = "x86_64"))]
fn other_architecture() -> i64 {
    // SAFETY: sends a signal to this process.
    unsafe { i64::from(libc::raise(libc::SIGSYS)) }
}

/// Attacks that a limit ends.
fn without_end(attack: &str) -> bool {
    match attack {
        "fork-bomb" => loop {
            // SAFETY: the child does the same as the parent.
            unsafe { libc::fork() };
        },
        "thread-bomb" => {
            for _ in 0..1_000 {
                let started = std::thread::Builder::new().spawn(|| {
                    loop {
                        std::thread::park();
                    }
                });
                drop(started);
            }
            loop {
                std::thread::park();
            }
        }
        "memory" => {
            let mut held = Vec::new();
            loop {
                held.push(vec![1_u8; 16 << 20]);
            }
        }
        "fill-tmp" => fill(&format!("{}/fill", var("TMPDIR"))),
        "fill-shm" => fill("/dev/shm/fill"),
        "large-file" => fill("fill"),
        "many-files" => {
            (0..2_000).all(|file| fs::write(format!("f{file}"), vec![1; 60_000]).is_ok())
        }
        "sleep" => {
            // SAFETY: ignoring a signal runs no code.
            unsafe { libc::signal(libc::SIGTERM, libc::SIG_IGN) };
            std::thread::sleep(Duration::from_secs(3_600));
            true
        }
        "daemon" => daemon(Then::GoesOn),
        "stopped-daemon" => daemon(Then::Stops),
        _ => false,
    }
}

/// Writes four times what is allowed.
fn fill(path: &str) -> bool {
    let Ok(mut file) = fs::File::create(path) else { return false };
    let piece = vec![1; 1 << 20];
    (0..256).all(|_| file.write_all(&piece).is_ok())
}

/// Whether a daemon goes on, or waits for a signal that never comes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    GoesOn,
    Stops,
}

fn daemon(then: Then) -> bool {
    // SAFETY: this process has one thread, and the children do little.
    unsafe {
        for _ in 0..2 {
            match libc::fork() {
                0 => libc::setsid(),
                _ => return true, // the tool itself ends well
            };
        }
        for signal in [libc::SIGTERM, libc::SIGHUP, libc::SIGINT] {
            libc::signal(signal, libc::SIG_IGN);
        }
        if then == Then::Stops {
            libc::raise(libc::SIGSTOP);
        }
    }
    loop {
        if let Ok(mut file) = fs::OpenOptions::new().append(true).create(true).open("late") {
            let _ = file.write_all(b"x");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
