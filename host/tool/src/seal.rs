//! The seal of workers: what a process that runs guests gives up before it reads a byte of one.
//!
//! It keeps the memory and the descriptors that it has, and a few system calls that need no
//! more. Nothing is allowed because it would be harmless: a call is in the list because the
//! engine, the allocator or a thread needs it.
#![expect(unsafe_code, reason = "limits and walls are put up by system calls")]

use std::collections::BTreeMap;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetStatus,
    Scope,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, sock_filter,
};

use crate::launch::landlock_abi;

/// What a sealed process is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sealed {
    /// It runs guests. Each call has a time of its own, and memory is held by the engine.
    Guests,
    /// It compiles one component: within [`CPU_SECONDS`] and [`MEMORY_BYTES`].
    Compiler,
}

/// What the walls of a sealed process are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seal {
    /// The version of Landlock that denies all files, ports and signals; 0 where the kernel has
    /// none. The list of system calls is there always.
    pub landlock: i64,
}

/// Why a process could not be sealed. It must end then.
#[derive(Debug, thiserror::Error)]
#[error("a worker cannot be kept apart here: {0}")]
pub struct SealError(String);

/// Processor time of a process that compiles, in seconds.
pub const CPU_SECONDS: u64 = 30;
/// Memory of a process that compiles, in bytes.
pub const MEMORY_BYTES: u64 = 1 << 30;
/// What is left to a process to end by its own means when its processor time is up, in seconds.
const GRACE_SECONDS: u64 = 2;
/// Files in memory, which the engine makes to copy the initial memory of guests from.
const FILE_BYTES: u64 = 1 << 30;
/// Descriptors: the socket, and files in memory for the code that is at hand.
const OPEN_FILES: u64 = 1_024;

/// What the engine, the allocator and threads call. The arguments do not matter: none of these
/// reaches anything that is not open already.
const ALLOWED: &[libc::c_long] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_close,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_ftruncate,
    libc::SYS_sendto,
    libc::SYS_recvfrom,
    libc::SYS_shutdown,
    libc::SYS_ppoll,
    libc::SYS_memfd_create,
    libc::SYS_brk,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_pkey_mprotect,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_set_tid_address,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getrusage,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_clock_gettime,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
];

/// Gives up all powers of this process, which must have one thread yet. Returns the socket that
/// it was started with, as its standard input, and what keeps it apart.
///
/// # Errors
/// When a wall cannot be put up. The list of system calls always must be; Landlock must be where
/// the kernel has it.
pub fn worker(what: Sealed) -> Result<Seal, SealError> {
    close_all()?;
    limits(what)?;
    process()?;
    let landlock = landlock()?;
    calls()?;
    Ok(Seal { landlock })
}

/// The socket to the coordinator, with which a worker was started as its standard input.
pub fn socket() -> UnixStream {
    // SAFETY: a worker is started with the socket as descriptor 0, and this is the only place
    // that takes it; nothing in a worker reads standard input.
    UnixStream::from(unsafe { OwnedFd::from_raw_fd(0) })
}

fn failed(what: &str) -> SealError {
    SealError(format!("{what}: {}", std::io::Error::last_os_error()))
}

/// Closes what was inherited beside the socket and the two that lead nowhere.
fn close_all() -> Result<(), SealError> {
    // SAFETY: nothing in this process has a descriptor of its own yet: it does this first.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, 0_u32) };
    if closed == 0 { Ok(()) } else { Err(failed("close_range")) }
}

fn limits(what: Sealed) -> Result<(), SealError> {
    let mut all = vec![
        (libc::RLIMIT_CORE, 0, 0),
        (libc::RLIMIT_FSIZE, FILE_BYTES, FILE_BYTES),
        (libc::RLIMIT_NOFILE, OPEN_FILES, OPEN_FILES),
    ];
    if what == Sealed::Compiler {
        all.push((libc::RLIMIT_CPU, CPU_SECONDS, CPU_SECONDS + GRACE_SECONDS));
        // What may be written; that address space is reserved costs nothing.
        all.push((libc::RLIMIT_DATA, MEMORY_BYTES, MEMORY_BYTES));
    }
    for (name, soft, hard) in all {
        let most = inherited(name).ok_or_else(|| failed("getrlimit"))?.rlim_max;
        // Where less is allowed already, the first limit still comes before the last one.
        let soft = soft.min(most.saturating_sub(hard - soft));
        let new = libc::rlimit { rlim_cur: soft, rlim_max: hard.min(most) };
        // SAFETY: `new` is valid for the time of the call.
        if unsafe { libc::setrlimit(name, &raw const new) } != 0 {
            return Err(failed("setrlimit"));
        }
    }
    Ok(())
}

