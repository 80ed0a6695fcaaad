//! Progress: a deployment while it runs, one line for each event that a person wants to see.
//!
//! ```text
//!     Applying [  0.00s] production#42 9f0c34ef: 2 effects
//!     Uploaded [  0.41s] (1/2) put app.tar (3.1 MiB)
//!     Observed [  5.02s] 1/3 healthy · healthy: 200 in 41 ms
//!         Live [ 15.40s] production#42 9f0c34ef is live and healthy
//!         Look belljar history production
//! ```

use belljar_model::delivery::{Condition, DeployPlan, Effect, EffectAnswer, Gate};
use belljar_model::ledger::{Entry, LedgerEvent, ObservedBy, Outcome};

use super::words::{clean, command, cut, length};
use crate::style::{Style, Tone};
use crate::text;

/// How many letters of an effect or an answer one line shows. The plan and the ledger have all.
const LONGEST: usize = 160;

/// Observations of the gate that is going on.
#[derive(Default)]
struct Seen {
    healthy: u32,
    unhealthy: u32,
    unknown: u32,
    /// The condition that was shown last while the release bakes.
    baking: Option<Condition>,
}

/// Turns the events of one deployment into lines, in the order in which they are appended.
pub struct Progress {
    style: Style,
    environment: String,
    number: u64,
    release: String,
    gate: Gate,
    /// How many effects the plan has, and how many going back takes.
    effects: [usize; 2],
    began_ms: Option<u64>,
    /// The effect that was intended last, by its place.
    in_air: Option<(u32, Effect)>,
    /// The deployment that is gone back to.
    back: Option<u64>,
    seen: Seen,
}

