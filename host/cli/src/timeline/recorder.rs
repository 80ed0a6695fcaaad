//! Recorder: listens to spans, and keeps each with its time and the lane of its thread.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use belljar_model::ports::Clock;
use belljar_report::timeline::Stretch;
use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::lanes::Lanes;

/// The field that names a span; without it, it is named as its kind.
const NAME: &str = "name";

/// Records spans. Clones share what they record.
#[derive(Clone)]
pub(crate) struct Recorder(Arc<Inner>);

struct Inner {
    clock: Box<dyn Clock>,
    lanes: Arc<Lanes>,
    ended: Mutex<Vec<Stretch>>,
}

/// A span that goes on. It is shown from when it was entered to when it was left: who holds one
/// for longer does something else by then.
#[derive(Default)]
struct Open {
    lane: usize,
    name: Option<String>,
    start_ns: Option<u64>,
    end_ns: u64,
    args: BTreeMap<&'static str, Value>,
}

impl Recorder {
    /// Records nothing yet. Times count from the start of the clock.
    pub(crate) fn new(clock: Box<dyn Clock>) -> Self {
        let (lanes, ended) = (Arc::default(), Mutex::default());
        Self(Arc::new(Inner { clock, lanes, ended }))
    }

    /// Whether a span is for the timeline: those of our own crates are.
    pub(crate) fn wants(what: &Metadata<'_>) -> bool {
        what.is_span() && what.target().starts_with("belljar")
    }

    /// The names of the lanes, and all that has ended until now.
    pub(super) fn take(&self) -> (Vec<String>, Vec<Stretch>) {
        let ended =
            std::mem::take(&mut *self.0.ended.lock().unwrap_or_else(PoisonError::into_inner));
        (self.0.lanes.names(), ended)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.clock.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut open = Open::default();
        attributes.record(&mut open);
        span.extensions_mut().insert(open);
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(open) = span.extensions_mut().get_mut::<Open>()
            && open.start_ns.is_none()
        {
            open.lane = self.0.lanes.of_this_thread();
            // Last, so that what it took to record the span is not in it.
            open.start_ns = Some(self.now());
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        let now = self.now();
        if let Some(span) = context.span(id)
            && let Some(open) = span.extensions_mut().get_mut::<Open>()
        {
            open.end_ns = now;
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(open) = span.extensions_mut().get_mut::<Open>()
        {
            values.record(open);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(open) = span.extensions_mut().remove::<Open>() else { return };
        let Open { lane, name, start_ns: Some(start_ns), end_ns, args } = open else { return };
        let kind = span.name();
        let name = name.unwrap_or_else(|| kind.to_owned());
        let stretch = Stretch { lane, kind, name, start_ns, end_ns, args };
        self.0.ended.lock().unwrap_or_else(PoisonError::into_inner).push(stretch);
    }
}

impl Open {
    fn set(&mut self, field: &Field, value: Value) {
        if let (NAME, Value::String(name)) = (field.name(), &value) {
            self.name = Some(name.clone());
        } else {
            self.args.insert(field.name(), value);
        }
    }
}

impl Visit for Open {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, json!(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, json!(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, json!(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, json!(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, json!(format!("{value:?}")));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use tracing::trace_span;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    /// Goes on by a microsecond whenever it is asked.
    #[derive(Default)]
    struct Counting(AtomicU64);

    impl Clock for Counting {
        fn now_ms(&self) -> u64 {
            0
        }

        fn elapsed(&self) -> Duration {
            Duration::from_micros(self.0.fetch_add(1, Ordering::SeqCst))
        }
    }

    #[test]
    fn spans_are_recorded_with_their_fields_and_lie_within_each_other() {
        let recorder = Recorder::new(Box::new(Counting::default()));
        let registry = tracing_subscriber::registry().with(recorder.clone());
        tracing::subscriber::with_default(registry, || {
            let outer = trace_span!("step", name = %"lint", key = tracing::field::Empty).entered();
            trace_span!("key").in_scope(|| ());
            trace_span!("look up", found = true, asked = 3_u64).in_scope(|| ());
            outer.record("key", "abc");
            let kept = trace_span!("wait");
            kept.in_scope(|| ());
            trace_span!("after it").in_scope(|| ());
        });
        let (lanes, stretches) = recorder.take();
        assert_eq!(lanes.len(), 1);
        let seen: Vec<_> = stretches
            .iter()
            .map(|one| (one.kind, &*one.name, one.start_ns / 1_000, one.end_ns / 1_000))
            .collect();
        let expected = [
            ("key", "key", 1, 2),
            ("look up", "look up", 3, 4),
            ("after it", "after it", 7, 8),
            ("wait", "wait", 5, 6),
            ("step", "lint", 0, 9),
        ];
        assert_eq!(seen, expected);
        assert_eq!(stretches[1].args, [("asked", json!(3)), ("found", json!(true))].into());
        assert_eq!(stretches[4].args, [("key", json!("abc"))].into());
    }
}
