//! Lines: what a tool prints, as blobs byte for byte, and as clean lines while it runs.

use std::collections::VecDeque;
use std::sync::Arc;

use belljar_model::event::{LogLevel, LogLine};
use belljar_model::limits::Limit;
use belljar_model::ports::{BlobStore, BlobWriter, LogSink};
use belljar_model::text::{harmless, no_command};
use belljar_model::{Digest, Fault, StepName};

use crate::confine::Channel;

/// The most bytes of one line; what is longer goes on in the next line.
const MAX_LINE: usize = 16 << 10;
/// How many lines a fault shows.
const LAST: usize = 20;

/// Everything that one run prints.
pub(crate) struct Printed {
    step: StepName,
    sink: Arc<dyn LogSink>,
    prefix: String,
    limit: Limit<u64>,
    lines: Vec<LogLine>,
    last: VecDeque<String>,
    bytes: u64,
    dropped: u64,
    streams: [Stream; 2],
    failed: Option<Fault>,
}

/// One channel.
struct Stream {
    partial: Vec<u8>,
    /// Whether `partial` goes on with a line whose beginning was taken.
    split: bool,
    writer: Option<Box<dyn BlobWriter>>,
    kept: u64,
}

/// What is left when the run is over.
pub(crate) struct Finished {
    /// Standard output, byte for byte up to the limit.
    pub(crate) stdout: Digest,
    /// Standard error.
    pub(crate) stderr: Digest,
    /// All lines.
    pub(crate) lines: Vec<LogLine>,
}

impl Printed {
    /// Nothing yet. Each line begins with the label, if it is not empty.
    pub(crate) fn new(
        step: &StepName,
        sink: &Arc<dyn LogSink>,
        label: &str,
        limit: &Limit<u64>,
    ) -> Self {
        let stream = || Stream { partial: Vec::new(), split: false, writer: None, kept: 0 };
        let prefix =
            if label.is_empty() { String::new() } else { format!("[{}] ", harmless(label)) };
        Self {
            step: step.clone(),
            sink: Arc::clone(sink),
            prefix,
            limit: limit.clone(),
            lines: Vec::new(),
            last: VecDeque::new(),
            bytes: 0,
            dropped: 0,
            streams: [stream(), stream()],
            failed: None,
        }
    }

    /// Takes what was printed.
    pub(crate) fn take(&mut self, channel: Channel, bytes: &[u8], blobs: &dyn BlobStore) {
        if let Err(fault) = self.keep_bytes(channel, bytes, blobs) {
            self.failed.get_or_insert(fault);
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let mut rest = piece;
            while !rest.is_empty() {
                let partial = &mut self.streams[channel as usize].partial;
                let (now, later) = rest.split_at(rest.len().min(MAX_LINE - partial.len()));
                partial.extend_from_slice(now);
                rest = later;
                if partial.ends_with(b"\n") || partial.len() >= MAX_LINE {
                    self.end_line(channel);
                }
            }
        }
    }

    fn keep_bytes(
        &mut self,
        channel: Channel,
        bytes: &[u8],
        blobs: &dyn BlobStore,
    ) -> Result<(), Fault> {
        let limit = self.limit.value;
        let stream = &mut self.streams[channel as usize];
        if stream.kept > limit || bytes.is_empty() {
            return Ok(());
        }
        let room = usize::try_from(limit - stream.kept).unwrap_or(usize::MAX);
        let mut writer = match stream.writer.take() {
            Some(writer) => writer,
            None => blobs.writer()?,
        };
        writer.append(&bytes[..bytes.len().min(room)])?;
        stream.kept += bytes.len() as u64;
        if stream.kept > limit {
            let notice = format!("\n[cut: `limits.log-bytes` is {limit}]\n");
            writer.append(notice.as_bytes())?;
        }
        stream.writer = Some(writer);
        Ok(())
    }

    fn end_line(&mut self, channel: Channel) {
        let stream = &mut self.streams[channel as usize];
        let mut bytes = std::mem::take(&mut stream.partial);
        let ended = bytes.ends_with(b"\n");
        if !ended && bytes.len() >= MAX_LINE {
            // Not in the middle of a letter.
            let whole = bytes.len() - unfinished(&bytes);
            stream.partial = bytes.split_off(whole);
        }
        let goes_on = std::mem::replace(&mut stream.split, !ended);
        let text = String::from_utf8_lossy(&bytes);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() && goes_on {
            return; // the end of a line that was just as long as a piece
        }
        let level = match channel {
            Channel::Stdout => LogLevel::Info,
            Channel::Stderr => LogLevel::Warn,
        };
        self.line(level, text);
    }

    fn line(&mut self, level: LogLevel, text: &str) {
        let text = format!("{}{}", self.prefix, no_command(&harmless(text)));
        let bytes = text.len() as u64 + 1;
        if self.last.len() == LAST {
            self.last.pop_front();
        }
        self.last.push_back(text.clone());
        if self.dropped > 0 || self.bytes + bytes > self.limit.value {
            if self.dropped == 0 {
                let text = format!(
                    "{}the log is full: `limits.log-bytes` is {} ({}); the rest is dropped",
                    self.prefix,
                    self.limit.value,
                    self.limit.place(),
                );
                self.keep(LogLine { level: LogLevel::Warn, text });
            }
            self.dropped += 1;
            return;
        }
        self.bytes += bytes;
        self.keep(LogLine { level, text });
    }

    fn keep(&mut self, line: LogLine) {
        self.sink.line(&self.step, &line);
        self.lines.push(line);
    }

