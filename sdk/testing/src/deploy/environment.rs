//! The host of a deployment in memory: answers as the real one does, and keeps a record.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use belljar_model::path::WorkspacePath;
use belljar_sdk::deploy::{
    Body, DeployHost, EffectToolCommand, EffectToolEnded, HttpProblem, RequestWire, ResponseWire,
    StorageProblem, Stored,
};

use super::effect::{Effect, HttpAnswer};
use crate::tool::ToolAnswer;

/// What is stored, by path.
pub(crate) type Objects = BTreeMap<String, Vec<u8>>;
/// What answers requests.
pub(crate) type Server = Box<dyn Fn(&RequestWire) -> HttpAnswer>;
/// What stands in for a tool.
pub(crate) type EffectTool = Box<dyn Fn(&EffectToolCommand) -> ToolAnswer>;

/// What a test sets up.
#[derive(Default)]
pub(crate) struct Outside {
    pub(crate) objects: Rc<RefCell<Objects>>,
    pub(crate) storage_problem: Option<StorageProblem>,
    pub(crate) artifacts: Objects,
    pub(crate) server: Option<Server>,
    pub(crate) tools: BTreeMap<String, EffectTool>,
    pub(crate) secrets: BTreeSet<String>,
    pub(crate) stop_after: Option<usize>,
}

/// What a call may do.
pub(crate) enum Mode {
    /// Nothing leaves.
    Plan,
    /// Everything leaves.
    Apply,
    /// It looks, and runs only these commands.
    Observe(Vec<EffectToolCommand>),
}

/// One call's way out.
pub(crate) struct Outlet {
    outside: Rc<Outside>,
    mode: Mode,
    objects: Rc<RefCell<Objects>>,
    effects: RefCell<Vec<Effect>>,
    left: Cell<Option<usize>>,
}

impl Outlet {
    pub(crate) fn new(outside: Rc<Outside>, mode: Mode) -> Self {
        let planned = matches!(mode, Mode::Plan);
        let objects = if planned {
            Rc::new(RefCell::new(outside.objects.borrow().clone()))
        } else {
            outside.objects.clone()
        };
        let left = Cell::new(outside.stop_after.filter(|_| !planned));
        Self { outside, mode, objects, effects: RefCell::default(), left }
    }

    pub(crate) fn take_effects(&self) -> Vec<Effect> {
        self.effects.take()
    }

    /// Keeps an effect, unless the environment takes no more.
    fn leave(&self, effect: Effect) -> bool {
        if self.left.get() == Some(0) {
            return false;
        }
        self.left.set(self.left.get().map(|left| left - 1));
        self.effects.borrow_mut().push(effect);
        true
    }

    fn change(&self, path: &str, effect: Effect) -> Result<(), StorageProblem> {
        let kind = effect.to_string();
        assert!(!matches!(self.mode, Mode::Observe(_)), "while it observed, it did: {kind}");
        self.storage(path)?;
        if path.is_empty() {
            return Err(StorageProblem::InvalidPath);
        }
        if self.leave(effect) { Ok(()) } else { Err(StorageProblem::Unreachable) }
    }

    fn storage(&self, path: &str) -> Result<(), StorageProblem> {
        if let Some(problem) = self.outside.storage_problem {
            return Err(problem);
        }
        let is_path = path.is_empty() || WorkspacePath::parse(path).is_ok();
        if is_path { Ok(()) } else { Err(StorageProblem::InvalidPath) }
    }

    #[track_caller]
    fn check_secret(&self, name: &str) {
        let granted = self.outside.secrets.contains(name);
        assert!(granted, "the secret `{name}` was not granted: see `Deploy::secret`");
    }
}

impl DeployHost for Outlet {
    fn send(&self, request: &RequestWire) -> Result<ResponseWire, HttpProblem> {
        request.secrets.iter().for_each(|one| self.check_secret(&one.secret));
        if let Body::Artifact(path) = &request.body {
            let known = self.outside.artifacts.contains_key(path);
            assert!(known, "the request carries `{path}`, which is not shipped");
        }
        let looks = matches!(request.method.as_str(), "GET" | "HEAD");
        let line = format!("{} {}", request.method, request.url);
        assert!(looks || !matches!(self.mode, Mode::Observe(_)), "while it observed: {line}");
        if !self.leave(Effect::Http(request.clone())) {
            return Err(HttpProblem::Unreachable);
        }
        if matches!(self.mode, Mode::Plan) {
            let status = *request.expect.first().expect("the request expects a status");
            return HttpAnswer::status(status).into_wire();
        }
        let server = self.outside.server.as_ref();
        let server = server.unwrap_or_else(|| panic!("nothing answers {line}"));
        server(request).into_wire()
    }

    fn list(&self, prefix: &str) -> Result<Vec<Stored>, StorageProblem> {
        self.storage(prefix)?;
        let within = |path: &str| {
            prefix.is_empty() || path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'))
        };
        let objects = self.objects.borrow();
        let below = objects.iter().filter(|(path, _)| within(path));
        Ok(below
            .map(|(path, data)| Stored { path: path.clone(), size: data.len() as u64 })
            .collect())
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, StorageProblem> {
        self.storage(path)?;
        self.objects.borrow().get(path).cloned().ok_or(StorageProblem::NotFound)
    }

    fn put(&self, path: &str, artifact: &str) -> Result<(), StorageProblem> {
        let bytes = self.outside.artifacts.get(artifact).ok_or(StorageProblem::InvalidPath)?;
        let effect = Effect::Put { path: path.to_owned(), artifact: artifact.to_owned() };
        self.change(path, effect)?;
        self.objects.borrow_mut().insert(path.to_owned(), bytes.clone());
        Ok(())
    }

    fn write(&self, path: &str, data: &[u8]) -> Result<(), StorageProblem> {
        self.change(path, Effect::Write { path: path.to_owned(), data: data.to_vec() })?;
        self.objects.borrow_mut().insert(path.to_owned(), data.to_vec());
        Ok(())
    }

    fn swap(&self, path: &str, expected: Option<&[u8]>, data: &[u8]) -> Result<(), StorageProblem> {
        let effect = Effect::Swap {
            path: path.to_owned(),
            expected: expected.map(<[u8]>::to_vec),
            data: data.to_vec(),
        };
        self.change(path, effect)?;
        if self.objects.borrow().get(path).map(Vec::as_slice) != expected {
            return Err(StorageProblem::Conflict);
        }
        self.objects.borrow_mut().insert(path.to_owned(), data.to_vec());
        Ok(())
    }

    fn remove(&self, path: &str) -> Result<(), StorageProblem> {
        self.change(path, Effect::Remove { path: path.to_owned() })?;
        self.objects.borrow_mut().remove(path);
        Ok(())
    }

    fn run(&self, command: &EffectToolCommand) -> EffectToolEnded {
        command.secrets.iter().for_each(|one| self.check_secret(&one.secret));
        let Some(tool) = self.outside.tools.get(&command.tool) else {
            panic!("it ran `{}`, which was not granted: see `Deploy::tool`", command.tool);
        };
        if let Mode::Observe(planned) = &self.mode {
            assert!(planned.contains(command), "it was not planned to run {command:?}");
        }
        let left = self.leave(Effect::Tool(command.clone()));
        match (&self.mode, left) {
            (_, false) => ToolAnswer::exit(-1).stderr("the environment is gone").into_ended(),
            (Mode::Plan, _) => {
                let code = *command.expect.first().expect("the command expects an exit code");
                ToolAnswer::exit(code).into_ended()
            }
            _ => tool(command).into_ended(),
        }
    }
}
