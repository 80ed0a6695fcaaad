//! Agreement: who has approved, who must, and what else stands in the way.

use belljar_model::Fault;
use belljar_model::delivery::DeployPlan;
use serde::Serialize;

use super::super::history::GlassShown;
use super::super::sections::Item;
use super::super::words::{clean, command, instant, length};
use super::{PlanShown, Stage};
use crate::fault;
use crate::style::Tone;

/// What is said about one person's decision.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Remark {
    /// The person.
    pub who: String,
    /// Why; may be empty.
    pub why: String,
}

/// How the approvals of a plan stand.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize)]
pub struct ApprovalsShown {
    /// How many are needed.
    pub needed: u32,
    /// The approvers whose approval counts, each once.
    pub counting: Vec<String>,
    /// Approvals that do not count, and why.
    pub refused: Vec<Remark>,
    /// Who said no, and why.
    pub rejected: Vec<Remark>,
    /// When the first of those that count ends to hold, in milliseconds since 1970-01-01 UTC.
    pub expires_ms: Option<u64>,
}

impl ApprovalsShown {
    /// Whether more approvals would help.
    fn is_missing(&self) -> bool {
        self.rejected.is_empty() && self.counting.len() < self.needed as usize
    }
}

/// How many are there, who gave them, and who may still.
pub(super) fn approvals(shown: &PlanShown<'_>) -> Vec<Item> {
    let ApprovalsShown { needed, counting, refused, rejected, expires_ms } = &shown.approvals;
    let have = counting.len();
    let mut items = vec![match (needed, shown.approvals.is_missing()) {
        (0, _) => "none are needed".to_owned().into(),
        (_, true) => Item::toned(Tone::Warning, format!("{have} of {needed}: not enough")),
        (_, false) => Item::toned(Tone::Good, format!("{have} of {needed}")),
    }];
    items.extend(counting.iter().map(|who| format!("  + {} approved", clean(who)).into()));
    let no = |mark: &str, says: &str, Remark { who, why }: &Remark| {
        let why = if why.is_empty() { String::new() } else { format!(": {}", clean(why)) };
        Item::from(format!("  {mark} {} {says}{why}", clean(who)))
    };
    items.extend(rejected.iter().map(|one| no("x", "rejected it", one)));
    items.extend(refused.iter().map(|one| no("-", "does not count", one)));
    if let Some(ms) = expires_ms {
        let until = instant(*ms);
        items.push(match ms.checked_sub(shown.now_ms) {
            Some(left) => {
                let left = length(left - left % if left >= 60_000 { 60_000 } else { 1_000 });
                format!("  hold until {until}, for {left}").into()
            }
            None => Item::toned(Tone::Warning, format!("  ended to hold at {until}")),
        });
    }
    if shown.approvals.is_missing() {
        items.push(may_approve(shown.plan));
    }
    items
}

/// The approvers that the policy names.
fn may_approve(plan: &DeployPlan) -> Item {
    let policy = &plan.environment.approvals;
    let named: Vec<_> = plan
        .approvers
        .iter()
        .filter(|approver| approver.is_named_by(policy))
        .map(|approver| clean(&approver.name))
        .collect();
    if named.is_empty() {
        return Item::toned(Tone::Bad, "  nobody may approve: the policy names no approver");
    }
    let holds = length(policy.expires_ms);
    format!("  asked: {}; an approval holds for {holds}", named.join(", ")).into()
}

/// Why it may not be begun now, each with what to do.
pub(super) fn hindrances(shown: &PlanShown<'_>) -> Vec<Item> {
    shown.hindrances.iter().flat_map(hindrance).collect()
}

fn hindrance(fault: &Fault) -> Vec<Item> {
    let Fault { blame, code, message, notes, help, .. } = fault;
    let heading = format!("{}[{}]", fault::heading(*blame), clean(code.as_str()));
    let mut items = vec![Item::toned(Tone::Bad, format!("{heading}: {}", clean(message)))];
    items.extend(notes.iter().map(|note| Item::from(format!("  note: {}", clean(note)))));
    items.extend(help.iter().map(|help| Item::from(format!("  help: {}", clean(help)))));
    items
}

/// Rules that do not hinder it, because somebody said so.
pub(super) fn set_aside(shown: &PlanShown<'_>) -> Vec<Item> {
    let Some(GlassShown { skipped, reason }) = &shown.set_aside else { return Vec::new() };
    let skipped: Vec<_> = skipped.iter().map(|rule| clean(rule)).collect();
    let text = format!("{}: {}", skipped.join(", "), clean(reason));
    vec![Item::toned(Tone::Bad, text)]
}

/// The name of a plan that waits, and the command that approves it.
pub(super) fn pending(shown: &PlanShown<'_>) -> Vec<Item> {
    if shown.stage == Stage::Preview {
        return Vec::new();
    }
    let id = format!("{}#{}", shown.plan.environment.name, shown.plan.number);
    let mut items = vec![Item::from(clean(&id).into_owned())];
    let is_free = |glass: &GlassShown| glass.skipped.iter().any(|rule| rule == "approvals");
    if shown.approvals.is_missing() && !shown.set_aside.as_ref().is_some_and(is_free) {
        items.push(format!("approve with  {}", command("approvals approve", &id)).into());
    }
    items
}
