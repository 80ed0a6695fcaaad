//! Arguments: what to measure, and how often.

use std::ffi::OsString;

use anyhow::{Context as _, Result, bail};

/// What can be measured on its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// Single operations, in this process.
    Micro,
    /// A thousand files read by one step, and by native code.
    Files,
    /// Native tools as steps, and without a sandbox.
    Tools,
    /// Whole runs of the program beside ninja.
    Compare,
}

impl Part {
    /// Everything, in the order of the report.
    pub(crate) const ALL: [Self; 4] = [Self::Micro, Self::Files, Self::Tools, Self::Compare];
}

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Arguments {
    /// The parts to measure.
    pub(crate) parts: Vec<Part>,
    /// How many rounds of whole runs are measured.
    pub(crate) rounds: usize,
    /// The date that the written results carry.
    pub(crate) date: Option<String>,
}

/// The fewest rounds of which a median says something.
const FEWEST_ROUNDS: usize = 5;

const USAGE: &str = "usage: [micro] [files] [tools] [compare] [--rounds N] [--date TEXT]";

impl Arguments {
    /// Reads the command line.
    ///
    /// # Errors
    /// When there is something that is not known.
    pub(crate) fn parse(arguments: &[OsString]) -> Result<Self> {
        let (mut parts, mut rounds, mut date) = (Vec::new(), FEWEST_ROUNDS, None);
        let mut rest = arguments.iter().map(|argument| argument.to_string_lossy().into_owned());
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "micro" => parts.push(Part::Micro),
                "files" => parts.push(Part::Files),
                "tools" => parts.push(Part::Tools),
                "compare" => parts.push(Part::Compare),
                "--rounds" => {
                    let number = rest.next().context("--rounds needs a number")?;
                    rounds = number.parse().with_context(|| format!("`{number}` rounds"))?;
                }
                "--date" => date = Some(rest.next().context("--date needs a text")?),
                other => bail!("`{other}` is not known; {USAGE}"),
            }
        }
        if rounds < FEWEST_ROUNDS {
            bail!("fewer than {FEWEST_ROUNDS} rounds say nothing");
        }
        if parts.is_empty() {
            parts.extend(Part::ALL);
        }
        Ok(Self { parts, rounds, date })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments> {
        Arguments::parse(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn without_a_part_everything_is_measured() {
        assert_eq!(parse("").unwrap().parts, Part::ALL);
        assert_eq!(parse("--rounds 7 files").unwrap().parts, [Part::Files]);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for line in ["fast", "--rounds", "--rounds x", "--rounds 4", "--date"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
