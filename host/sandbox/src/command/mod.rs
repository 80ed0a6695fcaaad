//! Tools that are WebAssembly: WASI commands, run over the input tree of a run and nothing else.
//!
//! The root of what such a program sees is the workspace, at `/`. The standard library of Rust
//! ignores the folder in which a program starts, so its relative paths begin at the root; a
//! program that asks WASI for it is told. Unlike in the other tiers, a file that the run does not
//! declare cannot be written at all, but for those below `TMPDIR`.
//!
//! Exit codes other than 0 and 1 need `exit-with-code` of `wasi:cli`, which many toolchains and
//! the adapter for WASI 0.1 do not use yet: they only tell that the program failed.

mod adapt;
mod execute;
pub(crate) mod fault;
mod program;

pub(crate) use self::adapt::{component as adapted, is_module};
pub(crate) use self::execute::execute;
pub(crate) use self::program::{Program, TMPDIR};
