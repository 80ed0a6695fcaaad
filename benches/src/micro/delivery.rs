//! The ledger: a durable append, verification, and a report over a hundred thousand events.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use belljar_delivery::reports::{DoraAsk, dora};
use belljar_ledger::{FileLedger, LedgerKey, Options, verify};
use belljar_model::delivery::{
    ApprovalPolicy, Commit, Condition, DeployPlan, Environment, Gate, Monitor, Release,
};
use belljar_model::ledger::{ObservedBy, Outcome};
use belljar_model::ports::{Clock, Ledger as _};
use belljar_model::{Digest, LedgerEvent};

use crate::results::{Goal, Results, Unit};
use crate::sample::{batches, seconds};

/// How many events the large ledger has, about.
const EVENTS: u64 = 100_000;
/// How many events one deployment leaves.
const PER_DEPLOYMENT: u64 = 10;
/// How many appends a percentile is made of.
const APPENDS: usize = 200;

/// A clock that goes on by a second at each look.
struct Ticking(std::sync::atomic::AtomicU64);

impl Clock for Ticking {
    fn now_ms(&self) -> u64 {
        self.0.fetch_add(1_000, std::sync::atomic::Ordering::Relaxed)
    }
    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.now_ms())
    }
}

/// Measures the ledger.
///
/// # Errors
/// When something cannot be measured, or did something else than it should.
pub(crate) fn measure(results: &mut Results) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let ledger = open(folder.path());
    let events = (1..=EVENTS / PER_DEPLOYMENT).flat_map(deployment).collect();
    ledger.append(events)?;
    results.table("Ledger", "A ledger of 100,000 events. An append is durable when it returns.");
    let append = batches(|_| appends(&ledger))?;
    results.row("append, the slowest of 100", Unit::Time, &append, Some(Goal(0.010)));
    let checked = batches(|_| {
        let (took, verified) = seconds(|| Ok(verify(folder.path(), None, None)?))?;
        ensure!(verified.problems.is_empty(), "the ledger is not what was written");
        Ok(took)
    })?;
    results.row("verify", Unit::Time, &checked, Some(Goal(1.0)));
    let reported = batches(|_| Ok(seconds(|| report(folder.path()))?.0))?;
    results.row("read, and DORA metrics", Unit::Time, &reported, Some(Goal(1.0)));
    Ok(())
}

fn open(folder: &std::path::Path) -> FileLedger {
    FileLedger::open(
        folder,
        Options {
            origin: "example.org/bench".to_owned(),
            key: LedgerKey::generate([7; 32]),
            actor: "bench".to_owned(),
            host: "here".to_owned(),
            clock: Arc::new(Ticking(0.into())),
        },
    )
}

/// The 99th percentile of some appends, in seconds.
fn appends(ledger: &FileLedger) -> Result<f64> {
    let mut took = Vec::with_capacity(APPENDS);
    for _ in 0..APPENDS {
        let started = Instant::now();
        ledger.append(vec![observed(1)])?;
        took.push(started.elapsed().as_secs_f64());
    }
    took.sort_by(f64::total_cmp);
    Ok(took[APPENDS * 99 / 100])
}

fn report(folder: &std::path::Path) -> Result<()> {
    let mut live = 0;
    FileLedger::open_to_read(folder).read(&mut |entries| {
        let environment = "production".to_owned();
        let ask = DoraAsk { environment, since_ms: 0, until_ms: u64::MAX / 2 };
        live = dora(entries, ask).frequency.map_or(0, |frequency| frequency.deployments);
    })?;
    ensure!(live == EVENTS / PER_DEPLOYMENT, "{live} deployments were counted");
    Ok(())
}

/// The events of one deployment.
fn deployment(number: u64) -> Vec<LedgerEvent> {
    let plan = plan(number);
    let (digest, release) = (plan.digest(), plan.release.id);
    let environment = || "production".to_owned();
    let mut events = vec![
        LedgerEvent::Planned { plan_digest: digest, plan: Box::new(plan.clone()) },
        LedgerEvent::Started {
            environment: environment(),
            deployment: number,
            plan: digest,
            token: number,
            resumed: false,
        },
        LedgerEvent::Applied { environment: environment(), deployment: number },
    ];
    events.extend((5..PER_DEPLOYMENT).map(|_| observed(number)));
    events.push(LedgerEvent::GatePassed { environment: environment(), deployment: number });
    events.push(LedgerEvent::Finished {
        environment: environment(),
        deployment: number,
        outcome: Outcome::Live,
        reason: String::new(),
        live: Some(release),
        commits: plan.commits,
    });
    events
}

fn observed(number: u64) -> LedgerEvent {
    LedgerEvent::Observed {
        environment: "production".to_owned(),
        deployment: number,
        by: ObservedBy::Gate,
        condition: Condition::Healthy,
        release: None,
        detail: "200 in 4 ms".to_owned(),
    }
}

fn plan(number: u64) -> DeployPlan {
    DeployPlan {
        number,
        environment: Environment {
            name: "production".to_owned(),
            doc: String::new(),
            needs: Vec::new(),
            artifacts: Vec::new(),
            uses: "deploy".to_owned(),
            config: "{}".to_owned(),
            storage: None,
            hosts: Vec::new(),
            secrets: Vec::new(),
            tools: Vec::new(),
            approvals: ApprovalPolicy::default(),
            gate: Gate::default(),
            freezes: Vec::new(),
            monitor: Monitor::default(),
        },
        approvers: Vec::new(),
        release: Release::new(Vec::new(), None, number.to_string()),
        commits: vec![Commit {
            id: format!("{number:040x}"),
            author: "zoe@example.org".to_owned(),
            at_ms: number,
        }],
        plugin: "deploy@1.0.0".to_owned(),
        plugin_digest: Digest::of(b"deploy"),
        changes: Vec::new(),
        effects: Vec::new(),
        reads: Vec::new(),
        observe_effects: Vec::new(),
        rollback: None,
        promoted_from: None,
        rollback_to: None,
        incident: None,
        requested_by: "zoe".to_owned(),
        bindings: std::collections::BTreeMap::new(),
    }
}
