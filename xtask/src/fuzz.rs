//! `cargo xtask fuzz`: builds the programs of `fuzz/` with counters, and lets them run.
//!
//! They are libFuzzer programs, laid out as `cargo fuzz` expects them. That needs a nightly
//! compiler for its sanitizers; our code has no `unsafe` where bytes of others are read, so here
//! the stable one builds them, with coverage counters only.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context as _, Result, bail};

use crate::args::FuzzArgs;
use crate::shell::{cargo, read, root, run, say, status, target_dir};

/// What counts which parts of the code were reached: the flags that `cargo fuzz` gives.
const COUNTERS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// The most memory in MiB, and the most seconds for one input, before it counts as a failure.
const BOUNDS: [&str; 2] = ["-rss_limit_mb=2048", "-timeout=10"];

/// Where programs, inputs and failures are.
struct Places {
    /// The programs.
    programs: PathBuf,
    /// What the programs find worth keeping; outside of the tree.
    found: PathBuf,
    /// The inputs that made a program fail.
    failures: PathBuf,
}

impl Places {
    /// Where a program puts what it finds worth keeping: with a seed, an empty folder.
    fn found(&self, program: &str, seed: Option<u32>) -> Result<PathBuf> {
        let Some(seed) = seed else {
            let found = self.found.join(program);
            std::fs::create_dir_all(&found)?;
            return Ok(found);
        };
        let found = self.found.join(format!("seed-{seed}")).join(program);
        if found.exists() {
            std::fs::remove_dir_all(&found)?;
        }
        std::fs::create_dir_all(&found)?;
        Ok(found)
    }
}

/// Runs all programs for ten seconds each, as the tests do: always with the same inputs, so that
/// a change fails by what it changed. What is found by chance is for longer runs.
///
/// # Errors
/// As [`run_all`].
pub(crate) fn briefly() -> Result<()> {
    run_all(&FuzzArgs { programs: Vec::new(), seconds: 10, seed: Some(1), keep: false })
}

/// Builds all programs and runs those that are asked for, two at a time.
///
/// # Errors
/// When one cannot be built, is not there, or fails: then its input is kept, and named.
pub(crate) fn run_all(args: &FuzzArgs) -> Result<()> {
    let names = select(&args.programs)?;
    let places = build()?;
    let half = names.len().div_ceil(2);
    let failed: Vec<String> = thread::scope(|scope| {
        let halves: Vec<_> = names
            .chunks(half.max(1))
            .map(|names| scope.spawn(|| fuzz(names, args, &places)))
            .collect();
        let results = halves.into_iter().map(|half| half.join().expect("it does not panic"));
        results.collect::<Result<Vec<_>>>().map(|failed| failed.concat())
    })?;
    if !failed.is_empty() {
        bail!("{} failed; the inputs are in {}", failed.join(", "), places.failures.display());
    }
    say(&format!("{} programs ran for {} s each; none failed", names.len(), args.seconds));
    Ok(())
}

/// The programs by name, sorted: all, or those that are asked for.
fn select(asked: &[String]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root().join("fuzz/fuzz_targets"))? {
        let path = entry?.path();
        names.extend(path.file_stem().and_then(|name| name.to_str()).map(str::to_owned));
    }
    names.sort();
    if let Some(unknown) = asked.iter().find(|name| !names.contains(name)) {
        bail!("there is no program `{unknown}`; there are {}", names.join(", "));
    }
    names.retain(|name| asked.is_empty() || asked.contains(name));
    Ok(names)
}

fn build() -> Result<Places> {
    let target = target_dir()?.join("fuzz");
    let rustc = read(Command::new("rustc").current_dir(root()).arg("-vV"))?;
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc names no host")?;
    // Named, so that build scripts and macros are compiled without counters.
    let mut build = cargo();
    build.args(["build", "--release", "--locked", "--manifest-path", "fuzz/Cargo.toml"]);
    build.args(["--target", host]).env("CARGO_TARGET_DIR", &target).env("RUSTFLAGS", COUNTERS);
    run(&mut build)?;
    Ok(Places {
        programs: target.join(host).join("release"),
        found: target.join("found"),
        failures: target.join("failures"),
    })
}

/// Runs some programs one after another, and returns the names of those that failed.
fn fuzz(names: &[String], args: &FuzzArgs, places: &Places) -> Result<Vec<String>> {
    let mut failed = Vec::new();
    for name in names {
        let found = places.found(name, args.seed)?;
        let failures = places.failures.join(name);
        std::fs::create_dir_all(&failures)?;
        let mut program = program(places, name);
        let corpus = corpus(name);
        if args.keep {
            std::fs::create_dir_all(root().join(&corpus))?;
            program.arg("-merge=1").arg(&corpus).arg(&found);
        } else {
            program.arg(format!("-max_total_time={}", args.seconds));
            program.arg(format!("-artifact_prefix={}/", failures.display()));
            program.args(args.seed.map(|seed| format!("-seed={seed}")));
            program.args(BOUNDS).args(["-print_final_stats=0", "-verbosity=0"]);
            program.arg(&found);
            // A folder that is not there counts as a failure. Git keeps none that is empty.
            if root().join(&corpus).is_dir() {
                program.arg(&corpus);
            }
        }
        if !status(&mut program)?.success() {
            failed.push(name.clone());
        }
    }
    Ok(failed)
}

fn program(places: &Places, name: &str) -> Command {
    let mut program = Command::new(places.programs.join(name));
    program.current_dir(root());
    program
}

/// The inputs that are kept in the tree.
fn corpus(name: &str) -> PathBuf {
    Path::new("fuzz/corpus").join(name)
}
