//! `belljar:step/tool`: from a command to an Action of its own, and back to what the guest sees.

use std::collections::BTreeMap;
use std::sync::Arc;

use belljar_model::event::ToolReport;
use belljar_model::fault::Blame;
use belljar_model::limits::Limit;
use belljar_model::ports::{ToolLimits, ToolRun};
use belljar_model::tool::{GrantedTool, ToolResult};
use belljar_model::{
    Answer, Capability, Digest, Directory, Entry, Fault, Grant, Isolation, Node, NodeKind,
    OutputFile, Patterns, Question, ToolAction, WorkspacePath,
};
use bytes::Bytes;
use wasmtime::Result;
use wasmtime::component::Resource;

use super::inputs::MAX_CALL;
use super::{OpenSecret, digest_text};
use crate::bindings::plugin::belljar::step::inputs::FsError;
use crate::bindings::plugin::belljar::step::outputs::OutError;
use crate::bindings::plugin::belljar::step::tool as wit;
use crate::fault;
use crate::limits::HANDLES;
use crate::state::State;
use crate::tools::{self, Asked};
use crate::vfs::{Body, Mode, SharedFile, piece};

/// A run that has ended, and the bytes of it that were read last.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct RanTool {
    result: ToolResult,
    at_hand: Option<(Digest, Bytes)>,
}

impl State {
    /// Turns a command into an Action. All that it will see is asked for and recorded.
    fn asked(&mut self, command: wit::Command) -> std::result::Result<Asked, Fault> {
        let granted = self.granted_tool(&command.tool)?;
        let reads = self.tool_patterns(&command, &command.reads)?;
        let writes = self.tool_patterns(&command, &command.writes)?;
        let cwd = if command.cwd.is_empty() {
            WorkspacePath::root()
        } else {
            Self::path(&command.cwd).ok_or_else(|| {
                self.misuse(&format!("starts a tool in `{}`, which is no path", command.cwd))
            })?
        };
        if let Some(bad) = command.env.iter().find(|(name, _)| !is_name(name)) {
            return Err(self.misuse(&format!("sets the variable `{}`, which is no name", bad.0)));
        }
        let stdin = self.vfs.store().put(&command.stdin)?;
        let root = Arc::new(self.tool_root(&command.reads, &reads)?);
        let action = ToolAction {
            tool: command.tool,
            label: belljar_model::text::harmless(&command.label),
            granted,
            args: command.args,
            env: command.env.into_iter().collect::<BTreeMap<_, _>>(),
            secrets: BTreeMap::new(),
            cwd,
            stdin,
            root,
            writes,
            state: self.grants.iter().filter_map(Grant::state).collect(),
            network: self.granted(Capability::Network),
        };
        let limits = self.tool_limits(command.time_limit_ms);
        Ok(Asked { action, limits, cpus: command.cpus.max(1) })
    }

    fn granted(&self, capability: Capability) -> Vec<String> {
        let granted = self.grants.iter().filter(|grant| grant.capability == capability);
        granted.map(|grant| grant.resource.clone()).collect()
    }

    fn granted_tool(&mut self, name: &str) -> std::result::Result<GrantedTool, Fault> {
        let is_granted = self.granted(Capability::Tool).iter().any(|granted| granted == name);
        if is_granted && let Answer::Tool(tool) = self.ask(Question::Tool(name.to_owned())) {
            return Ok(tool);
        }
        let name = belljar_model::text::harmless(name);
        let step = &self.step;
        let message = format!(
            "plugin {} wants to run the tool `{name}`, which step `{step}` was not granted",
            self.label
        );
        Err(Fault::new(Blame::Policy, fault::TOOL_NOT_GRANTED, message).help(format!(
            "if it may, add `grants.tools = [\"{name}\"]` to `[step.{step}]`, and `{name}` to \
             `[tools]`"
        )))
    }

    fn tool_patterns(
        &self,
        command: &wit::Command,
        texts: &[String],
    ) -> std::result::Result<Patterns, Fault> {
        Patterns::parse(texts).map_err(|error| {
            let tool = &command.tool;
            self.misuse(&format!("ran `{tool}` with a pattern that is not valid: {error}"))
        })
    }

