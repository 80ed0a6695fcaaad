//! History: every deployment of an environment, the newest first as the caller gives them.

use belljar_model::Digest;
use belljar_model::delivery::Revision;
use belljar_model::ledger::Outcome;
use serde::Serialize;

use super::words::{clean, instant, length, version};
use crate::style::{Style, Tone};
use crate::table::Table;

/// Rules that were set aside by hand.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct GlassShown {
    /// Which: `approvals`, `freeze`, `order`.
    pub skipped: Vec<String>,
    /// Why.
    pub reason: String,
}

/// One deployment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DeploymentShown {
    /// Its number.
    pub number: u64,
    /// The release.
    pub release: Digest,
    /// What it was built from.
    pub revision: Option<Revision>,
    /// When it was planned, in milliseconds since 1970-01-01 UTC.
    pub planned_ms: u64,
    /// When it began.
    pub started_ms: Option<u64>,
    /// When it ended.
    pub ended_ms: Option<u64>,
    /// Who asked for it.
    pub requested_by: String,
    /// The approvers whose approval counted.
    pub approvers: Vec<String>,
    /// How it ended; `None` if it has not.
    pub outcome: Option<Outcome>,
    /// How far it is, in words, if it has not ended: `planned`, `baking`, `voided`.
    pub phase: String,
    /// Why it failed or was voided; empty if neither.
    pub reason: String,
    /// The deployment that a failure goes, or went, back to.
    pub rollback_target: Option<u64>,
    /// The deployment whose release it makes live again, if a person goes back.
    pub rollback_to: Option<u64>,
    /// The deployment from which it was promoted, as `environment#number`.
    pub promoted_from: Option<String>,
    /// The id of the incident that it is for.
    pub incident: Option<String>,
    /// Rules that were set aside for it.
    pub broken_glass: Option<GlassShown>,
}

/// Renders the deployments in the given order. Times are UTC.
pub fn history(deployments: &[DeploymentShown], now_ms: u64, style: &Style) -> String {
    if deployments.is_empty() {
        return "nothing was ever deployed here\n".to_owned();
    }
    let headings = ["DEPLOYMENT", "COMMIT", "WHEN", "TOOK", "ASKED", "APPROVED", "OUTCOME"];
    let mut table = Table::new(&headings);
    for one in deployments {
        table.row(row(one, now_ms, style));
    }
    // Cells hold no line ends, so there is one line for each row.
    let rows = table.render(style);
    let mut lines = rows.lines();
    let mut text = lines.next().unwrap_or_default().to_owned() + "\n";
    for (line, one) in lines.zip(deployments) {
        text.push_str(&format!("{line}\n"));
        for (tone, label, remark) in remarks(one) {
            let label = style.paint(tone, label);
            text.push_str(&format!("    {label}: {remark}\n"));
        }
    }
    style.finish(text)
}

fn row(one: &DeploymentShown, now_ms: u64, style: &Style) -> [String; 7] {
    let none = || style.symbol("—", "-").to_owned();
    let took = one.started_ms.map_or_else(none, |started| {
        let ms = one.ended_ms.unwrap_or(now_ms).saturating_sub(started);
        // Milliseconds matter only where there is nothing else.
        let ms = if ms < 1_000 { ms } else { ms - ms % 1_000 };
        let more = if one.ended_ms.is_some() { "" } else { " so far" };
        format!("{}{more}", length(ms))
    });
    let approved = if one.approvers.is_empty() { none() } else { one.approvers.join(", ") };
    [
        format!("#{} {}", one.number, one.release.short()),
        version(one.revision.as_ref(), style).unwrap_or_else(none),
        instant(one.started_ms.unwrap_or(one.planned_ms)),
        took,
        one.requested_by.clone(),
        approved,
        one.outcome.map_or_else(|| one.phase.clone(), |outcome| outcome.as_str().to_owned()),
    ]
}

