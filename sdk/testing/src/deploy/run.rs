//! How a test sets up an environment, and what a deployment did there.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

use belljar_model::Digest;
use belljar_model::delivery::{Artifact, Release};
use belljar_model::path::WorkspacePath;
use belljar_model::step::StepName;
use belljar_sdk::deploy::{
    self, Change, DeployCx, DeployRequest, Deployment, EffectToolCommand, Observation, RequestWire,
    StorageProblem,
};
use belljar_sdk::{ConfigProblem, StepError};
use serde_json::Value;

use super::effect::{Effect, HttpAnswer};
use super::environment::{Mode, Objects, Outlet, Outside};
use crate::LogLine;
use crate::memory::{Input, Memory, Setting};
use crate::tool::ToolAnswer;

/// An environment, and a release to deploy there. What is stored stays from one call to the next.
/// By default the storage is empty, and there are no artifacts, no tools and no secrets.
pub struct Deploy<D> {
    config: Value,
    name: String,
    key: String,
    artifacts: Vec<Artifact>,
    outside: Outside,
    deploys: PhantomData<fn() -> D>,
}

impl<D: Deployment> Default for Deploy<D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<D: Deployment> Deploy<D> {
    /// Starts with an environment that is called `test`.
    pub fn new() -> Self {
        Self {
            config: Value::Object(serde_json::Map::new()),
            name: "test".to_owned(),
            key: "attempt-1".to_owned(),
            artifacts: Vec::new(),
            outside: Outside::default(),
            deploys: PhantomData,
        }
    }

    /// Sets the configuration.
    #[must_use]
    pub fn config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// Names the environment.
    #[must_use]
    pub fn environment(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Sets the idempotency key.
    #[must_use]
    pub fn idempotency_key(mut self, key: &str) -> Self {
        key.clone_into(&mut self.key);
        self
    }

    /// Ships a file.
    ///
    /// # Panics
    /// When the path is wrong.
    #[must_use]
    pub fn artifact(mut self, path: &str, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        self.artifacts.push(Artifact {
            step: StepName::new("package"),
            path: WorkspacePath::parse(path).expect("the test's path is right"),
            digest: Digest::of(bytes),
            executable: false,
        });
        self.outside.artifacts.insert(path.to_owned(), bytes.to_vec());
        self
    }

    /// Lets the storage be the given one, and shares it: two environments with one storage see
    /// each other's objects.
    #[must_use]
    pub fn storage(mut self, objects: &Rc<RefCell<Objects>>) -> Self {
        self.outside.objects = Rc::clone(objects);
        self
    }

    /// Lets every call of the storage fail.
    #[must_use]
    pub fn storage_problem(mut self, problem: StorageProblem) -> Self {
        self.outside.storage_problem = Some(problem);
        self
    }

    /// Says what requests are answered. Without it, sending one is a panic.
    #[must_use]
    pub fn server(mut self, answer: impl Fn(&RequestWire) -> HttpAnswer + 'static) -> Self {
        self.outside.server = Some(Box::new(answer));
        self
    }

    /// Grants a tool, and says what it does when it is run. Running any other tool is a panic,
    /// because the real host ends such a plugin.
    #[must_use]
    pub fn tool(
        mut self,
        name: &str,
        answer: impl Fn(&EffectToolCommand) -> ToolAnswer + 'static,
    ) -> Self {
        self.outside.tools.insert(name.to_owned(), Box::new(answer));
        self
    }

    /// Grants a secret. Using any other is a panic.
    #[must_use]
    pub fn secret(mut self, name: &str) -> Self {
        self.outside.secrets.insert(name.to_owned());
        self
    }

    /// Lets the environment break down after it has taken this many effects: from then on, nothing
    /// can be reached. Plans are not concerned.
    #[must_use]
    pub fn stop_after(mut self, effects: usize) -> Self {
        self.outside.stop_after = Some(effects);
        self
    }

    /// Makes the environment ready for calls.
    pub fn ready(self) -> Ready<D> {
        let release = Release::new(self.artifacts, None, String::new());
        let artifact = |one: &Artifact| deploy::Artifact {
            step: one.step.to_string(),
            path: one.path.as_str().to_owned(),
            digest: one.digest.to_string(),
            size: one.digest.size(),
            executable: one.executable,
        };
        let request = DeployRequest {
            config: self.config.to_string(),
            environment: self.name,
            release: release.id.to_string(),
            idempotency_key: self.key,
            artifacts: release.artifacts.iter().map(artifact).collect(),
            attrs: Vec::new(),
        };
        Ready { request, outside: Rc::new(self.outside), deploys: PhantomData }
    }

    /// Goes through all that applying would do; nothing is done.
    pub fn preview(self) -> Deployed<Vec<Change>> {
        self.ready().preview()
    }

    /// Applies.
    pub fn apply(self) -> Deployed<Vec<Change>> {
        self.ready().apply()
    }

    /// Looks at what is live.
    pub fn observe(self) -> Deployed<Observation> {
        self.ready().observe()
    }
}

/// An environment that can be called as often as a test likes. Made by [`Deploy::ready`].
pub struct Ready<D> {
    request: DeployRequest,
    outside: Rc<Outside>,
    deploys: PhantomData<fn() -> D>,
}

impl<D: Deployment> Ready<D> {
    /// Returns the id of the release.
    pub fn release(&self) -> &str {
        &self.request.release
    }

