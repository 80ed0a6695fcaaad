//! When a release counts as healthy, and how it is watched, as `gate` and `monitor` say.

use belljar_model::Diagnostic;
use belljar_model::delivery::{Gate, Monitor, OnIllness};

use super::numbers;
use crate::codes;
use crate::mistakes::Mistakes;
use crate::suggest;
use crate::text::expect;
use crate::text::{Entry, Located, Value};

/// The keys of `gate`, in the order in which documentation shows them.
pub(crate) const GATE_KEYS: &[&str] =
    &["interval", "timeout", "count", "failure-limit", "minimum", "time-limit", "bake"];
/// The keys of `monitor`, in the order in which documentation shows them.
pub(crate) const MONITOR_KEYS: &[&str] = &["interval", "after", "on-illness"];
/// What can be done about an ill release.
pub(crate) const REACTIONS: &[&str] = &["report", "rollback"];

/// `gate` as written.
#[derive(Default)]
struct GateFields {
    interval: Option<Located<u64>>,
    timeout: Option<Located<u64>>,
    count: Option<Located<u32>>,
    failure_limit: Option<Located<u32>>,
    minimum: Option<Located<u32>>,
    time_limit: Option<Located<u64>>,
    bake: Option<Located<u64>>,
    /// Whether a number was not understood, so that others cannot be compared with it.
    broken: bool,
}

/// Reads `gate`. Mistakes are reported and left out.
pub(super) fn gate(mistakes: &mut Mistakes, value: Value) -> Gate {
    let mut fields = GateFields::default();
    for entry in expect::table(mistakes, "gate", value).unwrap_or_default().0 {
        fields.take(mistakes, entry);
    }
    let gate = fields.gate();
    if !fields.broken {
        fields.check(mistakes, &gate);
    }
    gate
}

impl GateFields {
    fn take(&mut self, mistakes: &mut Mistakes, Entry { key, value }: Entry) {
        let field = format!("gate.{}", key.value);
        let understood = match key.value.as_str() {
            "interval" => {
                let so = "it would be observed without end";
                self.interval = numbers::positive(mistakes, &field, so, value);
                self.interval.is_some()
            }
            "timeout" => {
                let so = "no observation could ever be made";
                self.timeout = numbers::positive(mistakes, &field, so, value);
                self.timeout.is_some()
            }
            "count" => {
                self.count = numbers::count(mistakes, &field, 1, &value);
                self.count.is_some()
            }
            "failure-limit" => {
                self.failure_limit = numbers::count(mistakes, &field, 0, &value);
                self.failure_limit.is_some()
            }
            "minimum" => {
                self.minimum = numbers::count(mistakes, &field, 0, &value);
                self.minimum.is_some()
            }
            "time-limit" => {
                let so = "the gate could never pass";
                self.time_limit = numbers::positive(mistakes, &field, so, value);
                self.time_limit.is_some()
            }
            "bake" => {
                self.bake = numbers::duration(mistakes, &field, value);
                self.bake.is_some()
            }
            _ => {
                expect::unknown_key(mistakes, "`gate`", &key, GATE_KEYS);
                false
            }
        };
        self.broken |= !understood;
    }

    /// The gate, with defaults that agree with a lower `count`.
    fn gate(&self) -> Gate {
        fn or<T: Copy>(field: Option<&Located<T>>, default: T) -> T {
            field.map_or(default, |field| field.value)
        }
        let default = Gate::default();
        let count = or(self.count.as_ref(), default.count);
        Gate {
            interval_ms: or(self.interval.as_ref(), default.interval_ms),
            timeout_ms: or(self.timeout.as_ref(), default.timeout_ms),
            count,
            failure_limit: or(
                self.failure_limit.as_ref(),
                default.failure_limit.min(count.saturating_sub(1)),
            ),
            minimum: or(self.minimum.as_ref(), default.minimum.min(count)),
            time_limit_ms: or(self.time_limit.as_ref(), default.time_limit_ms),
            bake_ms: or(self.bake.as_ref(), default.bake_ms),
        }
    }

