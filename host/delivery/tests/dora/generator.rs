//! Plausible ledgers at random: the same number makes the same ledger.

use belljar_delivery::reports::DoraAsk;
use belljar_model::delivery::{Condition, DeployPlan};
use belljar_model::ledger::{LedgerEvent, ObservedBy, Outcome};

use crate::logs::{DAY, HOUR, Log, MIN, MONDAY, back, plan, repair, started};

/// A small random number generator (SplitMix64).
pub(crate) struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Whether something happens that happens in so many percent.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn place(&mut self, end: usize) -> usize {
        usize::try_from(self.below(end as u64)).expect("it is below a usize")
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.place(from.len())]
    }
}

const ENVIRONMENTS: [&str; 2] = ["production", "staging"];

/// A ledger of about so many deployments, and what to ask of it.
pub(crate) fn generate(seed: u64, deployments: u64) -> (Log, DoraAsk) {
    let mut random = Random(seed);
    let mut life = Life { log: Log::default(), now: MONDAY, next: [1, 1], open: Vec::new() };
    // Some teams deploy every other day, some several times a day.
    let pause = random.pick(&[2 * DAY, 12 * HOUR, 4 * HOUR]);
    for _ in 0..random.below(deployments + 1) {
        life.now += random.below(pause);
        let place = usize::from(random.percent(25));
        life.deploy(&mut random, place);
        if random.percent(25) {
            life.incident(&mut random, place);
        }
        if random.percent(50) {
            life.end_one(&mut random);
        }
    }
    let since_ms = MONDAY + random.below(5 * DAY);
    let until_ms = if random.percent(5) { since_ms } else { since_ms + random.below(15 * pause) };
    let environment = ENVIRONMENTS[usize::from(random.percent(20))].to_owned();
    (life.log, DoraAsk { environment, since_ms, until_ms })
}

/// What goes on while a ledger is written.
struct Life {
    log: Log,
    now: u64,
    next: [u64; 2],
    /// Deployments that were applied and did not end: they end later, after others.
    open: Vec<(usize, u64)>,
}

impl Life {
    /// Time goes on; sometimes the clock is set back.
    fn tick(&mut self, random: &mut Random) -> u64 {
        self.now += random.below(20 * MIN);
        if random.percent(4) {
            self.now = self.now.saturating_sub(random.below(3 * HOUR));
        }
        self.now
    }

    fn deploy(&mut self, random: &mut Random, place: usize) {
        let (environment, number) = (ENVIRONMENTS[place], self.next[place]);
        self.next[place] += 1;
        let made: DeployPlan = match random.below(10) {
            0 | 1 => repair(environment, number, "INC-1"),
            2..=4 => {
                if random.percent(60) {
                    self.look(random, place);
                }
                let incident = random.percent(15).then(|| "INC-1".to_owned());
                let to = number.saturating_sub(1 + random.below(3));
                DeployPlan { incident, ..back(environment, number, to) }
            }
            _ => plan(environment, number),
        };
        let at = self.tick(random);
        match random.below(20) {
            // A plan that takes the place of another one; either may be for an incident.
            0 => {
                let other = repair(environment, number, "INC-2");
                let plan_digest = other.digest();
                let plan = Box::new(other);
                let event = LedgerEvent::Planned { plan_digest, plan };
                let restarted = started(environment, number, plan_digest);
                match random.below(4) {
                    0 => {
                        self.log.push(at, event);
                        self.log.start(at, made);
                    }
                    1 => {
                        self.log.start(at, made);
                        self.log.push(at, event);
                    }
                    2 => {
                        self.log.start(at, made);
                        self.log.push(at, event);
                        self.log.push(at, restarted);
                    }
                    // Both are planned, and nothing says which was started.
                    _ => {
                        self.log.push(at, event);
                        let (plan_digest, plan) = (made.digest(), Box::new(made));
                        self.log.push(at, LedgerEvent::Planned { plan_digest, plan });
                    }
                }
            }
            // The plan is in a part of the ledger that was not exported.
            1 => {
                self.log.push(at, started(environment, number, made.digest()));
            }
            // It is only planned.
            2 => {
                let plan_digest = made.digest();
                let plan = Box::new(made);
                self.log.push(at, LedgerEvent::Planned { plan_digest, plan });
                return;
            }
            _ => {
                self.log.start(at, made);
            }
        }
        self.go_on(random, place, number);
    }

