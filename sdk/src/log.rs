//! The step's log.

use std::fmt::Display;

use crate::host::HostRef;
use crate::{Attr, Level};

/// The step's log. What is not kept is not formatted.
#[derive(Clone)]
pub struct Log {
    host: HostRef,
}

impl Log {
    pub(crate) fn new(host: HostRef) -> Self {
        Self { host }
    }

    /// Returns whether lines of this level are kept.
    pub fn enabled(&self, at: Level) -> bool {
        self.host.log_enabled(at)
    }

    /// Writes step-by-step detail.
    pub fn trace(&self, message: impl Display) {
        self.line(Level::Trace, &message);
    }

    /// Writes detail for the plugin's author.
    pub fn debug(&self, message: impl Display) {
        self.line(Level::Debug, &message);
    }

    /// Writes what a user may want to follow.
    pub fn info(&self, message: impl Display) {
        self.line(Level::Info, &message);
    }

    /// Writes what deserves a look.
    pub fn warn(&self, message: impl Display) {
        self.line(Level::Warn, &message);
    }

    /// Writes the reason for a failure.
    pub fn error(&self, message: impl Display) {
        self.line(Level::Error, &message);
    }

    /// Writes one line with named values for tools.
    pub fn emit(&self, at: Level, message: impl Display, attrs: &[Attr]) {
        if self.enabled(at) {
            self.host.log(at, &message.to_string(), attrs);
        }
    }

    /// Writes many lines at once.
    pub fn lines(&self, at: Level, lines: &[String]) {
        if !lines.is_empty() && self.enabled(at) {
            self.host.log_lines(at, lines);
        }
    }

    fn line(&self, at: Level, message: &dyn Display) {
        if self.enabled(at) {
            self.host.log(at, &message.to_string(), &[]);
        }
    }
}
