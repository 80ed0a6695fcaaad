//! Prints how long a tool takes to start in each tier: `start [+READABLE..] [PROGRAM ARG..]`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use belljar_model::limits::Limit;
use belljar_model::ports::{Cancel, ToolLimits};
use belljar_model::{Fault, Tier};
use belljar_tool::confine::{Channel, Confinement, Ended, Streams, run};
use belljar_tool::launch;

/// How often each tier starts.
const RUNS: usize = 30;

#[expect(clippy::print_stdout, reason = "it prints what it measures")]
fn main() -> ExitCode {
    if let Some(code) = launch::entry() {
        return code;
    }
    let mut command: Vec<String> = std::env::args().skip(1).collect();
    if command.is_empty() {
        command.push("/bin/true".to_owned());
    }
    for tier in [Tier::T1, Tier::T2, Tier::T0] {
        let ended: Result<Vec<Ended>, Fault> = (0..RUNS).map(|_| once(tier, &command)).collect();
        match ended {
            Err(fault) => println!("{tier}: {fault} {:?} {:?}", fault.notes, fault.help),
            Ok(ended) => println!(
                "{tier}: setup p50 {:?} p95 {:?}, whole run p50 {:?} p95 {:?}, exit code {}",
                part(&ended, |run| run.setup, 50),
                part(&ended, |run| run.setup, 95),
                part(&ended, |run| run.wall, 50),
                part(&ended, |run| run.wall, 95),
                ended[0].code,
            ),
        }
    }
    ExitCode::SUCCESS
}

fn part(ended: &[Ended], of: impl Fn(&Ended) -> Duration, percent: usize) -> Duration {
    let mut times: Vec<Duration> = ended.iter().map(of).collect();
    times.sort();
    times[(times.len() * percent / 100).min(times.len() - 1)]
}

fn once(tier: Tier, command: &[String]) -> Result<Ended, Fault> {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let [workspace, scratch] = ["workspace", "scratch"].map(|name| folder.path().join(name));
    for made in [&workspace, &scratch] {
        std::fs::create_dir(made).expect("a new folder");
    }
    let more = command.iter().take_while(|word| word.starts_with('+')).count();
    let mut readable = ["/usr", "/lib", "/lib64", "/bin"].map(PathBuf::from).to_vec();
    readable.extend(command[..more].iter().map(|path| PathBuf::from(&path[1..])));
    let confinement = Confinement {
        tier,
        tool: "measured".to_owned(),
        program: PathBuf::from(&command[more]),
        args: command[more + 1..].to_vec(),
        env: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
        cwd: String::new(),
        readable,
        workspace,
        scratch,
        state: Vec::new(),
        ports: Vec::new(),
        limits: limits(),
    };
    let cancel = Cancel::new();
    let mut printed = |channel, piece: &[u8]| print_piece(channel, piece);
    run(&confinement, Streams { stdin: b"", printed: &mut printed, cancel: &cancel })
}

#[expect(clippy::print_stdout, reason = "it prints what is printed")]
fn print_piece(_: Channel, piece: &[u8]) {
    print!("{}", String::from_utf8_lossy(piece));
}

fn limits() -> ToolLimits {
    ToolLimits {
        time: Limit::default_of(Duration::from_mins(1)),
        memory: Limit::default_of(8 << 30),
        processes: Limit::default_of(1_000),
        output_bytes: Limit::default_of(4 << 30),
        output_files: Limit::default_of(1_000),
        log_bytes: Limit::default_of(1 << 20),
    }
}
