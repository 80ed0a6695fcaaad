//! The launcher: this program once more, as the first process inside a sandbox.
//!
//! It puts up the walls that can only be put up from within (limits, Landlock, seccomp),
//! executes the tool, waits for it, and sees that nothing of it is left.
#![expect(unsafe_code, reason = "descriptors are taken over by number")]

mod bounds;
mod instruction;
mod landlock;
mod program;
mod seccomp;
mod seed;
mod supervise;
mod syscalls;

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{FromRawFd, RawFd};
use std::process::ExitCode;

pub(crate) use instruction::{Bounds, Instruction, Place, Refusal, Report, Walls};
pub(crate) use landlock::abi as landlock_abi;
pub(crate) use seed::{Kind, SEED};

/// The first argument that makes this program a launcher.
pub(crate) const LAUNCH: &str = "--belljar-launch";

/// What did not work on the way to the program.
pub(crate) struct Refused {
    what: Refusal,
    detail: String,
    errno: i32,
}

impl Refused {
    fn new(what: Refusal, detail: &(impl ToString + ?Sized)) -> Self {
        Self { what, detail: detail.to_string(), errno: 0 }
    }

    /// With the error of the call that just failed.
    fn os(what: Refusal, detail: &str) -> Self {
        let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
        Self { what, detail: detail.to_owned(), errno }
    }
}

/// Where reports go.
pub(crate) struct Reports(File);

impl Reports {
    /// Writes one line. Nobody can be told if that fails: the reader then knows by the silence.
    fn send(&mut self, report: &Report) {
        let Ok(mut line) = serde_json::to_vec(report) else { return };
        line.push(b'\n');
        let _ = self.0.write_all(&line);
    }

    fn refuse(&mut self, refused: Refused) {
        let Refused { what, detail, errno } = refused;
        self.send(&Report::Refused { what, detail, errno });
    }
}

/// Acts as the launcher if this process was started as one, and returns with what to exit.
/// A program that runs tools calls this first of all in `main`.
pub fn entry() -> Option<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    let first = args.next()?;
    if first == crate::probe::CANARY {
        let args: Vec<String> = args.filter_map(|arg| arg.into_string().ok()).collect();
        return Some(crate::probe::sing(&args));
    }
    let is_seed = first == SEED;
    if first != LAUNCH && !is_seed {
        return None;
    }
    let mut number = || args.next()?.to_str()?.parse::<RawFd>().ok().filter(|fd| *fd > 2);
    if is_seed {
        let socket = number().map(seed::socket);
        let kind = args.next().and_then(|kind| Kind::parse(kind.to_str()?));
        let serve = |(socket, kind)| seed::serve(socket, kind);
        return Some(socket.zip(kind).map_or(ExitCode::from(125), serve));
    }
    let (Some(instruction), Some(report)) = (number(), number()) else {
        return Some(ExitCode::from(125));
    };
    let settings = number();
    // SAFETY: the host passed these descriptors to this process for this purpose, and nothing
    // else in it knows their numbers: it has done nothing before.
    let (instruction, report, settings) = unsafe {
        (
            File::from_raw_fd(instruction),
            File::from_raw_fd(report),
            settings.map(|fd| File::from_raw_fd(fd)),
        )
    };
    let mut reports = Reports(report);
    let code = read(instruction)
        .and_then(|instruction| supervise::run(&instruction, settings, &mut reports));
    Some(code.unwrap_or_else(|refused| {
        reports.refuse(refused);
        ExitCode::from(125)
    }))
}

fn read(mut from: File) -> Result<Instruction, Refused> {
    let refused =
        |error: &dyn std::fmt::Display| Refused::new(Refusal::Instruction, &error.to_string());
    let mut text = Vec::new();
    from.read_to_end(&mut text).map_err(|error| refused(&error))?;
    serde_json::from_slice(&text).map_err(|error| refused(&error))
}
