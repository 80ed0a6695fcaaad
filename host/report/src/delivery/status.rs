//! Status: what is live in each environment, and what goes on.
//!
//! ```text
//! ENV         DEPLOYED          VERSION       SINCE  HEALTH     DRIFT  PENDING
//! production  #41 77ab12cd bob  main@51d0c2e  2d     healthy    none   #42 (1/2 approvals)
//! ```

use belljar_model::delivery::Condition;
use serde::Serialize;

use super::shown::{HealthShown, LiveShown};
use super::words::{age, beginning, clean, instant, version};
use crate::style::{Style, Tone};
use crate::table::Table;

/// How many letters of a text of others one cell shows. The lines below the table show it all.
const CELL: usize = 24;

/// A plan that waits.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PendingShown {
    /// Its number.
    pub number: u64,
    /// How many approvals count.
    pub have: u32,
    /// How many are needed.
    pub needed: u32,
}

/// A deployment that has begun and has not ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct GoingOnShown {
    /// Its number.
    pub number: u64,
    /// How far it is, in words: `in its health gate`.
    pub phase: String,
    /// When it began, in milliseconds since 1970-01-01 UTC.
    pub since_ms: u64,
}

/// A time in which nothing is deployed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FrozenShown {
    /// Why.
    pub reason: String,
    /// Until when, in milliseconds since 1970-01-01 UTC; `None` until it is lifted.
    pub until_ms: Option<u64>,
}

/// How one environment stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct EnvironmentShown {
    /// Its name.
    pub name: String,
    /// What is live; `None` if nothing is, or nobody knows.
    pub live: Option<LiveShown>,
    /// Whether nobody knows what is live, because a deployment got stuck: its number.
    pub stuck: Option<u64>,
    /// What was found live instead of what should be.
    pub drift: Option<String>,
    /// The plan that waits.
    pub pending: Option<PendingShown>,
    /// The deployment that goes on.
    pub going_on: Option<GoingOnShown>,
    /// The freeze that holds now.
    pub frozen: Option<FrozenShown>,
}

/// Renders one row for each environment, and below them what needs more words.
pub fn status(environments: &[EnvironmentShown], now_ms: u64, style: &Style) -> String {
    if environments.is_empty() {
        return "the pipeline file has no environments\n".to_owned();
    }
    let headings = ["ENV", "DEPLOYED", "VERSION", "SINCE", "HEALTH", "DRIFT", "PENDING"];
    let mut table = Table::new(&headings);
    for one in environments {
        table.row(row(one, now_ms, style));
    }
    let mut text = table.render(style);
    let remarks: Vec<_> = environments.iter().flat_map(|one| remarks(one, now_ms)).collect();
    if !remarks.is_empty() {
        text.push('\n');
    }
    for (tone, name, remark) in remarks {
        let name = clean(name);
        text.push_str(&format!("{}: {remark}\n", style.paint(tone, &name)));
    }
    style.finish(text)
}

fn row(one: &EnvironmentShown, now_ms: u64, style: &Style) -> [String; 7] {
    let none = || style.symbol("—", "-").to_owned();
    let live = one.live.as_ref();
    let deployed = live.map_or_else(none, |live| {
        format!(
            "#{} {}  {}",
            live.number,
            live.release.short(),
            beginning(name_of(&live.by), CELL, style)
        )
    });
    let frozen = if one.frozen.is_some() { " (frozen)" } else { "" };
    let health = live.and_then(|live| live.health.as_ref());
    let drift = match (&one.drift, health) {
        (Some(_), _) => "drifted".to_owned(),
        // Nobody has looked, so nobody can say that there is none.
        (None, None) => none(),
        (None, Some(_)) => "none".to_owned(),
    };
    [
        format!("{}{frozen}", one.name),
        match one.stuck {
            Some(number) if live.is_none() => format!("unknown: #{number} is stuck"),
            _ => deployed,
        },
        live.and_then(|live| version(live.revision.as_ref(), style)).unwrap_or_else(none),
        live.map_or_else(none, |live| age(live.since_ms, now_ms)),
        health.map_or_else(none, |health| self::health(health, style)),
        drift,
        waiting(one).unwrap_or_else(none),
    ]
}

/// A person without the e-mail address.
fn name_of(actor: &str) -> &str {
    match actor.split_once(" <") {
        Some((name, _)) if !name.is_empty() => name,
        _ => actor,
    }
}

fn health(health: &HealthShown, style: &Style) -> String {
    let word = health.condition.as_str();
    match health.detail.as_str() {
        "" => word.to_owned(),
        detail => format!("{word}: {}", beginning(detail, CELL, style)),
    }
}

/// `#43 in its health gate, #44 (1/2 approvals)`
fn waiting(one: &EnvironmentShown) -> Option<String> {
    let going_on = one.going_on.as_ref().map(|now| format!("#{} {}", now.number, now.phase));
    let pending = one.pending.as_ref().map(|PendingShown { number, have, needed }| match needed {
        0 => format!("#{number}"),
        _ => format!("#{number} ({have}/{needed} approvals)"),
    });
    let both: Vec<_> = going_on.into_iter().chain(pending).collect();
    (!both.is_empty()).then(|| both.join(", "))
}

