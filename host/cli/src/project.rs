//! Project: the workspace that a command works on, and its checked pipeline file.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use belljar_model::diagnostic::Level;
use belljar_model::{Diagnostic, Patterns};
use belljar_pipeline::{Pipeline, Plan, Reach, SelectError, Sources};

use crate::args::Global;
use crate::error::CommandError;
use crate::files::{Heard, Overheard, WorkspaceFiles};
use crate::terminal::Terminal;

/// The pipeline file's name, where none is given.
const FILE: &str = "belljar.toml";

/// The workspace and its pipeline file.
pub(crate) struct Project {
    /// The directory that holds the pipeline file.
    pub(crate) root: PathBuf,
    /// Its pipeline file, relative to the root.
    pub(crate) file: String,
    /// What the file says.
    pub(crate) pipeline: Pipeline,
    /// The text of every file that was read.
    pub(crate) sources: Sources,
    /// What reading the file asked the workspace.
    pub(crate) heard: Vec<Heard>,
    /// What is odd about the file, but no mistake.
    pub(crate) warnings: Vec<Diagnostic>,
    /// The outputs of the steps that `pipeline` leaves out because nothing changed for them or
    /// nobody asked for them, as far as they may lie where the others look.
    pub(crate) left_out: Vec<Patterns>,
}

impl Project {
    /// Finds the workspace and reads its pipeline file. Shows warnings.
    pub(crate) fn open(global: &Global, terminal: &Terminal) -> Result<Self, CommandError> {
        let project = Self::read(global)?;
        if !terminal.quiet && !project.warnings.is_empty() {
            terminal.diagnostics(&project.warnings, &project.sources);
        }
        Ok(project)
    }

    /// Finds the workspace and reads its pipeline file.
    pub(crate) fn read(global: &Global) -> Result<Self, CommandError> {
        let (root, file) = find(global)?;
        tracing::debug!(root = %root.display(), file, "reading the pipeline");
        let _span = tracing::trace_span!("read the pipeline", file).entered();
        let files = Overheard::new(WorkspaceFiles::open(&root)?);
        let parsed = belljar_pipeline::parse(&file, &files);
        let heard = files.heard();
        let (sources, diagnostics) = (parsed.sources, parsed.diagnostics);
        match parsed.pipeline {
            Some(pipeline) if diagnostics.iter().all(|found| found.level == Level::Warning) => {
                let (warnings, left_out) = (diagnostics, Vec::new());
                Ok(Self { root, file, pipeline, sources, heard, warnings, left_out })
            }
            _ => Err(CommandError::Diagnostics { diagnostics, sources }),
        }
    }

    /// Chooses the asked steps and what they need.
    pub(crate) fn select(&self, asked: &[String]) -> Result<Plan, CommandError> {
        self.reach(asked, Reach::Needs)
    }

    /// Chooses the asked steps alone.
    pub(crate) fn select_only(&self, asked: &[String]) -> Result<Plan, CommandError> {
        self.reach(asked, Reach::Only)
    }

    fn reach(&self, asked: &[String], reach: Reach) -> Result<Plan, CommandError> {
        belljar_pipeline::select(&self.pipeline, asked, reach)
            .map_err(|errors| CommandError::Faults(errors.iter().map(SelectError::fault).collect()))
    }
}

/// The workspace and the name of its pipeline file, as a command line means them.
///
/// # Errors
/// When there is none.
pub(crate) fn find(global: &Global) -> Result<(PathBuf, String), CommandError> {
    let file = global.file.as_deref().unwrap_or(FILE);
    Ok((find_root(global.directory.as_deref(), file)?, file.to_owned()))
}

/// The nearest directory, from the start upwards, that holds the pipeline file.
fn find_root(directory: Option<&Path>, file: &str) -> Result<PathBuf, CommandError> {
    let start = match directory {
        Some(directory) => directory.to_owned(),
        None => std::env::current_dir().context("the current directory is not there")?,
    };
    let start = start
        .canonicalize()
        .map_err(|error| CommandError::usage(format!("`{}`: {error}", start.display())))?;
    let found = start.ancestors().find(|folder| folder.join(file).is_file());
    found.map(Path::to_owned).ok_or_else(|| {
        CommandError::usage_help(
            format!("no `{file}` here ({}) or in a directory above", start.display()),
            format!("a workspace is the directory that holds `{file}`; see docs/guide"),
        )
    })
}
