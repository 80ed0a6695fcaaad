//! Many small runs of tools: how a sandbox starts, a run that is known, and files that are read.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::place::{CODE_AND_TOOLS, Place, Tier};
use super::record::percentile;
use super::sample;
use crate::results::{Goal, Results, Unit};
use crate::sample::each;
use crate::surroundings::Surroundings;

/// How many sandboxes are started in one run.
const STARTS: u32 = 20;
/// How many steps a run has that reads files, and one whose tools are known.
const STEPS: u32 = 100;
/// The size of a file that is read, in bytes.
const FILE: usize = 4096;

const RUN: &[&str] = &["--jobs", "1"];
const RUN_GUEST: &[&str] = &["--jobs", "1", "--file", "guest.toml"];

/// What the rows of a tier are.
pub(super) fn note(tier: Tier) -> String {
    let beside = match tier {
        Tier::T1 => "*Bare bwrap* is bubblewrap by hand with the same kind of options. ",
        Tier::T2 => {
            "If root measures, an ordinary user runs the program, because root is refused \
                     the tier. "
        }
    };
    format!(
        "Whole runs of the program with one worker, divided by the number of their steps, which \
         are steps of the plugin `command`: {STARTS} that run `true`, {STEPS} with `true` whose \
         result is known while the step is not, {STEPS} that run `cat` on a file of 4 KiB. \
         *Setup* is what the recorded runs of tools say, by percentiles within a run of {STARTS}. \
         {beside}Each run is checked: its steps, its tools, their tier, and what they printed."
    )
}

/// Measures in one tier.
///
/// # Errors
/// When a run fails, or did something else than it had to.
pub(super) fn measure(
    surroundings: &Surroundings,
    place: &Place,
    rounds: usize,
    results: &mut Results,
) -> Result<()> {
    place.write("guest.wasm", fs::read(surroundings.guest("does_nothing")?)?)?;
    start(place, rounds, results)?;
    known(place, rounds, results)?;
    read(place, rounds, results)
}

