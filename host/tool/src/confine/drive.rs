//! Drive: one process tree, from its start to the death of its last process.

use std::io::{self, PipeReader};
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use belljar_model::{Fault, Tier};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tracing::span::EnteredSpan;
use tracing::{Span, trace_span};

use super::outcome::{Seen, outcome};
use super::start::{Process, Started};
use super::tree::children;
use super::watch::Watch;
use super::{Channel, Confinement, Ended, Streams, direct, fault, namespaces};

/// How much is read at once.
const PIECE: usize = 64 << 10;

/// Runs a program to its end. Whatever is returned, none of its processes is left.
pub(super) fn run(confinement: &Confinement, streams: Streams<'_>) -> Result<Ended, Fault> {
    let Streams { stdin, printed, cancel } = streams;
    let mut shown = Shown::set_up();
    let start = Instant::now();
    let start_clock = clock();
    let links = direct::StateLinks::make(confinement)?;
    let mut watch = Watch::new(confinement, cancel, start);
    let broken = |error: io::Error| fault::setup(&confinement.tool, &error.to_string());

    let (report, writer) = io::pipe().map_err(broken)?;
    let started = match confinement.tier {
        Tier::T1 => namespaces::start(confinement, &writer, stdin)?,
        _ => direct::start(confinement, &writer, stdin)?,
    };
    drop(writer); // the end of its reports is the end of the launcher
    let mut tree = Tree::of(started, confinement.tier, report).map_err(broken)?;
    watch.started(tree.first_started.id());
    let mut seen = Seen::new(printed);
    let stopped = tree.follow(&mut watch, (&mut seen, &mut shown));
    let stopped = stopped.map_err(broken)?;
    drop(shown);
    let wall = start.elapsed();
    drop(links);
    if let Some(fault) = stopped.or_else(|| watch.look_at_files()) {
        return Err(fault);
    }
    let ended = outcome(confinement, &seen, tree.status)?;
    Ok(Ended {
        code: ended.code,
        setup: Duration::from_nanos(ended.ready.saturating_sub(start_clock)),
        wall,
        peak_memory: watch.peak.max(ended.peak),
    })
}

/// What the tree does, for whoever listens: the set-up of its sandbox, then its own work.
struct Shown {
    now: EnteredSpan,
    is_work: bool,
}

impl Shown {
    fn set_up() -> Self {
        Self { now: trace_span!("set up the sandbox").entered(), is_work: false }
    }

    fn work(&mut self) {
        if !self.is_work {
            self.is_work = true;
            // The one ends before the other begins: they lie behind each other, not within.
            drop(std::mem::replace(&mut self.now, Span::none().entered()));
            self.now = trace_span!("work of a tool").entered();
        }
    }
}

/// The monotonic clock, as the launcher reads it too.
fn clock() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    u64::try_from(time.tv_sec * 1_000_000_000 + time.tv_nsec).unwrap_or(0)
}

/// A started tree, and what comes out of it.
struct Tree {
    first_started: Process,
    tier: Tier,
    ended: OwnedFd,
    /// The first process of the namespace: with it all others end.
    first: Option<OwnedFd>,
    stdout: Option<OwnedFd>,
    stderr: Option<OwnedFd>,
    report: Option<PipeReader>,
    status: Option<ExitStatus>,
}

impl Tree {
    fn of(started: Started, tier: Tier, report: PipeReader) -> io::Result<Self> {
        let Started { process: mut first_started, stdout, stderr } = started;
        let ended = match pidfd(first_started.id()) {
            Ok(ended) => ended,
            Err(error) => {
                first_started.kill()?;
                first_started.wait()?;
                return Err(error);
            }
        };
        let (stdout, stderr, report) = (Some(stdout), Some(stderr), Some(report));
        Ok(Self { first_started, tier, ended, first: None, stdout, stderr, report, status: None })
    }

