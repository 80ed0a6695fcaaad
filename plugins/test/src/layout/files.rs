//! Test files, for runners that are given the files to run.

use belljar_sdk::Cx;

use crate::shard::{Selection, Shard, below, groups, literal};
use crate::{Config, Runner};

/// What holds code of others.
const FOREIGN: [&str; 3] = ["**/node_modules/**", "**/.venv/**", "**/site-packages/**"];

/// The patterns by which a runner finds its tests.
const fn usual(runner: Runner) -> &'static [&'static str] {
    match runner {
        Runner::Pytest => &["**/test_*.py", "**/*_test.py"],
        Runner::Node => &[
            "**/*.test.{js,mjs,cjs}",
            "**/*-test.{js,mjs,cjs}",
            "**/*_test.{js,mjs,cjs}",
            "**/test-*.{js,mjs,cjs}",
            "**/test.{js,mjs,cjs}",
            "**/test/**/*.{js,mjs,cjs}",
        ],
        Runner::Vitest => &["**/*.{test,spec}.{js,mjs,cjs,jsx,ts,mts,cts,tsx}"],
        _ => &[],
    }
}

/// The test files, from the folder of the project, sorted.
pub(crate) fn tests(config: &Config, cx: &Cx) -> Vec<String> {
    let own = &config.shard.files;
    let usual = usual(config.runner).iter().map(|&pattern| pattern.to_owned());
    let patterns = if own.is_empty() { usual.collect() } else { own.clone() };
    let (out, within): (Vec<_>, Vec<_>) = patterns.into_iter().partition(|p| p.starts_with('!'));
    let folder = config.place("");
    let mut except: Vec<String> = FOREIGN.iter().map(|&pattern| pattern.to_owned()).collect();
    except.extend(below(&folder, &out).iter().map(|p| p.trim_start_matches('!').to_owned()));
    let found = cx.inputs().glob_except(&below(&folder, &within), &except);
    let own = |path: String| match path.strip_prefix(&folder) {
        Some(rest) => rest.trim_start_matches('/').to_owned(),
        None => path,
    };
    found.into_iter().map(|found| own(found.path)).collect()
}

/// A shard for each group of files. It sees all that is no test file, and its own.
pub(crate) fn shards(config: &Config, cx: &Cx) -> Vec<Shard> {
    let all = tests(config, cx);
    let shard = |(label, files): (String, Vec<String>)| {
        let mut shard = Shard::whole(config, label, Selection::All);
        let others = all.iter().filter(|file| !files.contains(file));
        shard.reads.extend(others.map(|file| format!("!{}", literal(&config.place(file)))));
        Shard { selection: Selection::Files(files), ..shard }
    };
    groups(config, all.clone()).into_iter().map(shard).collect()
}
