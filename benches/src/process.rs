//! A program that is run once, with what it took of the machine.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use wait4::Wait4 as _;

/// The hidden verb under which this program measures another one.
pub(crate) const MEASURE: &str = "measure-one-process";

/// What one run of a program took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// Wall time in seconds.
    pub(crate) wall: f64,
    /// Processor time in seconds, of all its processes, in the kernel too.
    pub(crate) cpu: f64,
    /// The memory of its largest process at any time, in mebibytes.
    pub(crate) memory: f64,
}

/// Runs a command and returns what it took, and what it wrote to stdout.
///
/// The kernel keeps one sum over all children that were waited for. So each command is the only
/// child of a process of its own: this program, started again.
///
/// # Errors
/// When it cannot be started, or fails.
pub(crate) fn run(command: &Command) -> Result<(Usage, String)> {
    run_under(MEASURE, command)
}

/// The same under another verb of this program.
///
/// # Errors
/// When it cannot be started, or fails.
pub(crate) fn run_under(verb: &str, command: &Command) -> Result<(Usage, String)> {
    let mut measuring = Command::new(std::env::current_exe()?);
    measuring.arg(verb).arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        measuring.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => measuring.env(name, value),
            None => measuring.env_remove(name),
        };
    }
    let output = measuring.output().context("this program cannot be started again")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{} failed:\n{}", command.get_program().display(), said.trim());
    }
    let text = String::from_utf8(output.stdout)?;
    let (line, said) = text.split_once('\n').context("a measurement is one line")?;
    let numbers = line.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    let [wall, cpu, memory] = numbers[..] else { bail!("a measurement has three numbers: {line}") };
    Ok((Usage { wall, cpu, memory }, said.to_owned()))
}

/// Runs a command as the only child of this process, and prints what it took, then what it wrote to
/// stdout.
///
/// # Errors
/// When it cannot be started, or fails.
pub(crate) fn measure_here(command: &[OsString]) -> Result<()> {
    let (program, arguments) = command.split_first().context("a command is missing")?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
    let started = Instant::now();
    let mut child = command.spawn().with_context(|| program.display().to_string())?;
    let mut said = Vec::new();
    child.stdout.take().context("stdout was piped")?.read_to_end(&mut said)?;
    let ended = child.wait4()?;
    let wall = started.elapsed().as_secs_f64();
    if !ended.status.success() {
        bail!("{}\n{}", ended.status, String::from_utf8_lossy(&said));
    }
    let usage = ended.rusage;
    let cpu = (usage.utime + usage.stime).as_secs_f64();
    let memory = f64::from(u32::try_from(usage.maxrss >> 10)?) / 1024.0;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{wall} {cpu} {memory}")?;
    Ok(stdout.write_all(&said)?)
}
