//! Landlock: which files may be reached, which ports connected to, and no other process at all.
#![expect(unsafe_code, reason = "the version of Landlock is asked by a system call")]

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, NetPort, PathBeneath,
    PathFd, Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetStatus, Scope,
};

use super::{Refusal, Refused, Walls};

/// The oldest version that we accept: it is the first that knows ports.
const FLOOR: i64 = 4;
/// The first version that keeps signals and abstract sockets apart.
const SCOPES: i64 = 6;

/// The version of Landlock of this kernel; 0 is none.
pub(crate) fn abi() -> i64 {
    const VERSION: libc::c_ulong = 1;
    let none = std::ptr::null::<libc::c_void>();
    // SAFETY: with this flag the call takes no attributes and only returns a number.
    let abi = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, none, 0_usize, VERSION) };
    abi.max(0)
}

/// Whether signals to processes outside the walls are denied by Landlock.
pub(super) fn keeps_signals_apart() -> bool {
    abi() >= SCOPES
}

/// Puts the walls around this process and all that it starts.
pub(super) fn enforce(walls: &Walls) -> Result<(), Refused> {
    let refused =
        |error: &dyn std::fmt::Display| Refused::new(Refusal::Landlock, &error.to_string());
    let version = abi();
    if version < FLOOR {
        let detail = format!("Landlock has version {version} here, and {FLOOR} is needed");
        return Err(Refused::new(Refusal::Landlock, &detail));
    }
    let rules = ruleset(walls, version).map_err(|error| refused(&error))?;
    let status = rules.restrict_self().map_err(|error| refused(&error))?;
    // An `Ok` alone says nothing: what is not enforced must not run.
    if status.ruleset != RulesetStatus::FullyEnforced || !status.no_new_privs {
        return Err(refused(&format!("Landlock is enforced only in part ({:?})", status.ruleset)));
    }
    Ok(())
}

fn ruleset(walls: &Walls, version: i64) -> Result<RulesetCreated, landlock::RulesetError> {
    let abi = ABI::from(i32::try_from(version).unwrap_or(i32::MAX));
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?;
    if version >= SCOPES {
        ruleset = ruleset.scope(Scope::from_all(abi))?;
    }
    let mut rules = ruleset.create()?;
    let read = AccessFs::from_read(abi);
    // No sockets, no devices: a fifo is what make's jobserver may want.
    let write =
        AccessFs::from_all(abi) & !(AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::MakeSock);
    let device = AccessFs::from_file(abi) & !AccessFs::Execute;
    let places = [
        (&walls.readable, read),
        (&walls.writable, write),
        (&walls.devices, device),
        (&walls.listable, AccessFs::ReadDir.into()),
    ];
    for (paths, access) in places {
        for path in paths {
            rules = allow(rules, path, access, abi)?;
        }
    }
    for &port in &walls.ports {
        rules = rules.add_rule(NetPort::new(port, AccessNet::ConnectTcp))?;
    }
    Ok(rules)
}

/// Allows what is under a path. One that cannot be opened stays denied: the tool itself says
/// best what it misses.
fn allow(
    rules: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
    abi: ABI,
) -> Result<RulesetCreated, landlock::RulesetError> {
    let Ok(opened) = PathFd::new(path) else { return Ok(rules) };
    let access = if path.is_dir() { access } else { access & AccessFs::from_file(abi) };
    rules.add_rule(PathBeneath::new(opened, access))
}
