//! Told: a ledger that tells the terminal what is appended to it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use belljar_ledger::FileLedger;
use belljar_model::delivery::DeployPlan;
use belljar_model::event::{LogLevel, LogLine};
use belljar_model::ports::{Ledger, LogSink};
use belljar_model::{Fault, LedgerEntry, LedgerEvent, StepName};
use belljar_outlet::Secrets;
use belljar_report::Style;
use belljar_report::delivery::Progress;

/// A ledger, and a person who follows one deployment.
pub(crate) struct Told {
    inner: Arc<FileLedger>,
    style: Style,
    progress: Mutex<Option<Progress>>,
}

impl Told {
    pub(crate) fn new(inner: Arc<FileLedger>, style: Style) -> Self {
        Self { inner, style, progress: Mutex::default() }
    }

    /// Follows the deployment of a plan from here on.
    pub(crate) fn follow(&self, plan: &DeployPlan) {
        *self.progress() = Some(Progress::new(plan, self.style));
    }

    fn progress(&self) -> MutexGuard<'_, Option<Progress>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger for Told {
    fn append_if(
        &self,
        events: Vec<LedgerEvent>,
        may: &mut dyn FnMut(&[LedgerEntry]) -> Result<(), Fault>,
    ) -> Result<Vec<LedgerEntry>, Fault> {
        let entries = self.inner.append_if(events, may)?;
        if let Some(progress) = self.progress().as_mut() {
            let lines = entries.iter().filter_map(|entry| progress.read(entry));
            lines.for_each(|line| crate::terminal::remark(&line));
        }
        Ok(entries)
    }

    fn read(&self, read: &mut dyn FnMut(&[LedgerEntry])) -> Result<(), Fault> {
        self.inner.read(read)
    }
}

/// Takes the values of secrets out of lines.
pub(crate) struct Masked<S> {
    inner: S,
    secrets: Arc<Secrets>,
}

impl<S> Masked<S> {
    pub(crate) const fn new(inner: S, secrets: Arc<Secrets>) -> Self {
        Self { inner, secrets }
    }
}

impl<S: LogSink> LogSink for Masked<S> {
    fn line(&self, step: &StepName, line: &LogLine) {
        let text = self.secrets.mask_text(line.text.clone());
        self.inner.line(step, &LogLine { text, ..line.clone() });
    }
}

/// Shows the lines of a deploying plugin that a person should see.
pub(crate) struct PluginLines {
    pub(crate) least: LogLevel,
}

impl LogSink for PluginLines {
    fn line(&self, _step: &StepName, line: &LogLine) {
        if line.level >= self.least {
            crate::terminal::remark(&format!("             │ {}", line.text));
        }
    }
}
