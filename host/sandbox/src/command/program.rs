//! What a program finds around it and leaves behind, besides files.

use std::collections::BTreeMap;

use belljar_model::limits::Limit;
use belljar_model::ports::BlobStore;
use belljar_model::{Digest, Fault, ToolAction};
use bytes::Bytes;
use wasmtime::{Result, bail};

use crate::log::Channel;
use crate::vfs::SCRATCH;

/// The variable that names the folder for files which are dropped at the end.
pub(crate) const TMPDIR: &str = "TMPDIR";
/// What stands for the root of the workspace in arguments and in the environment.
const WORKSPACE: &str = "{workspace}";

/// What a program finds around it, and what it has printed.
pub(crate) struct Program {
    /// Its name and its arguments.
    pub(crate) args: Vec<String>,
    /// Where it starts.
    pub(crate) cwd: String,
    /// What it has not read of its standard input yet.
    pub(crate) stdin: Bytes,
    /// What it printed.
    pub(crate) printed: Captured,
    env: BTreeMap<String, String>,
    exited: Option<u8>,
}

impl Program {
    /// A program that was not started yet.
    pub(crate) fn new(action: &ToolAction, stdin: Bytes, log_bytes: &Limit<u64>) -> Self {
        let name = std::iter::once(action.tool.clone());
        let mut env = BTreeMap::from([(TMPDIR.to_owned(), format!("/{SCRATCH}"))]);
        env.extend(action.env.iter().map(|(name, value)| (name.clone(), filled(value))));
        Self {
            args: name.chain(action.args.iter().map(|arg| filled(arg))).collect(),
            cwd: format!("/{}", action.cwd.as_str()),
            stdin,
            printed: Captured { limit: log_bytes.value, kept: Default::default() },
            env,
            exited: None,
        }
    }

    /// Its environment, sorted by name.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        self.env.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Remembers the code with which it ends itself.
    ///
    /// # Errors
    /// Always: an error is what unwinds it.
    pub(crate) fn exit(&mut self, code: u8) -> Result<()> {
        self.exited = Some(code);
        bail!("it ended itself with exit code {code}")
    }

    /// The code with which it ended itself, if it did.
    pub(crate) const fn exited(&self) -> Option<u8> {
        self.exited
    }
}

/// The text with the root of the workspace filled in, which is `/` for the program.
fn filled(text: &str) -> String {
    text.replace(&format!("{WORKSPACE}/"), "/").replace(WORKSPACE, "/")
}

/// What a program printed, byte for byte up to the limit for logs.
pub(crate) struct Captured {
    limit: u64,
    kept: [Stream; 2],
}

/// One channel.
#[derive(Default)]
struct Stream {
    bytes: Vec<u8>,
    is_cut: bool,
}

impl Captured {
    /// Takes what was printed.
    pub(crate) fn take(&mut self, channel: Channel, bytes: &[u8]) {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let stream = &mut self.kept[channel as usize];
        if stream.is_cut {
            return;
        }
        let room = limit.saturating_sub(stream.bytes.len());
        stream.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            stream.is_cut = true;
            let notice = format!("\n[cut: `limits.log-bytes` is {limit}]\n");
            stream.bytes.extend_from_slice(notice.as_bytes());
        }
    }

    /// Keeps standard output and standard error.
    ///
    /// # Errors
    /// When one cannot be kept.
    pub(crate) fn keep(self, blobs: &dyn BlobStore) -> std::result::Result<[Digest; 2], Fault> {
        let [stdout, stderr] = self.kept;
        Ok([blobs.put(&stdout.bytes)?, blobs.put(&stderr.bytes)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_the_root() {
        let check = |text: &str, expected: &str| assert_eq!(filled(text), expected);
        check("{workspace}", "/");
        check("{workspace}/src", "/src");
        check("-I{workspace}/a:{workspace}", "-I/a:/");
        check("{other}", "{other}");
    }

    #[test]
    fn what_is_over_the_limit_is_cut_once_with_a_notice() {
        let mut captured = Captured { limit: 4, kept: Default::default() };
        for piece in ["abc", "de", "f"] {
            captured.take(Channel::Stdout, piece.as_bytes());
        }
        captured.take(Channel::Stderr, b"1234");
        let [stdout, stderr] = captured.kept.map(|stream| String::from_utf8(stream.bytes).unwrap());
        assert_eq!(stdout, "abcd\n[cut: `limits.log-bytes` is 4]\n");
        assert_eq!(stderr, "1234");
    }
}