    /// The files that a tool will see. Each is an Observation of the step: of its existence,
    /// content and mode.
    fn tool_root(
        &mut self,
        texts: &[String],
        reads: &Patterns,
    ) -> std::result::Result<Directory, Fault> {
        let glob = Question::Glob { patterns: texts.to_vec(), except: Vec::new() };
        let Answer::Paths(paths) = self.ask(glob) else { return Ok(Directory::empty()) };
        let mut entries = Vec::with_capacity(paths.len());
        for (path, kind) in paths {
            let node = match kind {
                NodeKind::File => {
                    let Some(digest) = self.vfs.digest(&path) else { continue };
                    let executable = self.ask(Question::Executable(path.clone()));
                    Node::File { digest, executable: executable == Answer::Flag(true) }
                }
                NodeKind::Symlink => match self.ask(Question::Link(path.clone())) {
                    Answer::Link(target) => Node::Symlink { target },
                    _ => continue,
                },
                NodeKind::Directory => continue,
            };
            entries.push(Entry { path, node });
        }
        for (path, file, mode) in self.vfs.layer.files() {
            if reads.matches(&path) {
                let digest = file.body().digest(self.vfs.store())?;
                let node = Node::File { digest, executable: mode == Mode::Executable };
                entries.push(Entry { path, node });
            }
        }
        Ok(Directory::from_entries(entries))
    }

    fn tool_limits(&self, own_ms: u64) -> ToolLimits {
        let limits = &self.limits;
        let left = limits.time.value.saturating_sub(self.started.elapsed());
        let own = std::time::Duration::from_millis(own_ms);
        let time = if own_ms > 0 && own < left {
            Limit { value: own, set_at: Some("the plugin".to_owned()) }
        } else {
            Limit { value: left, set_at: limits.time.set_at.clone() }
        };
        ToolLimits {
            time,
            memory: limits.tool_memory.clone(),
            processes: limits.tool_processes.clone(),
            output_bytes: limits.output_bytes.clone(),
            output_files: limits.output_files.clone(),
            log_bytes: limits.log_bytes.clone(),
        }
    }

    /// Takes down what a run was, for the step's log, report and result.
    fn note(&mut self, asked: &Asked, run: &ToolRun) {
        let isolation = Isolation::of(&asked.action);
        self.tool_reports.push(ToolReport {
            tool: asked.action.tool.clone(),
            label: asked.action.label.clone(),
            args: asked.action.args.clone(),
            action: asked.action.digest(),
            source: run.source,
            code: run.result.code,
            isolation: isolation.clone(),
            cost: run.result.cost,
        });
        self.isolation = Some(match self.isolation.take() {
            Some(earlier) => earlier.and(isolation),
            None => isolation,
        });
        self.log.adopt(&run.lines);
    }

    /// Runs all, and hands them over if each came to an end of its own.
    fn run_all(&mut self, all: &[Asked]) -> Result<Vec<Resource<RanTool>>> {
        let runs = tools::run(self, all);
        let mut ended = Vec::with_capacity(runs.len());
        let mut first = None;
        for (asked, run) in all.iter().zip(runs) {
            match run {
                Ok(run) => {
                    self.note(asked, &run);
                    ended.push(self.table.push(RanTool { result: run.result, at_hand: None })?);
                }
                Err(fault) => drop(first.get_or_insert(fault)),
            }
        }
        match first {
            None => Ok(ended),
            Some(_) if self.started.elapsed() >= self.limits.time.value => {
                let fault = fault::time(&self.limits.time);
                self.end(fault)
            }
            Some(fault) => self.end(fault),
        }
    }

    fn blob_of_run(
        &mut self,
        ran: &Resource<RanTool>,
        digest: Digest,
        (offset, len): (u64, u32),
    ) -> Result<Vec<u8>> {
        let at_hand = self.table.get(ran)?.at_hand.as_ref().filter(|(held, _)| *held == digest);
        let bytes = if let Some((_, bytes)) = at_hand {
            bytes.clone()
        } else {
            let bytes = self.vfs.store().get(&digest).and_then(|bytes| {
                bytes.ok_or_else(|| {
                    fault::sandbox(format!("what a tool made ({}) is not there", digest.short()))
                })
            });
            let bytes = self.or_end(bytes)?;
            self.table.get_mut(ran)?.at_hand = Some((digest, bytes.clone()));
            bytes
        };
        Ok(piece(&bytes, offset, u64::from(len).min(MAX_CALL)))
    }