/// What a row has no cell for: a reason, the way back, and what was out of the ordinary.
fn remarks(one: &DeploymentShown) -> Vec<(Tone, &'static str, String)> {
    let mut remarks = Vec::new();
    if !one.reason.is_empty() {
        let (tone, label) = match one.outcome {
            None => (Tone::Warning, "because"),
            Some(_) => (Tone::Bad, "failed"),
        };
        remarks.push((tone, label, clean(&one.reason).into_owned()));
    }
    let back = one.rollback_target.map(|number| format!("#{number}"));
    match (one.outcome, back) {
        (Some(Outcome::RolledBack), Some(back)) => {
            remarks.push((Tone::Warning, "went back to", back));
        }
        (None, Some(back)) => remarks.push((Tone::Faint, "a failure goes back to", back)),
        (None | Some(Outcome::Stuck), None) => {
            remarks.push((Tone::Warning, "way back", "none".to_owned()));
        }
        _ => {}
    }
    if let Some(number) = one.rollback_to {
        remarks.push((Tone::Warning, "a person went back to", format!("#{number}")));
    }
    if let Some(from) = &one.promoted_from {
        remarks.push((Tone::Faint, "promoted from", clean(from).into_owned()));
    }
    if let Some(incident) = &one.incident {
        remarks.push((Tone::Warning, "incident", clean(incident).into_owned()));
    }
    if let Some(GlassShown { skipped, reason }) = &one.broken_glass {
        let skipped: Vec<_> = skipped.iter().map(|rule| clean(rule)).collect();
        let text = format!("{} set aside: {}", skipped.join(", "), clean(reason));
        remarks.push((Tone::Bad, "break-glass", text));
    }
    remarks
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::delivery::testing::{COLOR, NOW, WIDE, digest, revision};
    use crate::testing::{CI, HOSTILE, assert_harmless, without_colors};

    fn deployment(number: u64, outcome: Option<Outcome>) -> DeploymentShown {
        let started = NOW - 3_600_000;
        DeploymentShown {
            number,
            release: digest(&format!("release {number}")),
            revision: Some(revision()),
            planned_ms: started - 60_000,
            started_ms: Some(started),
            ended_ms: outcome.map(|_| started + 72_345),
            requested_by: "Ana <ana@example.org>".into(),
            approvers: vec![],
            outcome,
            phase: "baking".into(),
            reason: String::new(),
            rollback_target: Some(number - 1),
            rollback_to: None,
            promoted_from: None,
            incident: None,
            broken_glass: None,
        }
    }

    fn several() -> Vec<DeploymentShown> {
        let waiting = DeploymentShown {
            phase: "planned".into(),
            started_ms: None,
            promoted_from: Some("staging#57".into()),
            ..deployment(44, None)
        };
        let back = DeploymentShown {
            reason: "2 of 3 observations were unhealthy, 1 may be".into(),
            approvers: vec!["bob".into(), "eve".into()],
            ..deployment(42, Some(Outcome::RolledBack))
        };
        let urgent = DeploymentShown {
            rollback_to: Some(39),
            incident: Some("INC-7".into()),
            broken_glass: Some(GlassShown {
                skipped: vec!["approvals".into(), "freeze".into()],
                reason: "the shop is down".into(),
            }),
            ..deployment(41, Some(Outcome::Live))
        };
        let stuck = DeploymentShown {
            reason: "the host could not be reached".into(),
            rollback_target: None,
            revision: None,
            ..deployment(1, Some(Outcome::Stuck))
        };
        vec![waiting, deployment(43, None), back, urgent, stuck]
    }

    #[test]
    fn each_deployment_has_a_row_and_its_reasons_below() {
        assert_snapshot!(history(&several(), NOW, &WIDE), @"
        DEPLOYMENT    COMMIT        WHEN                  TOOK       ASKED                  APPROVED  OUTCOME
        #44 ba666ee7  main@7c9e1f0  2026-11-21 07:22 UTC  —          Ana <ana@example.org>  —         planned
            a failure goes back to: #43
            promoted from: staging#57
        #43 f35bf44f  main@7c9e1f0  2026-11-21 07:23 UTC  1h so far  Ana <ana@example.org>  —         baking
            a failure goes back to: #42
        #42 b99a9e5e  main@7c9e1f0  2026-11-21 07:23 UTC  1m 12s     Ana <ana@example.org>  bob, eve  rolled-back
            failed: 2 of 3 observations were unhealthy, 1 may be
            went back to: #41
        #41 78710773  main@7c9e1f0  2026-11-21 07:23 UTC  1m 12s     Ana <ana@example.org>  —         live
            a person went back to: #39
            incident: INC-7
            break-glass: approvals, freeze set aside: the shop is down
        #1 3f49d437   —             2026-11-21 07:23 UTC  1m 12s     Ana <ana@example.org>  —         stuck
            failed: the host could not be reached
            way back: none
        ");
        let color = history(&several(), NOW, &COLOR);
        assert_eq!(without_colors(&color), history(&several(), NOW, &WIDE), "color says no more");
        assert_ne!(color, without_colors(&color));
    }

    #[test]
    fn a_narrow_terminal_without_symbols_says_the_same() {
        assert_snapshot!(history(&several()[2..4], NOW, &Style::plain()), @"
        DEPLOYMENT    COMMIT        WHEN                  TOOK    ASKED                  APPROVED  OUTCOME
        #42 b99a9e5e  main@7c9e1f0  2026-11-21 07:23 UTC  1m 12s  Ana <ana@example.org>  bob, eve  rolled-back
            failed: 2 of 3 observations were unhealthy, 1 may be
            went back to: #41
        #41 78710773  main@7c9e1f0  2026-11-21 07:23 UTC  1m 12s  Ana <ana@example.org>  -         live
            a person went back to: #39
            incident: INC-7
            break-glass: approvals, freeze set aside: the shop is down
        ");
    }

    #[test]
    fn without_deployments_there_is_a_sentence() {
        assert_eq!(history(&[], NOW, &WIDE), "nothing was ever deployed here\n");
    }

    #[test]
    fn hostile_text_is_harmless() {
        let text = HOSTILE.to_owned();
        let hostile = DeploymentShown {
            requested_by: text.clone(),
            approvers: vec![text.clone()],
            phase: text.clone(),
            reason: text.clone(),
            promoted_from: Some(text.clone()),
            incident: Some(text.clone()),
            broken_glass: Some(GlassShown { skipped: vec![text.clone()], reason: text }),
            ..deployment(2, None)
        };
        let one = history(&[hostile.clone(), hostile], NOW, &CI);
        assert_harmless(&one);
        assert_eq!(one.matches("break-glass: ").count(), 2);
    }
}
