//! `cargo xtask soak`: the long forms of the tests that look for the rare, one after another.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};

use crate::args::SoakArgs;
use crate::shell::{cargo, run, say, status, target_dir};

/// One long search. To add another, add a row.
struct Search {
    /// What `--only` calls it.
    name: &'static str,
    /// What it looks for.
    about: &'static str,
    /// The program of this tree that searches, and its arguments.
    program: &'static str,
    arguments: &'static [&'static str],
    /// Its share of the minutes, if it has no end of its own.
    share: Option<u64>,
}

const SEARCHES: &[Search] = &[
    store("kills", "killed at every system call of the store", None),
    store("errors", "every such call fails, in six ways", None),
    store("power", "power cuts on ext4, ext4 without order, and xfs", Some(2)),
    store("crowd", "eight processes at once, half of them killed", Some(4)),
    store("collecting", "garbage collection beside processes at work", Some(4)),
    store("damage", "100,000 damaged files", None),
];

/// A campaign of `tests/fire`.
const fn store(name: &'static str, about: &'static str, share: Option<u64>) -> Search {
    Search { name, about, program: "belljar-fire", arguments: &["campaign"], share }
}

/// How a search ended.
struct Ended {
    name: &'static str,
    about: &'static str,
    seed: u64,
    took: Duration,
    is_well: bool,
}

/// Runs the searches, or one of them, and ends with a table.
///
/// # Errors
/// When the programs cannot be built, no search has the name, or one found something.
pub(crate) fn soak(args: &SoakArgs) -> Result<()> {
    let is_asked = |search: &&Search| args.only.as_deref().is_none_or(|only| only == search.name);
    let asked: Vec<_> = SEARCHES.iter().filter(is_asked).collect();
    if asked.is_empty() {
        let names: Vec<_> = SEARCHES.iter().map(|search| search.name).collect();
        bail!("there is no such search; there are {}", names.join(", "));
    }
    run(cargo().args(["build", "--release", "-p", "belljar-fire"]))?;
    let seed = args.seed.unwrap_or_else(seed);
    let shares: u64 = asked.iter().filter_map(|search| search.share).sum();
    let mut all = Vec::new();
    for search in asked {
        let share = search.share.map(|share| args.minutes * 60 * share / shares.max(1));
        all.push(search_for(search, seed, (share, args.most))?);
    }
    say(&table(&all));
    let failed = all.iter().filter(|ended| !ended.is_well).count();
    if failed > 0 {
        bail!("{failed} of {} searches found something", all.len());
    }
    Ok(())
}

fn search_for(
    search: &'static Search,
    seed: u64,
    (seconds, most): (Option<u64>, Option<u64>),
) -> Result<Ended> {
    let Search { name, about, program, arguments, .. } = *search;
    let mut command = std::process::Command::new(target_dir()?.join("release").join(program));
    command.args(arguments).arg(name).args(["--seed", &seed.to_string()]);
    if let Some(seconds) = seconds {
        command.args(["--seconds", &seconds.to_string()]);
    } else if let Some(most) = most {
        command.args(["--most", &most.to_string()]);
    }
    let begun = Instant::now();
    let is_well = status(&mut command)?.success();
    Ok(Ended { name, about, seed, took: begun.elapsed(), is_well })
}

/// A seed that is another one each time. It is shown, and `--seed` sets it again.
fn seed() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs())
}

fn table(all: &[Ended]) -> String {
    let mut text =
        format!("\n{:<12} {:<48} {:>8}  {:<8}\n", "search", "what was tried", "took", "found");
    for Ended { name, about, seed, took, is_well } in all {
        let found = if *is_well {
            "nothing".to_owned()
        } else {
            format!("FAILED: cargo xtask soak --only {name} --seed {seed}")
        };
        text += &format!("{name:<12} {about:<48} {:>6} s  {found}\n", took.as_secs());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_that_found_something_says_how_to_repeat_it() {
        let ended = |name, is_well| Ended {
            name,
            about: "about",
            seed: 7,
            took: Duration::from_secs(3),
            is_well,
        };
        let text = table(&[ended("kills", true), ended("crowd", false)]);
        assert!(text.contains("kills        about"), "{text}");
        assert!(text.contains("FAILED: cargo xtask soak --only crowd --seed 7"), "{text}");
    }
}
