//! What changed in the schema of a plugin's configuration.

use std::collections::BTreeSet;

use serde_json::Value;

/// The parts of a JSON Schema that came, went or changed, each by its JSON pointer.
pub(super) fn changes(before: &str, now: &str) -> Vec<String> {
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    let mut found = Vec::new();
    walk("", &parse(before), &parse(now), &mut found);
    found
}

fn walk(at: &str, before: &Value, now: &Value, found: &mut Vec<String>) {
    match (before, now) {
        (Value::Object(old), Value::Object(new)) => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                let place = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                match (old.get(key), new.get(key)) {
                    (Some(old), Some(new)) => walk(&place, old, new, found),
                    (None, _) => found.push(format!("new: {place}")),
                    (_, None) => found.push(format!("gone: {place}")),
                }
            }
        }
        (before, now) if before != now => found.push(format!("other: {at}")),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_compared_key_by_key() {
        let before = r#"{"type":"object","properties":{"a":{"type":"string"},"b":{}}}"#;
        let now = r#"{"type":"object","properties":{"a":{"type":"number"},"c/d":{}}}"#;
        let expected =
            ["other: /properties/a/type", "gone: /properties/b", "new: /properties/c~1d"];
        assert_eq!(changes(before, now), expected);
        assert_eq!(changes(before, before), [""; 0]);
    }
}
