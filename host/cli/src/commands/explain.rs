//! `belljar explain`: the long text of an error code.

use serde_json::json;

use crate::args::ExplainArgs;
use crate::error::CommandError;
use crate::exit_code::Exit;
use crate::terminal::Terminal;

/// The pages of `docs/errors`, sorted by code.
const PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

pub(super) fn explain(args: &ExplainArgs, terminal: &Terminal) -> Result<Exit, CommandError> {
    let code = args.code.to_ascii_uppercase();
    let Ok(index) = PAGES.binary_search_by(|(page, _)| (*page).cmp(&code)) else {
        let codes: Vec<_> = PAGES.iter().map(|(code, _)| *code).collect();
        return Err(CommandError::usage_help(
            format!("there is no error code `{}`", args.code),
            format!("the codes are {}", codes.join(", ")),
        ));
    };
    let (code, text) = PAGES[index];
    if terminal.json {
        terminal
            .answer_json(&json!({ "schema": "belljar.explain/v1", "code": code, "text": text }));
    } else {
        terminal.answer(text);
    }
    Ok(Exit::Success)
}
