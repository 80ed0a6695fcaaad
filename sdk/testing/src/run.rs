//! How a test sets up one run of a step.

use std::rc::Rc;
use std::time::Duration;

use belljar_model::pattern::Patterns;
use belljar_sdk::serde::de::DeserializeOwned;
use belljar_sdk::{Cx, StepResult};
use serde_json::Value;

use crate::Ran;
use crate::memory::{Input, Memory, Setting};
use crate::tool::{ToolAnswer, ToolCall};

/// One run of a step, to be set up. By default every input and output is declared, the
/// configuration is `{}`, and there is an hour of time.
pub struct Run<C> {
    step: fn(C, &mut Cx) -> StepResult,
    config: Value,
    setting: Setting,
}

impl<C: DeserializeOwned> Run<C> {
    /// Starts with a step's function.
    pub fn new(step: fn(C, &mut Cx) -> StepResult) -> Self {
        Self { step, config: Value::Object(serde_json::Map::new()), setting: Setting::default() }
    }

    /// Adds an input file.
    #[must_use]
    pub fn input(self, path: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.place(path, Input::File { bytes: bytes.as_ref().to_vec(), executable: false })
    }

    /// Adds an input file that may be executed.
    #[must_use]
    pub fn executable(self, path: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.place(path, Input::File { bytes: bytes.as_ref().to_vec(), executable: true })
    }

    /// Adds a symbolic link; `to` is a path from the workspace root.
    #[must_use]
    pub fn link(self, path: &str, to: &str) -> Self {
        self.place(path, Input::Link(to.to_owned()))
    }

    /// Declares the inputs: what does not match is refused to the step.
    ///
    /// # Panics
    /// When a pattern is wrong.
    #[must_use]
    pub fn declare_inputs(mut self, patterns: &[&str]) -> Self {
        self.setting.inputs = Patterns::parse(patterns).expect("the test's patterns are right");
        self
    }

    /// Declares the outputs: what does not match cannot be written.
    ///
    /// # Panics
    /// When a pattern is wrong.
    #[must_use]
    pub fn declare_outputs(mut self, patterns: &[&str]) -> Self {
        self.setting.outputs = Patterns::parse(patterns).expect("the test's patterns are right");
        self
    }

    /// Grants a tool, and says what it does when it is run. Running any other tool is a panic,
    /// because the real host ends such a step.
    #[must_use]
    pub fn tool(mut self, name: &str, answer: impl Fn(&ToolCall) -> ToolAnswer + 'static) -> Self {
        self.setting.tools.insert(name.to_owned(), Box::new(answer));
        self
    }

    /// Grants a secret. Opening any other is a panic, because the real host ends such a step.
    #[must_use]
    pub fn secret(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.setting.secrets.insert(name.to_owned(), value.as_ref().to_vec());
        self
    }

    /// Sets the configuration.
    #[must_use]
    pub fn config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// Sets how long the step may run, as it is told.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.setting.time_limit = limit;
        self
    }

    /// Asks the step to stop once it has asked `polls` times whether it should.
    #[must_use]
    pub fn cancel_after(mut self, polls: usize) -> Self {
        self.setting.cancel_after = Some(polls);
        self
    }

    /// Sets how many bytes one crossing of the boundary may carry, 8 MiB by default, so that
    /// a test of large files needs none.
    #[must_use]
    pub fn crossing_limit(mut self, bytes: usize) -> Self {
        self.setting.crossing_limit = bytes;
        self
    }

    /// Runs the step and returns all that it did.
    pub fn execute(self) -> Ran {
        let memory = Rc::new(Memory::new(self.setting));
        let mut cx = Cx::new(memory.clone());
        let result = belljar_sdk::export::execute(self.step, &self.config.to_string(), &mut cx);
        Ran::new(result, memory.take_record())
    }

    fn place(mut self, path: &str, input: Input) -> Self {
        self.setting.files.insert(path.to_owned(), input);
        self
    }
}