    /// Reports numbers that contradict each other.
    fn check(&self, mistakes: &mut Mistakes, gate: &Gate) {
        let count = gate.count;
        if let Some(minimum) = &self.minimum
            && minimum.value > count
        {
            let message = format!(
                "`gate.minimum` is {}, but only {count} observations are made",
                minimum.value
            );
            let diagnostic =
                Diagnostic::error(codes::BAD_GATE, message, minimum.at.label("could never pass"));
            mistakes.add(
                also(diagnostic, self.count.as_ref(), "so many")
                    .help(format!("write {count} or less, or a higher `count`")),
            );
        }
        if let Some(limit) = &self.failure_limit
            && limit.value >= count
        {
            let message = format!(
                "`gate.failure-limit` is {}, so all {count} observations may be unhealthy",
                limit.value
            );
            let diagnostic =
                Diagnostic::error(codes::BAD_GATE, message, limit.at.label("permits all"));
            mistakes.add(
                also(diagnostic, self.count.as_ref(), "so many")
                    .help(format!("write {} or less, or a higher `count`", count - 1)),
            );
        }
        self.check_time(mistakes, gate);
    }

    fn check_time(&self, mistakes: &mut Mistakes, gate: &Gate) {
        let needed = gate.interval_ms.saturating_mul(u64::from(gate.count - 1));
        if gate.time_limit_ms >= needed {
            return;
        }
        let places = [
            self.time_limit.as_ref().map(|field| &field.at),
            self.interval.as_ref().map(|field| &field.at),
            self.count.as_ref().map(|field| &field.at),
        ];
        let mut places = places.into_iter().flatten();
        let Some(first) = places.next() else { return }; // the defaults agree
        let message = format!(
            "the gate could never pass: {} observations take {}, and its time limit is {}",
            gate.count,
            span(needed),
            span(gate.time_limit_ms)
        );
        let diagnostic = Diagnostic::error(codes::BAD_GATE, message, first.label(""));
        let diagnostic = places.fold(diagnostic, |found, at| found.label(at.label("with this")));
        let help = format!("write `time-limit = \"{}\"` or more", span(needed));
        mistakes.add(diagnostic.help(help));
    }
}

fn also<T>(diagnostic: Diagnostic, field: Option<&Located<T>>, text: &str) -> Diagnostic {
    match field {
        Some(field) => diagnostic.label(field.at.label(text)),
        None => diagnostic,
    }
}

/// A duration in the largest unit that divides it, as the file would hold it.
fn span(millis: u64) -> String {
    let units = [(3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let unit =
        units.into_iter().find(|(factor, _)| millis >= *factor && millis.is_multiple_of(*factor));
    let (factor, name) = unit.unwrap_or((1, "ms"));
    format!("{}{name}", millis / factor)
}

/// Reads `monitor`. Mistakes are reported and left out.
pub(super) fn monitor(mistakes: &mut Mistakes, value: Value) -> Monitor {
    let mut monitor = Monitor::default();
    for Entry { key, value } in expect::table(mistakes, "monitor", value).unwrap_or_default().0 {
        let field = format!("monitor.{}", key.value);
        match key.value.as_str() {
            "interval" => {
                let so = "it would be observed without end";
                let interval = numbers::positive(mistakes, &field, so, value);
                monitor.interval_ms = interval.map_or(monitor.interval_ms, |field| field.value);
            }
            "after" => {
                let after = numbers::count(mistakes, &field, 1, &value);
                monitor.after = after.map_or(monitor.after, |field| field.value);
            }
            "on-illness" => {
                monitor.on_illness =
                    reaction(mistakes, &field, value).unwrap_or(monitor.on_illness);
            }
            _ => expect::unknown_key(mistakes, "`monitor`", &key, MONITOR_KEYS),
        }
    }
    monitor
}

fn reaction(mistakes: &mut Mistakes, field: &str, value: Value) -> Option<OnIllness> {
    let text = expect::text(mistakes, field, "`\"report\"` or `\"rollback\"`", value)?;
    match text.value.as_str() {
        "report" => Some(OnIllness::Report),
        "rollback" => Some(OnIllness::Rollback),
        other => {
            let message = format!("`{other}` is nothing that can be done about an ill release");
            let label = text.at.label("");
            let mut diagnostic = Diagnostic::error(codes::UNKNOWN_REACTION, message, label);
            diagnostic.help = suggest::did_you_mean(other, REACTIONS, "what can be done is");
            mistakes.add(diagnostic);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_written_in_the_largest_unit_that_divides_it() {
        for (millis, expected) in
            [(0, "0ms"), (1_500, "1500ms"), (90_000, "90s"), (120_000, "2m"), (7_200_000, "2h")]
        {
            assert_eq!(span(millis), expected);
        }
    }
}
