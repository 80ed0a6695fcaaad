//! Tier t1: namespaces and a file system of its own, made by bubblewrap.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, PipeWriter};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Command;

use belljar_model::Fault;
use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};

use super::bubblewrap::{self, Bubblewrap, Folders};
use super::launcher::{self, Launcher};
use super::start::{Passed, Started, spawn};
use super::view::View;
use super::{Confinement, etc, fault, filled};
use crate::launch::{Bounds, Instruction, LAUNCH, Place, Walls};

/// Where the tool finds its workspace.
const WORKSPACE: &str = "/workspace";
/// Its temporary files.
const TEMPORARY: &str = "/tmp";
/// Its home.
pub(super) const HOME: &str = "/tmp/home";
/// Devices that only take, or only give what carries no secret.
const DEVICES: [&str; 6] =
    ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/shm"];

/// Starts what makes the sandbox and then the launcher in it, which reports to `report`.
pub(super) fn start(
    confinement: &Confinement,
    report: &PipeWriter,
    stdin: &[u8],
) -> Result<Started, Fault> {
    let broken = |error: io::Error| fault::setup(&confinement.tool, &error.to_string());
    let mut passed = Passed::default();
    let number = passed.pass(report).map_err(broken)?;
    let mut command = command(confinement, number, &mut passed)?;
    spawn(&mut command, &passed, stdin).map_err(broken)
}

/// The command for that. `report` is the number of the descriptor to which the launcher reports.
fn command(confinement: &Confinement, report: i32, passed: &mut Passed) -> Result<Command, Fault> {
    let bubblewrap = bubblewrap::find()?;
    let broken =
        |error: &dyn std::fmt::Display| fault::setup(&confinement.tool, &error.to_string());
    let launcher = launcher::find().map_err(|error| broken(&error))?;
    let shown = confinement.readable.iter().chain([&confinement.program]);
    let view = View::of(shown.map(PathBuf::as_path))
        .map_err(|(path, why)| fault::not_shown(&confinement.tool, &path, &why))?;

    let mut args = Args::default();
    args.isolation(confinement);
    args.own_places(confinement);
    args.workspace(confinement, &bubblewrap, passed)?;
    args.view(&view);
    args.settings(confinement, &view, passed).map_err(|error| broken(&error))?;
    args.launcher(&launcher);
    args.add(["--remount-ro", "/", "--chdir", "/", "--"]);
    args.0.extend(launcher.command_inside());

    let instruction = instruction(confinement, &view);
    let text = serde_json::to_vec(&instruction).map_err(|error| broken(&error))?;
    let text = passed.pass_bytes(&text).map_err(|error| broken(&error))?;
    args.add([LAUNCH, &text.to_string(), &report.to_string()]);
    if let Some(settings) = own_settings() {
        let settings = passed.pass(settings).map_err(|error| broken(&error))?;
        args.add([&settings.to_string()]);
    }
    let mut command = Command::new(&bubblewrap.path);
    command.args(args.0);
    Ok(command)
}

/// The kernel's settings, where those for processes differ between namespaces: since Linux 6.14.
/// Before that, what is written there would hold for the whole machine.
fn own_settings() -> Option<File> {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").ok()?;
    has_own_settings(&release).then(|| File::open("/proc/sys/kernel").ok())?
}

fn has_own_settings(release: &str) -> bool {
    let mut numbers = release.split(|byte: char| !byte.is_ascii_digit());
    let mut number = || numbers.next()?.parse::<u32>().ok();
    number().zip(number()).is_some_and(|version| version >= (6, 14))
}

fn instruction(confinement: &Confinement, view: &View) -> Instruction {
    let mut env = filled(&confinement.env, WORKSPACE);
    env.entry("HOME".to_owned()).or_insert_with(|| HOME.to_owned());
    env.entry("TMPDIR".to_owned()).or_insert_with(|| TEMPORARY.to_owned());
    let mut readable: Vec<PathBuf> = view.shown.iter().cloned().collect();
    readable.extend(["/etc", "/proc"].map(PathBuf::from));
    let walls = Walls {
        readable,
        writable: [WORKSPACE, TEMPORARY, "/dev/shm"].map(PathBuf::from).into(),
        devices: DEVICES.map(PathBuf::from).into(),
        // There is nothing here but what is shown, so the names of folders may be known.
        listable: vec![PathBuf::from("/")],
        ports: confinement.ports.clone(),
    };
    Instruction {
        program: confinement.program.clone(),
        args: confinement.args.iter().map(|arg| arg.replace("{workspace}", WORKSPACE)).collect(),
        env,
        cwd: Path::new(WORKSPACE).join(&confinement.cwd),
        walls: Some(walls),
        bounds: Bounds {
            processes: confinement.limits.processes.value,
            file_bytes: confinement.limits.output_bytes.value,
        },
        place: Place::Namespace,
    }
}

/// The arguments of bubblewrap.
#[derive(Default)]
struct Args(Vec<OsString>);

impl Args {
    fn add<const N: usize>(&mut self, args: [&str; N]) {
        self.0.extend(args.map(OsString::from));
    }

    fn add_paths<const N: usize>(&mut self, option: &str, paths: [&Path; N]) {
        self.0.push(option.into());
        self.0.extend(paths.map(|path| path.as_os_str().to_owned()));
    }

