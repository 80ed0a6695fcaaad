//! `--trace`: what this program did when, written as a timeline when it ends.
//!
//! Any crate says what it does with spans of `tracing`, and reads no clock for it; here they are
//! recorded, with the time. Without the flag nobody listens, and a span costs one comparison.

mod lanes;
mod recorder;

use std::fs::File;
use std::io::BufWriter;

use anyhow::Context as _;
use belljar_report::timeline::Timeline;

pub(crate) use self::recorder::Recorder;
use crate::args::{Arguments, Command};
use crate::clock::SystemClock;
use crate::error::CommandError;
use crate::files::create_named;
use crate::secrets;

/// A timeline that is being recorded, and the file that it is for.
pub(crate) struct Recording {
    recorder: Recorder,
    file: File,
}

impl Recording {
    /// Begins, if the arguments ask for it. The file is made now, so that a mistake in its name
    /// does not show after the run.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub(crate) fn asked_by(arguments: &Arguments) -> Result<Option<Self>, CommandError> {
        let Command::Run(run) = &arguments.command else { return Ok(None) };
        let Some(name) = &run.trace else { return Ok(None) };
        let recorder = Recorder::new(Box::new(SystemClock::start()));
        Ok(Some(Self { recorder, file: create_named("--trace", name)? }))
    }

    /// What listens to spans.
    pub(crate) fn recorder(&self) -> Recorder {
        self.recorder.clone()
    }

    /// Writes what was recorded until now, without the values of secrets.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(self) -> Result<(), CommandError> {
        let (lanes, stretches) = self.recorder.take();
        let timeline = Timeline { lanes, stretches };
        let written = timeline.write(&secrets::veil().mask(), BufWriter::new(self.file));
        Ok(written.context("the file for --trace cannot be written")?)
    }
}
