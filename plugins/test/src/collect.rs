//! From what a runner printed and wrote to the cases of a shard, or to what is wrong with it.

use belljar_sdk::{Log, Span, TestCase, TestStatus};

use crate::command::results;
use crate::config::join;
use crate::parse::{BINARY, Parsed, Unreadable, go, is_bad, junit, libtest, tap};
use crate::shard::{Selection, Shard};
use crate::{Config, Format, Runner};

/// How many lines of standard error a message shows.
const LINES: usize = 20;
/// What pytest exits with when it found no test.
const PYTEST_NONE: i32 = 5;

/// What came of one command.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// The exit code.
    pub(crate) code: i32,
    /// What it printed.
    pub(crate) stdout: String,
    /// What it complained.
    pub(crate) stderr: String,
    /// The file of results, if there was to be one and it was written.
    pub(crate) file: Option<String>,
}

/// The cases of a shard.
///
/// # Errors
/// A sentence about what is wrong, when the results cannot be read, or contradict the exit code.
pub(crate) fn collect(
    config: &Config,
    shard: &Shard,
    output: &Output,
    log: &Log,
) -> Result<Vec<TestCase>, String> {
    let code = output.code;
    let parsed = match parse(config, shard, output) {
        Ok(parsed) => parsed,
        Err(_) if code == PYTEST_NONE && config.runner == Runner::Pytest => Parsed::default(),
        Err(_) if code != 0 => return Err(format!("ended with code {code}{}", last(output))),
        Err(unreadable) => return Err(format!("has no results that can be read: {unreadable}")),
    };
    let Parsed { cases, doubts } = parsed;
    let is_explained = cases.iter().any(|case| is_bad(case.status));
    let is_none = cases.is_empty() && code == PYTEST_NONE && config.runner == Runner::Pytest;
    if code != 0 && !is_explained && !is_none {
        let doubts: Vec<String> = doubts.iter().map(|doubt| format!(" ({doubt})")).collect();
        let doubts = doubts.concat();
        return Err(format!(
            "ended with code {code}, though no test failed{doubts}{}",
            last(output)
        ));
    }
    // Rust's harness mixes its lines with what tests print; its exit code is more certain.
    let is_certain = code == 0 && is_libtest(config);
    if !is_explained && !is_certain && !doubts.is_empty() {
        return Err(format!("has results that contradict themselves: {}", doubts.join("; ")));
    }
    for doubt in doubts {
        log.warn(format_args!("{doubt}{}", shard.named()));
    }
    Ok(cases)
}

fn is_libtest(config: &Config) -> bool {
    config.runner == Runner::Cargo || config.format == Some(Format::Libtest)
}

fn parse(config: &Config, shard: &Shard, output: &Output) -> Result<Parsed, Unreadable> {
    let text = match (results(config), &output.file) {
        (None, _) => &output.stdout,
        (Some(_), Some(text)) => text,
        (Some(_), None) => {
            let expected = "a file of results";
            let found = "the runner did not write it".to_owned();
            return Err(Unreadable { expected, found });
        }
    };
    match (config.runner, config.format.unwrap_or_default()) {
        (Runner::Cargo, _) => cargo(config, shard, output),
        (Runner::Go, _) => go::parse(text),
        (Runner::Command, Format::Tap) => {
            let Parsed { cases, doubts } = tap::parse(text)?;
            Ok(Parsed {
                cases: cases.into_iter().map(|case| within(shard, case)).collect(),
                doubts,
            })
        }
        (Runner::Command, Format::Libtest) => libtest::parse(text, &output.stderr),
        (runner, _) => {
            let elements = junit::parse(text)?;
            let cases = elements.into_iter().map(|element| case(config, runner, shard, element));
            let mut cases: Vec<TestCase> = cases.collect();
            if runner == Runner::Nextest {
                // They are in the order in which they ended.
                cases.sort_by(|a, b| (&a.suite, &a.name).cmp(&(&b.suite, &b.name)));
            }
            Ok(Parsed { cases, doubts: Vec::new() })
        }
    }
}

