//! The plan as a person sees it.

mod detail;
mod hostile;

use belljar_model::delivery::{Change, Effect, OnIllness};
use belljar_model::{Blame, Code};
use insta::assert_snapshot;

use super::*;
use crate::delivery::testing::{
    COLOR, NOW, WIDE, approver, artifact, commit, deploy_plan, live, put, tool,
};
use crate::testing::{path, without_colors};

fn shown<'a>(plan: &'a DeployPlan, hindrances: &'a [Fault]) -> PlanShown<'a> {
    PlanShown {
        plan,
        digest: plan.digest(),
        live: Some(live(41)),
        approvals: ApprovalsShown {
            needed: 2,
            counting: vec!["bob".into()],
            refused: vec![Remark { who: "ana".into(), why: "she wrote a commit of it".into() }],
            rejected: vec![],
            expires_ms: Some(NOW + 79_380_500),
        },
        hindrances,
        set_aside: None,
        stage: Stage::Pending,
        detail: Detail::Short,
        now_ms: NOW,
    }
}

fn hindrances() -> Vec<Fault> {
    let code = |code| Code::new(code);
    vec![
        Fault::new(Blame::Policy, code("E0945"), "`production` needs it in `staging` first")
            .note("`staging` has release 77ab12cd (#56)")
            .help("`belljar deploy staging`, then `belljar promote staging production`"),
        Fault::new(Blame::Policy, code("E0942"), "production#42 has 1 of 2 approvals"),
    ]
}

/// A plan with as little as there can be.
fn empty() -> DeployPlan {
    let mut plan = deploy_plan();
    plan.release.artifacts.clear();
    plan.release.revision = None;
    plan.commits.clear();
    plan.changes.clear();
    plan.effects.clear();
    plan.observe_effects.clear();
    plan.rollback = None;
    plan.environment.storage = None;
    plan.environment.hosts.clear();
    plan.environment.secrets.clear();
    plan.environment.tools.clear();
    plan.environment.config = "{}".into();
    plan.environment.approvals.count = 0;
    plan.environment.gate.bake_ms = 0;
    plan
}

/// A plan with long lists.
fn long() -> DeployPlan {
    let mut plan = deploy_plan();
    let name = |number: u64| format!("site/{}/{number}.html", "long-".repeat(12));
    plan.release.artifacts = (0..30).map(|number| artifact(&name(number))).collect();
    plan.commits = (0..30).map(commit).collect();
    plan.changes = (0..30)
        .map(|number| Change {
            action: "upload".into(),
            subject: name(number),
            detail: String::new(),
        })
        .collect();
    plan.effects = (0..30).map(|number| put(&name(number))).collect();
    plan.effects.extend((0..12).map(|_| tool(&["apply", &"-".repeat(320)])));
    plan.effects.push(Effect::Remove { path: path("releases/1") });
    plan
}

