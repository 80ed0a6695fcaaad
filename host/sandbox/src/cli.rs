//! `wasi:cli`: what a program finds around it, and output that becomes log.
//!
//! A plugin finds the variables that it was granted and no arguments, and may not end itself. A
//! tool finds what the plugin that runs it wants it to find, and ends as programs do.

use belljar_model::grant::Capability;
use belljar_model::{Answer, Question};
use wasmtime::component::Resource;
use wasmtime::{Result, bail};

use crate::bindings::ambient::wasi::cli::{
    environment, exit, stderr, stdin, stdout, terminal_input, terminal_output, terminal_stderr,
    terminal_stdin, terminal_stdout,
};
use crate::command::TMPDIR;
use crate::fault;
use crate::io::{InputStream, OutputStream};
use crate::log::Channel;
use crate::state::State;
use crate::vfs::SCRATCH;

/// A terminal. There is none, so no value of this type is ever made.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum Terminal {}

impl environment::Host for State {
    fn get_environment(&mut self) -> Result<Vec<(String, String)>> {
        if let Some(program) = &self.program {
            return Ok(program.environment());
        }
        let mut variables = vec![(TMPDIR.to_owned(), format!("/{SCRATCH}"))];
        for grant in self.grants.clone() {
            let Capability::Env = grant.capability else { continue };
            let name = grant.resource;
            let answer = self.ask(Question::Environment(name.clone()));
            if answer == Answer::Absent {
                continue;
            }
            if let Some(value) = self.vfs.view().environment.get(&name).cloned() {
                variables.retain(|(other, _)| *other != name);
                variables.push((name, value));
            }
        }
        variables.sort();
        Ok(variables)
    }

    fn get_arguments(&mut self) -> Result<Vec<String>> {
        Ok(self.program.as_ref().map(|program| program.args.clone()).unwrap_or_default())
    }

    fn initial_cwd(&mut self) -> Result<Option<String>> {
        let cwd = self.program.as_ref().map(|program| program.cwd.clone());
        Ok(Some(cwd.unwrap_or_else(|| "/".to_owned())))
    }
}

impl State {
    fn exit_with(&mut self, code: u8) -> Result<()> {
        match &mut self.program {
            Some(program) => program.exit(code),
            None => self.end(fault::exited(&self.label, code)),
        }
    }
}

impl exit::Host for State {
    fn exit(&mut self, status: std::result::Result<(), ()>) -> Result<()> {
        self.exit_with(u8::from(status.is_err()))
    }

    fn exit_with_code(&mut self, code: u8) -> Result<()> {
        self.exit_with(code)
    }
}

impl stdin::Host for State {
    fn get_stdin(&mut self) -> Result<Resource<InputStream>> {
        Ok(self.table.push(InputStream::Stdin)?)
    }
}

impl stdout::Host for State {
    fn get_stdout(&mut self) -> Result<Resource<OutputStream>> {
        Ok(self.table.push(OutputStream::Log(Channel::Stdout))?)
    }
}

impl stderr::Host for State {
    fn get_stderr(&mut self) -> Result<Resource<OutputStream>> {
        Ok(self.table.push(OutputStream::Log(Channel::Stderr))?)
    }
}

impl terminal_input::Host for State {}

impl terminal_input::HostTerminalInput for State {
    fn drop(&mut self, _terminal: Resource<Terminal>) -> Result<()> {
        bail!("there is no terminal")
    }
}

impl terminal_output::Host for State {}

impl terminal_output::HostTerminalOutput for State {
    fn drop(&mut self, _terminal: Resource<Terminal>) -> Result<()> {
        bail!("there is no terminal")
    }
}

impl terminal_stdin::Host for State {
    fn get_terminal_stdin(&mut self) -> Result<Option<Resource<Terminal>>> {
        Ok(None)
    }
}

impl terminal_stdout::Host for State {
    fn get_terminal_stdout(&mut self) -> Result<Option<Resource<Terminal>>> {
        Ok(None)
    }
}

impl terminal_stderr::Host for State {
    fn get_terminal_stderr(&mut self) -> Result<Option<Resource<Terminal>>> {
        Ok(None)
    }
}
