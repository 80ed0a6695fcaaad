//! Live: the lines of the bar, as a function of what runs and what time it is.

use unicode_width::UnicodeWidthChar as _;
use unicode_width::UnicodeWidthStr as _;

use super::Run;
use crate::style::{Style, Symbols, Tone};
use crate::{sanitize, text};

/// More running steps than this are only counted.
const SHOWN: usize = 8;

/// A step that is being executed.
pub(super) struct Running {
    /// Since when, in milliseconds since 1970-01-01 UTC.
    pub(super) since: u64,
    /// How long it took the last time, in microseconds.
    pub(super) expected_us: Option<u64>,
    /// The plugin as `name@version`.
    pub(super) plugin: String,
}

/// One line for each running step, the longest running first, and one for the run.
pub(super) fn lines(run: &Run, now: u64, style: &Style) -> Vec<String> {
    let mut running: Vec<_> = run.running.iter().collect();
    running.sort_by_key(|(name, step)| (step.since, *name));
    let spinner = spinner(now, style);
    let width = usize::from(style.width).saturating_sub(1);
    let name_width = run.name_width.max(1);
    let line = |(name, step): &(&_, &Running)| {
        let name = sanitize::line(belljar_model::StepName::as_str(name));
        let gap = " ".repeat(name_width.saturating_sub(name.width()));
        let elapsed = seconds(now.saturating_sub(step.since));
        let expected = step
            .expected_us
            .map_or_else(String::new, |us| format!(" of about {}", seconds(us / 1000)));
        let plugin = sanitize::line(&step.plugin);
        let line = format!(" {spinner} running {name}{gap}  {elapsed}{expected}  {plugin}");
        cut(&line, width, style)
    };
    let mut lines: Vec<_> = running.iter().take(SHOWN).map(line).collect();
    if running.len() > SHOWN {
        lines.push(format!("   and {} more", running.len() - SHOWN));
    }
    let waiting = run.total.saturating_sub(run.done + running.len());
    let dot = style.dot();
    let footer = format!(
        "   {}/{} done{dot}{} running{dot}{waiting} waiting",
        run.done,
        run.total,
        running.len()
    );
    lines.push(cut(&footer, width, style));
    lines
}

/// `  RUNNING [ 1m 04s] lint, test`; `None` if nothing runs.
pub(super) fn heartbeat(run: &Run, now: u64, style: &Style) -> Option<String> {
    let first = run.running.values().map(|step| step.since).min()?;
    let names = run.running.keys().map(|name| sanitize::line(name.as_str()).into_owned());
    let mut names: Vec<_> = names.take(SHOWN).collect();
    if run.running.len() > SHOWN {
        names.push(format!("and {} more", run.running.len() - SHOWN));
    }
    let word = style.paint(Tone::Faint, "  RUNNING");
    let time = seconds(now.saturating_sub(first));
    Some(format!("{word} [{time:>7}] {}\n", names.join(", ")))
}

fn seconds(ms: u64) -> String {
    if ms < 60_000 { format!("{}s", ms / 1000) } else { text::duration_us(ms * 1000) }
}

fn spinner(now: u64, style: &Style) -> char {
    let frames: &[char] = match style.symbols {
        Symbols::Unicode => &['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
        Symbols::Ascii => &['|', '/', '-', '\\'],
    };
    frames[usize::try_from(now / 100).unwrap_or(0) % frames.len()]
}

/// A line that is wider than the terminal would break, and the bar could not be erased.
fn cut(line: &str, width: usize, style: &Style) -> String {
    if line.width() <= width {
        return line.to_owned();
    }
    let mark = style.symbol("…", "...");
    let mut room = width.saturating_sub(mark.width());
    let fits = |letter: &char| match room.checked_sub(letter.width().unwrap_or(0)) {
        Some(rest) => {
            room = rest;
            true
        }
        None => false,
    };
    line.chars().take_while(fits).chain(mark.chars()).collect()
}