fn start(place: &Place, rounds: usize, results: &mut Results) -> Result<()> {
    let tier = place.tier;
    place.write("belljar.toml", trues(STARTS, "started"))?;
    let (mut steps, mut namespaces, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    let (mut middle, mut high) = (Vec::new(), Vec::new());
    for _ in 0..=rounds {
        place.forget(CODE_AND_TOOLS)?;
        let (usage, record) = place.run(RUN)?;
        record.check_steps(STARTS)?;
        record.check_tools(1, "executed", tier)?;
        steps.push(usage.wall / f64::from(STARTS));
        let setups = record.setups()?;
        middle.push(percentile(&setups, 50));
        high.push(percentile(&setups, 95));
        if tier == Tier::T1 {
            namespaces.push(each(STARTS, |_| succeed(&mut bubblewrap()))?);
        }
        bare.push(each(STARTS, |_| succeed(&mut Command::new("/bin/true")))?);
    }
    let (goal, goal_high) = match tier {
        Tier::T1 => (Goal(0.025), Some(Goal(0.060))),
        Tier::T2 => (Goal(0.002), None),
    };
    results.row(&format!("{tier}: setup, p50"), Unit::Time, &sample(&middle), Some(goal));
    results.row(&format!("{tier}: setup, p95"), Unit::Time, &sample(&high), goal_high);
    results.row(&format!("{tier}: a step that runs `true`"), Unit::Time, &sample(&steps), None);
    if tier == Tier::T1 {
        results.row("bare bwrap of `true`", Unit::Time, &sample(&namespaces), None);
    }
    results.row("bare `true`", Unit::Time, &sample(&bare), None);
    Ok(())
}

/// Runs of tools that are known, of steps that are not, beside steps that do nothing.
fn known(place: &Place, rounds: usize, results: &mut Results) -> Result<()> {
    let tier = place.tier;
    place.forget(CODE_AND_TOOLS)?;
    place.write("belljar.toml", trues(STEPS, "before"))?;
    place.run(RUN)?.1.check_tools(1, "executed", tier)?;
    let (mut tools, mut guests, mut more) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=rounds {
        let salt = format!("round {round}");
        place.write("belljar.toml", trues(STEPS, &salt))?;
        let (usage, record) = place.run(RUN)?;
        record.check_steps(STEPS)?;
        record.check_tools(1, "exact-hit", tier)?;
        ensure!(record.summary("s0") == Some(salt.as_str()), "the summary is of another round");
        let tool = usage.wall / f64::from(STEPS);
        place.write("guest.toml", without_tools(round))?;
        let (usage, record) = place.run(RUN_GUEST)?;
        record.check_steps(STEPS)?;
        record.check_tools(0, "", tier)?;
        let guest = usage.wall / f64::from(STEPS);
        tools.push(tool);
        guests.push(guest);
        more.push(tool - guest);
    }
    results.row(&format!("{tier}: a step, its tool known"), Unit::Time, &sample(&tools), None);
    results.row("a step without a tool", Unit::Time, &sample(&guests), None);
    let what = format!("{tier}: what a known tool adds");
    results.row(&what, Unit::Time, &sample(&more), Some(Goal(0.001)));
    Ok(())
}

fn read(place: &Place, rounds: usize, results: &mut Results) -> Result<()> {
    let tier = place.tier;
    for step in 0..STEPS {
        place.write(&file(step), content(step))?;
    }
    place.write("belljar.toml", cats())?;
    let (mut steps, mut bare, mut more) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..=rounds {
        place.forget(CODE_AND_TOOLS)?;
        let (usage, record) = place.run(RUN)?;
        record.check_steps(STEPS)?;
        record.check_tools(1, "executed", tier)?;
        for step in 0..STEPS {
            let log = record.log(&format!("s{step}"));
            ensure!(log == content(step), "step s{step} printed something else:\n{log}");
        }
        let tree = place.tree();
        let one = each(STEPS, |step| {
            let output = Command::new("cat").arg(file(step)).current_dir(&tree).output()?;
            ensure!(output.stdout == content(step).as_bytes(), "`cat` printed something else");
            Ok(())
        })?;
        let step = usage.wall / f64::from(STEPS);
        steps.push(step);
        bare.push(one);
        more.push(step - one);
    }
    results.row(&format!("{tier}: a step that runs `cat`"), Unit::Time, &sample(&steps), None);
    results.row("bare `cat`", Unit::Time, &sample(&bare), None);
    results.row(&format!("{tier}: what a step adds to `cat`"), Unit::Time, &sample(&more), None);
    Ok(())
}

/// Steps that run `true`, each with an argument of its own.
fn trues(count: u32, summary: &str) -> String {
    steps("true", count, |step| {
        format!("with = {{ run = [\"true\", \"{step}\"], summary = \"{summary}\" }}")
    })
}

/// Steps that run `cat`, each on a file of its own.
fn cats() -> String {
    steps("cat", STEPS, |step| {
        let file = file(step);
        format!("inputs = [\"{file}\"]\nwith.run = [\"cat\", \"{file}\"]")
    })
}

fn steps(tool: &str, count: u32, more: impl Fn(u32) -> String) -> String {
    let mut text = format!(
        "schema = 1\n[plugins]\ncommand = \"builtin:command\"\n[tools]\n{tool} = \"{tool}\"\n"
    );
    for step in 0..count {
        let _ = writeln!(
            text,
            "[step.s{step}]\nuses = \"command\"\ngrants.tools = [\"{tool}\"]\n\
             min-isolation = \"t2\"\n{}",
            more(step)
        );
    }
    text
}

/// Steps of a guest that does nothing, which no other round has seen.
fn without_tools(round: usize) -> String {
    let mut text = "schema = 1\n[plugins]\nguest = { path = \"guest.wasm\" }\n".to_owned();
    for step in 0..STEPS {
        let _ = writeln!(
            text,
            "[step.n{step}]\nuses = \"guest\"\noutputs = [\"out/{round}/{step}/*\"]"
        );
    }
    text
}

fn file(step: u32) -> String {
    format!("in/{step}.txt")
}

/// Text of [`FILE`] bytes.
fn content(step: u32) -> String {
    (0..FILE / 64).fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{:>63}", format!("file {step}, line {line}"));
        text
    })
}

/// Bubblewrap as the program uses it, around `true`.
fn bubblewrap() -> Command {
    let mut command = Command::new("bwrap");
    command.args(["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]);
    command.args(["--unshare-cgroup-try", "--disable-userns", "--hostname", "belljar"]);
    command.args(["--unshare-net", "--die-with-parent", "--new-session", "--as-pid-1"]);
    command.args(["--cap-drop", "ALL", "--clearenv", "--proc", "/proc", "--dev", "/dev"]);
    command.args(["--perms", "1777", "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]);
    command.args(["--perms", "1777", "--tmpfs", "/tmp", "--ro-bind", "/usr", "/usr"]);
    for path in ["/bin", "/lib", "/lib64"].map(Path::new) {
        if let Ok(to) = fs::read_link(path) {
            command.arg("--symlink").arg(to).arg(path);
        } else if path.is_dir() {
            command.arg("--ro-bind").args([path, path]);
        }
    }
    command.args(["--remount-ro", "/", "--chdir", "/", "--", "/bin/true"]);
    command
}

fn succeed(command: &mut Command) -> Result<()> {
    let program = command.get_program().display().to_string();
    let status = command.status().with_context(|| program.clone())?;
    ensure!(status.success(), "{program}: {status}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_size_that_the_page_says() {
        assert_eq!(content(0).len(), FILE);
        assert_eq!(content(99).len(), FILE);
        assert_ne!(content(0), content(1));
    }
}