    fn file_of_run(&self, ran: &Resource<RanTool>, path: &str) -> Result<Option<OutputFile>> {
        let files = &self.table.get(ran)?.result.outputs;
        Ok(files.iter().find(|file| file.path.as_str() == path).cloned())
    }
}

/// Whether the name of a variable can be passed to a process.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

impl wit::Host for State {
    fn granted(&mut self) -> Result<Vec<String>> {
        // A grant is part of the family, so the answer needs no Observation.
        Ok(State::granted(self, Capability::Tool))
    }

    fn run(&mut self, batch: Vec<wit::Command>) -> Result<Vec<Resource<RanTool>>> {
        if batch.len() > HANDLES {
            return self.end(fault::fixed_limit("too many runs of tools at once"));
        }
        let mut all = Vec::with_capacity(batch.len());
        for command in batch {
            let asked = self.asked(command);
            all.push(self.or_end(asked)?);
        }
        self.run_all(&all)
    }

    fn run_with_secrets(
        &mut self,
        run: wit::Command,
        secrets: Vec<(String, Resource<OpenSecret>)>,
    ) -> Result<Resource<RanTool>> {
        let asked = self.asked(run);
        let mut asked = self.or_end(asked)?;
        asked.action.secrets = self.secret_variables(&asked.action.env, secrets)?;
        let mut ended = self.run_all(&[asked])?;
        Ok(ended.pop().expect("one run has ended"))
    }
}

impl wit::HostRan for State {
    fn code(&mut self, this: Resource<RanTool>) -> Result<i32> {
        Ok(self.table.get(&this)?.result.code)
    }

    fn stdout(&mut self, this: Resource<RanTool>, offset: u64, len: u32) -> Result<Vec<u8>> {
        let digest = self.table.get(&this)?.result.stdout;
        self.blob_of_run(&this, digest, (offset, len))
    }

    fn stderr(&mut self, this: Resource<RanTool>, offset: u64, len: u32) -> Result<Vec<u8>> {
        let digest = self.table.get(&this)?.result.stderr;
        self.blob_of_run(&this, digest, (offset, len))
    }

    fn files(&mut self, this: Resource<RanTool>) -> Result<Vec<wit::File>> {
        let file = |file: &OutputFile| wit::File {
            path: file.path.as_str().to_owned(),
            digest: digest_text(&file.digest),
            size: file.digest.size(),
            executable: file.executable,
        };
        Ok(self.table.get(&this)?.result.outputs.iter().map(file).collect())
    }

    fn links(&mut self, this: Resource<RanTool>) -> Result<Vec<wit::Link>> {
        let links = &self.table.get(&this)?.result.links;
        let link = links.iter().map(|link| wit::Link {
            path: link.path.as_str().to_owned(),
            target: link.target.clone(),
        });
        Ok(link.collect())
    }

    fn read(
        &mut self,
        this: Resource<RanTool>,
        path: String,
        offset: u64,
        len: u32,
    ) -> Result<std::result::Result<Vec<u8>, FsError>> {
        match self.file_of_run(&this, &path)? {
            Some(file) => self.blob_of_run(&this, file.digest, (offset, len)).map(Ok),
            None => Ok(Err(FsError::NotFound)),
        }
    }

    fn keep(
        &mut self,
        this: Resource<RanTool>,
        path: String,
        dest: String,
    ) -> Result<std::result::Result<String, OutError>> {
        let Some(OutputFile { digest, executable, .. }) = self.file_of_run(&this, &path)? else {
            return Ok(Err(OutError::NoInput));
        };
        let Some(dest) = Self::path(&dest) else { return Ok(Err(OutError::InvalidPath)) };
        if !self.vfs.layer.takes_file(&dest) {
            return Ok(Err(OutError::NotDeclared));
        }
        if self.vfs.layer.get(&dest).is_some() {
            return Ok(Err(OutError::Exists));
        }
        let charged = self.vfs.layer.charge(digest.size());
        self.or_end(charged)?;
        let file = SharedFile::new(Body::stored(digest));
        let put = self.vfs.layer.put(&dest, file, Mode::from(executable));
        self.or_end(put)?;
        Ok(Ok(digest_text(&digest)))
    }

    fn drop(&mut self, this: Resource<RanTool>) -> Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}