    fn end(&mut self) {
        for channel in [Channel::Stdout, Channel::Stderr] {
            if !self.streams[channel as usize].partial.is_empty() {
                self.end_line(channel);
            }
        }
        if self.dropped > 0 {
            let text = format!("{}{} lines were dropped", self.prefix, self.dropped);
            self.keep(LogLine { level: LogLevel::Warn, text });
        }
    }

    /// Ends unfinished lines, and finishes the blobs.
    pub(crate) fn finish(mut self, blobs: &dyn BlobStore) -> Result<Finished, Fault> {
        self.end();
        if let Some(fault) = self.failed {
            return Err(fault);
        }
        let [stdout, stderr] = self.streams.map(|stream| match stream.writer {
            Some(writer) => writer.finish(),
            None => blobs.put(b""),
        });
        Ok(Finished { stdout: stdout?, stderr: stderr?, lines: self.lines })
    }

    /// Adds the last lines to the fault that ended the run.
    pub(crate) fn explain(mut self, fault: Fault) -> Fault {
        self.end();
        self.last.into_iter().fold(fault, Fault::note)
    }
}

/// How many bytes at the end begin a letter that does not end there.
fn unfinished(bytes: &[u8]) -> usize {
    let tail = &bytes[bytes.len().saturating_sub(3)..];
    let start = tail.iter().rposition(|byte| *byte >= 0xc0);
    start.map_or(0, |start| match std::str::from_utf8(&tail[start..]) {
        Err(error) if error.error_len().is_none() => tail.len() - start,
        _ => 0,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use belljar_model::ports::BlobSource as _;

    use super::*;
    use belljar_model::ports::MemoryBlobs;

    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);

    impl LogSink for Heard {
        fn line(&self, step: &StepName, line: &LogLine) {
            self.0.lock().unwrap().push(format!("{step}: {}", line.text));
        }
    }

    struct Case {
        printed: Printed,
        blobs: MemoryBlobs,
        heard: Arc<Heard>,
    }

    fn case(label: &str, limit: u64) -> Case {
        let heard = Arc::new(Heard::default());
        let sink: Arc<dyn LogSink> = heard.clone();
        let step = StepName::new("step");
        let printed = Printed::new(&step, &sink, label, &Limit::default_of(limit));
        Case { printed, blobs: MemoryBlobs::default(), heard }
    }

    fn texts(finished: Finished) -> Vec<String> {
        finished.lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn lines_are_put_together_labelled_cleaned_and_heard_at_once() {
        belljar_cases::case!("G01");
        let Case { mut printed, blobs, heard } = case("unit", 1_000);
        printed.take(Channel::Stdout, b"one\ntw", &blobs);
        assert_eq!(*heard.0.lock().unwrap(), ["step: [unit] one"]);
        printed.take(Channel::Stderr, b"\x1b[2Jred\r\n::error::x\n", &blobs);
        printed.take(Channel::Stdout, b"o", &blobs);
        let finished = printed.finish(&blobs).unwrap();
        let stdout = blobs.get(&finished.stdout).unwrap().unwrap();
        assert_eq!(&stdout[..], b"one\ntwo", "blobs are byte for byte");
        let levels: Vec<_> = finished.lines.iter().map(|line| line.level).collect();
        assert_eq!(levels, [LogLevel::Info, LogLevel::Warn, LogLevel::Warn, LogLevel::Info]);
        let expected = ["[unit] one", "[unit] \\u{1b}[2Jred", "[unit] > ::error::x", "[unit] two"];
        assert_eq!(texts(finished), expected);
    }

    #[test]
    fn a_long_line_is_split_between_letters() {
        belljar_cases::case!("G04");
        let check = |text: &str, lengths: &[usize]| {
            let Case { mut printed, blobs, .. } = case("", 1 << 20);
            for piece in text.as_bytes().chunks(1_000) {
                printed.take(Channel::Stdout, piece, &blobs);
            }
            let lines = texts(printed.finish(&blobs).unwrap());
            assert_eq!(lines.iter().map(String::len).collect::<Vec<_>>(), lengths);
            assert!(lines.iter().all(|line| !line.contains('\u{fffd}')));
        };
        check(&"x".repeat(MAX_LINE + 5), &[MAX_LINE, 5]);
        check(&format!("{}\n\n", "x".repeat(MAX_LINE)), &[MAX_LINE, 0]);
        check(&format!("x{}", "ü".repeat(MAX_LINE / 2)), &[MAX_LINE - 1, 2]);
    }

    #[test]
    fn what_is_over_the_limit_is_dropped_with_a_notice_in_blob_and_lines() {
        belljar_cases::case!("G04");
        let Case { mut printed, blobs, .. } = case("", 8);
        for text in ["1234567\n", "too much\n", "x\n"] {
            printed.take(Channel::Stdout, text.as_bytes(), &blobs);
        }
        let finished = printed.finish(&blobs).unwrap();
        let stdout = blobs.get(&finished.stdout).unwrap().unwrap();
        assert_eq!(&stdout[..], b"1234567\n\n[cut: `limits.log-bytes` is 8]\n");
        let notice = "the log is full: `limits.log-bytes` is 8 (the default); the rest is dropped";
        assert_eq!(texts(finished), ["1234567", notice, "2 lines were dropped"]);
    }

    #[test]
    fn a_fault_keeps_the_last_lines() {
        let Case { mut printed, blobs, .. } = case("", 100);
        for number in 0..50 {
            printed.take(Channel::Stderr, format!("line {number}\n").as_bytes(), &blobs);
        }
        let fault = Fault::new(belljar_model::Blame::Project, crate::fault::CHANGED, "x");
        let notes = printed.explain(fault).notes;
        assert_eq!(notes.len(), LAST);
        assert_eq!(notes.last().map(String::as_str), Some("line 49"));
    }
}
