//! The hostile catalogue, from outside: one evil plugin, canaries that it must not touch, and the
//! contract that every answer of the host has to keep. `docs/security/catalogue.toml` is the list.

mod bombs;
mod canaries;
mod contract;
mod files;
mod inputs;
mod loading;
mod module;
mod shown;
mod without_end;
