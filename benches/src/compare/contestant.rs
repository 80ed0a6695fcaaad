//! Contestants: the same work on a tree of its own, done by one program.

use anyhow::Result;

use super::belljar::Belljar;
use super::commands::Commands;
use super::moon::Moon;
use super::native::{Make, Ninja, Recipe};
use super::peers::Peers;
use super::shape::Shape;
use super::tree::Tree;
use super::turbo::Turbo;
use crate::process::Usage;
use crate::surroundings::Surroundings;
use crate::tools::Tier;

/// Who takes part.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    /// Belljar, with pure steps.
    Belljar,
    /// Belljar, with steps that run a line of the shell by Landlock and seccomp.
    InT2,
    /// Belljar, with steps that run a line of the shell in namespaces.
    InT1,
    /// Ninja, with that line.
    Ninja,
    /// Ninja, with the least work that makes the same files.
    Least,
    /// GNU make, with that line.
    Make,
    /// Turborepo, with that line.
    Turbo,
    /// moon, with that line.
    Moon,
}

impl Kind {
    /// All, in the order of the tables.
    pub(crate) const ALL: [Self; 8] = [
        Self::Belljar,
        Self::InT2,
        Self::InT1,
        Self::Ninja,
        Self::Least,
        Self::Make,
        Self::Turbo,
        Self::Moon,
    ];

    /// Its name, as `--only` takes it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Belljar => "belljar",
            Self::InT2 => "belljar-t2",
            Self::InT1 => "belljar-t1",
            Self::Ninja => "ninja",
            Self::Least => "ninja-least",
            Self::Make => "make",
            Self::Turbo => "turbo",
            Self::Moon => "moon",
        }
    }

    /// Its name in a table.
    pub(super) const fn shown(self) -> &'static str {
        match self {
            Self::Belljar => "**belljar**, pure steps",
            Self::InT2 => "belljar, `command` in t2",
            Self::InT1 => "belljar, `command` in t1",
            Self::Least => "ninja, least work",
            other => other.name(),
        }
    }

    /// Whether it restores outputs that it has made before.
    pub(super) const fn restores(self) -> bool {
        !matches!(self, Self::Ninja | Self::Least | Self::Make)
    }

    /// Whether it stops where an output is what it was.
    pub(super) const fn stops_early(self) -> bool {
        matches!(self, Self::Belljar | Self::InT2 | Self::InT1)
    }

    /// Whether it is this project's own.
    pub(super) const fn is_ours(self) -> bool {
        self.stops_early()
    }

    /// In how many rounds it takes part, of so many.
    pub(super) fn rounds(self, rounds: usize) -> usize {
        // One round of moon takes longer than all rounds of all others.
        if self == Self::Moon { rounds.min(2) } else { rounds }
    }
}

/// What is left to one that forgets every run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Left {
    /// The machine code of plugins, for those who have some.
    Code,
    /// Nothing.
    Nothing,
}

/// One measured run.
pub(crate) struct Run {
    /// What it took.
    pub(crate) usage: Usage,
    /// How many steps were executed.
    pub(crate) executed: u32,
}

/// One that can do the work.
pub(crate) trait Contestant {
    /// Its tree.
    fn tree(&self) -> &Tree;

    /// Makes it forget every run, and removes all outputs.
    fn forget(&mut self, left: Left) -> Result<()>;

    /// Does the work once.
    fn run(&mut self) -> Result<Run>;
}

/// Gives one a tree of its own, or says why it cannot take part.
pub(super) fn enter(
    kind: Kind,
    shape: Shape,
    surroundings: &Surroundings,
    peers: &Peers,
) -> Result<std::result::Result<Box<dyn Contestant>, String>> {
    if let Some(why) = peers.missing(kind) {
        return Ok(Err(why));
    }
    Ok(Ok(match kind {
        Kind::Belljar => Box::new(Belljar::new(surroundings, shape)?),
        Kind::InT2 | Kind::InT1 => {
            let tier = if kind == Kind::InT2 { Tier::T2 } else { Tier::T1 };
            return Ok(match Commands::new(surroundings, tier, shape)? {
                Ok(commands) => Ok(Box::new(commands)),
                Err(why) => Err(why),
            });
        }
        Kind::Ninja => Box::new(Ninja::new(shape, Recipe::Same)?),
        Kind::Least => Box::new(Ninja::new(shape, Recipe::Least)?),
        Kind::Make => Box::new(Make::new(shape)?),
        Kind::Turbo => Box::new(Turbo::new(shape, peers)?),
        Kind::Moon => Box::new(Moon::new(shape, peers)?),
    }))
}
