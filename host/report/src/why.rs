//! Why a step was, or would be, executed: the text of `belljar why`.
//!
//! ```text
//! api:test ran in run 0a42: 2 things differ from run 09e1 (2h ago)
//!   ~ file    crates/api/src/db.rs  1d2ec8a0 → 77ab01ff
//!   ~ with    .profile  "debug" → "release"
//!   = plugin  cargo@1.4.2
//! ```

use belljar_model::MissReason;
use belljar_model::event;
use belljar_model::miss::dotted;
use serde_json::{Value, json};

use crate::sanitize;
use crate::style::{Style, Tone};

/// The schema of [`json`].
pub const SCHEMA: &str = "belljar.why/v1";

/// The earlier execution that a step was compared with.
#[derive(Clone, Copy, Debug)]
pub struct Earlier<'a> {
    /// The run's id.
    pub run: &'a str,
    /// When, in words: `2h ago`.
    pub when: &'a str,
}

/// A step and all that is known about its last, or next, lookup.
#[derive(Clone, Copy, Debug)]
pub struct Why<'a> {
    /// The step.
    pub step: &'a str,
    /// The plugin as `name@version`.
    pub plugin: &'a str,
    /// The run that is explained; `None` for the next one.
    pub run: Option<&'a str>,
    /// Where the result comes from; `None` if there is none.
    pub source: Option<event::Source>,
    /// The earlier execution.
    pub earlier: Option<Earlier<'a>>,
    /// Why the cache does not serve it, the likeliest cause first.
    pub reasons: &'a [MissReason],
}

/// Renders the explanation.
pub fn render(why: &Why<'_>, style: &Style) -> String {
    let mut text = format!("{}\n", headline(why));
    let rows: Vec<_> = why.reasons.iter().map(row).collect();
    let width = rows.iter().map(|row| row.kind.len()).chain([6]).max().unwrap_or(6);
    for Row { sign, kind, text: detail } in &rows {
        let detail = sanitize::line(detail);
        let kind = style.paint(Tone::Strong, &format!("{sign} {kind:width$}"));
        text.push_str(&format!("  {kind}  {}\n", style.words(&detail)));
    }
    // An execution without a comparison has nothing that stayed the same.
    let compared = why.earlier.is_some() && !rows.iter().any(|row| row.sign == '!');
    if compared || rows.is_empty() {
        let same = |kind: &&str| !rows.iter().any(|row| row.kind == *kind);
        let plugin = format!("= {:width$}  {}", "plugin", sanitize::line(why.plugin));
        let others = ["with", "grant", "output"].iter().filter(|kind| same(kind));
        let others = others.map(|kind| format!("= {kind}"));
        let plugin = same(&"plugin").then_some(plugin);
        let line = plugin.into_iter().chain(others).collect::<Vec<_>>().join("  ");
        if !line.is_empty() {
            text.push_str(&format!("  {}\n", style.paint(Tone::Faint, &line)));
        }
    }
    style.finish(text)
}

/// The explanation as a document: `{"schema": "belljar.why/v1", "step", "plugin", "run",
/// "source", "against", "reasons"}`, where each reason has the fields of [`MissReason`] and one
/// line for people in `text`.
pub fn json(why: &Why<'_>) -> Value {
    let reasons = why.reasons.iter().map(|reason| {
        let mut value = serde_json::to_value(reason).expect("a reason is plain values");
        value["text"] = reason.to_string().into();
        value
    });
    json!({
        "schema": SCHEMA,
        "step": why.step,
        "plugin": why.plugin,
        "run": why.run,
        "source": why.source,
        "against": why.earlier.map(|earlier| earlier.run),
        "reasons": reasons.collect::<Vec<_>>(),
    })
}

fn headline(why: &Why<'_>) -> String {
    let step = sanitize::line(why.step);
    let verb = match (why.source, why.run) {
        (Some(event::Source::ExactHit), _) => "needs no execution: same inputs".to_owned(),
        (Some(event::Source::ObservedHit), _) => {
            "needs no execution: nothing that it read has changed".to_owned()
        }
        (_, Some(run)) => format!("ran in run {}", sanitize::line(run)),
        (_, None) => "would run".to_owned(),
    };
    let hit = matches!(why.source, Some(event::Source::ExactHit | event::Source::ObservedHit));
    let Some(earlier) = why.earlier else {
        return format!("{step} {verb}");
    };
    let run = format!("run {} ({})", sanitize::line(earlier.run), sanitize::line(earlier.when));
    if hit {
        return format!("{step} {verb} since {run}");
    }
    match why.reasons.iter().filter(|reason| row(reason).sign != '!').count() {
        0 => format!("{step} {verb}; executed before in {run}"),
        1 => format!("{step} {verb}: 1 thing differs from {run}"),
        number => format!("{step} {verb}: {number} things differ from {run}"),
    }
}

/// One difference: `~` changed, `+` came, `-` went, `!` is no difference but a cause.
struct Row {
    sign: char,
    kind: &'static str,
    text: String,
}

