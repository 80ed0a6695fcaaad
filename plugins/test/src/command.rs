//! From a shard to the command that tests it.

use belljar_sdk::{Command, TestCase};

use crate::config::join;
use crate::narrow::{Narrowed, narrow};
use crate::shard::{Selection, Shard};
use crate::{Config, Runner};

/// The file of results that runners are told to write, from where they start.
const RESULTS: &str = ".belljar-results.xml";
/// Where the settings of nextest are written, and what they say: where the results go, from
/// the folder that nextest keeps for a profile.
const NEXTEST: &str = ".scratch/belljar-nextest.toml";
/// The variable that makes a repeated command differ from the first one.
const ATTEMPT: &str = "BELLJAR_ATTEMPT";

/// A second or later attempt at tests that failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Again<'a> {
    /// Which attempt, counted from 1 for the first.
    pub(crate) attempt: u8,
    /// The tests that failed so far.
    pub(crate) failing: &'a [TestCase],
}

/// The command for a shard; `tool` is the name of a granted tool.
pub(crate) fn command(
    config: &Config,
    tool: &str,
    shard: &Shard,
    again: Option<Again<'_>>,
) -> Command {
    let narrowed = match again {
        Some(again) => narrow(config, shard, again.failing),
        None => Narrowed::of(shard),
    };
    let mut command = Command::new(tool)
        .label(&shard.label)
        .args(args(config, tool, shard, &narrowed))
        .read(&shard.reads)
        .cwd(&shard.cwd)
        .write(results(config).map(|path| pattern(shard, &path)))
        .write(config.coverage.as_ref().map(|coverage| pattern(shard, &coverage.file)));
    if config.runner == Runner::Nextest {
        command = command.read([NEXTEST]);
    }
    for (name, value) in &shard.env {
        command = command.env(name, value);
    }
    if let Selection::Part { index, count } = shard.selection {
        command = command
            .env("BELLJAR_SHARD", index.to_string())
            .env("BELLJAR_SHARDS", count.to_string());
    }
    for (name, value) in &config.env {
        command = command.env(name, value);
    }
    match again {
        Some(again) => command.env(ATTEMPT, again.attempt.to_string()),
        None => command,
    }
}

/// The file of results, from where the runner starts; `None` if they go to standard output.
pub(crate) fn results(config: &Config) -> Option<String> {
    match config.runner {
        Runner::Cargo | Runner::Go => None,
        Runner::Command => config.results.clone(),
        _ => Some(RESULTS.to_owned()),
    }
}

/// The settings that nextest is given: a file, and what it says.
pub(crate) fn nextest_settings(config: &Config) -> (&'static str, String) {
    let profile = profile(&config.args).unwrap_or("belljar");
    // The results are placed from the profile's folder in the store. The store is not in the
    // build folder, because a state folder may be mounted there.
    let store = "[store]\ndir = \".belljar-nextest\"\n";
    (NEXTEST, format!("{store}[profile.{profile}.junit]\npath = \"../../{RESULTS}\"\n"))
}

/// The tool that runs the tests: as configured, or the first granted one that can.
pub(crate) fn tool(config: &Config, granted: &[String]) -> String {
    if let Some(tool) = config.command.first() {
        return tool.clone();
    }
    let usual = config.runner.tools();
    let is_granted = |name: &&&str| granted.iter().any(|granted| granted == **name);
    let found = usual.iter().find(is_granted).or(usual.first());
    // If none is granted, asking for the first gives the host's own message, with the mend.
    config.tool.clone().or_else(|| found.map(|&name| name.to_owned())).unwrap_or_default()
}

fn pattern(shard: &Shard, path: &str) -> String {
    crate::shard::literal(&join(&shard.cwd, path))
}

fn args(config: &Config, tool: &str, shard: &Shard, narrowed: &Narrowed) -> Vec<String> {
    let results = join("{workspace}", &join(&shard.cwd, RESULTS));
    match config.runner {
        Runner::Cargo => cargo(config, shard, narrowed),
        Runner::Nextest => nextest(config, shard),
        Runner::Pytest => {
            let module = if tool.contains("pytest") { &[][..] } else { &["-m", "pytest"] };
            let own = ["-p", "no:cacheprovider", "-o", "junit_family=xunit1"];
            let mut args = texts(module.iter().chain(&own));
            args.push(format!("--junitxml={results}"));
            ended(args, config, narrowed)
        }
        Runner::Node => {
            let args = texts(&[
                "--test",
                "--test-reporter=spec",
                "--test-reporter-destination=stdout",
                "--test-reporter=junit",
            ]);
            let destination = format!("--test-reporter-destination={results}");
            ended(args.into_iter().chain([destination]).collect(), config, narrowed)
        }
        Runner::Vitest => {
            let mut args = texts(vitest(tool));
            args.extend(texts(&["run", "--reporter=default", "--reporter=junit"]));
            args.push(format!("--outputFile.junit={results}"));
            add(&mut args, &config.args, &["--passWithNoTests"]);
            ended(args, config, narrowed)
        }
        Runner::Go => {
            let mut args = texts(&["test", "-json"]);
            args.extend(narrowed.flags.clone());
            args.extend(config.args.clone());
            let all = vec!["./...".to_owned()];
            args.extend(if narrowed.packages.is_empty() { all } else { narrowed.packages.clone() });
            args
        }
        Runner::Ctest => {
            let mut args = vec!["--output-junit".to_owned(), results];
            add(&mut args, &config.args, &["--output-on-failure"]);
            if let Selection::Part { index, count } = shard.selection {
                args.extend(["-I".to_owned(), format!("{index},,{count}")]);
            }
            ended(args, config, narrowed)
        }
        Runner::Command => of_command(config, narrowed),
    }
}

