//! A shard: a part of the tests that is one run of the tool, and so is cached by itself.

use belljar_sdk::StepError;

use crate::config::join;
use crate::{Config, Runner, ShardBy};

/// A part of the tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shard {
    /// Its name for people; empty if it is the only one.
    pub(crate) label: String,
    /// What it tests.
    pub(crate) selection: Selection,
    /// Patterns of the files that it sees, from the workspace root.
    pub(crate) reads: Vec<String>,
    /// Where the runner starts, from the workspace root.
    pub(crate) cwd: String,
    /// Environment variables that belong to the layout of its files.
    pub(crate) env: Vec<(String, String)>,
}

/// Which tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selection {
    /// All that the runner finds.
    All,
    /// Those of these packages, by the name that the runner knows.
    Packages(Vec<String>),
    /// Those of these files, from the folder of the project.
    Files(Vec<String>),
    /// A part that the runner itself makes; `index` counts from 1.
    Part {
        /// Which part.
        index: u16,
        /// Of how many.
        count: u16,
    },
}

impl Shard {
    /// The only shard, or one of those that the runner makes itself: it sees all that `reads`
    /// matches.
    pub(crate) fn whole(config: &Config, label: String, selection: Selection) -> Self {
        let reads = config.reads.clone().unwrap_or_else(|| vec!["**".to_owned()]);
        let cwd = config.place("");
        Self { label, selection, reads, cwd, env: Vec::new() }
    }

    /// How a message calls it.
    pub(crate) fn named(&self) -> String {
        if self.label.is_empty() { String::new() } else { format!(" in shard `{}`", self.label) }
    }
}

/// Puts what is tested into groups: each alone, or a number of groups, in which each stays when
/// others come and go.
pub(crate) fn groups(config: &Config, units: Vec<String>) -> Vec<(String, Vec<String>)> {
    let count = match (config.shard.by, config.shard.count) {
        (ShardBy::Count, Some(count)) => usize::from(count),
        _ => return units.into_iter().map(|unit| (unit.clone(), vec![unit])).collect(),
    };
    let mut groups = vec![Vec::new(); count];
    for unit in units {
        groups[bucket(&unit, count)].push(unit);
    }
    let labeled =
        groups.into_iter().enumerate().map(|(at, units)| (format!("{}/{count}", at + 1), units));
    labeled.filter(|(_, units)| !units.is_empty()).collect()
}

/// FNV-1a: the same on every machine and in every version.
fn bucket(name: &str, count: usize) -> usize {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    usize::try_from(hash % count.max(1) as u64).unwrap_or(0)
}

/// Whether the runner itself splits the tests by count.
pub(crate) fn splits_itself(config: &Config) -> bool {
    config.shard.by == ShardBy::Count
        && match config.runner {
            Runner::Nextest | Runner::Ctest => true,
            Runner::Command => config.shard.files.is_empty(),
            _ => false,
        }
}

/// The shards of a runner that splits the tests itself.
pub(crate) fn parts(config: &Config) -> Vec<Shard> {
    let count = config.shard.count.unwrap_or(1);
    let part = |index| {
        let selection = Selection::Part { index, count };
        Shard::whole(config, format!("{index}/{count}"), selection)
    };
    (1..=count).map(part).collect()
}

/// A pattern that means one path, and all that is below it, whatever characters it has.
pub(crate) fn literal(path: &str) -> String {
    let special = |c: char| "*?[]{}\\!".contains(c);
    if !path.contains(special) {
        return path.to_owned();
    }
    let mut pattern = String::new();
    for c in path.chars() {
        if special(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// The patterns of `patterns`, each below a folder.
pub(crate) fn below(folder: &str, patterns: &[String]) -> Vec<String> {
    let folder = literal(folder);
    let place = |pattern: &String| match pattern.strip_prefix('!') {
        Some(pattern) => format!("!{}", join(&folder, pattern)),
        None => join(&folder, pattern),
    };
    patterns.iter().map(place).collect()
}

/// The names that were asked for, of those that there are.
///
/// # Errors
/// When one that was asked for is not there.
pub(crate) fn chosen(config: &Config, all: &[&str]) -> Result<Vec<String>, StepError> {
    let asked = &config.shard.packages;
    for (at, name) in asked.iter().enumerate() {
        if !all.contains(&name.as_str()) {
            let problem = format!("is no package of the project, which has {}", all.join(", "));
            return Err(StepError::invalid_config(format!("/shard/packages/{at}"), problem));
        }
    }
    let is_asked = |name: &&&str| asked.is_empty() || asked.iter().any(|asked| asked == **name);
    Ok(all.iter().filter(is_asked).map(|name| (*name).to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use belljar_sdk::serde_json;
    use belljar_sdk_testing::json;

    use super::*;

    #[test]
    fn a_unit_stays_in_its_group_when_others_come_and_go() {
        let config = json!({ "runner": "pytest", "shard": { "by": "count", "count": 3 } });
        let config: Config = serde_json::from_value(config).unwrap();
        let units = |range: std::ops::Range<u32>| range.map(|at| format!("test_{at}.py")).collect();
        let of = |groups: &[(String, Vec<String>)], unit: &str| {
            let group = groups.iter().find(|(_, units)| units.iter().any(|name| name == unit));
            group.unwrap().0.clone()
        };
        let (all, fewer) = (groups(&config, units(0..30)), groups(&config, units(10..30)));
        assert_eq!(all.len(), 3);
        for at in 10..30 {
            let unit = format!("test_{at}.py");
            assert_eq!(of(&all, &unit), of(&fewer, &unit));
        }
        assert_eq!(groups(&config, units(0..1)).len(), 1, "an empty group is no shard");
    }

    #[test]
    fn a_literal_pattern_means_its_path_only() {
        assert_eq!(literal("a/b.py"), "a/b.py");
        assert_eq!(literal("a/[id]/b!.ts"), "a/\\[id\\]/b\\!.ts");
        let patterns = ["**".to_owned(), "!x/*".to_owned()];
        assert_eq!(below("web", &patterns), ["web/**", "!web/x/*"]);
    }
}
