//! Prints what would take over a terminal or a CI log.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a plugin may do it, so the host must bear it"
)]

use belljar_sdk::NoConfig;
use belljar_sdk::prelude::*;

/// Prints what would take over a terminal or a CI log.
#[belljar_sdk::step(name = "prints-terminal-escapes")]
pub fn run(_config: NoConfig, cx: &mut Cx) -> StepResult {
    print!("\x1b[2J\x1b]0;owned\x07\x1b]52;c;ZXZpbA==\x07");
    println!("\rPASS all is well\x08\x08");
    eprintln!("\u{202e}reversed\u{9b}31m");
    println!("::set-output name=a::b");
    println!("##vso[task.complete]");
    cx.log().warn("\x1b[31merror[E0000]: forged");
    cx.finding(
        Finding::warning("escape\x1b[1m", "clears \x1b[2J the screen")
            .at(Span::point("in.txt", 1, 1)),
    );
    Err(StepError::failed("escapes", "said \x1b[8mhidden\x1b[0m words"))
}
