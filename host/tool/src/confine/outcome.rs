//! The outcome of a tree that ended by itself: a code, or a Fault that says what went wrong.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;

use belljar_model::Fault;

use super::{Channel, Confinement, fault, launcher};
use crate::launch::{Refusal, Report};

/// Bytes of the first and of the last lines that are kept for messages.
const KEPT: usize = 4 << 10;

type Printed<'a> = &'a mut (dyn FnMut(Channel, &[u8]) + Send);

/// What came out of a tree.
pub(super) struct Seen<'a> {
    printed: Printed<'a>,
    reports: Vec<u8>,
    /// What was printed before the program was executed: words of the sandbox, if it failed.
    early: Vec<(Channel, Vec<u8>)>,
    /// The first words on standard error.
    errors: Vec<u8>,
    ready: Option<u64>,
}

/// How a tree ended by itself.
pub(super) struct Finished {
    pub(super) code: i32,
    /// When the program was executed, by the monotonic clock.
    pub(super) ready: u64,
    pub(super) peak: u64,
}

impl<'a> Seen<'a> {
    pub(super) fn new(printed: Printed<'a>) -> Self {
        Self { printed, reports: Vec::new(), early: Vec::new(), errors: Vec::new(), ready: None }
    }

    /// Whether the program was executed, or is just about to be.
    pub(super) fn is_ready(&self) -> bool {
        self.ready.is_some()
    }

    /// Takes a piece of the launcher's report.
    pub(super) fn reported(&mut self, piece: &[u8]) {
        self.reports.extend_from_slice(piece);
        if self.ready.is_some() {
            return;
        }
        let ready = self.all_reports().find_map(|report| match report {
            Report::Ready(at) => Some(at),
            _ => None,
        });
        self.ready = ready;
        if self.ready.is_some() {
            for (channel, piece) in std::mem::take(&mut self.early) {
                self.printed(channel, &piece);
            }
        }
    }

    /// Takes a piece of what is printed.
    pub(super) fn printed(&mut self, channel: Channel, piece: &[u8]) {
        if channel == Channel::Stderr && self.errors.len() < KEPT {
            self.errors.extend_from_slice(&piece[..piece.len().min(KEPT)]);
        }
        if self.ready.is_some() {
            (self.printed)(channel, piece);
        } else {
            self.early.push((channel, piece.to_owned()));
        }
    }

    fn all_reports(&self) -> impl Iterator<Item = Report> + '_ {
        let lines = self.reports.split_inclusive(|&byte| byte == b'\n');
        lines.filter_map(|line| serde_json::from_slice(line).ok())
    }

    fn first_words(&self) -> String {
        let text = String::from_utf8_lossy(&self.errors);
        text.lines()
            .next()
            .unwrap_or_default()
            .chars()
            .filter(|shown| !shown.is_control())
            .collect()
    }
}

/// Says how the tree ended.
pub(super) fn outcome(
    confinement: &Confinement,
    seen: &Seen<'_>,
    status: Option<ExitStatus>,
) -> Result<Finished, Fault> {
    let tool = &confinement.tool;
    for report in seen.all_reports() {
        match report {
            Report::Ready(_) => {}
            Report::Refused { what, detail, errno } => {
                return Err(refused(confinement, what, &detail, errno));
            }
            Report::Exited { code, peak } => {
                if let Some(library) = missing_library(confinement, seen, code) {
                    return Err(fault::missing_part(tool, &library));
                }
                return Ok(Finished { code, ready: seen.ready.unwrap_or(0), peak });
            }
            Report::Died { signal: libc::SIGXFSZ, .. } => {
                return Err(fault::output(tool, &confinement.limits.output_bytes));
            }
            Report::Died { signal, .. } => return Err(fault::signal(tool, signal)),
        }
    }
    let ended = status.and_then(|status| status.signal()).map_or_else(
        || "its first process ended too early".to_owned(),
        |signal| format!("its first process was ended by signal {signal}"),
    );
    let words = seen.first_words();
    Err(fault::setup(tool, if words.is_empty() || seen.is_ready() { &ended } else { &words }))
}

fn refused(confinement: &Confinement, what: Refusal, detail: &str, errno: i32) -> Fault {
    let tool = &confinement.tool;
    let because = std::io::Error::from_raw_os_error(errno);
    let why = if errno == 0 { detail.to_owned() } else { format!("{detail}: {because}") };
    match what {
        Refusal::Program if errno == libc::ENOENT => missing_interpreter(&confinement.program)
            .map_or_else(
                || fault::not_executed(tool, &why),
                |interpreter| fault::missing_part(tool, &interpreter),
            ),
        Refusal::Program => fault::not_executed(tool, &why),
        Refusal::Folder => fault::not_executed(tool, &format!("it cannot start in {why}")),
        _ => fault::setup(tool, &why),
    }
}

/// What a program that is there needs to be executed: the interpreter of a script, or the dynamic
/// loader.
fn missing_interpreter(program: &Path) -> Option<String> {
    let mut head = Vec::new();
    std::fs::File::open(program).ok()?.take(256).read_to_end(&mut head).ok()?;
    if let Some(line) = head.strip_prefix(b"#!") {
        let line = String::from_utf8_lossy(line.split(|&byte| byte == b'\n').next()?).into_owned();
        return line.split_ascii_whitespace().next().map(str::to_owned);
    }
    launcher::loader_of(program).ok()?.map(|loader| loader.display().to_string())
}

/// The library that the dynamic loader says it does not find.
fn missing_library(confinement: &Confinement, seen: &Seen<'_>, code: i32) -> Option<String> {
    if code != 127 {
        return None;
    }
    let text = String::from_utf8_lossy(&seen.errors);
    let said = text.strip_prefix(confinement.program.to_str()?)?;
    let (_, rest) = said.split_once("error while loading shared libraries: ")?;
    let (library, why) = rest.split_once(": ")?;
    why.starts_with("cannot open shared object file").then(|| library.to_owned())
}
