//! The JSON Schema of a whole pipeline file, for editors: `with` is typed by the plugin that a
//! step uses, so that it is completed and checked while it is written.

mod delivery;

use std::collections::BTreeMap;

use belljar_model::Descriptor;
use serde_json::{Map, Value, json};

/// Returns one JSON Schema (2020-12) of the pipeline file. `descriptors` is a map by the
/// plugins' names in the file.
pub fn json_schema(descriptors: &BTreeMap<String, Descriptor>) -> Value {
    let mut defs = Map::new();
    let mut typed = Vec::new();
    for (name, descriptor) in descriptors {
        let Ok(schema) = serde_json::from_str::<Value>(&descriptor.config_schema) else { continue };
        let root = adopt(name, schema, &mut defs);
        typed.push(json!({
            "if": { "properties": { "uses": { "const": name } }, "required": ["uses"] },
            "then": { "properties": { "with": { "$ref": format!("#/$defs/{root}") } } },
        }));
    }
    let names: Vec<_> = descriptors.keys().collect();
    defs.insert("step".to_owned(), step(&names, &typed));
    defs.insert("environment".to_owned(), delivery::environment(&names, &typed));
    let mut file = file();
    file["$defs"] = Value::Object(defs);
    file
}

/// The schema without its definitions.
fn file() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Belljar pipeline",
        "description": "Steps, and the plugins that they use.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "schema": { "const": 1, "description": "The version of this format." },
            "include": list("More files of this format, as local paths or patterns."),
            "vars": {
                "type": "object",
                "description": "Texts that steps mention as `${vars.NAME}`.",
                "additionalProperties": { "type": "string" },
            },
            "plugins": {
                "type": "object",
                "description": "The plugins, by the names that steps use.",
                "additionalProperties": plugin(),
            },
            "tools": {
                "type": "object",
                "description": "The tools that steps may be granted, by name.",
                "additionalProperties": tool(),
            },
            "template": {
                "type": "object",
                "description": "Fields that steps take over with `extends`.",
                "additionalProperties": { "$ref": "#/$defs/step" },
            },
            "step": {
                "type": "object",
                "description": "The steps, by name.",
                "additionalProperties": { "$ref": "#/$defs/step" },
            },
            "environment": {
                "type": "object",
                "description": "The places that releases are deployed to, by name.",
                "additionalProperties": { "$ref": "#/$defs/environment" },
            },
            "approver": {
                "type": "object",
                "description": "The people who may approve, by name.",
                "additionalProperties": delivery::approver(),
            },
            "secret": {
                "type": "object",
                "description": "Where the values of secrets come from, by name.",
                "additionalProperties": delivery::secret(),
            },
            "ledger": delivery::ledger(),
        },
    })
}

fn plugin() -> Value {
    let path = "A `.wasm` file, or a folder with a Rust package.";
    json!({
        "oneOf": [
            { "type": "string", "pattern": "^builtin:", "description": "`builtin:NAME`" },
            {
                "type": "object",
                "required": ["path"],
                "additionalProperties": false,
                "properties": { "path": { "type": "string", "description": path } },
            },
        ],
    })
}

fn step(plugins: &[&String], typed: &[Value]) -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "allOf": typed,
        "properties": {
            "doc": text("What the step is for, in one line."),
            "uses": { "enum": plugins, "description": "The plugin." },
            "needs": list("Steps that must pass before this one."),
            "inputs": list("Patterns of files that the step may see. `!` takes out."),
            "outputs": list("Patterns of files that the step may write."),
            "with": { "type": "object", "description": "The plugin's own configuration." },
            "grants": grants(),
            "min-isolation": {
                "enum": ["t0", "t1", "t2", "t3"],
                "description": "The weakest tier in which its native tools may run.",
            },
            "timeout": text("How long the step may take, such as `5m` or `1h 30m`."),
            "retries": {
                "type": "integer", "minimum": 0,
                "description": "How often it is tried again when the plugin itself fails.",
            },
            "limits": limits(),
            "for-each": text("A pattern of folders: one step for each, with `${member}`."),
            "matrix": {
                "type": "object",
                "description": "One step for each combination of values: `${matrix.AXIS}`.",
                "additionalProperties": { "type": "array", "items": { "type": "string" } },
            },
            "extends": {
                "description": "Templates whose fields are taken over; later ones win.",
                "oneOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
            },
        },
    })
}

