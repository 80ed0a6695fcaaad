//! Timeline: what a run did when, in the trace event format, which Perfetto and browsers open.
//!
//! Each thing that was done is a complete event (`X`) on the lane of the thread that did it; names
//! of lanes are metadata (`M`), and how many steps and tools were at work at once are counters (`C`).
//! Times are microseconds with three decimals: the nanoseconds as they were measured.

use std::collections::BTreeMap;
use std::io::{self, Write};

use belljar_model::Mask;
use serde_json::{Map, Value, json};

/// The one process of a timeline. Workers and tools are on the lanes of those who wait for them.
const PROCESS: u32 = 1;

/// What is counted: the kind of a stretch, and what its counter is called.
const COUNTED: [(&str, &str); 2] = [("step", "steps at once"), ("work of a tool", "tools at once")];

/// One thing that was done, from its start to its end.
#[derive(Clone, PartialEq, Debug)]
pub struct Stretch {
    /// Where it was done: an index into the lanes.
    pub lane: usize,
    /// What kind of thing it is.
    pub kind: &'static str,
    /// Its name, such as that of a step.
    pub name: String,
    /// When it began, in nanoseconds from the start of the process.
    pub start_ns: u64,
    /// When it ended.
    pub end_ns: u64,
    /// More about it.
    pub args: BTreeMap<&'static str, Value>,
}

/// Everything that was done. The stretches of one lane lie within or behind each other.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Timeline {
    /// The names of the lanes.
    pub lanes: Vec<String>,
    /// What was done, in any order.
    pub stretches: Vec<Stretch>,
}

impl Timeline {
    /// Writes the file: one JSON object, with a line for each event. No value of `mask` is in it.
    ///
    /// # Errors
    /// When `to` cannot be written.
    pub fn write(mut self, mask: &Mask, mut to: impl Write) -> io::Result<()> {
        // Whoever reads it may take the order for the nesting: the outer one comes first.
        let order = |stretch: &Stretch| (stretch.start_ns, u64::MAX - stretch.end_ns);
        self.stretches.sort_by_key(order);
        to.write_all(b"{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n")?;
        write_event(&mut to, &metadata("process_name", 0, &json!({ "name": "belljar run" })))?;
        for (lane, name) in self.lanes.iter().enumerate() {
            let named = json!({ "name": mask.text(name.clone()) });
            for event in [
                metadata("thread_name", lane, &named),
                metadata("thread_sort_index", lane, &json!({ "sort_index": lane })),
            ] {
                write_next(&mut to, &event)?;
            }
        }
        for (kind, counter) in COUNTED {
            for event in counted(&self.stretches, kind, counter) {
                write_next(&mut to, &event)?;
            }
        }
        for stretch in self.stretches {
            write_next(&mut to, &complete(stretch, mask))?;
        }
        to.write_all(b"\n]}\n")?;
        to.flush()
    }
}

fn write_next(to: &mut impl Write, event: &Value) -> io::Result<()> {
    to.write_all(b",\n")?;
    write_event(to, event)
}

fn write_event(to: &mut impl Write, event: &Value) -> io::Result<()> {
    to.write_all(event.to_string().as_bytes())
}

fn metadata(what: &str, lane: usize, args: &Value) -> Value {
    json!({ "ph": "M", "pid": PROCESS, "tid": thread(lane), "name": what, "args": args })
}

/// The number of a lane. Zero is left out: some readers take it for "no thread".
const fn thread(lane: usize) -> usize {
    lane + 1
}

fn complete(stretch: Stretch, mask: &Mask) -> Value {
    let Stretch { lane, kind, name, start_ns, end_ns, args } = stretch;
    let masked = |value: Value| match value {
        Value::String(text) => Value::String(mask.text(text)),
        other => other,
    };
    let args: Map<String, Value> =
        args.into_iter().map(|(name, value)| (name.to_owned(), masked(value))).collect();
    json!({
        "ph": "X",
        "pid": PROCESS,
        "tid": thread(lane),
        "cat": kind,
        "name": mask.text(name),
        "ts": micros(start_ns),
        "dur": micros(end_ns.saturating_sub(start_ns)),
        "args": args,
    })
}

/// How many stretches of one kind went on at once, at each moment at which that changed.
fn counted(stretches: &[Stretch], kind: &str, counter: &str) -> Vec<Value> {
    let mut changes: BTreeMap<u64, i64> = BTreeMap::new();
    for stretch in stretches.iter().filter(|stretch| stretch.kind == kind) {
        *changes.entry(stretch.start_ns).or_default() += 1;
        *changes.entry(stretch.end_ns).or_default() -= 1;
    }
    let mut count = 0;
    let event = |(at, change)| {
        count += change;
        let args = json!({ "count": count });
        json!({ "ph": "C", "pid": PROCESS, "name": counter, "ts": micros(at), "args": args })
    };
    changes.into_iter().map(event).collect()
}