/// The name of a limit.
#[cfg(target_env = "gnu")]
type Resource = libc::__rlimit_resource_t;
/// The name of a limit.
#[cfg(not(target_env = "gnu"))]
type Resource = libc::c_int;

/// A limit that this process has.
fn inherited(name: Resource) -> Option<libc::rlimit> {
    let mut now = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `now` is a valid place for the answer.
    (unsafe { libc::getrlimit(name, &raw mut now) } == 0).then_some(now)
}

/// What a process that compiles is held to when this one starts it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CompileBounds {
    /// Processor time in seconds.
    pub cpu_seconds: u64,
    /// Memory in bytes.
    pub memory_bytes: u64,
}

/// What processes that compile are held to: [`CPU_SECONDS`] and [`MEMORY_BYTES`], or less where
/// this process was given less itself.
pub fn compile_bounds() -> CompileBounds {
    let all = |name| inherited(name).map_or(u64::MAX, |limit| limit.rlim_max);
    let space = inherited(libc::RLIMIT_AS).map_or(u64::MAX, |limit| limit.rlim_cur);
    held_to(all(libc::RLIMIT_CPU), all(libc::RLIMIT_DATA), space)
}

/// The bounds under limits for processor time, data and address space.
fn held_to(cpu: u64, data: u64, space: u64) -> CompileBounds {
    CompileBounds {
        cpu_seconds: CPU_SECONDS.min(cpu.saturating_sub(GRACE_SECONDS)),
        memory_bytes: MEMORY_BYTES.min(data).min(space),
    }
}

/// Nobody looks into this process, and it ends with the one that started it.
fn process() -> Result<(), SealError> {
    let settings = [
        (libc::PR_SET_DUMPABLE, 0, "PR_SET_DUMPABLE"),
        (libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong, "PR_SET_PDEATHSIG"),
        (libc::PR_SET_NO_NEW_PRIVS, 1, "PR_SET_NO_NEW_PRIVS"),
    ];
    for (setting, value, name) in settings {
        let none: libc::c_ulong = 0;
        // SAFETY: these settings take numbers only.
        if unsafe { libc::prctl(setting, value, none, none, none) } != 0 {
            return Err(failed(name));
        }
    }
    Ok(())
}

/// Denies all files, ports, abstract sockets and signals to others, where the kernel has that.
fn landlock() -> Result<i64, SealError> {
    let version = landlock_abi();
    if version < 1 {
        return Ok(0);
    }
    let refused = |error: &dyn std::fmt::Display| SealError(format!("Landlock: {error}"));
    let restrict = || -> Result<_, landlock::RulesetError> {
        let abi = ABI::from(i32::try_from(version).unwrap_or(i32::MAX));
        let mut rules = Ruleset::default()
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessFs::from_all(abi))?;
        if version >= 4 {
            rules = rules.handle_access(AccessNet::from_all(abi))?;
        }
        if version >= 6 {
            rules = rules.scope(Scope::from_all(abi))?;
        }
        rules.create()?.restrict_self()
    };
    let status = restrict().map_err(|error| refused(&error))?;
    // An `Ok` alone says nothing: what is not enforced must not run.
    if status.ruleset != RulesetStatus::FullyEnforced {
        return Err(refused(&format!("enforced only in part ({:?})", status.ruleset)));
    }
    Ok(version)
}

fn calls() -> Result<(), SealError> {
    let refused = |error: &dyn std::fmt::Display| SealError(format!("seccomp: {error}"));
    // The list goes last: it does not hold the call that puts filters up.
    for program in [foreign(), listed().map_err(|error| refused(&error))?] {
        seccompiler::apply_filter(&program).map_err(|error| refused(&error))?;
    }
    Ok(())
}

