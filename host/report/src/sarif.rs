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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::finished;
    use crate::testing::{edit, finding, found, hostile_run, path, report, run, span};
    use belljar_model::event::{Source, Status};

    fn log(findings: &[Finding]) -> Value {
        let found = findings.iter().map(|one| found("lint", one.clone()));
        let passed = finished(report("lint", Status::Passed, Some(Source::Executed)));
        sarif(&run(&["lint"], found.chain([passed])), "0.1.0")
    }

    #[test]
    fn a_log_has_what_the_standard_requires() {
        let mut unwrap =
            finding("unwrap", Severity::Error, Some(span("a b/ü:#%.rs", [2, 3, 2, 9])));
        unwrap.fixes =
            vec![edit(span("a.rs", [1, 1, 1, 2]), "x"), edit(span("a.rs", [2, 1, 2, 2]), "")];
        let log = log(&[unwrap, finding("docs", Severity::Note, None)]);
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        assert_eq!(run["tool"]["driver"]["name"], "belljar");
        assert_eq!(run["tool"]["driver"]["rules"][1]["id"], "lint/unwrap");
        let result = &run["results"][0];
        assert_eq!((&result["ruleId"], &result["ruleIndex"]), (&json!("lint/unwrap"), &json!(1)));
        assert_eq!(result["level"], "error");
        assert_eq!(result["message"]["text"], "this breaks the rule unwrap");
        let place = &result["locations"][0]["physicalLocation"];
        let uri = json!({ "uri": "a%20b/%C3%BC%3A%23%25.rs", "uriBaseId": "SRCROOT" });
        assert_eq!(place["artifactLocation"], uri);
        let region = json!({ "startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 9 });
        assert_eq!(place["region"], region);
        let changes = &result["fixes"][0]["artifactChanges"];
        assert_eq!(changes.as_array().unwrap().len(), 1, "one change for one file");
        assert_eq!(changes[0]["replacements"][1]["insertedContent"]["text"], "");
        assert!(run["results"][1].get("locations").is_none());
    }

    #[test]
    fn a_fingerprint_survives_edits_above_and_tells_twins_apart() {
        let at = |line| finding("unwrap", Severity::Error, Some(span("a.rs", [line, 1, line, 2])));
        let prints = |findings: &[Finding]| -> Vec<Value> {
            let results = log(findings)["runs"][0]["results"].clone();
            let print = |result: &Value| result["partialFingerprints"]["belljar/v1"].clone();
            results.as_array().unwrap().iter().map(print).collect()
        };
        let before = prints(&[at(1), at(5)]);
        assert_eq!(before, prints(&[at(11), at(15)]));
        assert_ne!(before[0], before[1]);
        let mut other = at(1);
        other.at.as_mut().unwrap().file = path("b.rs");
        assert_ne!(before[0], prints(&[other])[0]);
    }

    #[test]
    fn regions_that_a_guest_made_up_are_valid() {
        for numbers in [[0, 0, 0, 0], [5, 9, 2, 1], [1, 4, 1, 2]] {
            let region = region(&span("a", numbers));
            let number = |key: &str| region[key].as_u64().unwrap();
            assert!(number("startLine") >= 1 && number("startColumn") >= 1, "{region}");
            let start = (number("startLine"), number("startColumn"));
            assert!((number("endLine"), number("endColumn")) >= start, "{region}");
        }
    }

    #[test]
    fn messages_hold_no_links_and_no_control_characters() {
        belljar_cases::case!("G05");
        let log = sarif(&hostile_run(), "0.1.0");
        let result = &log["runs"][0]["results"][0];
        let message = result["message"]["text"].as_str().unwrap();
        assert!(!message.contains(sanitize::is_harmful));
        assert!(message.contains("\\[a\\](http://x)"), "{message}");
        let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert!(uri.as_str().unwrap().is_ascii());
    }
}
