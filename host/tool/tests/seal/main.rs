//! The seal of workers, tried from within: a child of this program seals itself and attacks.
#![expect(unsafe_code, reason = "an attacker makes system calls")]
#![expect(clippy::unwrap_used, reason = "this is a test with a `main` of its own")]
#![expect(clippy::print_stdout, reason = "this is a test with a `main` of its own")]

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitCode, Stdio};

use belljar_tool::seal::{Sealed, worker};

/// What a sealed process tries, and whether it may.
type Attack = (&'static str, fn() -> i64);

const ATTACKS: &[Attack] = &[
    ("open-file", || open(c"/etc/passwd")),
    ("open-own-exe", || open(c"/proc/self/exe")),
    ("open-parent-environ", || {
        // SAFETY: no arguments.
        let parent = unsafe { libc::syscall(libc::SYS_getppid) };
        let path = std::ffi::CString::new(format!("/proc/{parent}/environ")).unwrap();
        open(&path)
    }),
    ("make-file", || call(libc::SYS_openat, [AT_CWD, at(c"/tmp/x"), CREATE, 0o600, 0, 0])),
    ("stat", || call(libc::SYS_newfstatat, [AT_CWD, at(c"/etc"), 0, 0, 0, 0])),
    ("unlink", || call(libc::SYS_unlinkat, [AT_CWD, at(c"/tmp/x"), 0, 0, 0, 0])),
    ("execve", || call(libc::SYS_execve, [at(c"/bin/true"), 0, 0, 0, 0, 0])),
    ("execveat", || call(libc::SYS_execveat, [AT_CWD, at(c"/bin/true"), 0, 0, 0, 0])),
    ("fork", || call(libc::SYS_clone, [libc::SIGCHLD.into(), 0, 0, 0, 0, 0])),
    ("clone3", || call(libc::SYS_clone3, [0, 88, 0, 0, 0, 0])),
    ("socket", || call(libc::SYS_socket, [libc::AF_INET.into(), 1, 0, 0, 0, 0])),
    ("socket-unix", || call(libc::SYS_socket, [libc::AF_UNIX.into(), 1, 0, 0, 0, 0])),
    ("socketpair", || call(libc::SYS_socketpair, [1, 1, 0, 0, 0, 0])),
    ("connect", || call(libc::SYS_connect, [0, 0, 0, 0, 0, 0])),
    ("send-descriptors", || call(libc::SYS_sendmsg, [0, 0, 0, 0, 0, 0])),
    ("ptrace", || call(libc::SYS_ptrace, [0, 0, 0, 0, 0, 0])),
    ("vm-read", || call(libc::SYS_process_vm_readv, [1, 0, 0, 0, 0, 0])),
    ("io-uring", || call(libc::SYS_io_uring_setup, [1, 0, 0, 0, 0, 0])),
    ("bpf", || call(libc::SYS_bpf, [0, 0, 0, 0, 0, 0])),
    ("userfaultfd", || call(libc::SYS_userfaultfd, [0, 0, 0, 0, 0, 0])),
    ("keyctl", || call(libc::SYS_keyctl, [0, 0, 0, 0, 0, 0])),
    ("perf", || call(libc::SYS_perf_event_open, [0, 0, 0, 0, 0, 0])),
    ("mount", || call(libc::SYS_mount, [0, 0, 0, 0, 0, 0])),
    ("unshare", || call(libc::SYS_unshare, [libc::CLONE_NEWUSER.into(), 0, 0, 0, 0, 0])),
    ("setns", || call(libc::SYS_setns, [0, 0, 0, 0, 0, 0])),
    ("ioctl", || call(libc::SYS_ioctl, [0, 0x5412, 0, 0, 0, 0])),
    ("kill-parent", || {
        // SAFETY: no arguments.
        let parent = unsafe { libc::syscall(libc::SYS_getppid) };
        call(libc::SYS_kill, [parent, 0, 0, 0, 0, 0])
    }),
    ("kill-all", || call(libc::SYS_kill, [-1, 0, 0, 0, 0, 0])),
    ("raise-limits", || call(libc::SYS_prlimit64, [0, 7, 0, 0, 0, 0])),
    ("become-dumpable", || call(libc::SYS_prctl, [libc::PR_SET_DUMPABLE.into(), 1, 0, 0, 0, 0])),
    ("more-filters", || call(libc::SYS_seccomp, [0, 0, 0, 0, 0, 0])),
    ("unknown", || call(1_000, [0; 6])),
];

/// What the engine needs, which must still work: a seal that denies all would pass all above.
const NEEDED: &[Attack] = &[
    ("thread", || i64::from(std::thread::spawn(|| 1).join().is_err())),
    ("memory-file", || call(libc::SYS_memfd_create, [at(c"x"), 2, 0, 0, 0, 0])),
    ("clock", || call(libc::SYS_sched_yield, [0; 6])),
];

const AT_CWD: i64 = libc::AT_FDCWD as i64;
const CREATE: i64 = (libc::O_CREAT | libc::O_WRONLY) as i64;

fn at(text: &'static std::ffi::CStr) -> i64 {
    text.as_ptr() as i64
}

fn open(path: &std::ffi::CStr) -> i64 {
    call(libc::SYS_openat, [AT_CWD, path.as_ptr() as i64, 0, 0, 0, 0])
}

/// Makes a system call; the number of the error, negative, if there is one.
fn call(number: i64, arguments: [i64; 6]) -> i64 {
    let [one, two, three, four, five, six] = arguments;
    // SAFETY: what is not denied fails for want of sensible arguments, or does nothing.
    let result = unsafe { libc::syscall(number, one, two, three, four, five, six) };
    let error = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
    if result < 0 { -i64::from(error) } else { result }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["attack"] => attack(),
        ["x32"] => x32(),
        ["--list", ..] => ExitCode::SUCCESS,
        _ => host(),
    }
}

