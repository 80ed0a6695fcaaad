//! Place: a workspace, a store and the program, for runs in one tier by a user who may have it.

use std::fmt;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, anyhow, bail, ensure};

use super::record::Record;
use crate::process::{self, Usage};
use crate::surroundings::Surroundings;
use crate::trash;

/// An ordinary user, by number.
const USER: u32 = 1001;

/// How tools are kept apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tier {
    /// In namespaces.
    T1,
    /// By Landlock and seccomp.
    T2,
}

impl Tier {
    /// Its name for the program, and in its records.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::T1 => "t1",
            Self::T2 => "t2",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// Who starts the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum User {
    /// Whoever measures.
    Same,
    /// [`USER`], because root is refused the tier.
    Ordinary,
}

/// What of the store [`Place::forget`] leaves.
pub(crate) const CODE: &[&str] = &["aot-v1", "machine-v1.key"];
/// The same, and what is known about tools and the machine.
pub(crate) const CODE_AND_TOOLS: &[&str] = &["aot-v1", "machine-v1.key", "tools-v1"];

/// A folder with all that a run needs. Removed when it is dropped.
pub(crate) struct Place {
    base: tempfile::TempDir,
    /// The tier that is asked for.
    pub(crate) tier: Tier,
    user: User,
}

impl Place {
    /// An empty workspace and an empty store.
    ///
    /// # Errors
    /// When they cannot be made.
    pub(super) fn new(surroundings: &Surroundings, tier: Tier) -> Result<Self> {
        let base = tempfile::tempdir()?;
        fs::set_permissions(base.path(), PermissionsExt::from_mode(0o755))?;
        let root = fs::metadata(base.path())?.uid() == 0;
        let user = if root && tier == Tier::T2 { User::Ordinary } else { User::Same };
        // A copy, because the folder of the build may be closed to others.
        fs::copy(&surroundings.belljar, base.path().join("belljar"))?;
        let place = Self { base, tier, user };
        for folder in ["work", "store", "home", "keys"] {
            let folder = place.base.path().join(folder);
            fs::create_dir(&folder)?;
            if user == User::Ordinary {
                chown(&folder, Some(USER), Some(USER))?;
            }
        }
        Ok(place)
    }

    /// The workspace.
    pub(crate) fn tree(&self) -> PathBuf {
        self.base.path().join("work")
    }

    /// Writes a file of the workspace, with the folders above it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> Result<()> {
        let path = self.tree().join(path);
        fs::create_dir_all(path.parent().context("it lies in a folder")?)?;
        Ok(fs::write(path, content)?)
    }

    /// Makes it forget every run. Of the store remains what `kept` names.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub(crate) fn forget(&self, kept: &[&str]) -> Result<()> {
        for entry in fs::read_dir(self.base.path().join("store"))? {
            let entry = entry?;
            if !kept.iter().any(|kept| *kept == entry.file_name()) {
                trash::away(&entry.path())?;
            }
        }
        trash::away(&self.tree().join("dist"))?;
        trash::away(&self.tree().join(".belljar"))
    }

    /// Runs the program, and returns what it took and what it recorded.
    ///
    /// # Errors
    /// When it fails.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<(Usage, Record)> {
        let all = [&["run", "--progress", "none"], arguments].concat();
        let (usage, _) = process::run(&self.command(&all))?;
        let events = self.command(&["runs", "latest", "--json"]).output()?;
        Ok((usage, Record::parse(&String::from_utf8(events.stdout)?)?))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let (base, user) = (self.base.path(), USER.to_string());
        let mut command = match self.user {
            User::Same => Command::new(base.join("belljar")),
            User::Ordinary => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", &user, "--regid", &user, "--clear-groups"]);
                command.arg(base.join("belljar")).env("HOME", base.join("home"));
                command.env_remove("XDG_CACHE_HOME");
                command
            }
        };
        command.args(arguments).current_dir(self.tree());
        for name in ["STATE", "FILE", "DIRECTORY", "JOBS", "PROGRESS"] {
            command.env_remove(format!("BELLJAR_{name}"));
        }
        // There nothing may be locked that was not reviewed, and this pipeline is made up.
        command
            .env_remove("CI")
            .env("BELLJAR_STORE", base.join("store"))
            .env("BELLJAR_KEYS", base.join("keys"));
        command.env("BELLJAR_ISOLATION", self.tier.as_str());
        command
    }

    /// Runs one tool, and returns why this machine has not got the tier, if it has not.
    fn refusal(&self) -> Result<Option<String>> {
        self.write(
            "belljar.toml",
            "schema = 1\n[plugins]\ncommand = \"builtin:command\"\n[tools]\ntrue = \"true\"\n\
             [step.s]\nuses = \"command\"\ngrants.tools = [\"true\"]\n\
             min-isolation = \"t2\"\nwith.run = [\"true\"]\n",
        )?;
        let mut command = self.command(&["run", "--json", "--progress", "none"]);
        let output = match command.output() {
            Ok(output) => output,
            Err(error) if self.user == User::Ordinary => {
                return Ok(Some(format!("root is refused it, and setpriv: {error}")));
            }
            Err(error) => return Err(error.into()),
        };
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if output.stdout.is_empty() && self.user == User::Ordinary {
            let said = said.lines().next().unwrap_or("nothing was said");
            return Ok(Some(format!(
                "root is refused it, and an ordinary user cannot run: {said}"
            )));
        }
        let record = Record::parse(&String::from_utf8(output.stdout)?)
            .map_err(|error| anyhow!("{error}\n{said}"))?;
        match record.refused() {
            Some(why) => Ok(Some(why)),
            None if output.status.success() => Ok(None),
            None => bail!("one tool cannot be run:\n{said}"),
        }
    }
}

/// A new place, or why this machine has not got the tier.
///
/// # Errors
/// When something else is wrong.
pub(crate) fn usable(
    surroundings: &Surroundings,
    tier: Tier,
) -> Result<std::result::Result<Place, String>> {
    let place = Place::new(surroundings, tier)?;
    Ok(place.refusal()?.map_or(Ok(place), Err))
}

/// Copies a folder, without what runs have left there.
///
/// # Errors
/// When something cannot be read or written.
pub(super) fn copy_sources(from: &Path, to: &Path) -> Result<()> {
    ensure!(from.is_dir(), "{} is not there", from.display());
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (name, to) = (entry.file_name(), to.join(entry.file_name()));
        if [".belljar", "dist", "target"].iter().any(|left| *left == name) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy_sources(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
