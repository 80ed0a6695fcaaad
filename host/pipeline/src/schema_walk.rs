//! Looks into a JSON Schema at the place that a pointer into a value means.

use std::collections::BTreeSet;

use serde_json::Value;

/// How many references are followed before giving up: a schema may refer to itself.
const MOST_HOPS: usize = 16;

/// The keys that an object at `pointer` may have.
pub(crate) fn known_keys(schema: &Value, pointer: &str) -> Vec<String> {
    let mut keys = BTreeSet::new();
    for part in at(schema, pointer) {
        keys.extend(
            part["properties"].as_object().into_iter().flatten().map(|(key, _)| key.clone()),
        );
    }
    keys.into_iter().collect()
}

/// The values that are allowed at `pointer`, if only some are: those of `enum` and `const`.
pub(crate) fn allowed_values(schema: &Value, pointer: &str) -> Vec<String> {
    let mut values = Vec::new();
    for part in at(schema, pointer) {
        let listed = part["enum"].as_array().into_iter().flatten();
        values.extend(listed.chain(part.get("const")).map(plain));
    }
    values
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The parts of the schema that describe the value at `pointer`.
fn at<'a>(schema: &'a Value, pointer: &str) -> Vec<&'a Value> {
    let mut parts = spread(schema, schema, 0);
    for segment in pointer.split('/').skip(1) {
        let key = segment.replace("~1", "/").replace("~0", "~");
        let below = |part: &&'a Value| {
            let part: &'a Value = part;
            let property = part["properties"].get(&key);
            let other = || part.get("additionalProperties").filter(|other| other.is_object());
            property.or_else(other).or_else(|| part.get("items").filter(|items| items.is_object()))
        };
        let next: Vec<_> = parts.iter().filter_map(below).collect();
        parts = next.into_iter().flat_map(|part| spread(schema, part, 0)).collect();
    }
    parts
}

/// A schema with everything that it refers to or combines.
fn spread<'a>(root: &'a Value, part: &'a Value, hops: usize) -> Vec<&'a Value> {
    let mut parts = vec![part];
    if hops >= MOST_HOPS {
        return parts;
    }
    if let Some(reference) = part["$ref"].as_str().and_then(|text| text.strip_prefix('#')) {
        let referred = root.pointer(reference);
        parts.extend(referred.into_iter().flat_map(|part| spread(root, part, hops + 1)));
    }
    for combined in ["allOf", "anyOf", "oneOf"] {
        let each = part[combined].as_array().into_iter().flatten();
        parts.extend(each.flat_map(|part| spread(root, part, hops + 1)));
    }
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_and_values_are_found_behind_references_and_choices() {
        let schema = json!({
            "properties": {
                "rules": { "$ref": "#/$defs/Rules" },
                "list": { "items": { "properties": { "from": {} } } },
            },
            "$defs": {
                "Rules": { "properties": { "spelling": { "$ref": "#/$defs/Level" } } },
                "Level": { "oneOf": [{ "const": "off" }, { "enum": ["warning", "error"] }] },
            },
        });
        assert_eq!(known_keys(&schema, ""), ["list", "rules"]);
        assert_eq!(known_keys(&schema, "/rules"), ["spelling"]);
        assert_eq!(known_keys(&schema, "/list/3"), ["from"]);
        assert_eq!(allowed_values(&schema, "/rules/spelling"), ["off", "warning", "error"]);
    }

    #[test]
    fn a_schema_that_refers_to_itself_has_an_end() {
        let schema = json!({ "$ref": "#" });
        assert_eq!(known_keys(&schema, "/a/b"), [""; 0]);
    }
}
