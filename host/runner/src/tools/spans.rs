//! Spans: what a run of a tool says of itself to whoever listens, for a timeline of the run.

use belljar_model::ActionDigest;
use belljar_model::ports::{ToolRequest, ToolRun};
use tracing::field::{Empty, display};
use tracing::{Span, trace_span};

use crate::run::source;

/// One run of a tool, looked up or executed.
pub(super) fn tool(request: &ToolRequest<'_>) -> Span {
    let action = request.action;
    let words = || action.args.join(" ");
    trace_span!(
        "tool",
        name = %action.tool,
        label = %action.label,
        step = %request.step,
        args = %words(),
        key = Empty,
        source = Empty,
        code = Empty,
    )
}

/// Says what came of it.
pub(super) fn ran(tool: &Span, key: &ActionDigest, run: &ToolRun) {
    tool.record("key", display(key));
    tool.record("source", source(run.source));
    tool.record("code", run.result.code);
}
