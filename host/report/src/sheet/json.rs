//! A sheet as one JSON document of the schema `belljar.report/v1`.

use belljar_model::sheet::{SCHEMA, Sheet};
use serde::Serialize;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    #[serde(flatten)]
    sheet: &'a Sheet,
}

/// The document, with a line end. Characters that a terminal would obey are `\u` escapes.
pub fn render(sheet: &Sheet) -> String {
    crate::json::document(&Document { schema: SCHEMA, sheet }) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::testing::{hostile, plain};

    #[test]
    fn a_sheet_is_read_back_as_it_was() {
        for sheet in [plain(), hostile("\u{1b}[2J\u{202e}\"\\\n</script>\u{7f}"), Sheet::default()]
        {
            let text = render(&sheet);
            assert!(!text.contains(crate::sanitize::is_harmful), "{text}");
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value["schema"], "belljar.report/v1");
            assert_eq!(serde_json::from_value::<Sheet>(value).unwrap(), sheet);
        }
    }
}
