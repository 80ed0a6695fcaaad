//! The parts of the schema that are about delivery.

use serde_json::{Value, json};

use super::{list, text};

/// A public key.
const KEY: &str = "^ed25519:[0-9a-f]{64}$";

/// One environment, with `with` typed by its plugin.
pub(super) fn environment(plugins: &[&String], typed: &[Value]) -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["artifacts", "uses"],
        "allOf": typed,
        "properties": {
            "doc": text("What the environment is for, in one line."),
            "needs": list("Environments in which a release must be healthy before it comes here."),
            "artifacts": {
                "type": "array", "items": { "type": "string" }, "minItems": 1,
                "description": "The steps whose outputs are shipped.",
            },
            "uses": { "enum": plugins, "description": "The plugin that deploys." },
            "with": { "type": "object", "description": "The plugin's own configuration." },
            "storage": {
                "type": "string", "pattern": "^(fs|s3):",
                "description": "`fs:DIRECTORY` or `s3:BUCKET/PREFIX?endpoint=…&region=…`.",
            },
            "hosts": list("Hosts that it may send requests to, as `host:port`."),
            "secrets": list("Secrets of this file that it may use."),
            "tools": list("Tools of this file that it may run."),
            "approvals": approvals(),
            "gate": gate(),
            "monitor": monitor(),
            "freeze": freeze(),
        },
    })
}

/// One person who may approve.
pub(super) fn approver() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["key"],
        "properties": {
            "key": key("The person's public key."),
            "groups": list("The groups that the person is in."),
            "authors": list("The e-mail addresses of the person's commits."),
        },
    })
}

/// Where the value of a secret comes from.
pub(super) fn secret() -> Value {
    let command = json!({
        "type": "array", "items": { "type": "string" }, "minItems": 1,
        "description": "A program that prints the value.",
    });
    let one = |name: &str, value: Value| {
        json!({
            "type": "object",
            "additionalProperties": false,
            "required": [name],
            "properties": {
                name: value,
                "version": text("Part of the key of steps; the value never is."),
            },
        })
    };
    json!({
        "oneOf": [
            one("env", text("An environment variable.")),
            one("file", text("A file that holds the value.")),
            one("command", command),
        ],
    })
}

/// The ledger.
pub(super) fn ledger() -> Value {
    json!({
        "type": "object",
        "description": "The record of all deployments.",
        "additionalProperties": false,
        "properties": {
            "folder": text("Its folder: absolute, or relative to the workspace."),
            "origin": text("Its name in checkpoints."),
            "key": key("The public key that checkpoints must have."),
        },
    })
}

fn key(what: &str) -> Value {
    json!({ "type": "string", "pattern": KEY, "description": what })
}

fn count(least: u32, what: &str) -> Value {
    json!({ "type": "integer", "minimum": least, "description": what })
}

fn approvals() -> Value {
    json!({
        "type": "object",
        "description": "Who must agree before a plan is applied.",
        "additionalProperties": false,
        "properties": {
            "count": count(0, "How many different people."),
            "from": list("People, and groups as `group:NAME`. Without it: anyone."),
            "expires": text("How long an approval holds, such as `24h`."),
        },
    })
}

fn gate() -> Value {
    json!({
        "type": "object",
        "description": "When a release counts as healthy.",
        "additionalProperties": false,
        "properties": {
            "interval": text("From one observation to the next, such as `5s`."),
            "timeout": text("How long one observation may take."),
            "count": count(1, "How many observations are made."),
            "failure-limit": count(0, "How many of them may be unhealthy."),
            "minimum": count(0, "How many of them must be healthy."),
            "time-limit": text("How long the gate may take in all."),
            "bake": text("How long the release is observed after the gate has passed."),
        },
    })
}

fn monitor() -> Value {
    json!({
        "type": "object",
        "description": "How it is watched between deployments.",
        "additionalProperties": false,
        "properties": {
            "interval": text("From one observation to the next, such as `30s`."),
            "after": count(1, "How many observations in a row are unhealthy before it acts."),
            "on-illness": { "enum": ["report", "rollback"], "description": "What it does then." },
        },
    })
}

fn freeze() -> Value {
    let item = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["from"],
        "properties": {
            "from": text("From when, such as `2026-12-20T00:00:00Z`."),
            "until": text("Until when. Without it: until it is lifted."),
            "reason": text("Why."),
        },
    });
    json!({
        "type": "array",
        "items": item,
        "description": "Times in which nothing is deployed.",
    })
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use crate::lower::delivery::{
        approvals, approvers, environment_fields, freeze, gate, ledger, secrets,
    };

    /// Compares the keys of all tables of delivery with those that are read.
    pub(crate) fn every_key_is_known(schema: &Value) {
        let environment = "/$defs/environment/properties";
        for (pointer, keys) in [
            (environment.to_owned(), environment_fields::KEYS),
            (format!("{environment}/approvals/properties"), approvals::KEYS),
            (format!("{environment}/gate/properties"), gate::GATE_KEYS),
            (format!("{environment}/monitor/properties"), gate::MONITOR_KEYS),
            (format!("{environment}/freeze/items/properties"), freeze::KEYS),
            ("/properties/approver/additionalProperties/properties".to_owned(), approvers::KEYS),
            ("/properties/ledger/properties".to_owned(), ledger::KEYS),
        ] {
            let known = schema.pointer(&pointer).and_then(Value::as_object);
            let known = known.unwrap_or_else(|| panic!("{pointer} is a table")).keys();
            let known: BTreeSet<&str> = known.map(String::as_str).collect();
            assert_eq!(known, keys.iter().copied().collect(), "{pointer}");
        }
        let forms = &schema["properties"]["secret"]["additionalProperties"]["oneOf"];
        for key in secrets::KEYS {
            let forms = forms.as_array().expect("it is a list");
            assert!(forms.iter().any(|form| form["properties"].get(key).is_some()), "{key}");
        }
    }

    /// The page that describes the sections.
    const PAGE: &str = include_str!("../../../../docs/reference/environments.md");

    #[test]
    fn the_reference_describes_every_key_and_no_other() {
        // Each table of keys on the page, in its order.
        let sections = PAGE.split("\n| key |").skip(1);
        let described = sections.map(|section| {
            let rows = section.lines().skip(2).take_while(|line| line.starts_with("| `"));
            rows.filter_map(|row| row.split('`').nth(1)).collect::<Vec<_>>()
        });
        let expected = [
            environment_fields::KEYS,
            approvals::KEYS,
            gate::GATE_KEYS,
            gate::MONITOR_KEYS,
            freeze::KEYS,
            approvers::KEYS,
            secrets::KEYS,
            ledger::KEYS,
        ];
        assert_eq!(described.collect::<Vec<_>>(), expected);
    }
}