fn tool() -> Value {
    let path = text("A name in `PATH`, an absolute path, or one that begins with `~/`.");
    let wasm = text("A WASI command of this workspace: a component or a module.");
    let identity = list("Files of the workspace that are part of its identity.");
    let env = json!({
        "type": "object",
        "description": "Its environment.",
        "additionalProperties": { "type": "string" },
    });
    json!({
        "oneOf": [
            path,
            {
                "type": "object",
                "required": ["path"],
                "additionalProperties": false,
                "properties": {
                    "path": path,
                    "closure": list("More that it may read: absolute paths, or ones with `~/`."),
                    "uses": list("Other tools of this file that it may start."),
                    "env": env,
                    "version": list("Arguments that print its version, part of its identity."),
                    "identity": identity,
                },
            },
            {
                "type": "object",
                "required": ["wasm"],
                "additionalProperties": false,
                "properties": { "wasm": wasm, "env": env, "identity": identity },
            },
        ],
    })
}

fn grants() -> Value {
    json!({
        "type": "object",
        "description": "Powers that the step does not have otherwise.",
        "additionalProperties": false,
        "properties": {
            "env": list("Environment variables that the step may see."),
            "tools": list("Tools of this file that the step may run."),
            "state": {
                "type": "object",
                "description": "Folders that outlive runs of tools: where tools find each.",
                "additionalProperties": { "type": "string" },
            },
            "network": list("Hosts that tools may connect to, as `host:port`."),
            "secrets": list("Secrets of this file that the step may use."),
        },
    })
}

fn limits() -> Value {
    let size = |what: &str| json!({ "type": "string", "description": what });
    let count = |what: &str| json!({ "type": "integer", "minimum": 1, "description": what });
    json!({
        "type": "object",
        "description": "How much of the machine the step may use.",
        "additionalProperties": false,
        "properties": {
            "memory": size("Memory of the plugin, such as `512MiB`."),
            "output-bytes": size("Bytes of all files that it writes."),
            "output-files": count("Files that it writes."),
            "log-bytes": size("Bytes of its log; what is over is dropped."),
            "findings": count("Findings and test cases."),
            "tool-memory": size("Memory of one run of a tool, with all its processes."),
            "tool-processes": count("Processes and threads of one run of a tool."),
        },
    })
}

fn text(what: &str) -> Value {
    json!({ "type": "string", "description": what })
}

fn list(what: &str) -> Value {
    json!({ "type": "array", "items": { "type": "string" }, "description": what })
}

/// Takes a plugin's schema over under names of its own, and returns the name of its root.
fn adopt(plugin: &str, mut schema: Value, defs: &mut Map<String, Value>) -> String {
    let own = |name: &str| format!("plugin {plugin} {name}").trim_end().replace(' ', ".");
    if let Some(root) = schema.as_object_mut() {
        root.remove("$schema");
        if let Some(Value::Object(nested)) = root.remove("$defs") {
            for (name, mut part) in nested {
                rename(&mut part, &own);
                defs.insert(own(&name), part);
            }
        }
    }
    rename(&mut schema, &own);
    let root = own("");
    defs.insert(root.clone(), schema);
    root
}

