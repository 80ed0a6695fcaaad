//! Drive: carries a plan out, to its end, from wherever it is.

use std::sync::Arc;

use belljar_model::delivery::{DeployPhase, DeployPlan};
use belljar_model::ledger::{ObservedBy, Outcome};
use belljar_model::ports::Outlet;
use belljar_model::{Blame, Digest, Fault, LedgerEvent, PlanDigest};

use crate::call;
use crate::fault::{self, NO_SUCH};
use crate::fence::Fence;
use crate::observe::{self, GateEnd, after};
use crate::outlets::{Course, Permitting, Stopped};
use crate::plan::{self, pin_name};
use crate::ports::Ports;
use crate::rollback;
use crate::rules;
use crate::standing::{Deployment, Phase, Standing};

/// How many releases that were live are kept for going back.
const KEPT: usize = 5;

/// How a deployment ended.
#[derive(Clone, PartialEq, Debug)]
pub struct Finished {
    /// How.
    pub outcome: Outcome,
    /// Why it failed; empty if it did not.
    pub reason: String,
    /// What went wrong, if the plugin or the machine was at fault.
    pub fault: Option<Fault>,
}

/// Carries a plan out: begins it, or goes on after an interruption.
///
/// # Errors
/// When it may not begin, the run is cancelled, another process took over, or the ledger cannot be
/// written. The environment is then as the ledger says, and the same call goes on from there.
pub fn carry_out(
    ports: &Ports,
    environment: &str,
    (number, digest): (u64, PlanDigest),
) -> Result<Finished, Fault> {
    let standing = Standing::read(&*ports.ledger, environment)?;
    let waiting = standing.deployments.get(&number);
    if let Some(deployment) = waiting.filter(|found| found.phase == Phase::Planned) {
        plan::still_holds(ports, deployment)?;
    }
    let (fence, deployment) = begin(ports, environment, (number, digest))?;
    let driven = Driven { ports, fence, plan: &deployment.plan };
    match deployment.phase {
        Phase::Gate => driven.gate(),
        Phase::Baking => driven.bake(),
        Phase::RollingBack | Phase::RollbackGate => rollback::go_on(&driven, &deployment),
        _ => driven.apply(&deployment),
    }
}

/// Takes the right to change the environment.
fn begin(
    ports: &Ports,
    environment: &str,
    (number, digest): (u64, PlanDigest),
) -> Result<(Fence, Deployment), Fault> {
    // The token must be larger than all before it, and the event holds it already when it is
    // appended. So it is found out first, and compared while nobody else appends.
    loop {
        let before = Standing::read(&*ports.ledger, environment)?;
        let token = before.token + 1;
        let started = LedgerEvent::Started {
            environment: environment.to_owned(),
            deployment: number,
            plan: digest,
            token,
            resumed: before.deployments.get(&number).is_some_and(|found| found.phase.is_going_on()),
        };
        let now_ms = ports.clock.now_ms();
        let (mut begun, mut raced) = (None, false);
        let appended = ports.ledger.append_if(vec![started], &mut |entries| {
            let standing = rules::may_begin(entries, (environment, number, digest), now_ms)?;
            raced = standing.token >= token;
            begun = standing.deployments.get(&number).filter(|_| !raced).cloned();
            if begun.is_some() { Ok(()) } else { Err(lost(environment, number)) }
        });
        match (appended, begun) {
            (Ok(_), Some(deployment)) => {
                let (ledger, environment) = (Arc::clone(&ports.ledger), environment.to_owned());
                return Ok((Fence { ledger, environment, deployment: number, token }, deployment));
            }
            (Err(_), _) if raced => {}
            (Err(fault), _) => return Err(fault),
            (Ok(_), None) => return Err(lost(environment, number)),
        }
    }
}

fn lost(environment: &str, number: u64) -> Fault {
    fault::infrastructure(NO_SUCH, format!("there is no plan {environment}#{number}"))
}

/// A deployment that is being carried out.
pub(crate) struct Driven<'a> {
    pub(crate) ports: &'a Ports,
    pub(crate) fence: Fence,
    pub(crate) plan: &'a DeployPlan,
}

