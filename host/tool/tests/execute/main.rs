//! Real tools, found and executed as they are for a step. This program is the launcher, too.
#![expect(clippy::unwrap_used, reason = "this is a test with a `main` of its own")]
#![expect(clippy::print_stdout, reason = "this is a test with a `main` of its own")]

mod fixture;
mod measure;
mod runs;
mod state;

use std::panic::catch_unwind;
use std::process::ExitCode;

use belljar_tool::launch;

/// A test and its name.
type Case = (&'static str, fn());

fn main() -> ExitCode {
    if let Some(code) = launch::entry() {
        return code;
    }
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.iter().any(|arg| arg == "--list") {
        return ExitCode::SUCCESS;
    }
    if args.iter().any(|arg| arg == "measure") {
        measure::all();
        return ExitCode::SUCCESS;
    }
    let asked: Vec<_> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    let mut failed = 0;
    for (name, test) in runs::CASES.iter().chain(state::CASES) {
        if !asked.is_empty() && !asked.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        let passed = catch_unwind(test).is_ok();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        failed += u32::from(!passed);
    }
    println!("{failed} failed");
    ExitCode::from(u8::from(failed > 0))
}