/// A word, its tone, and what is said.
type Said = (&'static str, Tone, String);

impl Progress {
    /// The progress of a plan of which no event was read yet.
    pub fn new(plan: &DeployPlan, style: Style) -> Self {
        Self {
            style,
            environment: plan.environment.name.clone(),
            number: plan.number,
            release: plan.release.short(),
            gate: plan.environment.gate.clone(),
            effects: [plan.effects.len(), 0],
            began_ms: None,
            in_air: None,
            back: None,
            seen: Seen::default(),
        }
    }

    /// Takes the next entry of the ledger. Returns a line with its end, or nothing if it is
    /// about another deployment or says nothing new; after the last event, also the commands
    /// to look closer.
    pub fn read(&mut self, entry: &Entry) -> Option<String> {
        let (environment, deployment) = entry.event.deployment()?;
        if environment != self.environment || deployment != self.number {
            return None;
        }
        if matches!(
            entry.event,
            LedgerEvent::Planned { .. }
                | LedgerEvent::Approval { .. }
                | LedgerEvent::PlanVoided { .. }
        ) {
            return None; // its clock starts with the deployment, which may be days later
        }
        let began = *self.began_ms.get_or_insert(entry.at);
        let (verb, tone, said) = self.said(&entry.event)?;
        let time = text::duration_us(entry.at.saturating_sub(began).saturating_mul(1_000));
        let verb = self.style.paint(tone, &format!("{verb:>12}"));
        let mut lines = format!("{verb} [{time:>7}] {said}").trim_end().to_owned() + "\n";
        if let LedgerEvent::Finished { outcome, .. } = &entry.event {
            lines.push_str(&self.hints(*outcome, entry.seq));
        }
        Some(self.style.finish(lines))
    }

    fn said(&mut self, event: &LedgerEvent) -> Option<Said> {
        match event {
            LedgerEvent::BreakGlass { reason, skipped, .. } => {
                let skipped: Vec<_> = skipped.iter().map(|rule| clean(rule)).collect();
                let said = format!("{} set aside: {}", skipped.join(", "), clean(reason));
                Some(("Broke glass", Tone::Bad, said))
            }
            LedgerEvent::Started { resumed, .. } => {
                let (verb, more) = if *resumed {
                    ("Resuming", "; what was answered before does not leave again")
                } else {
                    ("Applying", "")
                };
                self.seen = Seen::default();
                let effects = text::count(self.effects[0], "effect");
                Some((verb, Tone::Strong, format!("{}: {effects}{more}", self.name())))
            }
            LedgerEvent::EffectIntended { rollback, index, effect, .. } => {
                let place = (*index, self.effects[usize::from(*rollback)]);
                self.in_air = Some((*index, effect.clone()));
                // Others are answered soon; a tool may take minutes.
                matches!(effect, Effect::Tool(_)).then(|| self.running(place, effect))
            }
            LedgerEvent::EffectDone { rollback, index, answer, .. } => {
                let place = (*index, self.effects[usize::from(*rollback)]);
                Some(self.done(place, answer))
            }
            LedgerEvent::Applied { .. } | LedgerEvent::RollbackApplied { .. } => {
                self.seen = Seen::default();
                let said = match self.back {
                    Some(to) => format!("#{to} is in place again; it must be healthy"),
                    None => "all effects were done; the health gate begins".to_owned(),
                };
                Some(("Applied", Tone::Good, said))
            }
            LedgerEvent::Observed { by, condition, detail, .. } => {
                self.observed(*by, *condition, detail)
            }
            LedgerEvent::GatePassed { .. } => Some(self.passed()),
            LedgerEvent::RollbackStarted { to, reason, effects, .. } => {
                self.back = Some(*to);
                self.effects[1] = effects.len();
                self.seen = Seen::default();
                let effects = text::count(effects.len(), "effect");
                let said = format!("to #{to}, {effects}: {}", clean(reason));
                Some(("Rolling back", Tone::Warning, said))
            }
            LedgerEvent::Finished { outcome, reason, live, commits, .. } => {
                let live = live.map(|live| live.short());
                Some(self.finished(*outcome, reason, (live, commits.len())))
            }
            _ => None,
        }
    }

    /// `production#42 9f0c34ef`
    fn name(&self) -> String {
        format!("{}#{} {}", clean(&self.environment), self.number, self.release)
    }

    fn running(&self, place: (u32, usize), effect: &Effect) -> Said {
        let shown = cut(&effect.to_string(), LONGEST, &self.style);
        ("Running", Tone::Strong, format!("{} {shown}", counted_off(place)))
    }

    fn done(&mut self, place: (u32, usize), answer: &EffectAnswer) -> Said {
        let effect = self.in_air.take_if(|(intended, _)| *intended == place.0);
        let shown = effect.as_ref().map_or_else(String::new, |(_, effect)| {
            format!(" {}", cut(&effect.to_string(), LONGEST, &self.style))
        });
        let effect = effect.map(|(_, effect)| effect);
        let (is_expected, came_back) = answered(effect.as_ref(), answer, &self.style);
        let came_back = match came_back {
            Some(text) => format!(" {} {text}", self.style.symbol("→", "->")),
            None => String::new(),
        };
        let (verb, tone) = match is_expected {
            Expected::Yes => (effect.as_ref().map_or("Done", verb), Tone::Good),
            Expected::No => ("Unexpected", Tone::Bad),
            Expected::Failed => ("Failed", Tone::Bad),
        };
        (verb, tone, format!("{}{shown}{came_back}", counted_off(place)))
    }

    fn observed(&mut self, by: ObservedBy, condition: Condition, detail: &str) -> Option<Said> {
        let count = match condition {
            Condition::Healthy => &mut self.seen.healthy,
            Condition::Unhealthy => &mut self.seen.unhealthy,
            Condition::Unknown => &mut self.seen.unknown,
        };
        *count += 1;
        // While a release bakes, only a change is news.
        let news = match by {
            ObservedBy::Gate | ObservedBy::Rollback => true,
            ObservedBy::Bake => self.seen.baking.replace(condition) != Some(condition),
            ObservedBy::Watch => false,
        };
        if !news {
            return None;
        }
        let tone = match condition {
            Condition::Healthy => Tone::Good,
            Condition::Unhealthy => Tone::Bad,
            Condition::Unknown => Tone::Warning,
        };
        let detail = match detail {
            "" => String::new(),
            detail => format!(": {}", cut(detail, LONGEST, &self.style)),
        };
        let said =
            format!("{}{}{}{detail}", self.counted(by), self.style.dot(), condition.as_str());
        Some(("Observed", tone, said))
    }

    /// `2/3 healthy, 1 unhealthy`
    fn counted(&self, by: ObservedBy) -> String {
        let Seen { healthy, unhealthy, unknown, .. } = &self.seen;
        // The gate of a rollback is that of the release that is gone back to.
        let mut text = match by {
            ObservedBy::Gate => {
                format!("{healthy}/{} healthy", self.gate.count.max(self.gate.minimum))
            }
            ObservedBy::Bake | ObservedBy::Rollback | ObservedBy::Watch => {
                format!("{healthy} healthy")
            }
        };
        for (number, word) in [(unhealthy, "unhealthy"), (unknown, "unknown")] {
            if *number > 0 {
                text.push_str(&format!(", {number} {word}"));
            }
        }
        text
    }

    fn passed(&mut self) -> Said {
        let counted = self.counted(ObservedBy::Gate);
        self.seen = Seen::default();
        let more = match self.gate.bake_ms {
            0 => String::new(),
            ms => format!("; it is observed for {} more", length(ms)),
        };
        ("Healthy", Tone::Good, format!("the gate has passed: {counted}{more}"))
    }

    fn finished(
        &self,
        outcome: Outcome,
        reason: &str,
        (live, commits): (Option<String>, usize),
    ) -> Said {
        let (name, reason) = (self.name(), clean(reason));
        match outcome {
            Outcome::Live => {
                let commits = match commits {
                    0 => String::new(),
                    number => format!(", with {}", text::count(number, "new commit")),
                };
                ("Live", Tone::Good, format!("{name} is live and healthy{commits}"))
            }
            Outcome::RolledBack => {
                let back = self.back.map_or_else(String::new, |to| format!("#{to} "));
                let live = live.unwrap_or_else(|| "the release before it".to_owned());
                let said =
                    format!("{back}{live} is live and healthy again; {name} failed: {reason}");
                ("Rolled back", Tone::Bad, said)
            }
            Outcome::NotApplied => {
                let said = format!("{name} failed before anything was changed: {reason}");
                ("Not applied", Tone::Bad, said)
            }
            Outcome::Stuck => {
                let what = "nobody knows what is live, a person must look";
                ("Stuck", Tone::Bad, format!("{name} failed; {what}: {reason}"))
            }
        }
    }

    /// The commands to look closer.
    fn hints(&self, outcome: Outcome, seq: u64) -> String {
        let environment = &self.environment;
        let again = match outcome {
            Outcome::Stuck => Some(("Look", command("status", environment))),
            Outcome::Live | Outcome::RolledBack | Outcome::NotApplied => None,
        };
        let history = ("Look", command("history", environment));
        let prove = ("Prove", command("ledger prove", &format!("e{seq}")));
        let mut text = String::new();
        for (word, command) in again.into_iter().chain([history, prove]) {
            let word = self.style.paint(Tone::Strong, &format!("{word:>12}"));
            text.push_str(&format!("{word} {command}\n"));
        }
        text
    }
}

/// `( 3/14)`, of a place counted from 0 and how many there are.
fn counted_off((index, all): (u32, usize)) -> String {
    let digits = all.to_string().len();
    format!("({:>digits$}/{all})", u64::from(index) + 1)
}

/// What was done, once it was.
const fn verb(effect: &Effect) -> &'static str {
    match effect {
        Effect::Http { .. } => "Sent",
        Effect::Put { .. } => "Uploaded",
        Effect::Write { .. } => "Wrote",
        Effect::Swap { .. } => "Switched",
        Effect::Remove { .. } => "Removed",
        Effect::Tool(_) => "Ran",
    }
}

/// Whether an answer is the one that the plan was made with.
enum Expected {
    Yes,
    No,
    Failed,
}

fn answered(
    effect: Option<&Effect>,
    answer: &EffectAnswer,
    style: &Style,
) -> (Expected, Option<String>) {
    let expected = |holds: bool| if holds { Expected::Yes } else { Expected::No };
    match (answer, effect) {
        (EffectAnswer::Done, _) => (Expected::Yes, None),
        (EffectAnswer::Failed { error, detail }, _) => {
            let error = cut(error, LONGEST, style);
            (Expected::Failed, Some(format!("{error}: {}", cut(detail, LONGEST, style))))
        }
        (EffectAnswer::Http { status, .. }, effect) => {
            let holds = match effect {
                Some(Effect::Http { expect, .. }) if !expect.is_empty() => expect.contains(status),
                _ => true,
            };
            (expected(holds), Some(status.to_string()))
        }
        (EffectAnswer::Tool { code, .. }, effect) => {
            let holds = match effect {
                Some(Effect::Tool(tool)) if !tool.expect.is_empty() => tool.expect.contains(code),
                _ => true,
            };
            (expected(holds), Some(format!("exit {code}")))
        }
    }
}

#[cfg(test)]
mod tests;
