//! What the plugin may use, when a release counts as healthy, and where a failure goes back to.

use belljar_model::delivery::{DeployPlan, Gate, OnIllness};

use super::super::sections::Item;
use super::super::words::{clean, length};
use super::{Detail, PlanShown, effects};
use crate::style::Style;

/// What it reaches in the outside world.
pub(super) fn uses(plan: &DeployPlan, detail: Detail) -> Vec<Item> {
    let environment = &plan.environment;
    let storage = environment.storage.as_slice();
    let mut uses: Vec<Item> = [
        ("storage", storage),
        ("hosts", &environment.hosts),
        ("secrets", &environment.secrets),
        ("tools", &environment.tools),
    ]
    .into_iter()
    .filter(|(_, names)| !names.is_empty())
    .map(|(what, names)| {
        let names: Vec<_> = names.iter().map(|name| clean(name)).collect();
        format!("{what:<8} {}", names.join(", ")).into()
    })
    .collect();
    if detail == Detail::Full {
        // The same name can stand for another program tomorrow.
        let bound = plan.bindings.iter();
        uses.extend(bound.map(|(name, digest)| format!("{} is {digest}", clean(name)).into()));
    }
    if uses.is_empty() { vec!["nothing beyond the artifacts".to_owned().into()] } else { uses }
}

/// Requests and runs of tools that observing makes.
pub(super) fn observing(shown: &PlanShown<'_>, style: &Style) -> Vec<Item> {
    if shown.plan.observe_effects.is_empty() {
        return Vec::new();
    }
    // They come in no order, and as often as the release is observed.
    let mut items = vec!["each time that the release is observed".to_owned().into()];
    items.extend(effects::lines(&shown.plan.observe_effects, shown.detail, style));
    items
}

/// When the release counts as healthy, in one line.
pub(super) fn gate(gate: &Gate) -> [String; 1] {
    let observations = match gate.count {
        1 => "1 observation".to_owned(),
        number => format!("{number} observations"),
    };
    let bake = match gate.bake_ms {
        0 => String::new(),
        ms => format!("; then observed for {} more", length(ms)),
    };
    [format!(
        "{observations}, one every {}, at least {} healthy, at most {} unhealthy, within {}{bake}",
        length(gate.interval_ms),
        gate.minimum,
        gate.failure_limit,
        length(gate.time_limit_ms),
    )]
}

/// Where a failure goes back to.
pub(super) fn on_failure(plan: &DeployPlan) -> Vec<String> {
    let mut lines = vec![plan.rollback.as_ref().map_or_else(
        || "there is no way back: nothing was ever healthy here".to_owned(),
        |target| format!("goes back to #{} {}", target.number, target.release.short()),
    )];
    let monitor = &plan.environment.monitor;
    if monitor.on_illness == OnIllness::Rollback {
        let after = match monitor.after {
            1 => "1 unhealthy observation".to_owned(),
            number => format!("{number} unhealthy observations in a row"),
        };
        lines.push(format!("later, `belljar watch-env` goes back after {after}"));
    }
    lines
}