impl Driven<'_> {
    fn apply(&self, deployment: &Deployment) -> Result<Finished, Fault> {
        let course = Course {
            effects: self.plan.effects.clone(),
            reads: self.plan.reads.clone(),
            done: deployment.effects.clone(),
            rollback: false,
        };
        match self.let_out(course, plan::subject(self.plan))? {
            Ok(()) => {
                self.fence.append(vec![LedgerEvent::Applied {
                    environment: self.fence.environment.clone(),
                    deployment: self.plan.number,
                }])?;
                self.gate()
            }
            Err(fault) => self.failed(fault.message.clone(), Some(fault)),
        }
    }

    /// Calls `apply` through an outlet that permits the course. The inner error is a failure that
    /// is gone back from; the outer one ends this process and nothing else.
    pub(crate) fn let_out(
        &self,
        course: Course,
        subject: call::Subject<'_>,
    ) -> Result<Result<(), Fault>, Fault> {
        let (real, blobs) = (Arc::clone(&self.ports.outlet), Arc::clone(&self.ports.blobs));
        let permitting = Arc::new(Permitting::new(real, blobs, self.fence.clone(), course));
        let outlet = Arc::clone(&permitting) as Arc<dyn Outlet>;
        let applied = call::changes(self.ports, subject, DeployPhase::Apply, &outlet);
        match permitting.stopped() {
            Some(Stopped::Failure(fault)) => return Ok(Err(fault)),
            Some(Stopped::Process(fault)) => return Err(fault),
            None => {}
        }
        match applied {
            Err(fault) if fault.blame == Blame::Cancelled => Err(fault),
            Err(fault) => Ok(Err(fault)),
            Ok(_) => Ok(permitting.is_complete()),
        }
    }

    fn gate(&self) -> Result<Finished, Fault> {
        match observe::gate(self.ports, &self.fence, after(self.plan, ObservedBy::Gate))? {
            GateEnd::Failed(why) => self.failed(why, None),
            GateEnd::Passed => {
                self.fence.append(vec![LedgerEvent::GatePassed {
                    environment: self.fence.environment.clone(),
                    deployment: self.plan.number,
                }])?;
                self.bake()
            }
        }
    }

    fn bake(&self) -> Result<Finished, Fault> {
        match observe::bake(self.ports, &self.fence, after(self.plan, ObservedBy::Bake))? {
            GateEnd::Failed(why) => self.failed(why, None),
            GateEnd::Passed => {
                let live = Some(self.plan.release.id);
                let finished = self.finish(Outcome::Live, String::new(), live)?;
                self.keep_the_latest()?;
                Ok(finished)
            }
        }
    }

    /// Goes back, unless nothing has left yet.
    fn failed(&self, reason: String, fault: Option<Fault>) -> Result<Finished, Fault> {
        let standing = Standing::read(&*self.ports.ledger, &self.fence.environment)?;
        let now = standing.deployments.get(&self.plan.number);
        if now.is_some_and(|now| !now.effects.is_empty()) {
            return rollback::begin(self, reason, fault);
        }
        let finished = self.finish(Outcome::NotApplied, reason, None)?;
        self.ports.pins.unpin(&pin_name(self.plan))?;
        Ok(Finished { fault, ..finished })
    }

    /// Ends the deployment.
    pub(crate) fn finish(
        &self,
        outcome: Outcome,
        reason: String,
        live: Option<Digest>,
    ) -> Result<Finished, Fault> {
        let commits = if outcome == Outcome::Live { self.plan.commits.clone() } else { Vec::new() };
        self.fence.append(vec![LedgerEvent::Finished {
            environment: self.fence.environment.clone(),
            deployment: self.plan.number,
            outcome,
            reason: reason.clone(),
            live,
            commits,
        }])?;
        Ok(Finished { outcome, reason, fault: None })
    }

    /// Releases that nobody goes back to any more are not kept.
    fn keep_the_latest(&self) -> Result<(), Fault> {
        let standing = Standing::read(&*self.ports.ledger, &self.fence.environment)?;
        let mut kept: Vec<u64> = standing.was_live.iter().rev().take(KEPT).copied().collect();
        kept.extend(standing.pending().map(|pending| pending.number));
        for deployment in standing.deployments.values() {
            if !kept.contains(&deployment.number) {
                self.ports.pins.unpin(&pin_name(&deployment.plan))?;
            }
        }
        Ok(())
    }
}
