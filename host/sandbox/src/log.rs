//! The log of one execution: what the guest prints and logs, as clean lines.
//!
//! A guest's text reaches terminals and CI systems, so it is made harmless where it enters:
//! control characters become visible escapes, and no line is longer than [`MAX_LINE`].

use std::sync::Arc;

use belljar_model::StepName;
use belljar_model::event::{LogLevel, LogLine};
use belljar_model::limits::Limit;
use belljar_model::ports::LogSink;
use belljar_model::text::{harmless, no_command};

/// The most bytes of one line; what is longer goes on in the next line.
const MAX_LINE: usize = 16 << 10;

/// How much of stderr is kept for the message about a trap, in bytes.
const TAIL: usize = 4 << 10;

/// Where a guest prints.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Channel {
    /// Standard output: lines of level info.
    Stdout,
    /// Standard error: lines of level warn.
    Stderr,
}

/// Whose lines they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Origin {
    /// A plugin's.
    Plugin,
    /// A tool's: nobody wrote it with CI systems in mind that take lines for commands.
    Tool,
}

/// All lines of one execution.
pub(crate) struct StepLog {
    step: StepName,
    sink: Arc<dyn LogSink>,
    origin: Origin,
    prefix: String,
    limit: Limit<u64>,
    lines: Vec<LogLine>,
    bytes: u64,
    dropped: u64,
    partial: [Vec<u8>; 2],
    tail: String,
}

impl StepLog {
    /// A log without lines, of at most `limit` bytes.
    pub(crate) fn new(step: StepName, sink: Arc<dyn LogSink>, limit: Limit<u64>) -> Self {
        let partial = [Vec::new(), Vec::new()];
        Self {
            step,
            sink,
            origin: Origin::Plugin,
            prefix: String::new(),
            limit,
            lines: Vec::new(),
            bytes: 0,
            dropped: 0,
            partial,
            tail: String::new(),
        }
    }

    /// The same log for a run of a tool, whose lines begin with its label, if it has one.
    pub(crate) fn labeled(self, label: &str) -> Self {
        let prefix =
            if label.is_empty() { String::new() } else { format!("[{}] ", harmless(label)) };
        Self { prefix, origin: Origin::Tool, ..self }
    }

    /// Adds what was printed. Lines are taken when they end, or when they get too long.
    pub(crate) fn write(&mut self, channel: Channel, bytes: &[u8]) {
        let place = channel as usize;
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.partial[place].extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.partial[place].len() >= MAX_LINE {
                self.end_line(channel);
            }
        }
    }

    fn end_line(&mut self, channel: Channel) {
        let bytes = std::mem::take(&mut self.partial[channel as usize]);
        let text = String::from_utf8_lossy(&bytes);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        let level = match channel {
            Channel::Stdout => LogLevel::Info,
            Channel::Stderr => LogLevel::Warn,
        };
        if channel == Channel::Stderr {
            self.keep_tail(text);
        }
        self.pieces(level, text);
    }

    fn keep_tail(&mut self, text: &str) {
        self.tail.push_str(&harmless(text));
        self.tail.push('\n');
        if self.tail.len() > 2 * TAIL {
            let start = self.tail.ceil_char_boundary(self.tail.len() - TAIL);
            self.tail.drain(..start);
        }
    }

    /// Adds a message of one or more lines.
    pub(crate) fn message(&mut self, level: LogLevel, text: &str) {
        for line in text.lines() {
            self.pieces(level, line);
        }
    }

    /// Adds a line of any length, as several if it is too long.
    fn pieces(&mut self, level: LogLevel, line: &str) {
        let mut rest = line;
        while rest.len() > MAX_LINE {
            let (head, tail) = rest.split_at(rest.floor_char_boundary(MAX_LINE));
            self.line(level, head);
            rest = tail;
        }
        self.line(level, rest);
    }

    fn line(&mut self, level: LogLevel, text: &str) {
        if self.dropped > 0 {
            self.dropped += 1;
            return;
        }
        let text = match self.origin {
            Origin::Plugin => harmless(text),
            Origin::Tool => format!("{}{}", self.prefix, no_command(&harmless(text))),
        };
        let bytes = text.len() as u64 + 1;
        if self.bytes + bytes > self.limit.value {
            let text = format!(
                "{}the log is full: `limits.log-bytes` is {} ({}); the rest is dropped",
                self.prefix,
                self.limit.value,
                self.limit.place()
            );
            self.keep(LogLine { level: LogLevel::Warn, text });
            self.dropped = 1;
            return;
        }
        self.bytes += bytes;
        self.keep(LogLine { level, text });
    }

    fn keep(&mut self, line: LogLine) {
        self.sink.line(&self.step, &line);
        self.lines.push(line);
    }

    /// Adds the lines of a tool, which went to the sink already while it ran.
    pub(crate) fn adopt(&mut self, lines: &[LogLine]) {
        for line in lines {
            let bytes = line.text.len() as u64 + 1;
            if self.dropped > 0 || self.bytes + bytes > self.limit.value {
                self.line(line.level, &line.text);
            } else {
                self.bytes += bytes;
                self.lines.push(line.clone());
            }
        }
    }

    /// Ends unfinished lines and returns all, with the last words on stderr.
    pub(crate) fn finish(mut self) -> (Vec<LogLine>, String) {
        for channel in [Channel::Stdout, Channel::Stderr] {
            if !self.partial[channel as usize].is_empty() {
                self.end_line(channel);
            }
        }
        if self.dropped > 0 {
            let text = format!("{}{} lines were dropped", self.prefix, self.dropped);
            self.keep(LogLine { level: LogLevel::Warn, text });
        }
        let start = self.tail.ceil_char_boundary(self.tail.len().saturating_sub(TAIL));
        (self.lines, self.tail[start..].trim_end().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use belljar_model::ports::Unheard;

    fn log(limit: u64) -> StepLog {
        StepLog::new(StepName::new("step"), Arc::new(Unheard), Limit::default_of(limit))
    }

    fn texts(log: StepLog) -> Vec<String> {
        log.finish().0.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn lines_are_put_together_from_pieces() {
        let mut log = log(1_000);
        log.write(Channel::Stdout, b"one\ntw");
        log.write(Channel::Stderr, b"err");
        log.write(Channel::Stdout, b"o\r\nlast");
        assert_eq!(texts(log), ["one", "two", "last", "err"]);
    }

    #[test]
    fn what_is_over_the_limit_is_dropped_with_a_notice() {
        let mut log = log(8);
        for text in ["1234567", "too much", "x"] {
            log.message(LogLevel::Info, text);
        }
        let notice = "the log is full: `limits.log-bytes` is 8 (the default); the rest is dropped";
        assert_eq!(texts(log), ["1234567", notice, "2 lines were dropped"]);
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let mut log = log(1 << 20);
        log.write(Channel::Stdout, &vec![b'x'; MAX_LINE + 5]);
        let lengths: Vec<_> = texts(log).iter().map(String::len).collect();
        assert_eq!(lengths, [MAX_LINE, 5]);
    }

    #[test]
    fn the_last_words_are_the_end_of_stderr() {
        let mut log = log(1 << 20);
        for number in 0..2_000 {
            log.write(Channel::Stderr, format!("line {number}\n").as_bytes());
        }
        let (_, tail) = log.finish();
        assert!(tail.len() <= TAIL && tail.ends_with("line 1999"), "{tail}");
    }
}