/// A case whose format does not say the file it is in, which is known if there is only one.
fn within(shard: &Shard, mut case: TestCase) -> TestCase {
    case.suite = match (group(shard), case.suite.as_str()) {
        ("", _) => case.suite,
        (group, "") => group.to_owned(),
        (group, suite) => format!("{group} > {suite}"),
    };
    case
}

/// A file that failed as a whole is a case with an absolute path for a name.
fn whole_file(shard: &Shard, mut case: TestCase) -> TestCase {
    if let Selection::Files(files) = &shard.selection
        && case.name.starts_with('/')
        && let Some(file) = files.iter().find(|file| {
            case.name.strip_suffix(file.as_str()).is_some_and(|rest| rest.ends_with('/'))
        })
    {
        case.suite.clone_from(file);
        case.name.clone_from(file);
    }
    case
}

fn group(shard: &Shard) -> &str {
    match &shard.selection {
        Selection::Files(files) if files.len() == 1 => &files[0],
        _ => "",
    }
}

fn case(config: &Config, runner: Runner, shard: &Shard, element: junit::Element) -> TestCase {
    let place = |file: &str, line| Span::point(config.place(file), line, 1);
    match runner {
        Runner::Pytest => {
            let (file, line) = (element.file.clone(), element.line);
            let suite = element.suite("pytest");
            let mut case = element.into_case(suite);
            if let Some(file) = file {
                // Pytest counts lines from 0.
                case.at = Some(place(&file, line.map_or(1, |line| line + 1)));
                case = case.attr("file", file);
            }
            case
        }
        Runner::Node => {
            let suite = element.groups.join(" > ");
            // The short form is escaped twice, and without its lines.
            let text = element.bad.as_ref().map(|bad| bad.text.clone());
            let mut case = within(shard, element.into_case(suite));
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                let text = text.strip_prefix("[Error [ERR_TEST_FAILURE]: ").unwrap_or(&text);
                text.clone_into(&mut case.message);
            }
            whole_file(shard, case)
        }
        Runner::Ctest => {
            let state = element.state.clone();
            let mut case = element.into_case("ctest".to_owned());
            // A test whose program is missing counts as failed, with ctest as with us.
            if state == "notrun" && !case.message.starts_with("SKIP_") {
                case.status = TestStatus::Errored;
            }
            case
        }
        _ => {
            let at = element.file.as_deref().map(|file| place(file, element.line.unwrap_or(1)));
            let suite = element.suite(&shard.label);
            let case = element.into_case(suite);
            TestCase { at, ..case }
        }
    }
}

fn cargo(config: &Config, shard: &Shard, output: &Output) -> Result<Parsed, Unreadable> {
    let Parsed { mut cases, doubts } = libtest::parse(&output.stdout, &output.stderr)?;
    for case in &mut cases {
        if let Selection::Packages(packages) = &shard.selection
            && let [package] = packages.as_slice()
        {
            case.suite = of_package(package, &case.suite);
        }
        if let Some(at) = &mut case.at {
            at.file = join(&config.place(""), &at.file);
        }
    }
    for (binary, reason) in libtest::failed_binaries(&output.stderr) {
        if !reason.is_empty() {
            cases.push(TestCase::new(binary, BINARY, TestStatus::Errored).message(reason));
        }
    }
    Ok(Parsed { cases, doubts })
}

/// The suite of a package's test binary: `a` and `a (doc)` as they are, `it` as `a::it`.
fn of_package(package: &str, suite: &str) -> String {
    let name = suite.split(" (").next().unwrap_or(suite);
    match suite {
        "" => package.to_owned(),
        "(doc)" => format!("{package} (doc)"),
        _ if name.replace('-', "_") == package.replace('-', "_") => suite.to_owned(),
        _ => format!("{package}::{suite}"),
    }
}

/// The last lines of what the runner complained, or else of what it printed.
fn last(output: &Output) -> String {
    let text = if output.stderr.trim().is_empty() { &output.stdout } else { &output.stderr };
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() {
        return ", and printed nothing".to_owned();
    }
    format!(":\n{}", lines[lines.len().saturating_sub(LINES)..].join("\n"))
}
