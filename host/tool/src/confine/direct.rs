//! Tiers without namespaces: t2, with Landlock and seccomp, and t3 and t0, with neither.

use std::io::{self, PipeWriter, Write as _};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use belljar_model::{Fault, Tier};

use super::seed::{self, Given, Kind};
use super::start::{Passed, Process, Started, spawn, stdin_of};
use super::{Confinement, etc, fault, filled, launcher};
use crate::launch::{Bounds, Instruction, LAUNCH, Place, Walls};

/// What nearly every program reads, and what tells it nothing but about the machine.
const READABLE: &[&str] =
    &["/proc", "/etc/passwd", "/etc/group", "/etc/hosts", "/etc/nsswitch.conf", "/etc/localtime"];

/// Devices that only take, or only give what carries no secret.
const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// The tool's home, in its folder for temporary files.
const HOME: &str = "home";

/// Starts the launcher, which reports to `report`.
pub(super) fn start(
    confinement: &Confinement,
    report: &PipeWriter,
    stdin: &[u8],
) -> Result<Started, Fault> {
    if confinement.tier == Tier::T2 && rustix::process::geteuid().is_root() {
        return Err(fault::as_root(&confinement.tool));
    }
    let broken =
        |error: &dyn std::fmt::Display| fault::setup(&confinement.tool, &error.to_string());
    let home = confinement.scratch.join(HOME);
    std::fs::create_dir_all(home).map_err(|error| broken(&error))?;
    let workspace = workspace(confinement)?;
    let instruction = instruction(confinement, &workspace)?;
    let text = serde_json::to_vec(&instruction).map_err(|error| broken(&error))?;
    // A launcher that was loaded anew is the same; it only takes longer.
    let kind = if instruction.walls.is_some() { Kind::Walled } else { Kind::Open };
    let copied = copied(kind, report, (&text, stdin)).or_else(|error| {
        tracing::debug!(%error, "no copy of a launcher can be had");
        loaded(report, &text, stdin)
    });
    copied.map_err(|error| broken(&error))
}

/// Starts a copy of the launcher that was loaded once.
fn copied(
    kind: Kind,
    report: &PipeWriter,
    (instruction, stdin): (&[u8], &[u8]),
) -> io::Result<Started> {
    let ((stdout, out), (stderr, err)) = (io::pipe()?, io::pipe()?);
    let (told, mut tell) = io::pipe()?;
    let stdin = stdin_of(stdin)?;
    let given = Given {
        stdin: stdin.as_fd(),
        stdout: out.as_fd(),
        stderr: err.as_fd(),
        report: report.as_fd(),
        instruction: told.as_fd(),
    };
    let pid = seed::copy(kind, &given)?;
    // If it is gone already, its report, or that there is none, says why.
    drop(told);
    let _ = tell.write_all(instruction);
    Ok(Started { process: Process::Copied(pid), stdout: stdout.into(), stderr: stderr.into() })
}

/// Starts a launcher by loading this program.
fn loaded(report: &PipeWriter, instruction: &[u8], stdin: &[u8]) -> io::Result<Started> {
    let launcher = launcher::find()?;
    let mut passed = Passed::default();
    let text = passed.pass_bytes(instruction)?.to_string();
    let report = passed.pass(report)?.to_string();
    let mut command = Command::new(&launcher.program);
    command.args([LAUNCH, &text, &report]);
    spawn(&mut command, &passed, stdin)
}

/// The real path of the workspace, as text.
fn workspace(confinement: &Confinement) -> Result<String, Fault> {
    let path = &confinement.workspace;
    let refused = |why: &str| fault::not_shown(&confinement.tool, path, why);
    let real = path.canonicalize().map_err(|error| refused(&error.to_string()))?;
    real.into_os_string().into_string().map_err(|_| refused("its path is not UTF-8"))
}

fn instruction(confinement: &Confinement, workspace: &str) -> Result<Instruction, Fault> {
    let text = |path: PathBuf| {
        path.to_str()
            .map(str::to_owned)
            .ok_or_else(|| fault::not_shown(&confinement.tool, &path, "its path is not UTF-8"))
    };
    let scratch = &confinement.scratch;
    let mut env = filled(&confinement.env, workspace);
    env.entry("HOME".to_owned()).or_insert(text(scratch.join(HOME))?);
    env.entry("TMPDIR".to_owned()).or_insert(text(scratch.clone())?);
    let args = confinement.args.iter().map(|arg| arg.replace("{workspace}", workspace));
    Ok(Instruction {
        program: confinement.program.clone(),
        args: args.collect(),
        env,
        cwd: Path::new(workspace).join(&confinement.cwd),
        walls: (confinement.tier == Tier::T2).then(|| walls(confinement)),
        bounds: Bounds {
            processes: confinement.limits.processes.value,
            file_bytes: confinement.limits.output_bytes.value,
        },
        place: Place::Machine { host: std::process::id() },
    })
}

fn walls(confinement: &Confinement) -> Walls {
    let network: &[&str] = if confinement.ports.is_empty() { &[] } else { etc::NETWORK };
    let system = READABLE.iter().chain(etc::OF_THE_MACHINE).chain(network).map(PathBuf::from);
    let own = confinement.readable.iter().chain([&confinement.program]).cloned();
    let state = confinement.state.iter().map(|(from, _)| from.clone());
    let places = [confinement.workspace.clone(), confinement.scratch.clone()];
    Walls {
        readable: system.chain(own).collect(),
        writable: places.into_iter().chain(state).collect(),
        devices: DEVICES.map(PathBuf::from).into(),
        listable: Vec::new(),
        ports: confinement.ports.clone(),
    }
}

/// Links from the workspace to the state folders, as nothing can be mounted there. They are
/// removed when the run is over.
pub(super) struct StateLinks(Vec<PathBuf>);

impl StateLinks {
    /// Makes the links of tiers that cannot mount.
    pub(super) fn make(confinement: &Confinement) -> Result<Self, Fault> {
        let mut links = Self(Vec::new());
        if confinement.tier == Tier::T1 {
            return Ok(links);
        }
        for (from, at) in &confinement.state {
            let link = confinement.workspace.join(at);
            let made = link_to(from, &link);
            made.map_err(|error| fault::not_shown(&confinement.tool, &link, &error.to_string()))?;
            links.0.push(link);
        }
        Ok(links)
    }
}

fn link_to(from: &Path, link: &Path) -> std::io::Result<()> {
    if let Some(parent) = link.parent() {
        std::fs::create_dir_all(parent)?;
    }
    // Only an empty folder gives way.
    match std::fs::remove_dir(link) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::os::unix::fs::symlink(from, link)
}

impl Drop for StateLinks {
    fn drop(&mut self) {
        for link in &self.0 {
            // Only a link is removed: the tool may have put something else there.
            if link.is_symlink() {
                let _ = std::fs::remove_file(link);
            }
        }
    }
}
