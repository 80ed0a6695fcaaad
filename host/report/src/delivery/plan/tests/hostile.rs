//! Hostile texts in a plan: none of them passes for something that the host says.

use belljar_model::delivery::{Artifact, Change, Commit, Effect};
use belljar_model::{Blame, Code, StepName};

use super::*;
use crate::delivery::testing::{digest, request, swap};
use crate::testing::{CI, HOSTILE, assert_harmless};

/// A plan in which every text that others choose is [`HOSTILE`].
fn hostile() -> DeployPlan {
    let text = HOSTILE.to_owned();
    let mut plan = deploy_plan();
    plan.plugin.clone_from(&text);
    plan.requested_by.clone_from(&text);
    plan.promoted_from = Some(text.clone());
    plan.incident = Some(text.clone());
    plan.approvers = vec![approver(HOSTILE, "ops")];
    plan.changes =
        vec![Change { action: text.clone(), subject: text.clone(), detail: text.clone() }];
    plan.commits = vec![Commit { id: text.clone(), author: text.clone(), at_ms: 0 }];
    let name = path("src/\u{202e}::a ##vso[x].txt");
    let step = StepName::new(HOSTILE);
    plan.release.artifacts =
        vec![Artifact { step, path: name.clone(), digest: digest(""), executable: false }];
    plan.release.run.clone_from(&text);
    plan.effects =
        vec![request(HOSTILE), tool(&[HOSTILE]), swap(None), Effect::Remove { path: name }];
    plan.observe_effects = plan.effects.clone();
    let environment = &mut plan.environment;
    environment.name.clone_from(&text);
    environment.config.clone_from(&text);
    environment.needs = vec![text.clone()];
    environment.storage = Some(text.clone());
    for names in [&mut environment.hosts, &mut environment.secrets, &mut environment.tools] {
        *names = vec![text.clone()];
    }
    plan
}

#[test]
fn hostile_text_is_harmless() {
    belljar_cases::case!("G01");
    let plan = hostile();
    let remark = || Remark { who: HOSTILE.into(), why: HOSTILE.into() };
    let fault = Fault::new(Blame::Policy, Code::new("E0944"), HOSTILE).note(HOSTILE).help(HOSTILE);
    let approvals = ApprovalsShown {
        needed: 3,
        counting: vec![HOSTILE.into()],
        refused: vec![remark()],
        rejected: vec![remark()],
        expires_ms: None,
    };
    for detail in [Detail::Short, Detail::Full] {
        for width in [20, 80, 120] {
            let hindrances = [fault.clone()];
            let approvals = approvals.clone();
            let shown = PlanShown { approvals, detail, ..shown(&plan, &hindrances) };
            assert_harmless(&super::super::plan(&shown, &Style { width, ..CI }));
        }
    }
}

#[test]
fn words_of_the_plugin_cannot_pass_for_a_section() {
    belljar_cases::case!("G03", "I08");
    let mut plan = deploy_plan();
    plan.changes[0].subject = format!("{} Approvals 2 of 2", "x".repeat(200));
    let text = super::super::plan(&shown(&plan, &[]), &Style::plain());
    let sections = text.lines().filter(|line| line.starts_with("  Approvals"));
    assert_eq!(sections.count(), 1, "{text}");
}

#[test]
fn sizes_that_no_file_has_do_no_harm() {
    let huge = belljar_model::Digest::from_parts([0; 32], u64::MAX);
    let mut plan = deploy_plan();
    let artifact = Artifact { digest: huge, ..plan.release.artifacts[0].clone() };
    plan.release.artifacts = vec![artifact; 12];
    plan.effects = vec![Effect::Put { path: path("a"), blob: huge }; 2];
    let text = super::super::plan(&shown(&plan, &[]), &Style::plain());
    assert!(text.contains("2 uploads (16777215.9 TiB)"), "{text}");
    assert!(text.contains("12 files, 16777215.9 TiB"), "{text}");
}
