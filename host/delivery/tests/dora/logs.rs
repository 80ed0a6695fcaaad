//! Writes ledgers by hand: each call is one entry.

use belljar_model::delivery::{
    Approval, ApprovalPolicy, Artifact, Commit, Condition, Decision, DeployPlan, Envelope,
    EnvelopeSignature, Environment, Gate, Monitor, PAYLOAD_TYPE, PlanDigest, Release, Revision,
};
use belljar_model::ledger::{Entry, LedgerEvent, ObservedBy, Outcome};
use belljar_model::{Digest, StepName, WorkspacePath};

/// One minute, hour and day in milliseconds.
pub(crate) const MIN: u64 = 60_000;
pub(crate) const HOUR: u64 = 60 * MIN;
pub(crate) const DAY: u64 = 24 * HOUR;

/// 2026-01-05 00:00 UTC, a Monday.
pub(crate) const MONDAY: u64 = 1_767_571_200_000;

/// A ledger that is being written.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) entries: Vec<Entry>,
}

impl Log {
    /// Adds an event and returns its place.
    pub(crate) fn push(&mut self, at: u64, event: LedgerEvent) -> u64 {
        let seq = self.entries.len() as u64;
        let (actor, host) = ("Ana <ana@example.org>".to_owned(), "runner-1".to_owned());
        self.entries.push(Entry { seq, at, actor, host, event });
        seq
    }

    /// Plans and starts a deployment.
    pub(crate) fn start(&mut self, at: u64, plan: DeployPlan) -> (u64, u64) {
        let (environment, deployment) = (plan.environment.name.clone(), plan.number);
        let plan_digest = plan.digest();
        let planned = self.push(at, LedgerEvent::Planned { plan_digest, plan: Box::new(plan) });
        (planned, self.push(at, started(&environment, deployment, plan_digest)))
    }

    /// Plans, starts and applies a deployment, all in the same moment.
    pub(crate) fn apply(&mut self, at: u64, plan: DeployPlan) -> u64 {
        let (environment, deployment) = (plan.environment.name.clone(), plan.number);
        self.start(at, plan);
        self.push(at, LedgerEvent::Applied { environment, deployment })
    }

    /// Observes a deployment.
    pub(crate) fn observe(
        &mut self,
        at: u64,
        of: (&str, u64),
        by: ObservedBy,
        condition: Condition,
    ) -> u64 {
        let (environment, deployment) = (of.0.to_owned(), of.1);
        let (release, detail) = (None, "GET /health".to_owned());
        self.push(
            at,
            LedgerEvent::Observed { environment, deployment, by, condition, release, detail },
        )
    }

    /// The health of a deployment changed, as a watch saw it.
    pub(crate) fn health(&mut self, at: u64, of: (&str, u64), condition: Condition) -> u64 {
        let (environment, deployment) = (of.0.to_owned(), of.1);
        let detail = "GET /health".to_owned();
        self.push(at, LedgerEvent::HealthChanged { environment, deployment, condition, detail })
    }

    /// Begins to undo a deployment.
    pub(crate) fn undo(&mut self, at: u64, of: (&str, u64), to: u64) -> u64 {
        self.push(
            at,
            LedgerEvent::RollbackStarted {
                environment: of.0.to_owned(),
                deployment: of.1,
                to,
                reason: "2 of 3 observations were unhealthy".to_owned(),
                effects: vec![],
                reads: vec![],
                changes: vec![],
            },
        )
    }

    /// Ends a deployment. Commits are `(id, when)`.
    pub(crate) fn finish(
        &mut self,
        at: u64,
        of: (&str, u64),
        outcome: Outcome,
        commits: &[(&str, u64)],
    ) -> u64 {
        let commits = commits
            .iter()
            .map(|(id, at_ms)| Commit {
                id: (*id).to_owned(),
                author: "ana@example.org".to_owned(),
                at_ms: *at_ms,
            })
            .collect();
        let live = (outcome == Outcome::Live).then(|| release(of.1).id);
        self.push(
            at,
            LedgerEvent::Finished {
                environment: of.0.to_owned(),
                deployment: of.1,
                outcome,
                reason: String::new(),
                live,
                commits,
            },
        )
    }