/// Points every reference to a definition at its new name.
fn rename(value: &mut Value, own: &impl Fn(&str) -> String) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match member {
                    Value::String(target) if key == "$ref" => {
                        let name = target.strip_prefix("#/$defs/").map(own);
                        *target = format!("#/$defs/{}", name.unwrap_or_else(|| own("")));
                    }
                    other => rename(other, own),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, own)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn schema() -> Value {
        let config = json!({
            "type": "object",
            "additionalProperties": false,
            "properties": { "level": { "$ref": "#/$defs/Level" } },
            "$defs": { "Level": { "enum": ["off", "error"] } },
        });
        let descriptor = Descriptor {
            name: "lint".to_owned(),
            version: "1.0.0".to_owned(),
            summary: String::new(),
            docs: String::new(),
            config_schema: config.to_string(),
            tools: Vec::new(),
            secrets: Vec::new(),
            hosts: Vec::new(),
            attrs: BTreeMap::new(),
        };
        json_schema(&BTreeMap::from([("check".to_owned(), descriptor)]))
    }

    /// Counts what the schema says of a file.
    #[track_caller]
    fn check(file: &str, mistakes: usize) {
        let file: Value = toml::from_str(file).expect("the test's own text is TOML");
        let errors: Vec<_> = jsonschema::draft202012::new(&schema())
            .expect("the schema is a schema")
            .iter_errors(&file)
            .map(|error| error.to_string())
            .collect();
        assert_eq!(errors.len(), mistakes, "{errors:?}");
    }

    #[test]
    fn with_is_typed_by_the_plugin_that_is_used() {
        check("[step.a]\nuses = \"check\"\nwith.level = \"off\"\n", 0);
        check("[step.a]\nuses = \"check\"\nwith.level = \"loud\"\n", 1);
        check("[step.a]\nuses = \"check\"\nwith.lvl = \"off\"\n", 1);
        check("[step.a]\nuses = \"other\"\n", 1);
    }

    #[test]
    fn every_key_of_the_format_is_known_and_no_other() {
        for key in crate::lower::fields::KEYS {
            assert!(schema()["$defs"]["step"]["properties"].get(key).is_some(), "{key}");
        }
        for key in crate::lower::document::KEYS {
            assert!(schema()["properties"].get(key).is_some(), "{key}");
        }
        delivery::tests::every_key_is_known(&schema());
        let step = &schema()["$defs"]["step"]["properties"];
        for (field, keys) in
            [("grants", crate::lower::grants::KEYS), ("limits", crate::lower::limits::KEYS)]
        {
            let known = step[field]["properties"].as_object().expect("it is a table").keys();
            let known: BTreeSet<&str> = known.map(String::as_str).collect();
            assert_eq!(known, keys.iter().copied().collect(), "{field}");
        }
        let forms = &schema()["properties"]["tools"]["additionalProperties"]["oneOf"];
        for key in crate::lower::tool_fields::KEYS {
            let forms = forms.as_array().expect("it is a list");
            assert!(forms.iter().any(|form| form["properties"].get(key).is_some()), "{key}");
        }
        check("[step.a]\nuses = \"check\"\ncolor = \"red\"\n", 1);
        check("[step.a]\nuses = \"check\"\nmin-isolation = \"t2\"\n", 0);
        check("[step.a]\nuses = \"check\"\nmin-isolation = \"wasm\"\n", 1);
    }

    #[test]
    fn a_tool_is_native_or_webassembly() {
        check("[tools]\nnode = \"node\"\ncc = { path = \"cc\", uses = [\"as\"] }\n", 0);
        check("[tools]\nmd = { wasm = \"md.wasm\", env = { A = \"b\" } }\n", 0);
        check("[tools]\nmd = { wasm = \"md.wasm\", path = \"md\" }\n", 1);
        check("[tools]\nmd = { wasm = \"md.wasm\", uses = [] }\n", 1);
        check("[tools]\nmd = {}\n", 1);
    }

    #[test]
    fn an_environment_is_typed_by_its_plugin_as_well() {
        let environment = |rest: &str| {
            format!("[environment.e]\nuses = \"check\"\nartifacts = [\"a\"]\n{rest}\n")
        };
        check(&environment("with.level = \"off\""), 0);
        check(&environment("with.level = \"loud\""), 1);
        check(&environment("storage = \"ftp:x\""), 1);
        check(&environment("[[environment.e.freeze]]\nuntil = \"x\""), 1);
        check("[environment.e]\nuses = \"check\"", 1);
        check("[secret]\nA = { env = \"A\" }\nB = { file = \"b\" }", 0);
        check("[secret]\nA = { env = \"A\", file = \"b\" }\nB = \"hunter2\"", 2);
        check("[approver.ana]\nkey = \"ed25519:00\"", 1);
        check("[ledger]\nname = \"x\"", 1);
    }
}