    fn isolation(&mut self, confinement: &Confinement) {
        self.add(["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]);
        self.add(["--unshare-cgroup-try", "--disable-userns", "--hostname", "belljar"]);
        if confinement.ports.is_empty() {
            self.add(["--unshare-net"]);
        }
        self.add(["--die-with-parent", "--new-session", "--as-pid-1"]);
        self.add(["--cap-drop", "ALL", "--clearenv"]);
    }

    /// Places that belong to this sandbox alone, each with a bound on its size.
    fn own_places(&mut self, confinement: &Confinement) {
        let limits = &confinement.limits;
        let size = limits.output_bytes.value.min(limits.memory.value).max(1 << 20);
        let size = size.min(1 << 62).to_string();
        self.add(["--proc", "/proc", "--dev", "/dev"]);
        self.add(["--perms", "1777", "--size", &size, "--tmpfs", "/dev/shm"]);
        self.add(["--remount-ro", "/dev"]);
        self.add(["--perms", "1777", "--size", &size, "--tmpfs", TEMPORARY, "--dir", HOME]);
    }

    fn workspace(
        &mut self,
        confinement: &Confinement,
        bubblewrap: &Bubblewrap,
        passed: &mut Passed,
    ) -> Result<(), Fault> {
        let workspace = folder(&confinement.tool, &confinement.workspace)?;
        let mut binds = Vec::new();
        for (from, at) in &confinement.state {
            mount_point(&workspace, at).map_err(|why| {
                fault::not_shown(&confinement.tool, Path::new(at), &why.to_string())
            })?;
            binds.push((folder(&confinement.tool, from)?, from, Path::new(WORKSPACE).join(at)));
        }
        binds.insert(0, (workspace, &confinement.workspace, PathBuf::from(WORKSPACE)));
        for (opened, from, at) in binds {
            match bubblewrap.folders {
                Folders::Path => self.add_paths("--bind", [from, &at]),
                Folders::Descriptor => {
                    let number = passed
                        .pass(opened)
                        .map_err(|error| fault::setup(&confinement.tool, &error.to_string()))?;
                    self.add_paths("--bind-fd", [Path::new(&number.to_string()), &at]);
                }
            }
        }
        Ok(())
    }

    fn view(&mut self, view: &View) {
        for path in &view.shown {
            self.add_paths("--ro-bind", [path, path]);
        }
        for (link, target) in &view.links {
            self.add_paths("--symlink", [target, link]);
        }
    }

    /// A small `/etc`: what programs look for in every system, and nothing about this one.
    fn settings(
        &mut self,
        confinement: &Confinement,
        view: &View,
        passed: &mut Passed,
    ) -> std::io::Result<()> {
        for (path, text) in etc::files() {
            if !view.covers(Path::new(path)) && !view.links.contains_key(Path::new(path)) {
                let number = passed.pass_bytes(text.as_bytes())?.to_string();
                self.add(["--file", &number, path]);
            }
        }
        let network: &[&str] = if confinement.ports.is_empty() { &[] } else { etc::NETWORK };
        for path in etc::OF_THE_MACHINE.iter().chain(network).map(Path::new) {
            if !view.covers(path) && !view.links.contains_key(path) {
                self.add_paths("--ro-bind-try", [path, path]);
            }
        }
        Ok(())
    }

    fn launcher(&mut self, launcher: &Launcher) {
        for (from, to) in launcher.shown() {
            self.add_paths("--ro-bind", [&from, &to]);
        }
    }
}

/// Opens a folder that is to be shown; it is not a link.
fn folder(tool: &str, path: &Path) -> Result<OwnedFd, Fault> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(CWD, path, flags, Mode::empty())
        .map_err(|error| fault::not_shown(tool, path, &error.to_string()))
}

/// Makes the folder over which another is mounted. No link in the workspace leads it elsewhere.
fn mount_point(workspace: &OwnedFd, at: &str) -> std::io::Result<()> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut now = workspace.try_clone()?;
    for part in at.split('/').filter(|part| !part.is_empty()) {
        if part == ".." {
            return Err(std::io::Error::other("it leads out of the workspace"));
        }
        match mkdirat(&now, part, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        now = openat(&now, part, flags, Mode::empty())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_kernels_with_settings_for_each_namespace_get_them_set() {
        let check = |release, own| assert_eq!(has_own_settings(release), own, "{release}");
        check("6.14.0", true);
        check("6.18.44-fc-v669\n", true);
        check("7.0", true);
        check("6.13.9-generic", false);
        check("5.15.0-100", false);
        check("", false);
    }

    #[test]
    fn a_mount_point_is_made_within_the_workspace_and_never_through_a_link() {
        belljar_cases::case!("C03");
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let opened = super::folder("cc", folder.path()).unwrap();
        mount_point(&opened, "a/b").unwrap();
        assert!(folder.path().join("a/b").is_dir());
        std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).unwrap();
        assert!(mount_point(&opened, "link/b").is_err());
        assert!(mount_point(&opened, "../b").is_err());
        assert!(std::fs::read_dir(outside.path()).unwrap().next().is_none());
    }
}
