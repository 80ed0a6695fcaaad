//! Runs the shards, runs failed tests again, and says where failures are written.

use std::collections::BTreeMap;

use belljar_sdk::{Cx, Inputs, Kind, Ran, StepError, TestCase, TestStatus};

use crate::collect::{Output, collect};
use crate::command::{self, Again, nextest_settings, results};
use crate::config::join;
use crate::parse::is_bad;
use crate::shard::Shard;
use crate::{Config, Runner, place};

/// A shard that was tested.
#[derive(Debug)]
pub(crate) struct Tested {
    /// The shard.
    pub(crate) shard: Shard,
    /// Its cases, each as its last attempt left it.
    pub(crate) cases: Vec<TestCase>,
    /// What is wrong with it beyond failed tests.
    pub(crate) broken: Option<String>,
}

/// Tests all shards, and again what failed.
///
/// # Errors
/// When the step was cancelled, or a scratch file cannot be written.
pub(crate) fn test(config: &Config, cx: &Cx, shards: Vec<Shard>) -> Result<Vec<Tested>, StepError> {
    let tool = command::tool(config, &cx.tools().granted());
    if config.runner == Runner::Nextest {
        let (path, text) = nextest_settings(config);
        cx.outputs().write(path, text)?;
    }
    let commands = shards.iter().map(|shard| command::command(config, &tool, shard, None));
    let runs = cx.tools().run_all(commands);
    let mut all = Vec::new();
    for (shard, ran) in shards.into_iter().zip(runs) {
        let (cases, broken) =
            match collect(config, &shard, &output(config, &shard, &ran), &cx.log()) {
                Ok(cases) => (cases, None),
                Err(broken) => (Vec::new(), Some(broken)),
            };
        hand_over_coverage(config, cx, &shard, &ran);
        all.push(Tested { shard, cases, broken });
    }
    // Nextest repeats tests by itself.
    let retries = if config.runner == Runner::Nextest { 0 } else { config.retries };
    for attempt in 0..retries {
        cx.check_cancelled()?;
        again(config, cx, &tool, &mut all, attempt.saturating_add(2));
    }
    let mut places = Places { inputs: cx.inputs(), known: BTreeMap::new() };
    for tested in &mut all {
        for case in tested.cases.iter_mut().filter(|case| is_bad(case.status)) {
            places.find(config, case);
        }
    }
    Ok(all)
}

/// Runs what failed once more. A test that passes now is flaky.
fn again(config: &Config, cx: &Cx, tool: &str, all: &mut [Tested], attempt: u8) {
    let failing = |tested: &Tested| -> Vec<TestCase> {
        tested.cases.iter().filter(|case| is_bad(case.status)).cloned().collect()
    };
    let left: Vec<(&mut Tested, Vec<TestCase>)> = all
        .iter_mut()
        .map(|tested| {
            let failing = failing(tested);
            (tested, failing)
        })
        .filter(|(_, failing)| !failing.is_empty())
        .collect();
    let commands = left.iter().map(|(tested, failing)| {
        command::command(config, tool, &tested.shard, Some(Again { attempt, failing }))
    });
    let runs = cx.tools().run_all(commands.collect::<Vec<_>>());
    for ((tested, _), ran) in left.into_iter().zip(runs) {
        let output = output(config, &tested.shard, &ran);
        match collect(config, &tested.shard, &output, &cx.log()) {
            Ok(cases) => adopt(cx, tested, &cases, attempt),
            Err(broken) => {
                let named = tested.shard.named();
                cx.log().warn(format_args!("attempt {attempt}{named} {broken}"));
            }
        }
    }
}

fn adopt(cx: &Cx, tested: &mut Tested, cases: &[TestCase], attempt: u8) {
    for old in tested.cases.iter_mut().filter(|case| is_bad(case.status)) {
        let same = |case: &&TestCase| case.suite == old.suite && case.name == old.name;
        let mut found = cases.iter().filter(same).peekable();
        let Some(first) = found.peek().copied() else { continue };
        if !found.all(|case| case.status == TestStatus::Passed) {
            continue;
        }
        let named =
            if old.suite.is_empty() { String::new() } else { format!(" of `{}`", old.suite) };
        cx.log()
            .warn(format_args!("`{}`{named} is flaky: it passed in attempt {attempt}", old.name));
        let attempts = attempt.to_string();
        *old = first.clone().attr("flaky", "true").attr("attempts", attempts);
    }
}

fn output(config: &Config, shard: &Shard, ran: &Ran) -> Output {
    let file = results(config).and_then(|path| ran.read(&join(&shard.cwd, &path)).ok());
    let file = file.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Output { code: ran.code(), stdout: ran.stdout_text(), stderr: ran.stderr_text(), file }
}

fn hand_over_coverage(config: &Config, cx: &Cx, shard: &Shard, ran: &Ran) {
    let Some(coverage) = &config.coverage else { return };
    if let Ok(report) = ran.read(&join(&shard.cwd, &coverage.file)) {
        cx.coverage(coverage.format.as_str(), &report);
    } else {
        let (file, named) = (&coverage.file, shard.named());
        cx.log().warn(format_args!("the tests{named} wrote no coverage report `{file}`"));
    }
}

/// The files of the project, as far as they were asked for.
struct Places {
    inputs: Inputs,
    known: BTreeMap<String, bool>,
}

impl Places {
    /// Says where a failure is written, if its message tells; otherwise where its test is.
    fn find(&mut self, config: &Config, case: &mut TestCase) {
        let root = config.place("");
        let mut bases = vec![root.clone()];
        if config.runner == Runner::Go {
            // Go names files without their folder; the package's path ends with it.
            let tails = case.suite.match_indices('/').map(|(at, _)| &case.suite[at + 1..]);
            let folders: Vec<String> = tails.map(|tail| join(&root, tail)).collect();
            bases.splice(0..0, folders);
        }
        let Self { inputs, known } = self;
        let mut exists = |path: &str| {
            let stat = || inputs.stat(path).is_ok_and(|entry| entry.kind == Kind::File);
            *known.entry(path.to_owned()).or_insert_with(stat)
        };
        let own = case.at.as_ref().map(|at| at.file.clone());
        // The test's own file tells more than a library that it calls.
        let in_own = own.and_then(|own| {
            place::find(&case.message, &bases, &mut |path| path == own && exists(path))
        });
        let found = in_own.or_else(|| place::find(&case.message, &bases, &mut exists));
        if found.is_some() {
            case.at = found;
        }
    }
}
