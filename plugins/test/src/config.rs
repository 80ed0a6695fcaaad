//! What the user writes in the `with` table, and which of it is refused.

use std::collections::BTreeMap;

use belljar_sdk::{ConfigProblem, StepError};

/// How to test the project.
#[belljar_sdk::config]
pub struct Config {
    /// What runs the tests.
    pub runner: Runner,
    /// More arguments for the runner.
    #[serde(default)]
    pub args: Vec<String>,
    /// The folder of the project, from the workspace root. By default the root.
    #[serde(default)]
    pub cwd: String,
    /// The name of the granted tool, when it is not the runner's own.
    pub tool: Option<String>,
    /// The command of the runner `command`: the tool and its arguments. `{files}` stands for
    /// the test files of the shard.
    #[serde(default)]
    pub command: Vec<String>,
    /// What the command writes. Only for the runner `command`.
    pub format: Option<Format>,
    /// The file of results that the command writes, from `cwd`. By default it writes them to
    /// standard output. Only for the runner `command`.
    pub results: Option<String>,
    /// How the tests are split into runs that are cached one by one.
    #[serde(default)]
    pub shard: Sharding,
    /// How often failing tests are run again. A test that passes then is reported as flaky.
    #[serde(default)]
    pub retries: u8,
    /// A coverage report that the tests write.
    pub coverage: Option<Coverage>,
    /// Patterns of the files that every run sees. By default all inputs; of a shard by package
    /// the package and what it depends on, to which these patterns are added.
    pub reads: Option<Vec<String>>,
    /// Environment variables of the runner.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Whether a run without any test passes.
    #[serde(default)]
    pub allow_none: bool,
}

/// What runs the tests.
#[belljar_sdk::config]
#[derive(Copy, PartialEq, Eq)]
pub enum Runner {
    /// `cargo test`.
    Cargo,
    /// `cargo nextest run`.
    Nextest,
    /// pytest.
    Pytest,
    /// The test runner of Node.js.
    Node,
    /// Vitest.
    Vitest,
    /// `go test`.
    Go,
    /// CTest, in the build folder that `cwd` names.
    Ctest,
    /// Any command that writes results in a known format.
    Command,
}

/// A format of test results.
#[belljar_sdk::config]
#[derive(Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// JUnit XML.
    #[default]
    Junit,
    /// The Test Anything Protocol, versions 13 and 14.
    Tap,
    /// The lines that Rust's own test harness prints.
    Libtest,
}

/// How the tests are split.
#[belljar_sdk::config]
#[derive(Default)]
pub struct Sharding {
    /// What a shard holds.
    #[serde(default)]
    pub by: ShardBy,
    /// How many shards there are, when they are split by count.
    pub count: Option<u16>,
    /// The packages to test, by name. By default all.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Patterns of the test files, from `cwd`. By default what the runner itself looks for.
    #[serde(default)]
    pub files: Vec<String>,
}

/// What a shard holds.
#[belljar_sdk::config]
#[derive(Copy, PartialEq, Eq, Default)]
pub enum ShardBy {
    /// All tests: there is one shard.
    #[default]
    None,
    /// The tests of one package: cargo, nextest and go.
    Package,
    /// The tests of one file: pytest, node, vitest and command.
    File,
    /// A fixed part of the packages, files or tests.
    Count,
}

/// A coverage report.
#[belljar_sdk::config]
pub struct Coverage {
    /// Its format.
    pub format: CoverageFormat,
    /// Where the tests write it, from `cwd`. Each shard writes its own.
    pub file: String,
}

/// A format of coverage reports.
#[belljar_sdk::config]
#[derive(Copy, PartialEq, Eq)]
pub enum CoverageFormat {
    /// LCOV's tracefile.
    Lcov,
    /// Cobertura's XML.
    Cobertura,
}

impl CoverageFormat {
    /// Its name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lcov => "lcov",
            Self::Cobertura => "cobertura",
        }
    }
}

