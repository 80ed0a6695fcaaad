//! A small world for the tests: a ledger in memory, an environment with a storage and a service, a
//! plugin, and a clock; and a process that can die at any of its calls.

mod life;
mod plugin;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use belljar_model::delivery::{
    ApprovalPolicy, Approver, Artifact, Commit, Environment, Gate, Monitor, Release, Revision,
};
use belljar_model::ledger::Outcome;
use belljar_model::ports::{BlobStore, Cancel, Clock, Unheard};
use belljar_model::{Digest, Fault, StepName, WorkspacePath};

pub(crate) use life::{Life, Moment};
pub(crate) use plugin::{Behavior, FakePlugin};
pub(crate) use world::{MemoryLedger, World};

use crate::plan::{self, Ask, Proposed, Why};
use crate::standing::Standing;
use crate::{Finished, Pause, Ports, carry_out};

/// Everything that a test holds.
pub(crate) struct Stage {
    pub(crate) ports: Ports,
    pub(crate) ledger: Arc<MemoryLedger>,
    pub(crate) world: Arc<World>,
    pub(crate) plugin: Arc<FakePlugin>,
    pub(crate) life: Arc<Life>,
}

/// A clock that only waiting moves.
pub(crate) struct FakeClock(AtomicU64);

impl FakeClock {
    pub(crate) fn advance(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for FakeClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.now_ms())
    }
}

impl Pause for FakeClock {
    fn wait(&self, ms: u64) {
        self.advance(ms);
    }
}

/// The name of the environment.
pub(crate) const PLACE: &str = "production";

impl Stage {
    pub(crate) fn new() -> Self {
        let life = Arc::new(Life::default());
        let clock = Arc::new(FakeClock(AtomicU64::new(1_000_000_000)));
        let world = Arc::new(World::new(Arc::clone(&life)));
        let ledger = Arc::new(MemoryLedger::new(Arc::clone(&life), Arc::clone(&clock)));
        let plugin = Arc::new(FakePlugin::default());
        let ports = Ports {
            ledger: ledger.clone(),
            deployer: plugin.clone(),
            outlet: world.clone(),
            blobs: world.clone(),
            pins: world.clone(),
            clock: clock.clone(),
            pause: clock.clone(),
            log: Arc::new(Unheard),
            cancel: Cancel::new(),
        };
        Self { ports, ledger, world, plugin, life }
    }

    /// A release with one file.
    pub(crate) fn release(&self, content: &str) -> Release {
        let digest = self.world.put(content.as_bytes()).unwrap();
        let path = WorkspacePath::parse("dist/service").unwrap();
        let artifact = Artifact { step: StepName::new("package"), path, digest, executable: true };
        let revision = Revision { commit: "c0ffee".to_owned(), branch: None, dirty: false };
        Release::new(vec![artifact], Some(revision), format!("run-{content}"))
    }

    /// What deploying a release would be asked with.
    pub(crate) fn ask(&self, release: &Release) -> Ask {
        let plugin = self.world.put(b"the component").unwrap();
        Ask {
            environment: environment(),
            approvers: Vec::new(),
            release: release.clone(),
            commits: vec![commit("c0ffee", "dora@example.org")],
            plugin: ("fake@1.0.0".to_owned(), plugin),
            requested_by: "rita <rita@example.org>".to_owned(),
            bindings: BTreeMap::new(),
            why: Why::default(),
        }
    }

    pub(crate) fn standing(&self) -> Standing {
        Standing::read(&*self.ledger, PLACE).unwrap()
    }

    pub(crate) fn propose(&self, ask: Ask) -> Result<Proposed, Fault> {
        plan::propose(&self.ports, &self.standing(), ask)
    }

    /// Plans and writes the plan down.
    pub(crate) fn plan(&self, ask: Ask) -> Result<Proposed, Fault> {
        let proposed = self.propose(ask)?;
        plan::record(&self.ports, &self.standing(), &proposed)?;
        Ok(proposed)
    }

    pub(crate) fn carry_out(&self, proposed: &Proposed) -> Result<Finished, Fault> {
        let plan = &proposed.plan;
        carry_out(&self.ports, &plan.environment.name, (plan.number, plan.digest()))
    }

    /// Plans and carries out.
    pub(crate) fn deploy(&self, release: &Release) -> Result<Finished, Fault> {
        let proposed = self.plan(self.ask(release))?;
        self.carry_out(&proposed)
    }

    /// Deploys a release that must become live.
    pub(crate) fn live(&self, content: &str) -> Release {
        let release = self.release(content);
        let finished = self.deploy(&release).unwrap();
        assert_eq!(finished.outcome, Outcome::Live, "{finished:?}");
        release
    }
}

pub(crate) fn environment() -> Environment {
    Environment {
        name: PLACE.to_owned(),
        doc: String::new(),
        needs: Vec::new(),
        artifacts: vec![StepName::new("package")],
        uses: "fake".to_owned(),
        config: "{}".to_owned(),
        storage: Some("fs:releases".to_owned()),
        hosts: vec!["service:80".to_owned()],
        secrets: Vec::new(),
        tools: Vec::new(),
        approvals: ApprovalPolicy::default(),
        gate: Gate {
            interval_ms: 1_000,
            timeout_ms: 500,
            count: 3,
            failure_limit: 1,
            minimum: 2,
            time_limit_ms: 20_000,
            bake_ms: 2_000,
        },
        freezes: Vec::new(),
        monitor: Monitor::default(),
    }
}

pub(crate) fn commit(id: &str, author: &str) -> Commit {
    Commit { id: id.to_owned(), author: author.to_owned(), at_ms: 1 }
}

/// An approver with a key made of one byte.
pub(crate) fn approver(name: &str, secret: u8, groups: &[&str]) -> Approver {
    Approver {
        name: name.to_owned(),
        key: crate::approvals::public_key(&[secret; 32]),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        authors: vec![format!("{name}@example.org")],
    }
}

/// The digest of a text.
pub(crate) fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}
