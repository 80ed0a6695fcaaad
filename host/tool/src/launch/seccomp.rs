//! seccomp: the system calls that a tool may make; all others are denied.
//!
//! The kernel takes about a millisecond to compile what is said here, and nothing to hand it down
//! to a copy of a process. So most of it is *wide*: what a launcher itself can live with. A seed
//! has it once, and with it all of its copies. The rest is *narrow*, and only for the tool.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

use super::syscalls::{ALLOWED, ALLOWED_HERE, DENIED, NETWORK, NO_ATTRIBUTES, OWN_IPC, SIGNALS};
use super::{Place, Refusal, Refused, Walls, landlock};

type Rules = BTreeMap<i64, Vec<SeccompRule>>;
type Made<T> = Result<T, seccompiler::BackendError>;

/// Set in a process that has the wide filters for tools among the processes of the machine, as its
/// copies have: the narrow ones, made before they are needed.
static WALLED: OnceLock<Vec<(Reach, BpfProgram)>> = OnceLock::new();

/// What a filter must know beside the lists.
#[derive(PartialEq, Eq)]
pub(super) struct Reach {
    network: Network,
    ipc: Ipc,
    signals: Signals,
}

/// Whether it was granted a host.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Network {
    None,
    Granted,
}

/// With whom it shares System V objects.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ipc {
    Own,
    Machine,
}

/// Whether something else keeps signals within the walls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Signals {
    KeptApart,
    Denied,
}

impl Reach {
    /// What is right for a tool with these walls, started here.
    pub(super) fn of(walls: &Walls, place: Place) -> Self {
        let own = place == Place::Namespace;
        let apart = own || landlock::keeps_signals_apart();
        Self {
            network: if walls.ports.is_empty() { Network::None } else { Network::Granted },
            ipc: if own { Ipc::Own } else { Ipc::Machine },
            signals: if apart { Signals::KeptApart } else { Signals::Denied },
        }
    }
}

/// Puts up the wide filters for all tools that are started among the processes of the machine. If
/// that fails, they are put up for each of them, where it can be told why they cannot.
pub(super) fn enforce_wide() {
    let signals =
        if landlock::keeps_signals_apart() { Signals::KeptApart } else { Signals::Denied };
    let reach = |network| Reach { network, ipc: Ipc::Machine, signals };
    let narrow = [Network::None, Network::Granted].map(reach).into_iter().map(|reach| {
        let program = narrow(&reach)?;
        Ok((reach, program))
    });
    let made: Made<Vec<_>> = narrow.collect();
    if let (Ok(wide), Ok(narrow)) = (wide(Ipc::Machine), made)
        && apply(&wide).is_ok()
    {
        let _ = WALLED.set(narrow);
    }
}

/// Denies this process and all that it starts what is not listed. Sets `no_new_privs` too.
pub(super) fn enforce(reach: &Reach) -> Result<(), Refused> {
    let refused = |error| Refused::new(Refusal::Seccomp, &error);
    let walled = WALLED.get().and_then(|made| made.iter().find(|(found, _)| found == reach));
    if let Some((_, narrow)) = walled {
        return apply(std::slice::from_ref(narrow));
    }
    apply(&wide(reach.ipc).map_err(refused)?)?;
    apply(&[narrow(reach).map_err(refused)?])
}

fn apply(programs: &[BpfProgram]) -> Result<(), Refused> {
    let refused = |error| Refused::new(Refusal::Seccomp, &error);
    programs.iter().try_for_each(|program| seccompiler::apply_filter(program).map_err(refused))
}

/// The wide filters, in the order in which they are put up. Of two errors that of the later filter
/// is returned, so the one for all that is unknown comes first. Each also ends a process that makes
/// a system call of another architecture.
fn wide(ipc: Ipc) -> Made<Vec<BpfProgram>> {
    Ok(vec![
        program(allowed(ipc)?, errno(libc::ENOSYS), SeccompAction::Allow)?,
        program(all(NO_ATTRIBUTES), SeccompAction::Allow, errno(libc::EOPNOTSUPP))?,
        program(denied()?, SeccompAction::Allow, errno(libc::EPERM))?,
    ])
}

/// The filter for the tool alone.
fn narrow(reach: &Reach) -> Made<BpfProgram> {
    program(denied_to_tools(reach)?, SeccompAction::Allow, errno(libc::EPERM))
}

