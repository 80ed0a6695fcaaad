//! The plan: what a person reads before it is approved.
//!
//! ```text
//! production  #41 77ab12cd (2d, healthy)  →  #42 9f0c34ef (main@7c9e1f0, run 0a3f)
//!
//!   Plugin      deploy@1.2.0 blake3:5e21…
//!   Changes     switch current to 9f0c34ef
//!   Effects     2 in all, and nothing else can leave
//!   …
//! ```

mod agreement;
mod effects;
mod permitted;
mod shipped;

use belljar_model::Fault;
use belljar_model::delivery::{DeployPlan, PlanDigest};
use serde::Serialize;

use super::history::GlassShown;
use super::sections::{Item, Sections};
use super::shown::LiveShown;
use super::words::{LONGEST_NAME, age, beginning, clean, cut, version};
use crate::style::{Style, Tone};

pub use agreement::{ApprovalsShown, Remark};

/// How many letters of one text of the plugin the short form shows.
const LONGEST: usize = 300;

/// How much of a plan is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Detail {
    /// Long lists are shortened, and what is left out is counted.
    Short,
    /// Everything, with whole digests.
    Full,
}

/// Whether the plan is on record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// It was only made to be looked at: it cannot be approved.
    Preview,
    /// It is in the ledger and waits.
    Pending,
}

/// A plan and how it stands.
#[derive(Clone, Debug, Serialize)]
pub struct PlanShown<'a> {
    /// The plan.
    pub plan: &'a DeployPlan,
    /// What approvals sign.
    pub digest: PlanDigest,
    /// What is live now; `None` if nothing is, or nobody knows.
    pub live: Option<LiveShown>,
    /// How its approvals stand.
    pub approvals: ApprovalsShown,
    /// Why it may not be begun now, the weightiest reason first.
    pub hindrances: &'a [Fault],
    /// Rules that were set aside for it by hand.
    pub set_aside: Option<GlassShown>,
    /// Whether it is on record.
    pub stage: Stage,
    /// How much is shown.
    pub detail: Detail,
    /// The time, in milliseconds since 1970-01-01 UTC.
    pub now_ms: u64,
}

/// Renders the plan.
pub fn plan(shown: &PlanShown<'_>, style: &Style) -> String {
    let mut sections = Sections::new(style);
    sections.heading(&heading(shown, style));
    sections.heading("");
    sections.add("Why", why(shown.plan));
    sections.add("Plugin", plugin(shown, style));
    sections.add("Changes", changes(shown, style));
    let list = effects::list(&shown.plan.effects, shown.detail, style);
    sections.add("Effects", list);
    sections.add("Observing", permitted::observing(shown, style));
    sections.add("May use", permitted::uses(shown.plan, shown.detail));
    sections.add("Commits", shipped::commits(shown));
    sections.add("Artifacts", shipped::artifacts(shown));
    sections.add("Gate", permitted::gate(&shown.plan.environment.gate));
    sections.add("On failure", permitted::on_failure(shown.plan));
    sections.add("Approvals", agreement::approvals(shown));
    sections.add("Hindered", agreement::hindrances(shown));
    sections.add("Set aside", agreement::set_aside(shown));
    sections.add("Digest", [shown.digest.to_string()]);
    sections.add("Pending", agreement::pending(shown));
    sections.finish()
}

/// `production  #41 77ab12cd (2d, healthy)  →  #42 9f0c34ef (main@7c9e1f0, run 0a3f)`
fn heading(shown: &PlanShown<'_>, style: &Style) -> String {
    let DeployPlan { number, environment, release, .. } = shown.plan;
    let live = shown.live.as_ref().map_or_else(
        || "nothing live".to_owned(),
        |live| {
            let health = live.health.as_ref().map(|health| health.condition.as_str());
            let since = age(live.since_ms, shown.now_ms);
            let health = health.unwrap_or("not observed");
            format!("#{} {} ({since}, {health})", live.number, live.release.short())
        },
    );
    let run = format!("run {}", beginning(&release.run, LONGEST_NAME, style));
    let from = version(release.revision.as_ref(), style).into_iter().chain([run]);
    format!(
        "{}  {live}  {}  {} ({})",
        style.paint(Tone::Strong, &beginning(&environment.name, LONGEST_NAME, style)),
        style.symbol("→", "->"),
        style.paint(Tone::Strong, &format!("#{number} {}", release.short())),
        from.collect::<Vec<_>>().join(", "),
    )
}

/// Who asked for it, and for what.
fn why(plan: &DeployPlan) -> Vec<Item> {
    let mut items = vec![format!("asked for by {}", clean(&plan.requested_by))];
    if !plan.environment.needs.is_empty() {
        let needs: Vec<_> = plan.environment.needs.iter().map(|name| clean(name)).collect();
        items.push(format!("comes after {}", needs.join(", ")));
    }
    if let Some(from) = &plan.promoted_from {
        items.push(format!("promoted from {}", clean(from)));
    }
    if let Some(number) = plan.rollback_to {
        items.push(format!("goes back to #{number}"));
    }
    if let Some(incident) = &plan.incident {
        items.push(format!("because of incident {}", clean(incident)));
    }
    items.into_iter().map(Item::from).collect()
}

fn plugin(shown: &PlanShown<'_>, style: &Style) -> Vec<Item> {
    let plan = shown.plan;
    let (plugin, config) = (clean(&plan.plugin), &plan.environment.config);
    let mut items = vec![format!("{plugin}  {}", plan.plugin_digest)];
    if config != "{}" && !config.is_empty() {
        items.push(format!("with {}", within(config, shown.detail, style)));
    }
    items.into_iter().map(Item::from).collect()
}

/// What the plugin says. The effects are what counts, so they are said to be more.
fn changes(shown: &PlanShown<'_>, style: &Style) -> Vec<Item> {
    let changes = &shown.plan.changes;
    let mut items: Vec<_> = changes
        .iter()
        .take(at_most(10, shown.detail))
        .map(|change| {
            let part = |text: &str| within(text, shown.detail, style);
            let detail = match change.detail.as_str() {
                "" => String::new(),
                detail => format!(" ({})", part(detail)),
            };
            format!("{} {}{detail}", part(&change.action), part(&change.subject)).into()
        })
        .collect();
    items.extend(more(changes.len(), items.len()));
    if items.is_empty() {
        items.push("the plugin names none".to_owned().into());
    }
    items
}

/// A text of others, whole or cut.
fn within(text: &str, detail: Detail, style: &Style) -> String {
    match detail {
        Detail::Short => cut(text, LONGEST, style),
        Detail::Full => clean(text).into_owned(),
    }
}

/// How many lines of a list are shown.
const fn at_most(short: usize, detail: Detail) -> usize {
    match detail {
        Detail::Short => short,
        Detail::Full => usize::MAX,
    }
}

/// The line that counts what is left out.
fn more(all: usize, shown: usize) -> Option<Item> {
    (all > shown).then(|| {
        Item::toned(Tone::Faint, format!("and {} more (-v lists all)", all.saturating_sub(shown)))
    })
}

#[cfg(test)]
mod tests;