impl Runner {
    /// Its name in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Nextest => "nextest",
            Self::Pytest => "pytest",
            Self::Node => "node",
            Self::Vitest => "vitest",
            Self::Go => "go",
            Self::Ctest => "ctest",
            Self::Command => "command",
        }
    }

    /// The granted tools that can run it, the preferred one first.
    pub const fn tools(self) -> &'static [&'static str] {
        match self {
            Self::Cargo | Self::Nextest => &["cargo"],
            Self::Pytest => &["pytest", "python", "python3"],
            Self::Node => &["node"],
            Self::Vitest => &["vitest", "npx"],
            Self::Go => &["go"],
            Self::Ctest => &["ctest"],
            Self::Command => &[],
        }
    }

    /// Whether it has packages that depend on each other.
    pub const fn has_packages(self) -> bool {
        matches!(self, Self::Cargo | Self::Nextest | Self::Go)
    }

    /// Whether it can be given the test files to run.
    pub const fn takes_files(self) -> bool {
        matches!(self, Self::Pytest | Self::Node | Self::Vitest | Self::Command)
    }
}

impl Config {
    /// The path from the workspace root of a path from `cwd`.
    pub fn place(&self, path: &str) -> String {
        join(self.cwd.trim_end_matches('/'), path)
    }

    /// Checks what the schema cannot say, and reports all mistakes at once.
    ///
    /// # Errors
    /// `invalid-config` with a pointer to each mistake.
    pub fn check(&self) -> Result<(), StepError> {
        let mut problems = self.path_problems();
        let mut check = |pointer: &str, wrong: bool, problem: &str| {
            if wrong {
                problems.push(ConfigProblem::new(pointer, problem));
            }
        };
        let (runner, by) = (self.runner, self.shard.by);
        let is_command = runner == Runner::Command;
        let alone = "is only for the runner `command`";
        check("/command", !self.command.is_empty() && !is_command, alone);
        check("/format", self.format.is_some() && !is_command, alone);
        check("/results", self.results.is_some() && !is_command, alone);
        check("/tool", is_command && self.tool.is_some(), "is the first word of `command`");
        let nothing = "says what to run: the tool and its arguments";
        check("/command", is_command && self.command.is_empty(), nothing);
        let no_args = "belongs to the end of `command`";
        check("/args", is_command && !self.args.is_empty(), no_args);
        let packages = "only cargo, nextest and go have packages";
        check("/shard/by", by == ShardBy::Package && !runner.has_packages(), packages);
        let listed = !self.shard.packages.is_empty();
        check("/shard/packages", listed && !runner.has_packages(), packages);
        let files = "only pytest, node, vitest and command take test files";
        check("/shard/by", by == ShardBy::File && !runner.takes_files(), files);
        let files_set = !self.shard.files.is_empty();
        check("/shard/files", files_set && !runner.takes_files(), files);
        let needs_files = is_command && by == ShardBy::File && !files_set;
        check("/shard/files", needs_files, "names the files that are split");
        let chosen = ["--workspace", "--all", "-p", "--package"];
        let chooses = runner.has_packages() && by != ShardBy::None && runner != Runner::Go;
        let chooses = chooses && self.args.iter().any(|arg| chosen.contains(&arg.as_str()));
        check("/args", chooses, "must not choose packages: each shard has its own");
        let count = self.shard.count;
        check("/shard/count", count == Some(0), "must be at least 1");
        check("/shard/count", by == ShardBy::Count && count.is_none(), "says how many shards");
        let unused = count.is_some() && by != ShardBy::Count;
        check("/shard/count", unused, "is only for `by = \"count\"`");
        if problems.is_empty() { Ok(()) } else { Err(StepError::InvalidConfig(problems)) }
    }

