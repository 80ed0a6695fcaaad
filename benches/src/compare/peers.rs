//! Peers: the programs of others, found or installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::contestant::Kind;
use crate::results::{Results, complain};

/// The packages of the npm registry, with the versions that are compared.
const PACKAGES: [&str; 2] = ["turbo@2.11.11", "@moonrepo/cli@2.5.5"];

/// Programs of Debian: name, and package.
const PROGRAMS: [(&str, &str); 3] = [("ninja", "ninja-build"), ("make", "make"), ("git", "git")];

/// What there is to compare with.
pub(crate) struct Peers {
    folder: PathBuf,
    /// Why there are no packages, if there are none.
    refused: Option<String>,
}

impl Peers {
    /// Installs what is missing and can be, into a folder that is kept.
    pub(crate) fn prepare(folder: &Path) -> Result<Self> {
        for (program, package) in PROGRAMS {
            if !starts(program) {
                install(package);
            }
        }
        let mut peers = Self { folder: folder.to_owned(), refused: None };
        // The names carry the versions, so another version is installed anew.
        let folder = folder.join("npm").join(PACKAGES.join("_").replace(['/', '@'], "-"));
        if peers.find("turbo").is_err() || peers.find("moon").is_err() {
            peers.refused = download(&folder)?;
        }
        Ok(peers)
    }

    fn packages(&self) -> PathBuf {
        self.folder.join("npm").join(PACKAGES.join("_").replace(['/', '@'], "-"))
    }

    /// Why one cannot take part.
    pub(super) fn missing(&self, kind: Kind) -> Option<String> {
        let need = |program: &str| {
            let (name, package) = PROGRAMS.into_iter().find(|(name, _)| *name == program)?;
            (!starts(name)).then(|| format!("{name} is not installed: apt-get install {package}"))
        };
        let package = |name: &str| {
            let why = || self.refused.clone().unwrap_or_else(|| "it is not installed".to_owned());
            self.find(name).is_err().then(why)
        };
        match kind {
            Kind::Belljar | Kind::InT2 | Kind::InT1 => None,
            Kind::Ninja | Kind::Least => need("ninja"),
            Kind::Make => need("make"),
            Kind::Turbo => need("git").or_else(|| package("turbo")),
            Kind::Moon => need("git").or_else(|| package("moon")),
        }
    }

    /// The program turbo itself, without the script that looks for it.
    pub(super) fn turbo(&self) -> Result<PathBuf> {
        self.find("turbo")
    }

    /// The program moon itself.
    pub(super) fn moon(&self) -> Result<PathBuf> {
        self.find("moon")
    }

    /// Where a program may keep what is not in the tree.
    pub(super) fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// The packages hold a program for each kind of machine, and npm installs the one that fits.
    fn find(&self, program: &str) -> Result<PathBuf> {
        let modules = self.packages().join("node_modules");
        let (scope, below) = match program {
            "turbo" => ("@turbo", "bin/turbo"),
            _ => ("@moonrepo", "moon"),
        };
        let entries = std::fs::read_dir(modules.join(scope)).context("it is not installed")?;
        let mut found = entries.flatten().map(|entry| entry.path().join(below));
        found.find(|path| path.is_file()).context("the package has no program for this machine")
    }

    /// Says which versions take part.
    pub(crate) fn tell(&self, results: &mut Results) {
        for kind in [Kind::Ninja, Kind::Make, Kind::Turbo, Kind::Moon] {
            if let Some(mut command) = self.program(kind) {
                let said = command.arg("--version").output().map(|output| output.stdout);
                let said = said.unwrap_or_default();
                let first = String::from_utf8_lossy(&said);
                let version = first.lines().next().and_then(|line| line.split(' ').next_back());
                let version = version.unwrap_or("of an unknown version");
                results.version(&format!("{} {version}", kind.name()));
            }
        }
    }

    /// How one is started, if it can be.
    pub(super) fn program(&self, kind: Kind) -> Option<Command> {
        if self.missing(kind).is_some() {
            return None;
        }
        match kind {
            Kind::Ninja => Some(Command::new("ninja")),
            Kind::Make => Some(Command::new("make")),
            Kind::Turbo => self.turbo().ok().map(Command::new),
            Kind::Moon => self.moon().ok().map(Command::new),
            Kind::Belljar | Kind::InT2 | Kind::InT1 | Kind::Least => None,
        }
    }
}

fn starts(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Installs a package of Debian, if we may. If it cannot be, its row says so later.
fn install(package: &str) {
    complain(&format!("$ apt-get install {package}"));
    for arguments in [vec!["update"], vec!["install", "--yes", "--no-install-recommends", package]]
    {
        let mut command = Command::new("apt-get");
        command.args(["--quiet", "--quiet"]).args(arguments);
        // Nothing may ask anything.
        command.env("DEBIAN_FRONTEND", "noninteractive").stdin(std::process::Stdio::null());
        let _ = command.output();
    }
}

/// Installs the packages of npm, and returns why they cannot be, if so.
fn download(folder: &Path) -> Result<Option<String>> {
    complain(&format!("$ npm install {}", PACKAGES.join(" ")));
    std::fs::create_dir_all(folder)?;
    // Without it npm would look for a package in the folders above.
    std::fs::write(folder.join("package.json"), "{ \"private\": true }\n")?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    npm.args(["--save-exact"]).args(PACKAGES).current_dir(folder);
    Ok(match npm.output() {
        Err(error) => Some(format!("npm cannot be started: {error}")),
        Ok(output) if output.status.success() => None,
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let first = said.lines().find(|line| line.contains("npm ERR!")).unwrap_or("no reason");
            Some(format!("npm cannot install it: {first}"))
        }
    })
}
