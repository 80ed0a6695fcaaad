//! What the host itself does: with `-v` as lines on stderr, with `--trace` for a timeline. Not for
//! programs: they read the event stream.

use tracing::Level;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use crate::timeline::Recorder;

/// Starts listening, if anybody wants to hear something.
pub(crate) fn start(verbose: u8, recorder: Option<Recorder>) {
    let level = match verbose {
        0 => None,
        1 => Some(Level::DEBUG),
        _ => Some(Level::TRACE),
    };
    if level.is_none() && recorder.is_none() {
        return;
    }
    let lines = level.map(|level| {
        let lines = fmt::layer().with_writer(std::io::stderr).with_target(false);
        let lines = lines.without_time().with_ansi(false);
        lines.with_filter(filter_fn(move |what| what.is_event() && *what.level() <= level))
    });
    let spans = recorder.map(|recorder| recorder.with_filter(filter_fn(Recorder::wants)));
    tracing_subscriber::registry().with(lines).with(spans).init();
}
