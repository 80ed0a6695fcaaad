//! Limits: what `limits` says, and what it sets.

use belljar_model::limits::Limit;
use belljar_model::{Diagnostic, Limits};

use crate::codes;
use crate::lower::fields::Fields;
use crate::lower::quantity;
use crate::mistakes::Mistakes;
use crate::place::Sources;
use crate::text::expect;
use crate::text::{Entry, Kind, Located, Value};

/// The keys of `limits`.
pub(crate) const KEYS: &[&str] = &[
    "memory",
    "output-bytes",
    "output-files",
    "log-bytes",
    "findings",
    "tool-memory",
    "tool-processes",
];
/// What a limit of zero for tools means.
const NO_TOOL: &str = "no tool could start";

/// The parts of `limits`: bytes, or how many.
#[derive(Clone, Default, Debug)]
pub(crate) struct LimitFields {
    pub(crate) memory: Option<Located<u64>>,
    pub(crate) output_bytes: Option<Located<u64>>,
    pub(crate) output_files: Option<Located<u64>>,
    pub(crate) log_bytes: Option<Located<u64>>,
    pub(crate) findings: Option<Located<u64>>,
    pub(crate) tool_memory: Option<Located<u64>>,
    pub(crate) tool_processes: Option<Located<u64>>,
}

impl LimitFields {
    /// Reads the table. Mistakes are reported and left out.
    pub(crate) fn read(mistakes: &mut Mistakes, value: Value) -> Self {
        let mut limits = Self::default();
        for Entry { key, value } in expect::table(mistakes, "limits", value).unwrap_or_default().0 {
            let field = format!("limits.{}", key.value);
            match key.value.as_str() {
                "memory" => {
                    limits.memory = size(mistakes, &field, &value);
                    refuse_zero(mistakes, &field, "no step could start", limits.memory.as_ref());
                }
                "output-bytes" => limits.output_bytes = size(mistakes, &field, &value),
                "output-files" => limits.output_files = count(mistakes, &field, &value),
                "log-bytes" => limits.log_bytes = size(mistakes, &field, &value),
                "findings" => limits.findings = count(mistakes, &field, &value),
                "tool-memory" => {
                    limits.tool_memory = size(mistakes, &field, &value);
                    refuse_zero(mistakes, &field, NO_TOOL, limits.tool_memory.as_ref());
                }
                "tool-processes" => {
                    limits.tool_processes = count(mistakes, &field, &value);
                    refuse_zero(mistakes, &field, NO_TOOL, limits.tool_processes.as_ref());
                }
                _ => expect::unknown_key(mistakes, "`limits`", &key, KEYS),
            }
        }
        limits
    }

    /// Lays these limits upon those of a template.
    pub(crate) fn upon(self, base: Self) -> Self {
        Self {
            memory: self.memory.or(base.memory),
            output_bytes: self.output_bytes.or(base.output_bytes),
            output_files: self.output_files.or(base.output_files),
            log_bytes: self.log_bytes.or(base.log_bytes),
            findings: self.findings.or(base.findings),
            tool_memory: self.tool_memory.or(base.tool_memory),
            tool_processes: self.tool_processes.or(base.tool_processes),
        }
    }
}

fn refuse_zero(mistakes: &mut Mistakes, field: &str, so: &str, limit: Option<&Located<u64>>) {
    if let Some(Located { value: 0, at }) = limit {
        let message = format!("`{field}` is zero, so {so}");
        mistakes.add(Diagnostic::error(codes::ZERO_LIMIT, message, at.label("")));
    }
}

/// A size as text with a unit, or a plain number of bytes.
fn size(mistakes: &mut Mistakes, field: &str, value: &Value) -> Option<Located<u64>> {
    let bytes = match &value.value {
        Kind::Integer(bytes) => u64::try_from(*bytes).ok(),
        Kind::Text(text) => quantity::size(text),
        _ => {
            expect::wrong_type(mistakes, field, quantity::SIZE, value);
            return None;
        }
    };
    if bytes.is_none() {
        let message = format!("`{field}` is not {}", quantity::SIZE);
        let units = "the units are `B`, `KiB`, `MiB`, `GiB`, `TiB` (powers of 1024), \
                     `kB`, `MB`, `GB` and `TB` (powers of 1000)";
        let label = value.at.label("");
        mistakes.add(Diagnostic::error(codes::BAD_SIZE, message, label).note(units));
    }
    Some(Located { value: bytes?, at: value.at.clone() })
}

fn count(mistakes: &mut Mistakes, field: &str, value: &Value) -> Option<Located<u64>> {
    let Kind::Integer(number) = value.value else {
        expect::wrong_type(mistakes, field, "a whole number", value);
        return None;
    };
    let Ok(number) = u64::try_from(number) else {
        let message = format!("`{field}` cannot be less than 0, but is {number}");
        mistakes.add(Diagnostic::error(codes::BAD_SIZE, message, value.at.label("")));
        return None;
    };
    Some(Located { value: number, at: value.at.clone() })
}

/// The limits of a step, each with where it was set.
pub(crate) fn limits(sources: &Sources, fields: &Fields) -> Limits {
    fn set<T: Clone>(sources: &Sources, limit: &mut Limit<T>, field: Option<&Located<T>>) {
        if let Some(Located { value, at }) = field {
            let set_at = Some(format!("{}:{}", at.file, sources.place(at).0));
            *limit = Limit { value: value.clone(), set_at };
        }
    }
    let mut limits = Limits::default();
    set(sources, &mut limits.time, fields.timeout.as_ref());
    set(sources, &mut limits.memory, fields.limits.memory.as_ref());
    set(sources, &mut limits.output_bytes, fields.limits.output_bytes.as_ref());
    set(sources, &mut limits.output_files, fields.limits.output_files.as_ref());
    set(sources, &mut limits.log_bytes, fields.limits.log_bytes.as_ref());
    set(sources, &mut limits.findings, fields.limits.findings.as_ref());
    set(sources, &mut limits.tool_memory, fields.limits.tool_memory.as_ref());
    set(sources, &mut limits.tool_processes, fields.limits.tool_processes.as_ref());
    limits
}