/// What needs more words than a cell has.
fn remarks(one: &EnvironmentShown, now_ms: u64) -> Vec<(Tone, &str, String)> {
    let name = one.name.as_str();
    let mut remarks = Vec::new();
    if let Some(FrozenShown { reason, until_ms }) = &one.frozen {
        let until = until_ms
            .map_or_else(|| "until it is lifted".to_owned(), |ms| format!("until {}", instant(ms)));
        remarks.push((Tone::Warning, name, format!("frozen {until}: {}", clean(reason))));
    }
    if let Some(number) = one.stuck {
        let what = format!("#{number} is stuck; a person must look at what is live");
        remarks.push((Tone::Bad, name, what));
    }
    if let Some(now) = &one.going_on {
        let since = age(now.since_ms, now_ms);
        let what = format!("#{} began {since} ago and is {}", now.number, clean(&now.phase));
        remarks.push((Tone::Strong, name, what));
    }
    if let Some(drift) = &one.drift {
        remarks.push((Tone::Bad, name, format!("what is live has drifted: {}", clean(drift))));
    }
    let health = one.live.as_ref().and_then(|live| live.health.as_ref());
    if let Some(health) = health.filter(|health| health.condition != Condition::Healthy) {
        let tone = match health.condition {
            Condition::Unhealthy => Tone::Bad,
            Condition::Healthy | Condition::Unknown => Tone::Warning,
        };
        let seen = format!("{} when last observed, {} ago", health.condition.as_str(), {
            age(health.at_ms, now_ms)
        });
        let detail = match health.detail.as_str() {
            "" => String::new(),
            detail => format!(": {}", clean(detail)),
        };
        remarks.push((tone, name, format!("{seen}{detail}")));
    }
    remarks
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::delivery::testing::{COLOR, NOW, WIDE, digest, live};
    use crate::testing::{CI, HOSTILE, assert_harmless, without_colors};

    fn quiet(name: &str) -> EnvironmentShown {
        EnvironmentShown {
            name: name.into(),
            live: None,
            stuck: None,
            drift: None,
            pending: None,
            going_on: None,
            frozen: None,
        }
    }

    fn several() -> Vec<EnvironmentShown> {
        let healthy = EnvironmentShown { live: Some(live(57)), ..quiet("staging") };
        let waiting = EnvironmentShown {
            live: Some(live(41)),
            pending: Some(PendingShown { number: 42, have: 1, needed: 2 }),
            frozen: Some(FrozenShown { reason: "holidays".into(), until_ms: None }),
            ..quiet("production")
        };
        let mut ill = live(7);
        ill.health = Some(HealthShown {
            condition: Condition::Unhealthy,
            at_ms: NOW - 40_000,
            detail: "the answer of /health was 503, and its body was `database is gone`".into(),
        });
        let until_ms = Some(NOW + 3_600_000);
        let busy = EnvironmentShown {
            live: Some(ill),
            drift: Some("release 0badc0de".into()),
            going_on: Some(GoingOnShown {
                number: 8,
                phase: "in its health gate".into(),
                since_ms: NOW - 12_000,
            }),
            pending: Some(PendingShown { number: 9, have: 0, needed: 0 }),
            frozen: Some(FrozenShown { reason: "the fair".into(), until_ms }),
            ..quiet("europe-west")
        };
        let stuck = EnvironmentShown { stuck: Some(3), ..quiet("lab") };
        vec![healthy, waiting, busy, stuck, quiet("new")]
    }

    #[test]
    fn each_environment_has_one_row_and_what_it_needs_to_say() {
        assert_snapshot!(status(&several(), NOW, &WIDE), @"
        ENV                   DEPLOYED              VERSION       SINCE  HEALTH                                DRIFT    PENDING
        staging               #57 ee953de3  Bob     main@7c9e1f0  2d     healthy                               none     —
        production (frozen)   #41 78710773  Bob     main@7c9e1f0  2d     healthy                               none     #42 (1/2 approvals)
        europe-west (frozen)  #7 3496f552  Bob      main@7c9e1f0  2d     unhealthy: the answer of /health wa…  drifted  #8 in its health gate, #9
        lab                   unknown: #3 is stuck  —             —      —                                     —        —
        new                   —                     —             —      —                                     —        —

        production: frozen until it is lifted: holidays
        europe-west: frozen until 2026-11-21 09:23 UTC: the fair
        europe-west: #8 began 12s ago and is in its health gate
        europe-west: what is live has drifted: release 0badc0de
        europe-west: unhealthy when last observed, 40s ago: the answer of /health was 503, and its body was `database is gone`
        lab: #3 is stuck; a person must look at what is live
        ");
        let color = status(&several(), NOW, &COLOR);
        assert_eq!(without_colors(&color), status(&several(), NOW, &WIDE), "color says no more");
        assert_ne!(color, without_colors(&color));
    }

    #[test]
    fn a_narrow_terminal_without_symbols_says_the_same() {
        assert_snapshot!(status(&several()[..2], NOW, &Style::plain()), @"
        ENV                  DEPLOYED           VERSION       SINCE  HEALTH   DRIFT  PENDING
        staging              #57 ee953de3  Bob  main@7c9e1f0  2d     healthy  none   -
        production (frozen)  #41 78710773  Bob  main@7c9e1f0  2d     healthy  none   #42 (1/2 approvals)

        production: frozen until it is lifted: holidays
        ");
    }

    #[test]
    fn without_environments_there_is_a_sentence() {
        assert_eq!(status(&[], NOW, &WIDE), "the pipeline file has no environments\n");
    }

    #[test]
    fn hostile_text_is_harmless() {
        let text = HOSTILE.to_owned();
        let mut live = live(1);
        live.by.clone_from(&text);
        live.release = digest("x");
        live.health =
            Some(HealthShown { condition: Condition::Unknown, at_ms: 0, detail: text.clone() });
        let environment = EnvironmentShown {
            name: text.clone(),
            live: Some(live),
            stuck: Some(1),
            drift: Some(text.clone()),
            pending: None,
            going_on: Some(GoingOnShown { number: 1, phase: text.clone(), since_ms: 0 }),
            frozen: Some(FrozenShown { reason: text, until_ms: None }),
        };
        assert_harmless(&status(&[environment], NOW, &CI));
    }
}