/// Ends a process that calls by the numbers of x32, which the other filter would take for
/// unknown ones, and answers `clone3` as a kernel that does not know it: libraries make threads
/// with `clone` then, whose flags a filter can see. Other architectures are ended by the other
/// filter.
fn foreign() -> BpfProgram {
    const LOAD: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
    const AT_LEAST: u16 = 0x35; // BPF_JMP | BPF_JGE | BPF_K
    const IS: u16 = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
    const RETURN: u16 = 0x06; // BPF_RET | BPF_K
    const X32: u32 = 0x4000_0000;
    let line = |code, k| sock_filter { code, jt: 0, jf: 0, k };
    let or_skip = |code, k| sock_filter { code, jt: 0, jf: 1, k };
    let clone3 = u32::try_from(libc::SYS_clone3).expect("numbers of system calls are small");
    vec![
        line(LOAD, 0),
        or_skip(AT_LEAST, X32),
        line(RETURN, libc::SECCOMP_RET_KILL_PROCESS),
        or_skip(IS, clone3),
        line(RETURN, libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs()),
        line(RETURN, libc::SECCOMP_RET_ALLOW),
    ]
}

fn listed() -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        ALLOWED.iter().map(|&call| (call, Vec::new())).collect();
    let flag = |index, bit: i32| {
        let bit = u64::from(bit.unsigned_abs());
        let operator = SeccompCmpOp::MaskedEq(bit);
        SeccompCondition::new(index, SeccompCmpArgLen::Dword, operator, bit)
    };
    let is = |index, value: u64| {
        SeccompCondition::new(index, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)
    };
    // Threads, and no processes. The other filter has an answer for `clone3`.
    rules.insert(libc::SYS_clone3, Vec::new());
    let thread = SeccompRule::new(vec![flag(0, libc::CLONE_THREAD)?, flag(0, libc::CLONE_VM)?])?;
    rules.insert(libc::SYS_clone, vec![thread]);
    // Names of threads and of memory.
    let names = [libc::PR_SET_NAME, 0x5356_4d41];
    let names = names.map(|name| SeccompRule::new(vec![is(0, u64::from(name.unsigned_abs()))?]));
    rules.insert(libc::SYS_prctl, names.into_iter().collect::<Result<_, _>>()?);
    // Files in memory are sealed against changes.
    let seals = [libc::F_ADD_SEALS, libc::F_GET_SEALS, libc::F_GETFD, libc::F_GETFL];
    let seals = seals.map(|seal| SeccompRule::new(vec![is(1, u64::from(seal.unsigned_abs()))?]));
    rules.insert(libc::SYS_fcntl, seals.into_iter().collect::<Result<_, _>>()?);
    // Signals to itself: how it aborts.
    let own = u64::from(std::process::id());
    for call in [libc::SYS_kill, libc::SYS_tgkill] {
        rules.insert(call, vec![SeccompRule::new(vec![is(0, own)?])?]);
    }
    let arch = std::env::consts::ARCH.try_into()?;
    let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter = SeccompFilter::new(rules, denied, SeccompAction::Allow, arch)?;
    BpfProgram::try_from(filter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_given_less_gives_less() {
        let (none, usual) = (libc::RLIM_INFINITY, (CPU_SECONDS, MEMORY_BYTES));
        let check = |cpu, data, space, expected| {
            let CompileBounds { cpu_seconds, memory_bytes } = held_to(cpu, data, space);
            assert_eq!((cpu_seconds, memory_bytes), expected);
        };
        check(none, none, none, usual);
        check(3_600, 8 << 30, 8 << 30, usual);
        check(5, none, none, (3, MEMORY_BYTES));
        check(1, none, none, (0, MEMORY_BYTES));
        check(none, 100, none, (CPU_SECONDS, 100));
        check(none, none, 200, (CPU_SECONDS, 200));
    }

    #[test]
    fn the_list_fits_and_holds_nothing_that_opens_or_starts_anything() {
        assert!(!listed().unwrap().is_empty());
        for call in [
            libc::SYS_openat,
            libc::SYS_execve,
            libc::SYS_socket,
            libc::SYS_connect,
            libc::SYS_ptrace,
            libc::SYS_io_uring_setup,
            libc::SYS_ioctl,
            libc::SYS_recvmsg,
            libc::SYS_sendmsg,
            libc::SYS_seccomp,
        ] {
            assert!(!ALLOWED.contains(&call), "{call}");
        }
    }
}
