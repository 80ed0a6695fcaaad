//! `wasi:cli`: an environment of granted variables, no arguments, and output that becomes log.

use belljar_model::grant::Capability;
use belljar_model::{Answer, Question};
use wasmtime::component::Resource;
use wasmtime::{Result, bail};

use crate::bindings::ambient::wasi::cli::{
    environment, exit, stderr, stdin, stdout, terminal_input, terminal_output, terminal_stderr,
    terminal_stdin, terminal_stdout,
};
use crate::fault;
use crate::io::{InputStream, OutputStream};
use crate::log::Channel;
use crate::state::State;

/// A terminal. There is none, so no value of this type is ever made.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum Terminal {}

impl environment::Host for State {
    fn get_environment(&mut self) -> Result<Vec<(String, String)>> {
        let mut variables = vec![("TMPDIR".to_owned(), "/.scratch".to_owned())];
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
        Ok(Vec::new())
    }

    fn initial_cwd(&mut self) -> Result<Option<String>> {
        Ok(Some("/".to_owned()))
    }
}

impl exit::Host for State {
    fn exit(&mut self, status: std::result::Result<(), ()>) -> Result<()> {
        self.end(fault::exited(&self.label, u8::from(status.is_err())))
    }

    fn exit_with_code(&mut self, code: u8) -> Result<()> {
        self.end(fault::exited(&self.label, code))
    }
}

impl stdin::Host for State {
    fn get_stdin(&mut self) -> Result<Resource<InputStream>> {
        Ok(self.table.push(InputStream::Empty)?)
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
