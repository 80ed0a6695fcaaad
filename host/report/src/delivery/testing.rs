//! A plan and what belongs to it, for the tests of the views.

use std::collections::BTreeMap;

use belljar_model::delivery::{
    ApprovalPolicy, Approver, Artifact, Change, Commit, Condition, DeployPlan, Effect, Environment,
    Gate, Monitor, Release, Revision, SecretUse, ToolEffect, WayBack,
};
use belljar_model::{Digest, StepName, WorkspacePath};

use super::shown::{HealthShown, LiveShown};
use crate::style::{Color, Style, Symbols};
use crate::testing::path;

/// 2026-11-21 08:23:00 UTC.
pub(super) const NOW: u64 = 1_795_249_380_000;

/// A wide terminal that shows symbols.
pub(super) const WIDE: Style =
    Style { color: Color::Never, symbols: Symbols::Unicode, width: 120, ci: false };

/// The same with color.
pub(super) const COLOR: Style = Style { color: Color::Always, ..WIDE };

pub(super) fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

pub(super) fn revision() -> Revision {
    Revision { commit: "7c9e1f0a55".into(), branch: Some("main".into()), dirty: false }
}

pub(super) fn live(number: u64) -> LiveShown {
    LiveShown {
        number,
        release: digest(&format!("release {number}")),
        revision: Some(revision()),
        run: "09e1".into(),
        by: "Bob <bob@example.org>".into(),
        since_ms: NOW - 2 * 86_400_000,
        health: Some(HealthShown {
            condition: Condition::Healthy,
            at_ms: NOW - 30_000,
            detail: String::new(),
        }),
    }
}

pub(super) fn artifact(name: &str) -> Artifact {
    Artifact {
        step: StepName::new("package"),
        path: path(name),
        digest: digest(name),
        executable: name.starts_with("bin/"),
    }
}

pub(super) fn request(url: &str) -> Effect {
    Effect::Http {
        method: "PUT".into(),
        url: url.into(),
        headers: vec![("content-type".into(), "application/x-tar".into())],
        secrets: vec![SecretUse {
            place: "authorization".into(),
            prefix: "Bearer ".into(),
            secret: "DEPLOY_TOKEN".into(),
        }],
        body: digest("the body"),
        expect: vec![200, 201],
    }
}

pub(super) fn tool(args: &[&str]) -> Effect {
    Effect::Tool(ToolEffect {
        tool: "kubectl".into(),
        args: args.iter().map(|&arg| arg.to_owned()).collect(),
        env: BTreeMap::from([("REGION".into(), "eu".into())]),
        secrets: vec![],
        stdin: digest(""),
        root: digest("root"),
        cwd: WorkspacePath::root(),
        expect: vec![0],
    })
}

pub(super) fn put(name: &str) -> Effect {
    Effect::Put { path: path(name), blob: digest(name) }
}

pub(super) fn swap(before: Option<&str>) -> Effect {
    Effect::Swap { path: path("current"), expected: before.map(digest), data: digest("new") }
}

pub(super) fn environment() -> Environment {
    Environment {
        name: "production".into(),
        doc: "the shop".into(),
        needs: vec!["staging".into()],
        artifacts: vec![StepName::new("package")],
        uses: "deploy".into(),
        config: r#"{"keep":5,"strategy":"directory"}"#.into(),
        storage: Some("fs:/srv/shop".into()),
        hosts: vec!["api.example.org:443".into(), "shop.example.org:443".into()],
        secrets: vec!["DEPLOY_TOKEN".into()],
        tools: vec!["kubectl".into()],
        approvals: ApprovalPolicy {
            count: 2,
            from: vec!["group:ops".into()],
            ..Default::default()
        },
        gate: Gate { bake_ms: 600_000, ..Gate::default() },
        freezes: vec![],
        monitor: Monitor::default(),
    }
}

pub(super) fn approver(name: &str, group: &str) -> Approver {
    Approver { name: name.into(), key: String::new(), groups: vec![group.into()], authors: vec![] }
}

pub(super) fn commit(number: u64) -> Commit {
    Commit {
        id: format!("{number:02}9e1f0a55cc"),
        author: "ana@example.org".into(),
        at_ms: NOW - number * 3_600_000,
    }
}

/// An ordinary plan.
pub(super) fn deploy_plan() -> DeployPlan {
    let artifacts = vec![artifact("bin/shop"), artifact("site/index.html")];
    DeployPlan {
        number: 42,
        environment: environment(),
        approvers: vec![approver("ana", "dev"), approver("bob", "ops"), approver("eve", "ops")],
        release: Release::new(artifacts, Some(revision()), "0a3f".into()),
        commits: vec![commit(1), commit(30)],
        plugin: "deploy@1.2.0".into(),
        plugin_digest: digest("plugin"),
        changes: vec![
            Change { action: "upload".into(), subject: "2 files".into(), detail: String::new() },
            Change { action: "switch".into(), subject: "current".into(), detail: "at once".into() },
        ],
        effects: vec![
            put("releases/9f/bin/shop"),
            put("releases/9f/site/index.html"),
            swap(Some("old")),
            request("https://api.example.org/purge"),
            tool(&["rollout", "status"]),
        ],
        reads: vec![],
        observe_effects: vec![request("https://shop.example.org/health")],
        rollback: Some(WayBack { number: 41, release: digest("release 41") }),
        promoted_from: None,
        rollback_to: None,
        incident: None,
        requested_by: "Ana <ana@example.org>".into(),
        bindings: BTreeMap::new(),
    }
}