/// The sealed process.
fn attack() -> ExitCode {
    if let Err(error) = worker(Sealed::Guests) {
        println!("seal 1 {error}");
        return ExitCode::FAILURE;
    }
    for (name, act) in ATTACKS.iter().chain(NEEDED) {
        println!("{name} {}", act());
    }
    println!("environment {}", std::env::vars_os().count());
    ExitCode::SUCCESS
}

/// A sealed process that calls by the numbers of x32.
fn x32() -> ExitCode {
    if worker(Sealed::Guests).is_ok() {
        call(0x4000_0000 | libc::SYS_getpid, [0; 6]);
    }
    ExitCode::SUCCESS
}

fn child(what: &str) -> std::process::Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let command = command.arg(what).env_clear().stdin(Stdio::null());
    command.output().unwrap()
}

fn host() -> ExitCode {
    belljar_cases::case!("D16");
    let output = child("attack");
    let said = String::from_utf8(output.stdout).unwrap();
    let result = |name: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        line.and_then(|result| result.parse::<i64>().ok())
    };
    let mut failed = 0;
    let mut check = |name: &str, holds: bool| {
        println!("{} {name}", if holds { "ok    " } else { "FAILED" });
        failed += usize::from(!holds);
    };
    let denied = [Some(-i64::from(libc::EPERM)), Some(-i64::from(libc::ENOSYS))];
    for (name, _) in ATTACKS {
        check(name, denied.contains(&result(name)));
    }
    for (name, _) in NEEDED {
        check(name, result(name).is_some_and(|result| result >= 0));
    }
    check("environment", result("environment") == Some(0));
    if cfg!(target_arch = "x86_64") {
        check("x32", child("x32").status.signal() == Some(libc::SIGSYS));
    }
    if failed > 0 {
        println!("{failed} failed\n{said}");
    }
    assert_eq!(failed, 0, "the seal holds");
    ExitCode::SUCCESS
}
