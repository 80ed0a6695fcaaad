//! Which tests to run again: the failed ones alone where the runner can choose them, and
//! otherwise the whole shard.

use std::collections::BTreeSet;

use belljar_sdk::TestCase;

use crate::parse::NOT_A_TEST;
use crate::shard::{Selection, Shard};
use crate::{Config, Runner};

/// What a command is told to run.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Narrowed {
    /// Flags that choose tests.
    pub(crate) flags: Vec<String>,
    /// Names of tests, for a runner that takes them last.
    pub(crate) filters: Vec<String>,
    /// Packages, for a runner that takes them last.
    pub(crate) packages: Vec<String>,
    /// Files, for a runner that takes them last.
    pub(crate) files: Vec<String>,
}

impl Narrowed {
    /// All of a shard.
    pub(crate) fn of(shard: &Shard) -> Self {
        let mut whole = Self::default();
        match &shard.selection {
            Selection::Packages(packages) => whole.packages.clone_from(packages),
            Selection::Files(files) => whole.files.clone_from(files),
            Selection::All | Selection::Part { .. } => {}
        }
        whole
    }
}

/// What to run when these tests of a shard failed.
pub(crate) fn narrow(config: &Config, shard: &Shard, failing: &[TestCase]) -> Narrowed {
    let whole = Narrowed::of(shard);
    if failing.iter().any(|case| NOT_A_TEST.contains(&case.name.as_str())) {
        return whole;
    }
    let names: BTreeSet<String> = failing.iter().map(|case| case.name.clone()).collect();
    match config.runner {
        Runner::Cargo => Narrowed { filters: names.into_iter().collect(), ..whole },
        Runner::Pytest => match failing.iter().map(node_id).collect() {
            Some(files) => Narrowed { files, ..whole },
            None => whole,
        },
        Runner::Vitest => {
            let files: BTreeSet<String> = failing.iter().map(|case| case.suite.clone()).collect();
            Narrowed { files: files.into_iter().collect(), ..whole }
        }
        // A pattern reaches tests within others only in some versions of Node.js.
        Runner::Node
            if failing
                .iter()
                .all(|case| !case.suite.contains(" > ") && case.suite != case.name) =>
        {
            let flag = |name: &String| format!("--test-name-pattern=^{}$", escape(name));
            Narrowed { flags: names.iter().map(flag).collect(), ..whole }
        }
        Runner::Go => {
            let outer = |name: &String| escape(name.split('/').next().unwrap_or(name));
            let outer: BTreeSet<String> = names.iter().map(outer).collect();
            let pattern = outer.into_iter().collect::<Vec<_>>().join("|");
            let packages: BTreeSet<String> =
                failing.iter().map(|case| case.suite.clone()).collect();
            Narrowed {
                flags: vec![format!("-run=^({pattern})$")],
                packages: packages.into_iter().collect(),
                ..whole
            }
        }
        Runner::Ctest => {
            let pattern = names.iter().map(|name| escape(name)).collect::<Vec<_>>().join("|");
            Narrowed { flags: vec!["-R".to_owned(), format!("^({pattern})$")], ..whole }
        }
        Runner::Nextest | Runner::Node | Runner::Command => whole,
    }
}

/// `tests/test_a.py::TestK::test_m[1]`, if the class says which file it is in.
fn node_id(case: &TestCase) -> Option<String> {
    let attr = case.attrs.iter().find(|attr| attr.key == "file")?;
    let file = attr.value.as_str();
    let module = file.strip_suffix(".py")?.replace('/', ".");
    let classes = case.suite.strip_prefix(&module)?;
    let is_apart = classes.is_empty() || classes.starts_with('.');
    is_apart.then(|| format!("{file}{}::{}", classes.replace('.', "::"), case.name))
}

/// A name as a regular expression that matches it alone.
fn escape(name: &str) -> String {
    let mut escaped = String::new();
    for c in name.chars() {
        if "\\^$.|?*+()[]{}".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
