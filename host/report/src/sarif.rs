//! SARIF 2.1.0: the findings of a run for code scanning services and editors.

use std::collections::{BTreeMap, BTreeSet};

use belljar_model::finding::{Edit, Finding, Severity, Span};
use belljar_model::{Digest, Event};
use serde_json::{Value, json};

use crate::sanitize;

/// One finding and who reported it.
#[derive(Clone, Copy, Debug)]
pub struct Reported<'a> {
    /// The step.
    pub step: &'a str,
    /// The plugin as `name@version`; empty if unknown.
    pub plugin: &'a str,
    /// What it found.
    pub finding: &'a Finding,
}

/// Makes one log of all findings of a run; `version` is the host's.
///
/// The rule `r` of the plugin `p` has the id `p/r`. A result's fingerprint covers the rule, the
/// file and the message, not the line, so that it survives edits above it.
pub fn sarif(events: &[Event], version: &str) -> Value {
    let reports: BTreeMap<_, _> = events
        .iter()
        .filter_map(|event| match event {
            Event::StepFinished { report, .. } => Some((&report.step, report.plugin.as_str())),
            _ => None,
        })
        .collect();
    let reported = events.iter().filter_map(|event| match event {
        Event::StepFinding { step, finding } => {
            let plugin = reports.get(step).copied().unwrap_or_default();
            Some(Reported { step: step.as_str(), plugin, finding })
        }
        _ => None,
    });
    of_findings(reported, version)
}

/// Makes one log of the given findings.
pub fn of_findings<'a>(findings: impl IntoIterator<Item = Reported<'a>>, version: &str) -> Value {
    let findings: Vec<_> = findings.into_iter().collect();
    let rules: BTreeSet<_> =
        findings.iter().map(|reported| (rule_id(reported), reported.plugin)).collect();
    let mut indexes = BTreeMap::new();
    let mut listed = Vec::new();
    for (id, plugin) in rules {
        if !indexes.contains_key(&id) {
            indexes.insert(id.clone(), listed.len());
            listed.push(json!({ "id": id, "properties": { "plugin": harmless(plugin) } }));
        }
    }
    let mut seen = BTreeMap::new();
    let results: Vec<_> =
        findings.iter().map(|reported| result(reported, &indexes, &mut seen)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "belljar", "version": version, "rules": listed } },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {
                "SRCROOT": { "description": { "text": "the root of the workspace" } },
            },
            "results": results,
        }],
    })
}

fn rule_id(reported: &Reported<'_>) -> String {
    let plugin = reported.plugin.split('@').next().unwrap_or_default();
    let rule = harmless(&reported.finding.rule);
    if plugin.is_empty() { rule } else { format!("{}/{rule}", harmless(plugin)) }
}

fn result(
    reported: &Reported<'_>,
    rules: &BTreeMap<String, usize>,
    seen: &mut BTreeMap<String, usize>,
) -> Value {
    let finding = reported.finding;
    let id = rule_id(reported);
    let mut result = json!({
        "ruleId": id,
        "ruleIndex": rules.get(&id),
        "level": level(finding.severity),
        "message": { "text": message(&finding.message) },
        "partialFingerprints": { "belljar/v1": fingerprint(&id, finding, seen) },
        "properties": { "step": harmless(reported.step) },
    });
    if let Some(at) = &finding.at {
        let place = json!({ "artifactLocation": artifact(at), "region": region(at) });
        result["locations"] = json!([{ "physicalLocation": place }]);
    }
    if !finding.fixes.is_empty() {
        result["fixes"] = json!([{ "artifactChanges": changes(&finding.fixes) }]);
    }
    if !finding.attrs.is_empty() {
        result["properties"]["attrs"] = json!(finding.attrs);
    }
    result
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// `[text](link)` in a message would become a link, which a guest could point anywhere.
fn message(text: &str) -> String {
    let text = harmless(text);
    if !text.contains("](") {
        return text;
    }
    text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
}

fn fingerprint(rule: &str, finding: &Finding, seen: &mut BTreeMap<String, usize>) -> String {
    let file = finding.at.as_ref().map_or("", |at| at.file.as_str());
    // Lengths first, so that no two different triples have the same bytes.
    let bytes = format!("{}:{rule}{}:{file}{}", rule.len(), file.len(), finding.message);
    let digest = Digest::of(bytes.as_bytes()).hex()[..32].to_owned();
    let occurrence = seen.entry(digest.clone()).or_insert(0);
    *occurrence += 1;
    format!("{digest}:{occurrence}")
}

fn artifact(at: &Span) -> Value {
    json!({ "uri": uri(at.file.as_str()), "uriBaseId": "SRCROOT" })
}

/// Lines and columns that a guest made up are moved to where SARIF allows them.
fn region(at: &Span) -> Value {
    let (start_line, start_col) = (at.start_line.max(1), at.start_col.max(1));
    let end_line = at.end_line.max(start_line);
    let least = if end_line == start_line { start_col } else { 1 };
    json!({
        "startLine": start_line,
        "startColumn": start_col,
        "endLine": end_line,
        "endColumn": at.end_col.max(least),
    })
}

/// One change for each file, in the order of first mention.
fn changes(edits: &[Edit]) -> Vec<Value> {
    let mut files: Vec<(&str, Value, Vec<Value>)> = Vec::new();
    let mut places = BTreeMap::new();
    for edit in edits {
        let file = edit.at.file.as_str();
        let place = *places.entry(file).or_insert_with(|| {
            files.push((file, artifact(&edit.at), Vec::new()));
            files.len() - 1
        });
        // The new text is content, not a message: it must stay as it is.
        files[place].2.push(json!({
            "deletedRegion": region(&edit.at),
            "insertedContent": { "text": edit.replacement },
        }));
    }
    let change = |(_, place, replacements): (&str, Value, Vec<Value>)| json!({ "artifactLocation": place, "replacements": replacements });
    files.into_iter().map(change).collect()
}

/// A path as a relative reference (RFC 3986): everything but unreserved characters and `/` is
/// percent-encoded, so `:` in the first segment is no scheme.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

fn harmless(text: &str) -> String {
    sanitize::text(text).into_owned()
}
