//! What a step is given besides its configuration.

#![cfg_attr(
    target_arch = "wasm32",
    expect(clippy::redundant_closure_for_method_calls, reason = "elsewhere it is another type")
)]

use std::time::Duration;

use crate::host::HostRef;
use crate::{Finding, Inputs, Log, Outputs, Secrets, StepError, TestCase, Tools};

/// How many findings or test cases cross the boundary at once.
const BATCH: usize = 256;

/// Everything a step can reach: declared inputs and outputs, granted tools, the report, the log.
///
/// The parts that it hands out ([`Inputs`], [`Outputs`], [`Tools`], [`Log`]) do not borrow it, so a step
/// can report findings while it walks through its inputs.
pub struct Cx {
    host: HostRef,
    findings: Batch<Finding>,
    tests: Batch<TestCase>,
}

impl Cx {
    /// Makes a context on the imports of this component.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn of_component() -> Self {
        Self::on(crate::component::Component)
    }

    /// Makes a context on a host of the test's own.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn new(host: std::rc::Rc<dyn crate::Host>) -> Self {
        Self::on(host)
    }

    fn on(host: HostRef) -> Self {
        Self { host, findings: Batch::default(), tests: Batch::default() }
    }

    /// Returns the declared inputs.
    pub fn inputs(&self) -> Inputs {
        Inputs::new(self.host.clone())
    }

    /// Returns the declared outputs.
    pub fn outputs(&self) -> Outputs {
        Outputs::new(self.host.clone())
    }

    /// Returns the granted tools.
    pub fn tools(&self) -> Tools {
        Tools::new(self.host.clone())
    }

    /// Returns the granted secrets.
    pub fn secrets(&self) -> Secrets {
        Secrets::new(self.host.clone())
    }

    /// Returns the step's log.
    pub fn log(&self) -> Log {
        Log::new(self.host.clone())
    }

    /// Reports a finding. Findings are handed over in batches, in order.
    pub fn finding(&mut self, finding: Finding) {
        self.findings.push(&self.host, finding, |host, batch| host.findings(batch));
    }

    /// Reports a test case. Test cases are handed over in batches, in order.
    pub fn test_case(&mut self, case: TestCase) {
        self.tests.push(&self.host, case, |host, batch| host.tests(batch));
    }

    /// Reports coverage: `format` is `lcov` or `cobertura`.
    pub fn coverage(&self, format: &str, data: &[u8]) {
        self.host.coverage(format, data);
    }

    /// Returns whether the step should stop soon.
    pub fn cancelled(&self) -> bool {
        self.host.cancelled()
    }

    /// Ends a long loop when the step should stop: `cx.check_cancelled()?`.
    ///
    /// # Errors
    /// [`StepError::Cancelled`] when the step should stop.
    pub fn check_cancelled(&self) -> Result<(), StepError> {
        if self.cancelled() { Err(StepError::Cancelled) } else { Ok(()) }
    }

    /// Returns how long the step may run in all. A limit, not a clock: the same in every run.
    pub fn time_limit(&self) -> Duration {
        Duration::from_millis(self.host.time_limit_ms())
    }

    /// Hands over what was reported so far. The SDK does it when the step ends.
    pub fn flush(&mut self) {
        self.findings.flush(&self.host);
        self.tests.flush(&self.host);
    }
}

/// Items on their way to the host. The way is set by the first `push` and not by `flush`, so
/// that a step that reports nothing does not import the report.
struct Batch<T> {
    items: Vec<T>,
    send: Option<fn(&HostRef, &[T])>,
}

impl<T> Default for Batch<T> {
    fn default() -> Self {
        Self { items: Vec::new(), send: None }
    }
}

impl<T> Batch<T> {
    fn push(&mut self, host: &HostRef, item: T, send: fn(&HostRef, &[T])) {
        self.send = Some(send);
        self.items.push(item);
        if self.items.len() >= BATCH {
            self.flush(host);
        }
    }

    fn flush(&mut self, host: &HostRef) {
        if let Some(send) = self.send.filter(|_| !self.items.is_empty()) {
            send(host, &self.items);
            self.items.clear();
        }
    }
}
