//! Arguments: what to measure, how often, and beside whom.

use std::ffi::OsString;

use anyhow::{Context as _, Result, bail};

use crate::compare::Kind;

/// What can be measured on its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// Single operations, in this process.
    Micro,
    /// What safety costs.
    Trust,
    /// A thousand files read by one step, and by native code.
    Files,
    /// Native tools as steps, and without a sandbox.
    Tools,
    /// Whole runs of the program beside others.
    Compare,
}

impl Part {
    /// Everything, in the order of the report.
    pub(crate) const ALL: [Self; 5] =
        [Self::Compare, Self::Micro, Self::Trust, Self::Files, Self::Tools];

    const fn name(self) -> &'static str {
        match self {
            Self::Micro => "micro",
            Self::Trust => "trust",
            Self::Files => "files",
            Self::Tools => "tools",
            Self::Compare => "compare",
        }
    }
}

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Arguments {
    /// The parts to measure.
    pub(crate) parts: Vec<Part>,
    /// How many rounds of whole runs are measured.
    pub(crate) rounds: usize,
    /// Beside whom Belljar is measured, if it is not everyone.
    pub(crate) only: Option<Vec<Kind>>,
    /// Of how many steps, if it is not every size.
    pub(crate) steps: Option<u32>,
    /// The date that the written results carry.
    pub(crate) date: Option<String>,
}

/// The fewest rounds of which a median is written down.
const FEWEST_ROUNDS: usize = 5;

const USAGE: &str = "usage: [micro] [trust] [files] [tools] [compare] [--rounds N] [--only NAME,…] \
                     [--steps N] [--date TEXT]";

impl Arguments {
    /// Reads the command line.
    ///
    /// # Errors
    /// When there is something that is not known.
    pub(crate) fn parse(arguments: &[OsString]) -> Result<Self> {
        let mut asked =
            Self { parts: vec![], rounds: FEWEST_ROUNDS, only: None, steps: None, date: None };
        let mut rest = arguments.iter().map(|argument| argument.to_string_lossy().into_owned());
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().with_context(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--rounds" => asked.rounds = number(&value()?)?,
                "--steps" => asked.steps = Some(number(&value()?)?),
                "--only" => asked.only = Some(kinds(&value()?)?),
                "--date" => asked.date = Some(value()?),
                other => match Part::ALL.into_iter().find(|part| part.name() == other) {
                    Some(part) => asked.parts.push(part),
                    None => bail!("`{other}` is not known; {USAGE}"),
                },
            }
        }
        if asked.parts.is_empty() {
            asked.parts.extend(Part::ALL);
        }
        if asked.is_everything() && asked.rounds < FEWEST_ROUNDS {
            bail!("of fewer than {FEWEST_ROUNDS} rounds nothing is written down: name a part");
        }
        if asked.rounds == 0 || asked.steps == Some(0) {
            bail!("of nothing there is nothing to measure");
        }
        Ok(asked)
    }

    /// Whether all is measured, so that the results are written down.
    pub(crate) fn is_everything(&self) -> bool {
        self.parts == Part::ALL && self.only.is_none() && self.steps.is_none()
    }

    /// Whether a size of graph is measured.
    pub(crate) fn has_size(&self, steps: u32) -> bool {
        self.steps.is_none_or(|only| only == steps)
    }

    /// Whether a contestant takes part. Belljar always does.
    pub(crate) fn has(&self, kind: Kind) -> bool {
        kind == Kind::Belljar || self.only.as_ref().is_none_or(|only| only.contains(&kind))
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T> {
    text.replace([',', '_'], "").parse().ok().with_context(|| format!("`{text}` is not a number"))
}

fn kinds(text: &str) -> Result<Vec<Kind>> {
    let known = |name: &str| {
        let names = || Kind::ALL.map(Kind::name).join(", ");
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name);
        kind.with_context(|| format!("`{name}` takes no part; there are {}", names()))
    };
    text.split(',').map(known).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments> {
        Arguments::parse(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn without_a_part_everything_is_measured() {
        assert!(parse("--rounds 7").unwrap().is_everything());
        assert_eq!(parse("--rounds 7 files").unwrap().parts, [Part::Files]);
    }

    #[test]
    fn a_quick_look_names_whom_and_how_many() {
        let asked = parse("compare --only ninja,turbo --steps 1,000 --rounds 3").unwrap();
        assert!(!asked.is_everything());
        assert!(asked.has(Kind::Turbo) && asked.has(Kind::Belljar) && !asked.has(Kind::Moon));
        assert!(asked.has_size(1000) && !asked.has_size(100));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for line in ["fast", "--rounds", "--rounds x", "--rounds 4", "--date", "--only gradle"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
