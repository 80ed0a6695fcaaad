//! The event stream: what it costs to write down what happened.

use std::hint::black_box;

use anyhow::Result;
use belljar_model::StepName;
use belljar_model::event::{Event, LogLevel, LogLine};

use crate::results::{Results, Unit};
use crate::sample::{batches, each};

/// How many events are one batch.
const EVENTS: u32 = 10_000;

pub(super) fn measure(results: &mut Results) -> Result<()> {
    results.table(
        "Events",
        "From an event to its line of JSON, as a recording has it. A thread of its own does it, so \
         no step waits.",
    );
    let line = LogLine {
        level: LogLevel::Info,
        text: "the quick brown fox jumps over the lazy dog".to_owned(),
    };
    let event = Event::StepLog { step: StepName::new("a-step"), line };
    let written = batches(|_| {
        each(EVENTS, |_| {
            black_box(belljar_report::json::line(black_box(&event)));
            Ok(())
        })
    })?;
    results.row("write the event of one line of a log", Unit::Time, &written, None);
    Ok(())
}
