//! Every environment variable that the host reads.

/// The environment variables that the host reads; nothing else may.
pub(crate) struct EnvVar;

impl EnvVar {
    /// Where to start. Overridden by `--directory`.
    pub(crate) const DIRECTORY: &'static str = "BELLJAR_DIRECTORY";
    /// The pipeline file. Overridden by `--file`.
    pub(crate) const FILE: &'static str = "BELLJAR_FILE";
    /// The directory of the local store. Overridden by `--store`.
    pub(crate) const STORE: &'static str = "BELLJAR_STORE";
    /// How large the store may grow, such as `10GiB`.
    pub(crate) const STORE_SIZE: &'static str = "BELLJAR_STORE_SIZE";
    /// When to use colors. Overridden by `--color`.
    pub(crate) const COLOR: &'static str = "BELLJAR_COLOR";
    /// How many steps may run at once. Overridden by `--jobs`.
    pub(crate) const JOBS: &'static str = "BELLJAR_JOBS";
    /// How to show progress. Overridden by `--progress`.
    pub(crate) const PROGRESS: &'static str = "BELLJAR_PROGRESS";
    /// Any value but the empty one turns colors off (no-color.org).
    pub(crate) const NO_COLOR: &'static str = "NO_COLOR";
    /// Any value but `0` turns colors on where no terminal is (bixense.com/clicolors).
    pub(crate) const CLICOLOR_FORCE: &'static str = "CLICOLOR_FORCE";
    /// `dumb` turns colors and the bar off.
    pub(crate) const TERM: &'static str = "TERM";
    /// Set by CI systems, each with its own: no bar, and the log commands of the CI are
    /// neutralised.
    pub(crate) const CI: [&'static str; 4] =
        ["CI", "GITHUB_ACTIONS", "TF_BUILD", "TEAMCITY_VERSION"];
    /// The width of the terminal in columns, where it cannot be asked.
    pub(crate) const COLUMNS: &'static str = "COLUMNS";
    /// Which tier native tools run in: `auto`, `t1`, `t2`, `t3` or `t0`.
    pub(crate) const ISOLATION: &'static str = "BELLJAR_ISOLATION";
    /// The directory of the folders that outlive runs of tools (`grants.state`).
    pub(crate) const STATE: &'static str = "BELLJAR_STATE";
    /// The folder of this user's keys. By default in the user's configuration.
    pub(crate) const KEYS: &'static str = "BELLJAR_KEYS";
    /// The trust level of what this machine records: `untrusted`, `developer`, `ci`, `protected`.
    pub(crate) const TRUST: &'static str = "BELLJAR_TRUST";
    /// The least trust level of records that are used. Overridden by `--min-trust`.
    pub(crate) const MIN_TRUST: &'static str = "BELLJAR_MIN_TRUST";
    /// Who acts, as the ledger says it: `NAME <ADDRESS>`.
    pub(crate) const ACTOR: &'static str = "BELLJAR_ACTOR";
    /// The user's name.
    pub(crate) const USER: &'static str = "USER";
    /// The user's configuration directory (XDG base directories).
    pub(crate) const XDG_CONFIG_HOME: &'static str = "XDG_CONFIG_HOME";
    /// Where programs are looked for by name.
    pub(crate) const PATH: &'static str = "PATH";
    /// The user's cache directory (XDG base directories).
    pub(crate) const XDG_CACHE_HOME: &'static str = "XDG_CACHE_HOME";
    /// The user's home directory.
    pub(crate) const HOME: &'static str = "HOME";
    /// Character set of the terminal, in this order of precedence.
    pub(crate) const LOCALE: [&'static str; 3] = ["LC_ALL", "LC_CTYPE", "LANG"];

    /// All of them, so that a run can tell whether one of them is different.
    pub(crate) const ALL: [&'static str; 29] = [
        Self::DIRECTORY,
        Self::FILE,
        Self::STORE,
        Self::STORE_SIZE,
        Self::COLOR,
        Self::JOBS,
        Self::PROGRESS,
        Self::NO_COLOR,
        Self::CLICOLOR_FORCE,
        Self::TERM,
        Self::CI[0],
        Self::CI[1],
        Self::CI[2],
        Self::CI[3],
        Self::COLUMNS,
        Self::ISOLATION,
        Self::STATE,
        Self::KEYS,
        Self::TRUST,
        Self::MIN_TRUST,
        Self::ACTOR,
        Self::USER,
        Self::XDG_CONFIG_HOME,
        Self::PATH,
        Self::XDG_CACHE_HOME,
        Self::HOME,
        Self::LOCALE[0],
        Self::LOCALE[1],
        Self::LOCALE[2],
    ];

    /// Whether one of the variables by which CI systems are known says that this is one.
    pub(crate) fn says_ci() -> bool {
        let says_so = |ci: String| !ci.eq_ignore_ascii_case("false") && ci != "0";
        Self::CI.into_iter().filter_map(Self::get).any(says_so)
    }

    /// Returns the value of a variable, if it is set, not empty, and Unicode.
    pub(crate) fn get(name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn all_are_all() {
        let source = include_str!("env.rs").split("pub(crate) const ALL").next().unwrap();
        let literals = source.lines().filter(|line| !line.trim_start().starts_with("//"));
        let literals = literals.flat_map(|line| line.split('"').skip(1).step_by(2));
        let literals: BTreeSet<&str> = literals.collect();
        assert_eq!(literals, EnvVar::ALL.into_iter().collect());
    }
}
