//! Guests and Compiler: where the code of plugins and tools runs, and where it is made.
//!
//! Both ports say nothing of where that is: in this process, or in another that has no powers.

use bytes::Bytes;

use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::fault::Fault;
use crate::ports::deployer::{DeployCall, DeployEnded};
use crate::ports::executor::{Execution, Request};
use crate::ports::tools::{ToolRequest, ToolRun};

/// What a component is compiled as. One file may be both.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum GuestKind {
    /// A plugin.
    Plugin,
    /// A tool that is a WASI command.
    Command,
}

/// Code that a guest was compiled to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Compiled {
    /// Machine code for this machine and this version of the program.
    pub code: Bytes,
    /// What was found in the component, in the form of whoever has compiled it.
    pub facts: Bytes,
}

/// A component to compile.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// What it is compiled as.
    pub kind: GuestKind,
    /// What the user calls it; for messages.
    pub name: &'a str,
    /// The component.
    pub bytes: &'a Bytes,
}

/// A guest whose code is to run.
#[derive(Clone, Copy)]
pub struct Guest<'a> {
    /// The digest of its component. Its code is kept at hand under this name.
    pub digest: Digest,
    /// What messages call it.
    pub label: &'a str,
    /// Reads its machine code. Called only if it is not at hand; what it returns was verified.
    pub code: &'a (dyn Fn() -> Result<Bytes, Fault> + Sync),
}

/// Turns components into machine code. Runs nothing of them.
pub trait Compiler: Send + Sync {
    /// Compiles a component.
    ///
    /// # Errors
    /// When it is none of this host's world, or too much work.
    fn compile(&self, source: &Source<'_>) -> Result<Compiled, Fault>;
}

/// Runs the code of guests, each call in a fresh instance, on the caller's thread. Called from
/// many threads at once.
pub trait Guests: Send + Sync {
    /// Asks a plugin what it is, without giving it any power.
    ///
    /// # Errors
    /// When it does not answer, or breaks a rule.
    fn describe(&self, guest: &Guest<'_>) -> Result<Descriptor, Fault>;

    /// Executes an Action.
    fn step(&self, guest: &Guest<'_>, request: &Request<'_>) -> Execution;

    /// Makes one call of a plugin that deploys.
    fn deploy(&self, guest: &Guest<'_>, call: &DeployCall<'_>) -> DeployEnded;

    /// Runs a tool that is a WASI command.
    ///
    /// # Errors
    /// As for [`Tools::run`](crate::ports::Tools::run).
    fn command(&self, guest: &Guest<'_>, request: &ToolRequest<'_>) -> Result<ToolRun, Fault>;
}