#[expect(clippy::cast_precision_loss, reason = "exact for the first hundred days of a process")]
fn micros(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use belljar_model::SecretValue;

    use super::*;

    fn stretch(lane: usize, kind: &'static str, name: &str, at: [u64; 2]) -> Stretch {
        let [start_ns, end_ns] = at;
        let name = name.to_owned();
        Stretch { lane, kind, name, start_ns, end_ns, args: BTreeMap::new() }
    }

    fn events(timeline: Timeline, mask: &Mask) -> Vec<Value> {
        let mut text = Vec::new();
        timeline.write(mask, &mut text).unwrap();
        let mut file: Value = serde_json::from_slice(&text).expect("it is one JSON object");
        let Value::Array(events) = file["traceEvents"].take() else { panic!("no list of events") };
        events
    }

    fn of_phase<'a>(events: &'a [Value], phase: &str) -> Vec<&'a Value> {
        events.iter().filter(|event| event["ph"] == phase).collect()
    }

    #[test]
    fn lanes_and_stretches_are_events_and_what_lies_within_comes_behind() {
        let timeline = Timeline {
            lanes: vec!["main".to_owned(), "step 1".to_owned()],
            stretches: vec![
                stretch(1, "key", "key", [2_000, 2_500]),
                stretch(1, "step", "lint", [2_000, 9_001]),
                stretch(0, "run", "run", [1_000, 10_000]),
            ],
        };
        let events = events(timeline, &Mask::default());
        let metadata = of_phase(&events, "M");
        let named = metadata.iter().filter(|event| event["name"] == "thread_name");
        let lanes: Vec<_> = named.map(|event| (&event["tid"], &event["args"]["name"])).collect();
        assert_eq!(lanes, [(&json!(1), &json!("main")), (&json!(2), &json!("step 1"))]);
        let stretches = of_phase(&events, "X");
        let shown: Vec<_> = stretches
            .iter()
            .map(|event| (event["name"].as_str().unwrap(), &event["ts"], &event["dur"]))
            .collect();
        let expected = [
            ("run", &json!(1.0), &json!(9.0)),
            ("lint", &json!(2.0), &json!(7.001)),
            ("key", &json!(2.0), &json!(0.5)),
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn any_name_is_a_name() {
        let name = "a \"b\"\n\\c\u{1b}]0;x\u{7} \u{2028}";
        let mut odd = stretch(0, "step", name, [0, 1]);
        odd.args.insert("miss", json!(name));
        let timeline = Timeline { lanes: vec![name.to_owned()], stretches: vec![odd] };
        let mut text = Vec::new();
        timeline.clone().write(&Mask::default(), &mut text).unwrap();
        assert!(!text.contains(&0x1b), "no control character is written as it is");
        let events = events(timeline, &Mask::default());
        let shown = of_phase(&events, "X")[0];
        assert_eq!(
            (shown["name"].as_str(), shown["args"]["miss"].as_str()),
            (Some(name), Some(name))
        );
    }

    #[test]
    fn counters_say_how_many_steps_were_at_work_at_once() {
        let stretches = vec![
            stretch(0, "step", "a", [0, 3_000]),
            stretch(1, "step", "b", [1_000, 2_000]),
            stretch(0, "step", "c", [3_000, 4_000]),
            stretch(0, "key", "key", [0, 1]),
        ];
        let timeline = Timeline { lanes: vec!["1".to_owned(), "2".to_owned()], stretches };
        let events = events(timeline, &Mask::default());
        let counts = of_phase(&events, "C");
        let counts: Vec<_> =
            counts.iter().map(|event| (&event["ts"], &event["args"]["count"])).collect();
        let at = |ts: f64, count: i64| (json!(ts), json!(count));
        let expected = [at(0.0, 1), at(1.0, 2), at(2.0, 1), at(3.0, 1), at(4.0, 0)];
        assert_eq!(counts, expected.iter().map(|(ts, count)| (ts, count)).collect::<Vec<_>>());
    }

    #[test]
    fn no_value_of_a_secret_is_written_not_even_with_escapes() {
        let value = "pa\"ss\nword-of-the-day";
        let secret = SecretValue::new(value.as_bytes().to_vec()).unwrap();
        let mask = Mask::new([&secret]);
        let mut telling = stretch(0, "tool", &format!("cc {value}"), [0, 1]);
        telling.args.insert("args", json!(format!("--token={value}")));
        let timeline =
            Timeline { lanes: vec![format!("lane of {value}")], stretches: vec![telling] };
        let mut text = Vec::new();
        timeline.write(&mask, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(!text.contains("word-of-the-day"), "{text}");
        assert_eq!(text.matches("***").count(), 3, "{text}");
    }
}
