//! How much of a plan is shown: the short form counts what it leaves out, the full form has it all.

use insta::assert_snapshot;

use super::super::*;
use super::{long, shown};
use crate::delivery::testing::{WIDE, deploy_plan};

#[test]
fn the_full_form_leaves_nothing_out() {
    let plan = DeployPlan {
        promoted_from: Some("staging#57".into()),
        incident: Some("INC-7".into()),
        ..deploy_plan()
    };
    let full = PlanShown { detail: Detail::Full, ..shown(&plan, &[]) };
    let text = super::super::plan(&full, &WIDE);
    // The rest is as in the short form.
    let (lists, _) = text.split_once("  Gate").unwrap();
    assert_snapshot!(lists, @r#"
        production  #41 78710773 (2d, healthy)  →  #42 5e076e8c (main@7c9e1f0, run 0a3f)

          Why         asked for by Ana <ana@example.org>
                      comes after staging
                      promoted from staging#57
                      because of incident INC-7
          Plugin      deploy@1.2.0  blake3:33f09b644a6df7b53b3a832bdcccac18cd58a8f21993b67830375e01468b19a2:6
                      with {"keep":5,"strategy":"directory"}
          Changes     upload 2 files
                      switch current (at once)
          Effects     5 effects in the order of the numbers; nothing else can leave
                        1  put releases/9f/bin/shop (8bf91441, 20 bytes)
                             content blake3:8bf9144122a9ba3d4886c8ad68b54486ead060c2c5d0a6cc2048eca6f7cfa218:20
                        2  put releases/9f/site/index.html (c2370a53, 27 bytes)
                             content blake3:c2370a5392c997e074937b3ddd45de48ec29b0f4193de642b9dc84adf9018168:27
                        3  switch current from 96a42572 to b20ab0a0
                             from blake3:96a4257289f9ebcbc94bfc49276f89ed87f8c951e3fa832d44dceb9b220520a5:3
                             to blake3:b20ab0a020a48d349e0c64d109c441f87c9bc43d49fc701c4a5f6f1b16aa4e32:3
                        4  PUT https://api.example.org/purge (8 bytes); with the secret DEPLOY_TOKEN in authorization; expects
                            200 or 201
                             header content-type: application/x-tar
                             secret authorization: Bearer [DEPLOY_TOKEN]
                             body blake3:9bc31e438d6fe9db2104e8bc7a3073e6b40ee448f382f8482abee2c9c1ce35db:8
                        5  run kubectl rollout status; expects exit 0
                             arguments ["rollout","status"]
                             variable REGION=eu
                             starts in /
                             sees blake3:92a2b787a06d7272df43eaf87acc3b9c1d315d79d599d61c285983483e431998:4
                             reads blake3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262:0
          Observing   each time that the release is observed
                        1  PUT https://shop.example.org/health (8 bytes); with the secret DEPLOY_TOKEN in authorization; expects
                            200 or 201
                             header content-type: application/x-tar
                             secret authorization: Bearer [DEPLOY_TOKEN]
                             body blake3:9bc31e438d6fe9db2104e8bc7a3073e6b40ee448f382f8482abee2c9c1ce35db:8
          May use     storage  fs:/srv/shop
                      hosts    api.example.org:443, shop.example.org:443
                      secrets  DEPLOY_TOKEN
                      tools    kubectl
          Commits     019e1f0a55cc   1h  ana@example.org
                      309e1f0a55cc  30h  ana@example.org
          Artifacts   bin/shop         blake3:6d6ef931733fa2f28058655ffbdef8c1d705de43ae5d30b875ad7f4e71ce6ed5:8  8 B  by
                          package, executable
                      site/index.html  blake3:789c80077f444ed41ef0d0dc60cccf17830dca0d27cfd91f7e04bcd44bca8224:15  15 B  by
                          package
        "#);
}

#[test]
fn the_full_form_of_long_lists_lists_all() {
    let long = long();
    let full = super::super::plan(&PlanShown { detail: Detail::Full, ..shown(&long, &[]) }, &WIDE);
    assert!(!full.contains("more (-v") && !full.contains("more letters"), "{full}");
    for artifact in &long.release.artifacts {
        assert!(full.contains(&artifact.digest.to_string()), "{}", artifact.path);
    }
}

#[test]
fn long_lists_are_shortened_and_counted() {
    let plan = long();
    let text = super::super::plan(&shown(&plan, &[]), &Style::plain());
    // Changes, commits and artifacts.
    let more = |indent: &str, number: u8| {
        text.matches(&format!("\n{indent}and {number} more (-v lists all)\n")).count()
    };
    assert_eq!(more(&" ".repeat(14), 20), 3, "{text}");
    assert_eq!((more(&" ".repeat(16), 2), more(&" ".repeat(16), 25)), (1, 1), "{text}");
    let (_, effects) = text.split_once("12 runs of tools\n").unwrap();
    let (tools, rest) = effects.split_once("                32").unwrap();
    let (_, rest) = rest.split_once("1 removal\n").unwrap();
    let (rest, _) = rest.split_once("  Observing").unwrap();
    assert_snapshot!(format!("{tools}{rest}"), @"
          31  run kubectl apply ------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------...
              (38 more letters); expects exit 0
          43  remove releases/1
        30 uploads (2.1 KiB)
           1  put site/long-long-long-long-long-long-long-long-long-long-long-long-/0.html
               (fb72b1bc, 72 bytes)
           2  put site/long-long-long-long-long-long-long-long-long-long-long-long-/1.html
               (65d52cfa, 72 bytes)
           3  put site/long-long-long-long-long-long-long-long-long-long-long-long-/2.html
               (b8607690, 72 bytes)
           4  put site/long-long-long-long-long-long-long-long-long-long-long-long-/3.html
               (a1d9a41f, 72 bytes)
           5  put site/long-long-long-long-long-long-long-long-long-long-long-long-/4.html
               (e62c9905, 72 bytes)
          and 25 more (-v lists all)
        ");
}