    /// Opens an incident.
    pub(crate) fn incident(
        &mut self,
        at: u64,
        id: &str,
        environment: &str,
        of: Option<u64>,
    ) -> u64 {
        self.push(
            at,
            LedgerEvent::IncidentOpened {
                incident: id.to_owned(),
                environment: environment.to_owned(),
                deployment: of,
                summary: "orders fail".to_owned(),
            },
        )
    }

    /// Writes down a decision.
    pub(crate) fn approve(
        &mut self,
        at: u64,
        plan: &DeployPlan,
        who: &str,
        expires_ms: u64,
    ) -> u64 {
        self.decide(at, plan, (who, Decision::Approve), expires_ms)
    }

    /// Writes down any decision.
    pub(crate) fn decide(
        &mut self,
        at: u64,
        plan: &DeployPlan,
        (who, decision): (&str, Decision),
        expires_ms: u64,
    ) -> u64 {
        use base64::Engine as _;
        let environment = plan.environment.name.clone();
        let approval = Approval {
            plan: plan.digest(),
            environment: environment.clone(),
            decision,
            reason: String::new(),
            at_ms: at,
            expires_ms,
        };
        let payload = serde_json::to_vec(&approval).expect("an approval has a JSON form");
        let payload = base64::engine::general_purpose::STANDARD.encode(payload);
        let signatures = vec![EnvelopeSignature { keyid: String::new(), sig: String::new() }];
        self.push(
            at,
            LedgerEvent::Approval {
                environment,
                deployment: plan.number,
                plan: plan.digest(),
                approver: who.to_owned(),
                envelope: Envelope { payload_type: PAYLOAD_TYPE.to_owned(), payload, signatures },
            },
        )
    }
}

/// A deployment begins.
pub(crate) fn started(environment: &str, deployment: u64, plan: PlanDigest) -> LedgerEvent {
    let environment = environment.to_owned();
    LedgerEvent::Started { environment, deployment, plan, token: deployment, resumed: false }
}

/// The release of a deployment: one artifact that holds its number.
pub(crate) fn release(number: u64) -> Release {
    let artifact = Artifact {
        step: StepName::new("package"),
        path: WorkspacePath::parse("dist/app.tar").expect("it is a path"),
        digest: Digest::of(&number.to_le_bytes()),
        executable: false,
    };
    let commit = format!("{number:040x}");
    let revision = Revision { commit, branch: Some("main".to_owned()), dirty: false };
    Release::new(vec![artifact], Some(revision), format!("run-{number}"))
}

/// A plan without approvals and without an incident.
pub(crate) fn plan(environment: &str, number: u64) -> DeployPlan {
    DeployPlan {
        number,
        environment: Environment {
            name: environment.to_owned(),
            doc: String::new(),
            needs: vec![],
            artifacts: vec![StepName::new("package")],
            uses: "deploy".to_owned(),
            config: "{}".to_owned(),
            storage: None,
            hosts: vec!["app.example.org:443".to_owned()],
            secrets: vec!["deploy-token".to_owned()],
            tools: vec![],
            approvals: ApprovalPolicy::default(),
            gate: Gate::default(),
            freezes: vec![],
            monitor: Monitor::default(),
        },
        approvers: vec![],
        release: release(number),
        commits: vec![],
        plugin: "deploy@0.1.0".to_owned(),
        plugin_digest: Digest::of(b"plugin"),
        changes: vec![],
        effects: vec![],
        reads: vec![],
        observe_effects: vec![],
        rollback: None,
        promoted_from: None,
        rollback_to: None,
        incident: None,
        requested_by: "Bo <bo@example.org>".to_owned(),
        bindings: std::collections::BTreeMap::new(),
    }
}

/// The same, done for an incident.
pub(crate) fn repair(environment: &str, number: u64, incident: &str) -> DeployPlan {
    DeployPlan { incident: Some(incident.to_owned()), ..plan(environment, number) }
}

/// A plan that goes back to another deployment, by hand or by the policy of a watch.
pub(crate) fn back(environment: &str, number: u64, to: u64) -> DeployPlan {
    let release = release(to);
    DeployPlan { rollback_to: Some(to), release, ..plan(environment, number) }
}
