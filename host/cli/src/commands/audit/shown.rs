//! An audit, for people and for programs.

use std::collections::BTreeMap;

use belljar_model::finding::Severity;
use belljar_model::{Finding, Tier};
use belljar_pipeline::lock::{LockEntry, Named};
use belljar_report::powers;
use belljar_report::text::{count, size};
use serde_json::{Value, json};

use super::Audited;
use crate::lock;
use crate::terminal::Terminal;

/// The audit as text.
pub(super) fn as_text(
    audited: &BTreeMap<String, Audited>,
    findings: &[Finding],
    (runs, terminal): (usize, &Terminal),
) -> String {
    let style = &terminal.out;
    let mut text = String::new();
    for (name, plugin) in audited {
        text += &powers::heading(name, style);
        match &plugin.entry {
            Err(fault) => text += &format!("  cannot be loaded: {}\n", fault.message),
            Ok(entry) => {
                text += &identity(entry, plugin);
                text += &what_it_did(entry, plugin, runs);
            }
        }
        text.push('\n');
    }
    text += &powers::heading(&count(findings.len(), "finding"), style);
    for finding in findings {
        let place = finding.at.as_ref().map_or_else(String::new, |at| {
            format!("{}:{}:{}: ", at.file, at.start_line, at.start_col)
        });
        let rule = match finding.severity {
            Severity::Note => finding.rule.clone(),
            Severity::Warning | Severity::Error => powers::warning(&finding.rule, style),
        };
        let rest = format!("{place}{}", finding.message);
        text += &format!("  {rule}: {}\n", belljar_report::sanitize::text(&rest));
    }
    text
}

fn identity(entry: &LockEntry, plugin: &Audited) -> String {
    let comparison = plugin.comparison.as_ref().map_or("unknown", lock::comparison_word);
    let mut text = format!(
        "  {} from {}, {}\n  blake3  {}\n  sha256  {}\n  lock    {comparison}\n  world   {}, class {}\n",
        entry.label,
        entry.source,
        size(entry.digest.size()),
        entry.digest.hex(),
        entry.sha256,
        entry.world,
        entry.class,
    );
    let floor = plugin.floor.map_or_else(|| "none".to_owned(), |tier: Tier| tier.to_string());
    text += &format!("  min-isolation of its tools  {floor}\n");
    let mut interfaces: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for import in &entry.imports {
        let (interface, function) = import.split_once('#').unwrap_or((import, ""));
        interfaces.entry(interface).or_default().push(function);
    }
    text += "  imports, read from the binary\n";
    for (interface, functions) in interfaces {
        text += &format!("    {interface}: {}\n", functions.join(", "));
    }
    text += &format!(
        "    and {} that every toolchain imports, always virtual\n",
        count(plugin.ambient, "function")
    );
    belljar_report::sanitize::text(&text).into_owned()
}

fn what_it_did(entry: &LockEntry, plugin: &Audited, runs: usize) -> String {
    let used = &plugin.used;
    let mut text = format!("  asks for    {}\n", in_words(&entry.asks));
    text += &format!("  is granted  {}\n", in_words(&entry.grants));
    text += &format!("  in the last {}, its steps ended in {}\n", count(runs, "run"), used.runs);
    if !used.known {
        return text + "  what it used is not known: no result of it is in the cache\n";
    }
    // Every plugin sees constants of the host as variables; only what is granted is power.
    let granted = |kind: &str, name: &String| {
        entry.grants.get(kind).is_some_and(|names| {
            names.iter().any(|grant| grant == name || grant.starts_with(&format!("{name}=")))
        })
    };
    let mut of_grants = Named::new();
    for (kind, names) in &used.names {
        for name in names.iter().filter(|name| granted(kind, name)) {
            of_grants.entry(kind.clone()).or_default().insert(name.clone());
        }
    }
    text += &format!("  used        {}\n", in_words(&of_grants));
    if !plugin.unused.is_empty() {
        text += &format!("  UNUSED      {}\n", plugin.unused.join("; "));
    }
    for (tool, runs) in &used.tool_runs {
        text += &format!("  ran tool    {tool}, {}\n", count(*runs, "time"));
    }
    if let Some(tier) = used.tier {
        text += &format!("  weakest isolation of its tools  {tier}\n");
    }
    if let Some(hosts) = used.names.get("network") {
        let hosts: Vec<_> = hosts.iter().map(String::as_str).collect();
        text += &format!("  hosts that its tools could reach  {}\n", hosts.join(", "));
    }
    text += &format!("  files read  {}\n", used.files.len());
    for (pattern, files) in &plugin.files {
        text += &format!("    {files:>6}  {pattern}\n");
    }
    belljar_report::sanitize::text(&text).into_owned()
}

fn in_words(all: &Named) -> String {
    if all.is_empty() {
        return "nothing".to_owned();
    }
    let kind = |(kind, names): (&String, &std::collections::BTreeSet<String>)| {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        format!("{kind}: {}", names.join(", "))
    };
    all.iter().map(kind).collect::<Vec<_>>().join("; ")
}

/// The audit for programs.
pub(super) fn as_json(
    audited: &BTreeMap<String, Audited>,
    findings: &[Finding],
    runs: usize,
) -> Value {
    let one = |(name, plugin): (&String, &Audited)| {
        let used = &plugin.used;
        json!({
            "plugin": name,
            "entry": plugin.entry.as_ref().ok().map(lock::as_json),
            "fault": plugin.entry.as_ref().err(),
            "comparison": plugin.comparison.as_ref().map(lock::comparison_word),
            "ambient_functions": plugin.ambient,
            "min_isolation": plugin.floor,
            "used": {
                "known": used.known, "runs": used.runs, "names": used.names,
                "tool_runs": used.tool_runs, "weakest_tier": used.tier,
                "files": used.files.len(), "files_by_pattern": plugin.files,
            },
            "unused_grants": plugin.unused,
        })
    };
    json!({
        "schema": "belljar.audit/v1",
        "runs": runs,
        "plugins": audited.iter().map(one).collect::<Vec<_>>(),
        "findings": findings,
    })
}