    fn path_problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        let mut check = |pointer: String, path: &str| {
            problems.extend(path_problem(path).map(|problem| ConfigProblem::new(pointer, problem)));
        };
        if !self.cwd.is_empty() {
            check("/cwd".to_owned(), self.cwd.trim_end_matches('/'));
        }
        if let Some(path) = &self.results {
            check("/results".to_owned(), path);
        }
        if let Some(coverage) = &self.coverage {
            check("/coverage/file".to_owned(), &coverage.file);
        }
        for (at, pattern) in self.reads.iter().flatten().enumerate() {
            check(format!("/reads/{at}"), pattern.trim_start_matches('!'));
        }
        for (at, pattern) in self.shard.files.iter().enumerate() {
            check(format!("/shard/files/{at}"), pattern.trim_start_matches('!'));
        }
        for name in self.env.keys().filter(|name| name.is_empty() || name.contains('=')) {
            let problem = "is not the name of an environment variable";
            let pointer = format!("/env/{}", name.replace('~', "~0").replace('/', "~1"));
            problems.push(ConfigProblem::new(pointer, problem));
        }
        problems
    }
}

/// The path of `path` in `folder`, where the empty folder is the root.
pub(crate) fn join(folder: &str, path: &str) -> String {
    match (folder, path) {
        ("", path) => path.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, path) => format!("{folder}/{path}"),
    }
}

fn path_problem(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("must not be empty");
    }
    if path.starts_with('/') {
        return Some("must be relative, without a leading `/`");
    }
    let bad = |segment: &str| matches!(segment, "" | "." | "..");
    path.split('/').any(bad).then_some("must not have empty, `.` or `..` segments")
}

#[cfg(test)]
mod tests {
    use belljar_sdk::serde_json::{self, Value};
    use belljar_sdk_testing::json;

    use super::*;

    #[test]
    fn every_mistake_has_its_place() {
        let check = |config: Value, expected: &[&str]| {
            let read: Config = serde_json::from_value(config.clone()).unwrap();
            let pointers: Vec<String> = match read.check() {
                Ok(()) => Vec::new(),
                Err(StepError::InvalidConfig(problems)) => {
                    problems.into_iter().map(|problem| problem.pointer).collect()
                }
                Err(error) => panic!("{error:?}"),
            };
            assert_eq!(pointers, expected, "{config}");
        };
        check(json!({ "runner": "cargo", "shard": { "by": "package" } }), &[]);
        check(json!({ "runner": "pytest", "shard": { "by": "package" } }), &["/shard/by"]);
        check(json!({ "runner": "ctest", "shard": { "by": "file" } }), &["/shard/by"]);
        check(json!({ "runner": "go", "shard": { "by": "count" } }), &["/shard/count"]);
        check(json!({ "runner": "go", "shard": { "count": 2 } }), &["/shard/count"]);
        check(json!({ "runner": "go", "shard": { "by": "count", "count": 0 } }), &["/shard/count"]);
        check(json!({ "runner": "node", "shard": { "packages": ["a"] } }), &["/shard/packages"]);
        let by = json!({ "by": "package" });
        check(json!({ "runner": "cargo", "args": ["--workspace"], "shard": by }), &["/args"]);
        check(json!({ "runner": "command" }), &["/command"]);
        check(json!({ "runner": "command", "command": ["sh"], "args": ["-c"] }), &["/args"]);
        check(
            json!({ "runner": "cargo", "command": ["x"], "format": "tap", "results": "../r" }),
            &["/results", "/command", "/format", "/results"],
        );
        check(
            json!({ "runner": "cargo", "cwd": "/a", "reads": ["**", ""] }),
            &["/cwd", "/reads/1"],
        );
        check(json!({ "runner": "cargo", "env": { "A=B": "" } }), &["/env/A=B"]);
        let unknown = serde_json::from_value::<Config>(json!({ "runner": "cargo", "retry": 1 }));
        assert!(unknown.is_err(), "unknown keys are refused");
    }

    #[test]
    fn places_are_below_the_projects_folder() {
        let place = |cwd: &str, path: &str| {
            let config = json!({ "runner": "cargo", "cwd": cwd });
            serde_json::from_value::<Config>(config).unwrap().place(path)
        };
        assert_eq!(place("", "a/b"), "a/b");
        assert_eq!(place("api/", "a"), "api/a");
        assert_eq!(place("api", ""), "api");
    }
}