#[test]
fn a_plan_is_shown_as_it_is_approved() {
    let (plan, hindrances) = (deploy_plan(), hindrances());
    assert_snapshot!(super::plan(&shown(&plan, &hindrances), &WIDE), @r#"
        production  #41 78710773 (2d, healthy)  →  #42 5e076e8c (main@7c9e1f0, run 0a3f)

          Why         asked for by Ana <ana@example.org>
                      comes after staging
          Plugin      deploy@1.2.0  blake3:33f09b644a6df7b53b3a832bdcccac18cd58a8f21993b67830375e01468b19a2:6
                      with {"keep":5,"strategy":"directory"}
          Changes     upload 2 files
                      switch current (at once)
          Effects     5 effects in the order of the numbers; nothing else can leave
                      headers, variables and whole digests are left out (-v shows them)
                      1 request (8 B)
                        4  PUT https://api.example.org/purge (8 bytes); with the secret DEPLOY_TOKEN in authorization; expects
                            200 or 201
                      1 run of a tool
                        5  run kubectl rollout status; expects exit 0
                      1 switch (3 B)
                        3  switch current from 96a42572 to b20ab0a0
                      2 uploads (47 B)
                        1  put releases/9f/bin/shop (8bf91441, 20 bytes)
                        2  put releases/9f/site/index.html (c2370a53, 27 bytes)
          Observing   each time that the release is observed
                      1 request (8 B)
                        1  PUT https://shop.example.org/health (8 bytes); with the secret DEPLOY_TOKEN in authorization; expects
                            200 or 201
          May use     storage  fs:/srv/shop
                      hosts    api.example.org:443, shop.example.org:443
                      secrets  DEPLOY_TOKEN
                      tools    kubectl
          Commits     019e1f0   1h  ana@example.org
                      309e1f0  30h  ana@example.org
          Artifacts   bin/shop         6d6ef931  8 B  by package, executable
                      site/index.html  789c8007  15 B  by package
          Gate        3 observations, one every 5s, at least 2 healthy, at most 1 unhealthy, within 2m; then observed for 10m
                          more
          On failure  goes back to #41 78710773
          Approvals   1 of 2: not enough
                        + bob approved
                        - ana does not count: she wrote a commit of it
                        hold until 2026-11-22 06:26 UTC, for 22h 3m
                        asked: bob, eve; an approval holds for 24h
          Hindered    denied[E0945]: `production` needs it in `staging` first
                        note: `staging` has release 77ab12cd (#56)
                        help: `belljar deploy staging`, then `belljar promote staging production`
                      denied[E0942]: production#42 has 1 of 2 approvals
          Digest      blake3:61d2af1cedbc1c77a740e7d56bc84577243e2ea3ba699b026fce24559650697c:3226
          Pending     production#42
                      approve with  belljar approvals approve production#42
        "#);
}

#[test]
fn a_narrow_terminal_without_symbols_says_the_same() {
    let (plan, hindrances) = (deploy_plan(), hindrances());
    let shown = shown(&plan, &hindrances);
    let narrow = super::plan(&shown, &Style::plain());
    assert_snapshot!(narrow, @r#"
        production  #41 78710773 (2d, healthy)  ->  #42 5e076e8c (main@7c9e1f0, run 0a3f)

          Why         asked for by Ana <ana@example.org>
                      comes after staging
          Plugin      deploy@1.2.0  blake3:33f09b644a6df7b53b3a832bdcccac18cd58a8f21993b67830375e01468b19a2:6
                      with {"keep":5,"strategy":"directory"}
          Changes     upload 2 files
                      switch current (at once)
          Effects     5 effects in the order of the numbers; nothing else can leave
                      headers, variables and whole digests are left out (-v shows them)
                      1 request (8 B)
                        4  PUT https://api.example.org/purge (8 bytes); with the secret
                            DEPLOY_TOKEN in authorization; expects 200 or 201
                      1 run of a tool
                        5  run kubectl rollout status; expects exit 0
                      1 switch (3 B)
                        3  switch current from 96a42572 to b20ab0a0
                      2 uploads (47 B)
                        1  put releases/9f/bin/shop (8bf91441, 20 bytes)
                        2  put releases/9f/site/index.html (c2370a53, 27 bytes)
          Observing   each time that the release is observed
                      1 request (8 B)
                        1  PUT https://shop.example.org/health (8 bytes); with the
                            secret DEPLOY_TOKEN in authorization; expects 200 or 201
          May use     storage  fs:/srv/shop
                      hosts    api.example.org:443, shop.example.org:443
                      secrets  DEPLOY_TOKEN
                      tools    kubectl
          Commits     019e1f0   1h  ana@example.org
                      309e1f0  30h  ana@example.org
          Artifacts   bin/shop         6d6ef931  8 B  by package, executable
                      site/index.html  789c8007  15 B  by package
          Gate        3 observations, one every 5s, at least 2 healthy, at most 1
                          unhealthy, within 2m; then observed for 10m more
          On failure  goes back to #41 78710773
          Approvals   1 of 2: not enough
                        + bob approved
                        - ana does not count: she wrote a commit of it
                        hold until 2026-11-22 06:26 UTC, for 22h 3m
                        asked: bob, eve; an approval holds for 24h
          Hindered    denied[E0945]: `production` needs it in `staging` first
                        note: `staging` has release 77ab12cd (#56)
                        help: `belljar deploy staging`, then `belljar promote staging
                            production`
                      denied[E0942]: production#42 has 1 of 2 approvals
          Digest      blake3:61d2af1cedbc1c77a740e7d56bc84577243e2ea3ba699b026fce24559650697c:3226
          Pending     production#42
                      approve with  belljar approvals approve production#42
        "#);
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let wide = super::plan(&shown, &Style { width: 500, ..Style::plain() });
    assert_eq!(words(&narrow), words(&wide), "nothing is cut to the width");
}

#[test]
fn color_says_no_more_than_words() {
    let (plan, hindrances) = (deploy_plan(), hindrances());
    let shown = shown(&plan, &hindrances);
    let color = super::plan(&shown, &COLOR);
    assert_eq!(without_colors(&color), super::plan(&shown, &WIDE));
    assert_ne!(color, without_colors(&color));
}

#[test]
fn empty_lists_are_said_to_be_empty() {
    let plan = empty();
    let approvals = ApprovalsShown::default();
    let (live, stage) = (None, Stage::Preview);
    let shown = PlanShown { live, approvals, stage, ..shown(&plan, &[]) };
    assert_snapshot!(super::plan(&shown, &WIDE), @"
        production  nothing live  →  #42 5e076e8c (run 0a3f)

          Why         asked for by Ana <ana@example.org>
                      comes after staging
          Plugin      deploy@1.2.0  blake3:33f09b644a6df7b53b3a832bdcccac18cd58a8f21993b67830375e01468b19a2:6
          Changes     the plugin names none
          Effects     none: nothing can leave
          May use     nothing beyond the artifacts
          Commits     none that are not live already, or none are known
          Artifacts   none
          Gate        3 observations, one every 5s, at least 2 healthy, at most 1 unhealthy, within 2m
          On failure  there is no way back: nothing was ever healthy here
          Approvals   none are needed
          Digest      blake3:57795eaab4650e8275f52d1658143644036d2b6a23df92b430ba31fc1659f4cb:1068
        ");
}

#[test]
fn approvals_say_who_and_until_when() {
    let check = |approvals: ApprovalsShown, approvers: Vec<_>| {
        let plan = DeployPlan { approvers, ..deploy_plan() };
        let text = super::plan(&PlanShown { approvals, ..shown(&plan, &[]) }, &Style::plain());
        let (_, rest) = text.split_once("  Approvals").unwrap();
        rest.lines().filter(|line| !line.contains("blake3")).collect::<Vec<_>>().join("\n")
    };
    let everyone = || vec![approver("bob", "ops"), approver("eve", "ops")];
    let remark = |who: &str, why: &str| Remark { who: who.into(), why: why.into() };
    let some = ApprovalsShown { needed: 2, ..ApprovalsShown::default() };
    let enough = ApprovalsShown {
        counting: vec!["bob".into(), "eve".into()],
        expires_ms: Some(NOW - 1),
        ..some.clone()
    };
    let rejected = ApprovalsShown {
        rejected: vec![remark("eve", "not on a Friday"), remark("bob", "")],
        ..some.clone()
    };
    let cases = [check(enough, everyone()), check(rejected, everyone()), check(some, vec![])];
    assert_snapshot!(cases.join("\n---\n"), @"
           2 of 2
                        + bob approved
                        + eve approved
                        ended to hold at 2026-11-21 08:22 UTC
          Pending     production#42
        ---
           0 of 2
                        x eve rejected it: not on a Friday
                        x bob rejected it
          Pending     production#42
        ---
           0 of 2: not enough
                        nobody may approve: the policy names no approver
          Pending     production#42
                      approve with  belljar approvals approve production#42
        ");
}

#[test]
fn a_name_that_a_shell_would_obey_is_quoted_in_the_command() {
    belljar_cases::case!("G06");
    let mut plan = deploy_plan();
    plan.environment.name = "prod; rm -rf".into();
    let text = super::plan(&shown(&plan, &[]), &Style::plain());
    assert!(text.contains("belljar approvals approve 'prod; rm -rf#42'\n"), "{text}");
}

#[test]
fn a_watch_that_goes_back_is_said() {
    let mut plan = deploy_plan();
    plan.environment.monitor.on_illness = OnIllness::Rollback;
    let text = super::plan(&shown(&plan, &[]), &WIDE);
    let line = "later, `belljar watch-env` goes back after 3 unhealthy observations in a row";
    assert!(text.contains(line), "{text}");
}

#[test]
fn the_json_form_has_the_plan_and_how_it_stands() {
    let (plan, hindrances) = (deploy_plan(), hindrances());
    let json = serde_json::to_value(shown(&plan, &hindrances)).unwrap();
    assert_eq!(json["digest"], plan.digest().to_string());
    assert_eq!(json["plan"]["effects"].as_array().unwrap().len(), 5);
    assert_eq!(json["approvals"]["refused"][0]["who"], "ana");
    assert_eq!(json["hindrances"][0]["code"], "E0945");
    assert_eq!((&json["stage"], &json["detail"]), (&"pending".into(), &"short".into()));
}

#[test]
fn who_broke_the_glass_is_not_sent_for_approvals() {
    let plan = deploy_plan();
    let broken = |rule: &str| {
        let set_aside = Some(GlassShown { skipped: vec![rule.into()], reason: "it burns".into() });
        super::plan(&PlanShown { set_aside, ..shown(&plan, &[]) }, &Style::plain())
    };
    for (rule, asks) in [("approvals", false), ("freeze", true)] {
        let text = broken(rule);
        assert!(text.contains(&format!("Set aside   {rule}: it burns")), "{text}");
        assert_eq!(text.contains("approve with"), asks, "{text}");
    }
}