/// How a tool of this name starts Vitest.
fn vitest(tool: &str) -> &'static [&'static str] {
    if tool.contains("vitest") {
        &[]
    } else if tool.contains("npx") {
        &["vitest"]
    } else {
        &["node_modules/vitest/vitest.mjs"]
    }
}

fn cargo(config: &Config, shard: &Shard, narrowed: &Narrowed) -> Vec<String> {
    let (own, harness) = split(&config.args);
    let mut args = vec!["test".to_owned()];
    add(&mut args, own, &["--no-fail-fast"]);
    args.extend(packages(shard));
    args.extend_from_slice(own);
    if !harness.is_empty() || !narrowed.filters.is_empty() {
        args.push("--".to_owned());
        args.extend_from_slice(harness);
        if !narrowed.filters.is_empty() {
            add(&mut args, harness, &["--exact"]);
            args.extend(narrowed.filters.clone());
        }
    }
    args
}

fn nextest(config: &Config, shard: &Shard) -> Vec<String> {
    let (own, harness) = split(&config.args);
    let mut args = texts(&["nextest", "run", "--tool-config-file"]);
    args.push(format!("belljar:{{workspace}}/{NEXTEST}"));
    if profile(own).is_none() {
        args.extend(texts(&["--profile", "belljar"]));
    }
    add(&mut args, own, &["--no-fail-fast"]);
    if !own.iter().any(|arg| arg.starts_with("--no-tests")) {
        args.push("--no-tests=pass".to_owned());
    }
    if config.retries > 0 {
        // It repeats the test alone, at once, and says in its results that it did.
        args.push(format!("--retries={}", config.retries));
    }
    if let Selection::Part { index, count } = shard.selection {
        args.push(format!("--partition=hash:{index}/{count}"));
    }
    args.extend(packages(shard));
    args.extend_from_slice(own);
    if !harness.is_empty() {
        args.push("--".to_owned());
        args.extend_from_slice(harness);
    }
    args
}

/// The profile that the arguments of nextest name.
fn profile(args: &[String]) -> Option<&str> {
    let names = ["--profile", "-P"];
    args.iter().enumerate().find_map(|(at, arg)| match arg.split_once('=') {
        Some(("--profile", name)) => Some(name),
        _ if names.contains(&arg.as_str()) => args.get(at + 1).map(String::as_str),
        _ => None,
    })
}

fn packages(shard: &Shard) -> Vec<String> {
    let Selection::Packages(names) = &shard.selection else { return Vec::new() };
    names.iter().flat_map(|name| ["-p".to_owned(), name.clone()]).collect()
}

/// The user's command, with the files where it wants them.
fn of_command(config: &Config, narrowed: &Narrowed) -> Vec<String> {
    const FILES: &str = "{files}";
    let mut args = Vec::new();
    for arg in config.command.iter().skip(1) {
        if arg == FILES {
            args.extend(narrowed.files.clone());
        } else {
            args.push(arg.clone());
        }
    }
    if !config.command.iter().any(|arg| arg == FILES) {
        args.extend(narrowed.files.clone());
    }
    args
}

/// The arguments of a runner that takes files last.
fn ended(mut args: Vec<String>, config: &Config, narrowed: &Narrowed) -> Vec<String> {
    args.extend(narrowed.flags.clone());
    args.extend(config.args.clone());
    args.extend(narrowed.files.clone());
    args
}

/// Adds flags that the user did not write.
fn add(args: &mut Vec<String>, own: &[String], flags: &[&str]) {
    let missing = flags.iter().filter(|flag| !own.iter().any(|own| own == **flag));
    args.extend(missing.map(|&flag| flag.to_owned()));
}

/// The arguments before and after `--`.
fn split(args: &[String]) -> (&[String], &[String]) {
    match args.iter().position(|arg| arg == "--") {
        Some(at) => (&args[..at], &args[at + 1..]),
        None => (args, &[]),
    }
}

fn texts<'a>(items: impl IntoIterator<Item = &'a &'a str>) -> Vec<String> {
    items.into_iter().map(|&item| item.to_owned()).collect()
}
