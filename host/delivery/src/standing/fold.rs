//! The fold: one event more.

use std::sync::Arc;

use belljar_model::delivery::{DeployPlan, Effect, EffectAnswer};
use belljar_model::ledger::{Entry, Outcome};
use belljar_model::{LedgerEvent, PlanDigest};

use super::{BrokenGlass, Deployment, EffectState, Phase, RecordedApproval, Rollback, Standing};

impl Standing {
    /// Takes one event. What concerns another environment changes nothing.
    pub(super) fn take(&mut self, entry: &Entry) {
        if entry.event.environment() != Some(self.environment.as_str()) {
            return;
        }
        match &entry.event {
            LedgerEvent::Planned { plan, plan_digest } => {
                let undoes = plan.rollback_to.and(self.live);
                // As recorded: a later version may write the same plan in other bytes.
                let deployment = planned(plan, *plan_digest, (entry.at, undoes));
                self.deployments.insert(plan.number, deployment);
            }
            LedgerEvent::Frozen { until, reason, .. } => {
                self.frozen = Some((*until, reason.clone()));
            }
            LedgerEvent::Unfrozen { .. } => self.frozen = None,
            LedgerEvent::Observed { condition, detail, .. }
            | LedgerEvent::HealthChanged { condition, detail, .. } => {
                self.health = Some((*condition, entry.at, detail.clone()));
            }
            LedgerEvent::DriftFound { found, .. } => self.drift = Some(found.clone()),
            LedgerEvent::DriftGone { .. } => self.drift = None,
            event => self.of_deployment(entry, event),
        }
    }

    fn of_deployment(&mut self, entry: &Entry, event: &LedgerEvent) {
        let Some((_, number)) = event.deployment() else { return };
        let Some(deployment) = self.deployments.get_mut(&number) else { return };
        match event {
            LedgerEvent::Started { token, .. } => {
                self.token = self.token.max(*token);
                deployment.started_at.get_or_insert(entry.at);
                if deployment.phase == Phase::Planned {
                    deployment.phase = Phase::Applying;
                }
            }
            LedgerEvent::Finished { outcome, .. } => self.finished(entry, number, *outcome),
            event => deployment.take(entry, event),
        }
    }

    fn finished(&mut self, entry: &Entry, number: u64, outcome: Outcome) {
        let LedgerEvent::Finished { reason, .. } = &entry.event else { return };
        let Some(deployment) = self.deployments.get_mut(&number) else { return };
        deployment.phase = Phase::Ended(outcome);
        deployment.ended_at = Some(entry.at);
        deployment.reason.clone_from(reason);
        let live = match outcome {
            Outcome::Live => Some(number),
            Outcome::RolledBack => deployment.rollback.as_ref().map(|rollback| rollback.to),
            Outcome::NotApplied => return,
            Outcome::Stuck => None,
        };
        self.live = live;
        self.drift = None;
        self.was_live.extend(live.filter(|live| self.was_live.last() != Some(live)));
    }
}

/// Which of its two lists of effects an event is about.
#[derive(Clone, Copy)]
enum Way {
    Forward,
    Back,
}

impl From<bool> for Way {
    fn from(rollback: bool) -> Self {
        if rollback { Self::Back } else { Self::Forward }
    }
}

impl Deployment {
    fn take(&mut self, entry: &Entry, event: &LedgerEvent) {
        match event {
            LedgerEvent::Approval { approver, envelope, plan, .. } => {
                self.approvals.push(RecordedApproval {
                    seq: entry.seq,
                    at: entry.at,
                    approver: approver.clone(),
                    plan: *plan,
                    envelope: envelope.clone(),
                });
            }
            // What has begun is carried to its end.
            LedgerEvent::PlanVoided { reason, .. } if self.phase == Phase::Planned => {
                self.phase = Phase::Voided;
                self.reason.clone_from(reason);
            }
            LedgerEvent::EffectIntended { rollback, index, effect, .. } => {
                self.intended(Way::from(*rollback), *index, effect);
            }
            LedgerEvent::EffectDone { rollback, index, answer, .. } => {
                self.answered(Way::from(*rollback), *index, answer);
            }
            LedgerEvent::Applied { .. } => self.phase = Phase::Gate,
            LedgerEvent::GatePassed { .. } => self.phase = Phase::Baking,
            LedgerEvent::RollbackStarted { to, reason, effects, reads, .. } => {
                self.phase = Phase::RollingBack;
                self.reason.clone_from(reason);
                let (planned, reads) = (effects.clone(), reads.clone());
                self.rollback = Some(Rollback { to: *to, planned, reads, effects: Vec::new() });
            }
            LedgerEvent::RollbackApplied { .. } => self.phase = Phase::RollbackGate,
            LedgerEvent::BreakGlass { reason, skipped, .. } => {
                let (reason, skipped) = (reason.clone(), skipped.clone());
                self.broken_glass = Some(BrokenGlass { seq: entry.seq, reason, skipped });
            }
            _ => {}
        }
    }

    fn states(&mut self, way: Way) -> Option<&mut Vec<EffectState>> {
        match way {
            Way::Forward => Some(&mut self.effects),
            Way::Back => self.rollback.as_mut().map(|rollback| &mut rollback.effects),
        }
    }

    fn intended(&mut self, way: Way, index: u32, effect: &Effect) {
        let Some(states) = self.states(way) else { return };
        // An effect that was in the air is intended once more after an interruption.
        if states.len() == index as usize {
            states.push(EffectState { effect: effect.clone(), answer: None });
        }
    }

    fn answered(&mut self, way: Way, index: u32, answer: &EffectAnswer) {
        let state = self.states(way).and_then(|states| states.get_mut(index as usize));
        if let Some(state) = state {
            state.answer = Some(answer.clone());
        }
    }
}

fn planned(plan: &DeployPlan, digest: PlanDigest, (at, undoes): (u64, Option<u64>)) -> Deployment {
    Deployment {
        number: plan.number,
        plan: Arc::new(plan.clone()),
        digest,
        planned_at: at,
        approvals: Vec::new(),
        phase: Phase::Planned,
        effects: Vec::new(),
        rollback: None,
        started_at: None,
        ended_at: None,
        reason: String::new(),
        broken_glass: None,
        undoes,
    }
}