    /// Returns what is stored, by path.
    pub fn stored(&self) -> Objects {
        self.outside.objects.borrow().clone()
    }

    /// Goes through all that applying would do; nothing is done.
    pub fn preview(&self) -> Deployed<Vec<Change>> {
        self.call(Mode::Plan, D::apply)
    }

    /// Applies.
    pub fn apply(&self) -> Deployed<Vec<Change>> {
        self.call(Mode::Apply, D::apply)
    }

    /// Looks at what is live. As the real host, it lets the plugin run only commands that it ran
    /// when nothing was sent. To change anything is a panic.
    pub fn observe(&self) -> Deployed<Observation> {
        let planned = self.call(Mode::Plan, D::observe).effects;
        let commands = planned.into_iter().filter_map(|effect| match effect {
            Effect::Tool(command) => Some(command),
            _ => None,
        });
        self.call(Mode::Observe(commands.collect()), D::observe)
    }

    fn call<T>(
        &self,
        mode: Mode,
        call: fn(D::Config, &mut DeployCx) -> Result<T, StepError>,
    ) -> Deployed<T> {
        let mut setting = Setting::default();
        for (path, bytes) in &self.outside.artifacts {
            let input = Input::File { bytes: bytes.clone(), executable: false };
            setting.files.insert(path.clone(), input);
        }
        let memory = Rc::new(Memory::new(setting));
        let outlet = Rc::new(Outlet::new(Rc::clone(&self.outside), mode));
        let mut cx = DeployCx::new(self.request.clone(), memory.clone(), outlet.clone());
        let config = belljar_sdk::export::parse(&self.request.config);
        let result = config.and_then(|config| call(config, &mut cx));
        Deployed { result, effects: outlet.take_effects(), log: memory.take_record().log }
    }
}

/// All that one call of a deployment did.
#[derive(Debug)]
pub struct Deployed<T> {
    result: Result<T, StepError>,
    effects: Vec<Effect>,
    log: Vec<LogLine>,
}

impl<T> Deployed<T> {
    /// Returns what the deployment returned.
    pub fn result(&self) -> &Result<T, StepError> {
        &self.result
    }

    /// Returns the answer of a call that must have succeeded.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn answer(&self) -> &T {
        match &self.result {
            Ok(answer) => answer,
            Err(error) => panic!("the deployment did not succeed: {error:?}"),
        }
    }

    /// Returns the message of a call that failed, whoever is to blame; empty if it did not, or
    /// only its configuration is wrong.
    pub fn message(&self) -> &str {
        match &self.result {
            Err(StepError::Failed(problem) | StepError::Internal(problem)) => &problem.message,
            _ => "",
        }
    }

    /// Returns the mistakes that it found in its configuration.
    pub fn config_problems(&self) -> &[ConfigProblem] {
        match &self.result {
            Err(StepError::InvalidConfig(problems)) => problems,
            _ => &[],
        }
    }

    /// Returns what it did outside or, previewed, would do, in order.
    pub fn effects(&self) -> &[Effect] {
        &self.effects
    }

    /// Returns the effects as short lines.
    pub fn lines(&self) -> Vec<String> {
        self.effects.iter().map(ToString::to_string).collect()
    }

    /// Returns the lines of the log, in order.
    pub fn log(&self) -> &[LogLine] {
        &self.log
    }
}
