//! Carry: from what is asked for to its end, with everything that a person sees in between.

use belljar_delivery::plan::{self, Ask, Proposed};
use belljar_delivery::rules::{self, Hindrance};
use belljar_delivery::{Deployment, Standing, carry_out};
use belljar_model::delivery::Environment;
use belljar_model::ledger::Outcome;
use belljar_model::ports::{Cancel, Clock as _};
use belljar_model::{Fault, LedgerEvent};
use belljar_report::delivery::Detail;
use serde::Serialize;

use super::artifacts::Shipment;
use super::book::Book;
use super::desk::{self, Desk};
use super::fault;
use super::view;
use crate::args::{CarryArgs, Global};
use crate::clock::SystemClock;
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::session::Session;
use crate::terminal::Terminal;

/// Something that is to be carried out in one environment.
pub(crate) struct Errand<'a> {
    pub(crate) session: &'a Session,
    pub(crate) environment: &'a Environment,
    pub(crate) args: &'a CarryArgs,
    pub(crate) global: &'a Global,
    pub(crate) terminal: &'a Terminal,
    pub(crate) cancel: Cancel,
}

/// What a deployment came to, as JSON.
#[derive(Serialize)]
struct Answer<'a> {
    schema: &'static str,
    environment: &'a str,
    deployment: u64,
    plan: String,
    outcome: Option<Outcome>,
    waiting: bool,
    reason: &'a str,
    release: String,
}

