//! Tiers without namespaces: t2, with Landlock and seccomp, and t3 and t0, with neither.

use std::path::{Path, PathBuf};
use std::process::Command;

use belljar_model::{Fault, Tier};

use super::start::Passed;
use super::{Confinement, etc, fault, filled, launcher};
use crate::launch::{Bounds, Instruction, LAUNCH, Place, Walls};

/// What nearly every program reads, and what tells it nothing but about the machine.
const READABLE: &[&str] =
    &["/proc", "/etc/passwd", "/etc/group", "/etc/hosts", "/etc/nsswitch.conf", "/etc/localtime"];

/// Devices that only take, or only give what carries no secret.
const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// The command that starts the launcher. `report` is the number of the descriptor to which it
/// reports.
pub(super) fn command(
    confinement: &Confinement,
    report: i32,
    passed: &mut Passed,
) -> Result<Command, Fault> {
    if confinement.tier == Tier::T2 && rustix::process::geteuid().is_root() {
        return Err(fault::as_root(&confinement.tool));
    }
    let broken =
        |error: &dyn std::fmt::Display| fault::setup(&confinement.tool, &error.to_string());
    let launcher = launcher::find().map_err(|error| broken(&error))?;
    for part in ["home", "tmp"] {
        let folder = confinement.scratch.join(part);
        std::fs::create_dir_all(folder).map_err(|error| broken(&error))?;
    }
    let workspace = workspace(confinement)?;
    let instruction = instruction(confinement, &workspace)?;
    let text = serde_json::to_vec(&instruction).map_err(|error| broken(&error))?;
    let text = passed.pass_bytes(&text).map_err(|error| broken(&error))?;
    let mut command = Command::new(&launcher.program);
    command.args([LAUNCH, &text.to_string(), &report.to_string()]);
    Ok(command)
}

/// The real path of the workspace, as text.
fn workspace(confinement: &Confinement) -> Result<String, Fault> {
    let path = &confinement.workspace;
    let refused = |why: &str| fault::not_shown(&confinement.tool, path, why);
    let real = path.canonicalize().map_err(|error| refused(&error.to_string()))?;
    real.into_os_string().into_string().map_err(|_| refused("its path is not UTF-8"))
}

fn instruction(confinement: &Confinement, workspace: &str) -> Result<Instruction, Fault> {
    let text = |part: &str| {
        let path = confinement.scratch.join(part);
        path.to_str()
            .map(str::to_owned)
            .ok_or_else(|| fault::not_shown(&confinement.tool, &path, "its path is not UTF-8"))
    };
    let mut env = filled(&confinement.env, workspace);
    env.entry("HOME".to_owned()).or_insert(text("home")?);
    env.entry("TMPDIR".to_owned()).or_insert(text("tmp")?);
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