    /// A watch looks at the latest deployment, or at one before it.
    fn look(&mut self, random: &mut Random, place: usize) {
        let number = (self.next[place] - 1).saturating_sub(1 + random.below(2)).max(1);
        let of = (ENVIRONMENTS[place], number);
        let seen = [Condition::Unhealthy, Condition::Unhealthy, Condition::Healthy];
        let condition = random.pick(&seen);
        let at = self.tick(random);
        if random.percent(70) {
            self.log.health(at, of, condition);
        } else {
            self.log.observe(at, of, ObservedBy::Watch, condition);
        }
    }

    fn go_on(&mut self, random: &mut Random, place: usize, number: u64) {
        let of = (ENVIRONMENTS[place], number);
        match random.below(20) {
            // It hangs before anything was done.
            0 => return,
            1 => {
                let outcome = random.pick(&[Outcome::NotApplied, Outcome::Stuck]);
                let at = self.tick(random);
                self.log.finish(at, of, outcome, &[]);
                return;
            }
            _ => {
                let (environment, deployment) = (of.0.to_owned(), number);
                let at = self.tick(random);
                self.log.push(at, LedgerEvent::Applied { environment, deployment });
            }
        }
        let looks = random.below(4);
        for _ in 0..looks {
            let by = random.pick(&[ObservedBy::Gate, ObservedBy::Bake, ObservedBy::Watch]);
            let seen = [Condition::Healthy, Condition::Healthy, Condition::Unknown];
            let ill = random.percent(30);
            let condition = if ill { Condition::Unhealthy } else { random.pick(&seen) };
            let at = self.tick(random);
            self.log.observe(at, of, by, condition);
        }
        if random.percent(15) {
            self.open.push((place, number));
        } else {
            self.end(random, place, number);
        }
    }

    /// One that was left open ends, or one that has ended ends again.
    fn end_one(&mut self, random: &mut Random) {
        if !self.open.is_empty() {
            let at = random.place(self.open.len());
            let (place, number) = self.open.swap_remove(at);
            self.end(random, place, number);
        } else if self.next[0] > 1 && random.percent(20) {
            let number = 1 + random.below(self.next[0] - 1);
            self.end(random, 0, number);
        }
    }

    fn end(&mut self, random: &mut Random, place: usize, number: u64) {
        let of = (ENVIRONMENTS[place], number);
        if random.percent(20) {
            if random.percent(80) {
                let at = self.tick(random);
                self.log.undo(at, of, number.saturating_sub(1));
            }
            let at = self.tick(random);
            let outcome = if random.percent(70) { Outcome::RolledBack } else { Outcome::Stuck };
            self.log.finish(at, of, outcome, &[]);
            return;
        }
        let at = self.tick(random);
        let commits: Vec<_> = (0..random.below(4))
            .map(|_| {
                let id = format!("c{}", random.below(60));
                // Some are as old as the deployment, or younger.
                let age = random.pick(&[0, MIN, HOUR, DAY, 9 * DAY]);
                (id, (at + MIN).saturating_sub(age + random.below(2 * MIN)))
            })
            .collect();
        let commits: Vec<_> = commits.iter().map(|(id, at)| (id.as_str(), *at)).collect();
        self.log.finish(at, of, Outcome::Live, &commits);
    }

    fn incident(&mut self, random: &mut Random, place: usize) {
        let number = 1 + random.below(self.next[place] + 1);
        let of = (!random.percent(20)).then_some(number);
        let at = self.tick(random);
        self.log.incident(at, "INC-1", ENVIRONMENTS[place], of);
    }
}