impl Errand<'_> {
    fn book(&self) -> Book<'_> {
        Book::of(&self.session.project)
    }

    /// What carrying out takes in an environment: as the file has it, or as a plan does.
    pub(crate) fn desk(&self, environment: &Environment) -> Result<Desk, CommandError> {
        let around = (self.global, self.terminal);
        Desk::of(self.session, environment, &self.cancel, around)
    }

    /// Goes on with a deployment that was interrupted, if there is one.
    pub(crate) fn go_on(&self) -> Result<Option<Exit>, CommandError> {
        let name = &self.environment.name;
        let standing = self.book().standing(name)?;
        let Some(deployment) = standing.going_on() else { return Ok(None) };
        let _held = self.hold()?;
        self.terminal.remark(&format!(
            "   Resuming  {name}#{}, which was interrupted while {}",
            deployment.number,
            deployment.phase.as_str()
        ));
        // What was approved is carried to its end, whatever the file says by now.
        let desk = self.desk(&deployment.plan.environment)?;
        self.still_bound(&desk, deployment)?;
        desk.show(&standing, &deployment.plan.release);
        self.end(&desk, deployment).map(Some)
    }

    /// Checks that tools and secrets are those that the plan was made with, or writes down that
    /// this rule was set aside.
    fn still_bound(&self, desk: &Desk, deployment: &Deployment) -> Result<(), CommandError> {
        let Some(fault) = fault::unbound(deployment, &desk.bindings()?) else { return Ok(()) };
        let Some(reason) = &self.args.break_glass else { return Err(fault.into()) };
        desk.ports.ledger.append(vec![LedgerEvent::BreakGlass {
            environment: self.environment.name.clone(),
            deployment: deployment.number,
            reason: reason.clone(),
            skipped: vec!["bindings".to_owned()],
        }])?;
        Ok(())
    }

    fn hold(&self) -> Result<Option<belljar_disk::Lock>, CommandError> {
        if self.args.take_over {
            return Ok(None);
        }
        desk::hold(&self.book(), &self.environment.name).map(Some)
    }

    /// Plans, shows, waits for approvals, or carries out.
    pub(crate) fn go(
        &self,
        desk: &Desk,
        ask: Ask,
        shipment: Option<&Shipment>,
    ) -> Result<Exit, CommandError> {
        let name = &self.environment.name;
        let standing = Standing::read(&*desk.ledger, name)?;
        desk.show(&standing, &ask.release);
        let ask = Ask { bindings: desk.bindings()?, ..ask };
        let proposed = plan::propose(&desk.ports, &standing, ask)?;
        if self.args.dry_run {
            self.show(&standing, &proposed, &[])?;
            return Ok(Exit::Success);
        }
        let _held = self.hold()?;
        if !proposed.is_pending {
            if let Some(shipment) = shipment {
                desk.ports.ledger.append(shipment.record(&desk.ledger)?)?;
            }
            plan::record(&desk.ports, &standing, &proposed)?;
        }
        let number = proposed.plan.number;
        self.break_glass(desk, number)?;
        let (deployment, hindrances) = self.hindrances(desk, number)?;
        self.show(&standing, &proposed, &hindrances)?;
        let mut hindrances = hindrances.into_iter();
        match hindrances.next() {
            None => self.end(desk, &deployment),
            Some((Some("approvals"), fault)) if fault.code.as_str() == "E0942" => {
                self.answer(&deployment, None, "");
                Ok(Exit::Waiting)
            }
            Some((_, fault)) => Err(fault.into()),
        }
    }

    /// Sets rules aside: those that were named, or those that are in the way.
    fn break_glass(&self, desk: &Desk, number: u64) -> Result<(), CommandError> {
        let Some(reason) = &self.args.break_glass else { return Ok(()) };
        let named = self.args.skip.iter().map(|rule| rule.as_str().to_owned());
        let mut skipped: Vec<String> = named.collect();
        if skipped.is_empty() {
            let (_, hindrances) = self.hindrances(desk, number)?;
            skipped = hindrances.iter().filter_map(|(rule, _)| Some((*rule)?.to_owned())).collect();
        }
        if skipped.is_empty() {
            return Ok(());
        }
        skipped.sort();
        skipped.dedup();
        desk.ports.ledger.append(vec![LedgerEvent::BreakGlass {
            environment: self.environment.name.clone(),
            deployment: number,
            reason: reason.clone(),
            skipped,
        }])?;
        Ok(())
    }

    /// The deployment as it is written down, and what is in its way.
    fn hindrances(
        &self,
        desk: &Desk,
        number: u64,
    ) -> Result<(Deployment, Vec<Hindrance>), CommandError> {
        let now_ms = desk.ports.clock.now_ms();
        let name = &self.environment.name;
        let mut found = None;
        desk.ports.ledger.read(&mut |entries| {
            let mut standing = Standing::of(entries, name);
            let Some(deployment) = standing.deployments.remove(&number) else { return };
            let all = rules::in_the_way(entries, &deployment, now_ms);
            found = Some((deployment, all));
        })?;
        found.ok_or_else(|| anyhow::anyhow!("the plan is not in the ledger").into())
    }

    fn show(
        &self,
        standing: &Standing,
        proposed: &Proposed,
        hindrances: &[Hindrance],
    ) -> Result<(), CommandError> {
        let deployment = self.book().standing(&self.environment.name)?;
        let deployment = deployment.deployments.get(&proposed.plan.number);
        let faults: Vec<Fault> = hindrances.iter().map(|(_, fault)| fault.clone()).collect();
        let detail = if self.global.verbose > 0 { Detail::Full } else { Detail::Short };
        let now_ms = SystemClock::start().now_ms();
        let about = (standing, &proposed.plan);
        let shown = view::plan_shown(about, deployment, &faults, (detail, now_ms));
        if self.terminal.json && self.args.dry_run {
            self.terminal.answer_json(&shown);
        } else if !self.terminal.quiet {
            let text = belljar_report::delivery::plan(&shown, &self.terminal.err);
            self.terminal.remark(&text);
        }
        Ok(())
    }

    /// Carries a deployment out, and says what came of it.
    fn end(&self, desk: &Desk, deployment: &Deployment) -> Result<Exit, CommandError> {
        let name = &self.environment.name;
        if !self.terminal.quiet {
            desk.follow(deployment);
        }
        let finished = carry_out(&desk.ports, name, (deployment.number, deployment.digest));
        self.session.finish()?;
        let finished = finished?;
        if let Some(fault) = &finished.fault {
            let text = belljar_report::fault::render_fault(None, fault, &self.terminal.err);
            self.terminal.remark(&text);
        }
        self.answer(deployment, Some(finished.outcome), &finished.reason);
        Ok(if finished.outcome == Outcome::Live { Exit::Success } else { Exit::Run(1) })
    }

    fn answer(&self, deployment: &Deployment, outcome: Option<Outcome>, reason: &str) {
        if self.terminal.json {
            self.terminal.answer_json(&Answer {
                schema: "belljar.deployment/v1",
                environment: &self.environment.name,
                deployment: deployment.number,
                plan: deployment.digest.to_string(),
                outcome,
                waiting: outcome.is_none(),
                reason,
                release: deployment.plan.release.id.to_string(),
            });
        }
    }
}