fn program(rules: Rules, otherwise: SeccompAction, matching: SeccompAction) -> Made<BpfProgram> {
    let arch = std::env::consts::ARCH.try_into()?;
    BpfProgram::try_from(SeccompFilter::new(rules, otherwise, matching, arch)?)
}

const fn errno(number: i32) -> SeccompAction {
    SeccompAction::Errno(number.unsigned_abs())
}

/// Rules that match a system call whatever its arguments are.
fn all(calls: &[i64]) -> Rules {
    calls.iter().map(|&call| (call, Vec::new())).collect()
}

/// What some tool may do. Those without a host are denied sockets by the narrow filter.
fn allowed(ipc: Ipc) -> Made<Rules> {
    let mut rules = all(ALLOWED);
    rules.extend(all(ALLOWED_HERE));
    rules.extend(all(NO_ATTRIBUTES)); // the next filter answers
    if ipc == Ipc::Own {
        rules.extend(all(OWN_IPC));
    }
    rules.extend(all(NETWORK));
    rules.insert(libc::SYS_socket, internet_sockets()?);
    Ok(rules)
}

/// TCP, and UDP for names. Not MPTCP or SCTP, which Landlock does not know.
fn internet_sockets() -> Made<Vec<SeccompRule>> {
    const KIND: u64 = 0xf; // without SOCK_NONBLOCK and SOCK_CLOEXEC
    let mut rules = Vec::new();
    for family in [libc::AF_INET, libc::AF_INET6] {
        for (kind, protocol) in [
            (libc::SOCK_STREAM, 0),
            (libc::SOCK_STREAM, libc::IPPROTO_TCP),
            (libc::SOCK_DGRAM, 0),
            (libc::SOCK_DGRAM, libc::IPPROTO_UDP),
        ] {
            rules.push(rule([
                argument(0, SeccompCmpOp::Eq, number(family))?,
                argument(1, SeccompCmpOp::MaskedEq(KIND), number(kind))?,
                argument(2, SeccompCmpOp::Eq, number(protocol))?,
            ])?);
        }
    }
    Ok(rules)
}

/// What neither a tool nor its launcher may do.
fn denied() -> Made<Rules> {
    let mut rules = all(DENIED);
    namespaces(&mut rules)?;
    modes(&mut rules)?;
    others(&mut rules)?;
    Ok(rules)
}

/// What the launcher may do, and the tool may not.
fn denied_to_tools(reach: &Reach) -> Made<Rules> {
    let mut rules = Rules::new();
    if reach.network == Network::None {
        rules.extend(all(&[libc::SYS_socket]));
        rules.extend(all(NETWORK));
    }
    if reach.signals == Signals::Denied {
        rules.extend(all(SIGNALS));
    }
    // The launcher sees to it that what it ends starts nothing more.
    rules.insert(libc::SYS_prlimit64, vec![of_another_process(0)?]);
    Ok(rules)
}

/// No namespaces, in which a process would be its own administrator.
fn namespaces(rules: &mut Rules) -> Made<()> {
    let flags = [
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWNS,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWNET,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWUTS,
        libc::CLONE_NEWCGROUP,
    ];
    let with = |flag| rule([has(0, number(flag))?]);
    let found = flags.into_iter().map(with).collect::<Made<Vec<_>>>()?;
    rules.insert(libc::SYS_clone, found);
    Ok(())
}

/// No setuid and setgid files, and no devices.
fn modes(rules: &mut Rules) -> Made<()> {
    let bits = [u64::from(libc::S_ISUID), u64::from(libc::S_ISGID)];
    let mut plain = vec![(libc::SYS_fchmod, 1), (libc::SYS_fchmodat, 2), (452, 2)];
    let mut opens = vec![(libc::SYS_openat, 2)];
    let mut nodes = vec![(libc::SYS_mknodat, 2)];
    #[cfg(target_arch = "x86_64")]
    {
        plain.extend([(libc::SYS_chmod, 1), (libc::SYS_creat, 1)]);
        opens.push((libc::SYS_open, 1));
        nodes.push((libc::SYS_mknod, 1));
    }
    for (call, at) in plain.into_iter().chain(nodes.clone()) {
        for bit in bits {
            rules.entry(call).or_default().push(rule([has(at, bit)?])?);
        }
    }
    for (call, flags) in opens {
        // The mode is an argument only of a call that makes a file; O_TMPFILE has a bit of its
        // own beside that of O_DIRECTORY.
        for making in [libc::O_CREAT, libc::O_TMPFILE & !libc::O_DIRECTORY] {
            for bit in bits {
                let found = rule([has(flags, number(making))?, has(flags + 1, bit)?])?;
                rules.entry(call).or_default().push(found);
            }
        }
    }
    for (call, at) in nodes {
        for kind in [libc::S_IFCHR, libc::S_IFBLK] {
            let masked = SeccompCmpOp::MaskedEq(u64::from(libc::S_IFMT));
            let found = rule([argument(at, masked, u64::from(kind))?])?;
            rules.entry(call).or_default().push(found);
        }
    }
    Ok(())
}

