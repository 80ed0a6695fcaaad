//! Gate: from observations to passed or failed. A pure state machine.

use belljar_model::delivery::{Condition, Gate};

/// What the gate says after an observation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Observe again.
    Undecided,
    /// The release is healthy.
    Passed,
    /// It is not, or nobody can tell.
    Failed(String),
}

/// The observations of one gate so far.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GateState {
    gate: Gate,
    healthy: u32,
    unhealthy: u32,
    unknown: u32,
}

impl GateState {
    /// A gate without observations.
    pub const fn new(gate: Gate) -> Self {
        Self { gate, healthy: 0, unhealthy: 0, unknown: 0 }
    }

    /// Takes an observation that ended `elapsed_ms` after the gate began.
    pub fn take(&mut self, condition: Condition, elapsed_ms: u64) -> Verdict {
        match condition {
            Condition::Healthy => self.healthy += 1,
            Condition::Unhealthy => self.unhealthy += 1,
            Condition::Unknown => self.unknown += 1,
        }
        let Self { gate, healthy, unhealthy, .. } = &*self;
        if *unhealthy > gate.failure_limit {
            return Verdict::Failed(format!(
                "{unhealthy} of {} observations were unhealthy, {} may be",
                self.all(),
                gate.failure_limit
            ));
        }
        let is_enough = *healthy + *unhealthy >= gate.count && *healthy >= gate.minimum;
        if is_enough && condition == Condition::Healthy {
            return Verdict::Passed;
        }
        if elapsed_ms >= gate.time_limit_ms {
            return Verdict::Failed(format!(
                "it was not healthy in time: {healthy} of {} observations were, {} are needed",
                self.all(),
                gate.count.max(gate.minimum)
            ));
        }
        Verdict::Undecided
    }

    const fn all(&self) -> u32 {
        self.healthy + self.unhealthy + self.unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `h`ealthy, `u`nhealthy and `?` to a gate, one a second, until it decides.
    fn verdict(gate: &Gate, seen: &str) -> (usize, Verdict) {
        let mut state = GateState::new(gate.clone());
        for (at, letter) in seen.chars().enumerate() {
            let condition = match letter {
                'h' => Condition::Healthy,
                'u' => Condition::Unhealthy,
                _ => Condition::Unknown,
            };
            let verdict = state.take(condition, at as u64 * 1_000);
            if verdict != Verdict::Undecided {
                return (at + 1, verdict);
            }
        }
        (seen.len(), Verdict::Undecided)
    }

    #[test]
    fn a_gate_passes_fails_or_waits() {
        belljar_cases::case!("I03");
        let gate = Gate {
            interval_ms: 1_000,
            count: 4,
            failure_limit: 1,
            minimum: 3,
            time_limit_ms: 9_000,
            ..Gate::default()
        };
        let check = |seen: &str, after: usize, passed: Option<bool>| {
            let (at, verdict) = verdict(&gate, seen);
            let found = match verdict {
                Verdict::Undecided => None,
                Verdict::Passed => Some(true),
                Verdict::Failed(_) => Some(false),
            };
            assert_eq!((at, found), (after, passed), "{seen}");
        };
        check("hhhhhh", 4, Some(true));
        check("uhhhhh", 4, Some(true));
        check("hhh", 3, None);
        // One that flaps fails at its second bad moment.
        check("huhuhu", 4, Some(false));
        // The last one must be healthy.
        check("hhhuh", 5, Some(true));
        // Unknown is neither, and never success.
        check("??????????", 10, Some(false));
        check("?h?h?h?h", 8, Some(true));
        check("hhh???????", 10, Some(false));
    }
}