    /// Follows the tree to its end, and returns why it was ended, if it was.
    fn follow(
        &mut self,
        watch: &mut Watch<'_>,
        (seen, shown): (&mut Seen<'_>, &mut Shown),
    ) -> io::Result<Option<Fault>> {
        let mut stopped = None;
        loop {
            let now = Instant::now();
            if stopped.is_none() {
                stopped = watch.look(now);
            }
            let idle = if stopped.is_none() {
                watch.idle(now)
            } else {
                self.end()?;
                Duration::from_millis(5)
            };
            let has_ended = self.pump(idle, seen)?;
            if seen.is_ready() {
                shown.work();
            }
            if has_ended {
                break;
            }
        }
        self.status = Some(self.first_started.wait()?);
        if let Some(first) = &self.first {
            wait_for(first)?; // the kernel lets it end after all others of its namespace
        }
        // What is left in the pipes is complete: nobody is there to write more.
        while self.read_ready(Duration::ZERO, seen)? {}
        Ok(stopped)
    }

    /// Passes on what comes out within this time. Returns whether the tree has ended.
    fn pump(&mut self, most: Duration, seen: &mut Seen<'_>) -> io::Result<bool> {
        self.read_ready(most, seen)?;
        if self.tier == Tier::T1 && self.first.is_none() && seen.is_ready() {
            self.first = self.first_process();
        }
        let mut ended = [PollFd::new(&self.ended, PollFlags::IN)];
        match poll(&mut ended, Some(&Timespec::default())) {
            Err(rustix::io::Errno::INTR) => Ok(false),
            other => Ok(other? > 0),
        }
    }

    /// Waits until something happens, and reads once from whatever has something. Returns whether
    /// there was any.
    fn read_ready(&mut self, most: Duration, seen: &mut Seen<'_>) -> io::Result<bool> {
        let most = Timespec::try_from(most).map_err(io::Error::other)?;
        let sources = [
            self.report.as_ref().map(AsFd::as_fd),
            self.stdout.as_ref().map(AsFd::as_fd),
            self.stderr.as_ref().map(AsFd::as_fd),
        ];
        let open: Vec<usize> = (0..3).filter(|&at| sources[at].is_some()).collect();
        let mut polled: Vec<PollFd<'_>> = sources
            .into_iter()
            .flatten()
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
            .collect();
        if self.status.is_none() {
            polled.push(PollFd::new(&self.ended, PollFlags::IN));
        }
        match poll(&mut polled, Some(&most)) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
        let ready: Vec<usize> = open
            .into_iter()
            .zip(&polled)
            .filter(|(_, polled)| !polled.revents().is_empty())
            .map(|(at, _)| at)
            .collect();
        for &at in &ready {
            self.read(at, seen)?;
        }
        Ok(!ready.is_empty())
    }

    fn read(&mut self, at: usize, seen: &mut Seen<'_>) -> io::Result<()> {
        let mut piece = vec![0; PIECE];
        let (length, channel) = match at {
            0 => (read(self.report.as_ref(), &mut piece)?, None),
            1 => (read(self.stdout.as_ref(), &mut piece)?, Some(Channel::Stdout)),
            _ => (read(self.stderr.as_ref(), &mut piece)?, Some(Channel::Stderr)),
        };
        let piece = &piece[..length];
        match (channel, length) {
            (None, 0) => self.report = None,
            (Some(Channel::Stdout), 0) => self.stdout = None,
            (Some(Channel::Stderr), 0) => self.stderr = None,
            (None, _) => seen.reported(piece),
            (Some(channel), _) => seen.printed(channel, piece),
        }
        Ok(())
    }

    fn first_process(&self) -> Option<OwnedFd> {
        let first = children(self.first_started.id()).into_iter().next()?;
        pidfd(first).ok()
    }

    /// Ends the tree. Called again until it has ended.
    fn end(&mut self) -> io::Result<()> {
        if self.tier != Tier::T1 {
            // The launcher ends all that is below it, and then itself.
            return send(&self.ended, Signal::TERM);
        }
        if self.first.is_none() {
            self.first = self.first_process();
        }
        // Without its first process nothing of a namespace goes on, and bubblewrap ends too.
        send(self.first.as_ref().unwrap_or(&self.ended), Signal::KILL)
    }
}

impl Drop for Tree {
    /// Leaves nothing behind when it could not be followed to its end.
    fn drop(&mut self) {
        while self.status.is_none() {
            let ended = self.end().and_then(|()| self.first_started.try_wait());
            match ended {
                Ok(None) => std::thread::sleep(Duration::from_millis(5)),
                Ok(status) => self.status = status,
                Err(_) => return,
            }
        }
    }
}

fn pidfd(pid: u32) -> io::Result<OwnedFd> {
    let pid = Pid::from_raw(pid.cast_signed()).ok_or_else(|| io::Error::other("no process"))?;
    Ok(pidfd_open(pid, PidfdFlags::empty())?)
}

fn send(to: &OwnedFd, signal: Signal) -> io::Result<()> {
    match pidfd_send_signal(to, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn wait_for(process: &OwnedFd) -> io::Result<()> {
    loop {
        match poll(&mut [PollFd::new(process, PollFlags::IN)], None) {
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return Ok(()),
        }
    }
}

fn read(from: Option<impl AsFd>, piece: &mut [u8]) -> io::Result<usize> {
    let Some(from) = from else { return Ok(0) };
    Ok(rustix::io::retry_on_intr(|| rustix::io::read(&from, &mut *piece))?)
}