fn row(reason: &MissReason) -> Row {
    let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "unset".to_owned());
    let (sign, kind, text) = match reason {
        MissReason::FileChanged { path, old, new } => {
            ('~', "file", format!("{path}  {} → {}", old.short(), new.short()))
        }
        MissReason::FileAppeared { path } => ('+', "file", path.to_string()),
        MissReason::FileVanished { path } => ('-', "file", path.to_string()),
        MissReason::ConfigChanged { pointer, old, new } => {
            let change = format!("{} → {}", side(old), side(new));
            ('~', "with", format!("{}  {change}", dotted(pointer).trim_start_matches('.')))
        }
        MissReason::PluginChanged { old, new } => {
            ('~', "plugin", format!("{} → {}", old.short(), new.short()))
        }
        MissReason::ToolChanged { name, old, new } => {
            ('~', "tool", format!("{name}  {} → {}", old.short(), new.short()))
        }
        MissReason::IsolationChanged { name, old, new } => {
            ('~', "tier", format!("{name}  {old} → {new}"))
        }
        MissReason::GrantAdded { grant } => ('+', "grant", grant.clone()),
        MissReason::GrantRemoved { grant } => ('-', "grant", grant.clone()),
        MissReason::OutputsChanged { .. } => ('~', "output", reason.to_string()),
        MissReason::StatChanged { .. } | MissReason::ModeChanged { .. } => {
            ('~', "file", reason.to_string())
        }
        MissReason::ListingChanged { .. } => ('~', "folder", reason.to_string()),
        MissReason::GlobChanged { .. } => ('~', "glob", reason.to_string()),
        MissReason::LinkChanged { .. } => ('~', "link", reason.to_string()),
        MissReason::DeclarationChanged { .. } => ('~', "inputs", reason.to_string()),
        MissReason::EnvironmentChanged { .. } => ('~', "env", reason.to_string()),
        MissReason::SandboxChanged { .. } => ('~', "sandbox", reason.to_string()),
        MissReason::ClassChanged { .. } => ('~', "class", reason.to_string()),
        MissReason::NeverRun
        | MissReason::Forced
        | MissReason::NotCacheable
        | MissReason::NotRecorded { .. }
        | MissReason::BlobMissing { .. }
        | MissReason::NotTrusted { .. } => ('!', "cause", reason.to_string()),
    };
    Row { sign, kind, text }
}

#[cfg(test)]
mod tests {
    use belljar_model::Digest;
    use insta::assert_snapshot;

    use super::*;
    use crate::style::Symbols;
    use crate::testing::{CI, HOSTILE, assert_harmless, path};

    const STYLE: Style = Style { symbols: Symbols::Unicode, ..Style::plain() };
    const EARLIER: Earlier<'_> = Earlier { run: "09e1", when: "2h ago" };

    fn why(reasons: &[MissReason]) -> Why<'_> {
        Why {
            step: "api:test",
            plugin: "cargo@1.4.2",
            run: Some("0a42"),
            source: Some(event::Source::Executed),
            earlier: Some(EARLIER),
            reasons,
        }
    }

    fn changed() -> [MissReason; 3] {
        let (old, new) = (Digest::of(b"old"), Digest::of(b"new"));
        [
            MissReason::FileChanged { path: path("src/db.rs"), old, new },
            MissReason::ConfigChanged {
                pointer: "/args/0".into(),
                old: None,
                new: Some("\"-v\"".into()),
            },
            MissReason::GrantAdded { grant: "env HOME".into() },
        ]
    }

    #[test]
    fn what_differs_is_listed_and_what_does_not() {
        assert_snapshot!(render(&why(&changed()), &STYLE), @r#"
        api:test ran in run 0a42: 3 things differ from run 09e1 (2h ago)
          ~ file    src/db.rs  96a42572 → b20ab0a0
          ~ with    args[0]  unset → "-v"
          + grant   env HOME
          = plugin  cargo@1.4.2  = output
        "#);
    }

    #[test]
    fn a_step_without_a_past_has_a_cause() {
        let never = Why { earlier: None, run: None, source: None, ..why(&[MissReason::NeverRun]) };
        assert_snapshot!(render(&never, &STYLE), @"
        api:test would run
          ! cause   never run before
        ");
    }

    #[test]
    fn a_hit_says_since_when() {
        let hit = Why { source: Some(event::Source::ObservedHit), ..why(&[]) };
        assert_snapshot!(render(&hit, &STYLE), @"
        api:test needs no execution: nothing that it read has changed since run 09e1 (2h ago)
          = plugin  cargo@1.4.2  = with  = grant  = output
        ");
    }

    #[test]
    fn ascii_is_enough_for_the_words_of_the_host() {
        let text = render(&why(&changed()), &Style::plain());
        assert!(text.is_ascii(), "{text}");
    }

    #[test]
    fn hostile_text_is_harmless() {
        belljar_cases::case!("G01");
        let reasons = [
            MissReason::NotRecorded { ended: HOSTILE.into() },
            MissReason::ConfigChanged {
                pointer: HOSTILE.into(),
                old: Some(HOSTILE.into()),
                new: None,
            },
        ];
        let hostile = Why { step: HOSTILE, plugin: HOSTILE, run: Some(HOSTILE), ..why(&reasons) };
        assert_harmless(&render(&hostile, &CI));
    }

    #[test]
    fn the_document_holds_reasons_for_programs_and_people() {
        let document = json(&why(&changed()));
        assert_eq!(document["schema"], SCHEMA);
        assert_eq!(document["against"], "09e1");
        assert_eq!(document["reasons"][0]["cause"], "file-changed");
        assert_eq!(document["reasons"][2]["text"], "grant added: env HOME");
    }
}
