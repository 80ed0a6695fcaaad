//! The host as a component sees it: its imports.

use crate::bindings::belljar::step::inputs::{self, Entry, FsError, Match};
use crate::bindings::belljar::step::outputs::{self, OutError};
use crate::bindings::belljar::step::report::{self, Finding, TestCase};
use crate::bindings::belljar::step::secrets::{self, Secret};
use crate::bindings::belljar::step::tool::{self, Command, Ran};
use crate::bindings::belljar::step::types::{Attr, Level};
use crate::bindings::belljar::step::{control, log, secrets_reveal};
use crate::host::{FileMode, HostWriter};

/// The imports of this component, with the methods of the trait `Host` that tests implement.
#[derive(Clone)]
pub(crate) struct Component;

#[expect(clippy::unused_self, reason = "the native form of the same calls holds a host")]
impl Component {
    pub(crate) fn log_enabled(&self, at: Level) -> bool {
        log::enabled(at)
    }

    pub(crate) fn log(&self, at: Level, message: &str, attrs: &[Attr]) {
        log::emit(at, message, attrs);
    }

    pub(crate) fn log_lines(&self, at: Level, lines: &[String]) {
        log::emit_lines(at, lines);
    }

    pub(crate) fn cancelled(&self) -> bool {
        control::cancelled()
    }

    pub(crate) fn time_limit_ms(&self) -> u64 {
        control::time_limit_ms()
    }

    pub(crate) fn findings(&self, batch: &[Finding]) {
        report::findings(batch);
    }

    pub(crate) fn tests(&self, batch: &[TestCase]) {
        report::tests(batch);
    }

    pub(crate) fn coverage(&self, format: &str, data: &[u8]) {
        report::coverage(format, data);
    }

    pub(crate) fn glob(&self, patterns: &[String], except: &[String]) -> Vec<Match> {
        inputs::glob(patterns, except)
    }

    pub(crate) fn stat(&self, path: &str) -> Result<Entry, FsError> {
        inputs::stat(path)
    }

    pub(crate) fn digest_of(&self, path: &str) -> Result<String, FsError> {
        inputs::digest_of(path)
    }

    pub(crate) fn read(&self, path: &str) -> Result<Vec<u8>, FsError> {
        inputs::read(path)
    }

    pub(crate) fn read_range(&self, path: &str, offset: u64, len: u32) -> Result<Vec<u8>, FsError> {
        inputs::read_range(path, offset, len)
    }

    pub(crate) fn read_many(&self, paths: &[String]) -> Vec<Result<Vec<u8>, FsError>> {
        inputs::read_many(paths)
    }

    pub(crate) fn write(
        &self,
        path: &str,
        data: &[u8],
        mode: FileMode,
    ) -> Result<String, OutError> {
        outputs::write(path, data, mode == FileMode::Executable)
    }

    pub(crate) fn copy_input(&self, source: &str, dest: &str) -> Result<String, OutError> {
        outputs::copy_input(source, dest)
    }

    pub(crate) fn create(&self, path: &str) -> Result<Box<dyn HostWriter>, OutError> {
        Ok(Box::new(outputs::create(path)?))
    }

    pub(crate) fn granted(&self) -> Vec<String> {
        tool::granted()
    }

    pub(crate) fn run_with_secrets(&self, run: &Command, secrets: &[(String, &Secret)]) -> Ran {
        tool::run_with_secrets(run, secrets)
    }

    pub(crate) fn granted_secrets(&self) -> Vec<String> {
        secrets::granted()
    }

    pub(crate) fn open_secret(&self, name: &str) -> Secret {
        secrets::open(name)
    }

    pub(crate) fn reveal(&self, secret: &Secret) -> Vec<u8> {
        secrets_reveal::reveal(secret)
    }

    pub(crate) fn run_tools(&self, batch: &[Command]) -> Vec<Ran> {
        tool::run(batch)
    }
}

impl HostWriter for outputs::Writer {
    fn append(&mut self, data: &[u8]) -> Result<(), OutError> {
        outputs::Writer::append(self, data)
    }

    fn finish(self: Box<Self>, mode: FileMode) -> Result<String, OutError> {
        outputs::Writer::finish(*self, mode == FileMode::Executable)
    }
}
