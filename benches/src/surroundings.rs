//! Surroundings: where the things are that `cargo xtask bench` has built.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// What is measured, and where the results go.
#[derive(Debug)]
pub(crate) struct Surroundings {
    /// The release binary `belljar`.
    pub(crate) belljar: PathBuf,
    guests: PathBuf,
    /// The file that keeps the results.
    pub(crate) results: PathBuf,
}

impl Surroundings {
    /// Reads where everything is from the environment.
    ///
    /// # Errors
    /// When a variable is not set, or nothing is where it points.
    pub(crate) fn find() -> Result<Self> {
        let belljar = place("BELLJAR_BIN")?;
        let guests = place("BELLJAR_GUESTS")?;
        let manifest = place("CARGO_MANIFEST_DIR")?;
        Ok(Self { belljar, guests, results: manifest.join("RESULTS.md") })
    }

    /// The component of a test guest.
    ///
    /// # Errors
    /// When it was not built.
    pub(crate) fn guest(&self, name: &str) -> Result<PathBuf> {
        let component = self.guests.join(format!("{name}.wasm"));
        if !component.is_file() {
            bail!("{} is not there: start with `cargo xtask bench`", component.display());
        }
        Ok(component)
    }

    /// Makes sure that ninja can be started. Without it there is nothing to compare with.
    ///
    /// # Errors
    /// When it cannot.
    pub(crate) fn need_ninja() -> Result<String> {
        let found = Command::new("ninja").arg("--version").output();
        let version = found.context("ninja is not installed: apt-get install ninja-build")?;
        Ok(String::from_utf8_lossy(&version.stdout).trim().to_owned())
    }
}

fn place(variable: &str) -> Result<PathBuf> {
    let value = std::env::var_os(variable)
        .with_context(|| format!("{variable} is not set: start with `cargo xtask bench`"))?;
    let place = PathBuf::from(value);
    if !place.exists() {
        bail!("{variable} is {}, and nothing is there: `cargo xtask bench`", place.display());
    }
    Ok(place)
}
