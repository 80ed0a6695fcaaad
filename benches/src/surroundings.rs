//! Surroundings: where the things are that `cargo xtask bench` has built.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// What is measured, and where the results go.
#[derive(Debug)]
pub(crate) struct Surroundings {
    /// The release binary `belljar`.
    pub(crate) belljar: PathBuf,
    guests: PathBuf,
    /// A folder for what is kept between measurements.
    pub(crate) scratch: PathBuf,
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
        let folder = place("BELLJAR_RESULTS")?;
        let build = belljar.parent().and_then(Path::parent);
        let build = build.context("the program lies in a folder of the build")?;
        let scratch = std::path::absolute(build.join("bench"))?;
        Ok(Self { belljar, guests, scratch, results: folder.join("RESULTS.md") })
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
