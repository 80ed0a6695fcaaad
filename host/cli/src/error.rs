//! An error on its way to the user: who must act, what went wrong, what to try.

use belljar_model::{Blame, Diagnostic, Fault};
use belljar_pipeline::Sources;

use crate::exit_code::Exit;

/// Why a command ended without an answer.
pub(crate) enum CommandError {
    /// Mistakes in the pipeline file.
    Diagnostics {
        /// All of them, at least one an error.
        diagnostics: Vec<Diagnostic>,
        /// The files that they point into.
        sources: Sources,
    },
    /// Failures with a code, at least one.
    Faults(Vec<Fault>),
    /// The command line asks for something that cannot be.
    Usage {
        /// What is wrong: lower-case, without a final period.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// The host itself failed in a way that has no code of its own.
    Other(anyhow::Error),
}

impl CommandError {
    /// A mistake on the command line.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: None }
    }

    /// A mistake on the command line, and what to do.
    pub(crate) fn usage_help(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: Some(help.into()) }
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Diagnostics { .. } | Self::Usage { .. } => Exit::Usage,
            Self::Faults(faults) => {
                let blame = faults.iter().map(|fault| fault.blame).next();
                Exit::of(blame.unwrap_or(Blame::Infrastructure))
            }
            Self::Other(_) => Exit::of(Blame::Infrastructure),
        }
    }
}

impl From<Fault> for CommandError {
    fn from(fault: Fault) -> Self {
        Self::Faults(vec![fault])
    }
}

impl From<anyhow::Error> for CommandError {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}