/// Nothing that reaches around the other walls: input of a terminal, limits of other processes,
/// sockets of other kinds, connections that are made by sending.
fn others(rules: &mut Rules) -> Made<()> {
    const TIOCSTI: u64 = 0x5412;
    const TIOCLINUX: u64 = 0x541C;
    const FASTOPEN: u64 = 0x2000_0000;
    let terminal =
        [TIOCSTI, TIOCLINUX].map(|command| rule([argument(1, SeccompCmpOp::Eq, command)?]));
    rules.insert(libc::SYS_ioctl, terminal.into_iter().collect::<Made<_>>()?);
    for (call, at) in [
        (libc::SYS_sched_setaffinity, 0),
        (libc::SYS_sched_setscheduler, 0),
        (libc::SYS_setpriority, 1),
    ] {
        rules.insert(call, vec![of_another_process(at)?]);
    }
    let unix = argument(0, SeccompCmpOp::Ne, number(libc::AF_UNIX))?;
    rules.insert(libc::SYS_socketpair, vec![rule([unix])?]);
    for (call, at) in [(libc::SYS_sendto, 3), (libc::SYS_sendmsg, 2), (libc::SYS_sendmmsg, 3)] {
        rules.insert(call, vec![rule([has(at, FASTOPEN)?])?]);
    }
    Ok(())
}

/// Matches if the argument that names a process does not say: this one.
fn of_another_process(at: u8) -> Made<SeccompRule> {
    rule([argument(at, SeccompCmpOp::Ne, 0)?])
}

fn rule<const N: usize>(conditions: [SeccompCondition; N]) -> Made<SeccompRule> {
    SeccompRule::new(conditions.into())
}

/// Of all arguments only the lower half counts: the kernel takes these as 32 bits wide, and
/// would ignore what is above.
fn argument(index: u8, operator: SeccompCmpOp, value: u64) -> Made<SeccompCondition> {
    SeccompCondition::new(index, SeccompCmpArgLen::Dword, operator, value)
}

fn has(index: u8, bit: u64) -> Made<SeccompCondition> {
    argument(index, SeccompCmpOp::MaskedEq(bit), bit)
}

fn number(value: i32) -> u64 {
    u64::from(value.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_fit_and_no_denied_call_is_allowed() {
        belljar_cases::case!("D11");
        for ipc in [Ipc::Own, Ipc::Machine] {
            assert_eq!(wide(ipc).unwrap().len(), 3);
            let allowed = allowed(ipc).unwrap();
            for call in DENIED {
                assert!(!allowed.contains_key(call), "{call} is allowed and denied");
            }
            assert!(!allowed.contains_key(&libc::SYS_clone3), "its flags cannot be seen");
        }
    }

    #[test]
    fn a_tool_without_a_host_has_no_sockets() {
        belljar_cases::case!("D11");
        for network in [Network::None, Network::Granted] {
            for signals in [Signals::KeptApart, Signals::Denied] {
                narrow(&Reach { network, ipc: Ipc::Machine, signals }).unwrap();
            }
        }
        let (ipc, signals) = (Ipc::Machine, Signals::KeptApart);
        let without = denied_to_tools(&Reach { network: Network::None, ipc, signals }).unwrap();
        assert!([libc::SYS_socket, libc::SYS_connect].iter().all(|call| without[call].is_empty()));
        let with = denied_to_tools(&Reach { network: Network::Granted, ipc, signals }).unwrap();
        assert_eq!(with.keys().collect::<Vec<_>>(), [&libc::SYS_prlimit64]);
    }

    #[test]
    fn signals_are_denied_where_landlock_does_not_keep_them_apart() {
        let is_denied = |signals| {
            let reach = Reach { network: Network::None, ipc: Ipc::Machine, signals };
            denied_to_tools(&reach).unwrap().contains_key(&libc::SYS_kill)
        };
        assert!(is_denied(Signals::Denied) && !is_denied(Signals::KeptApart));
    }
}
