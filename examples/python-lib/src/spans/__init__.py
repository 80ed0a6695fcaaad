"""Lengths of time as people write them: `1h 30m`, `90 minutes`, `PT1H30M`."""

from spans.errors import SpanError
from spans.formatting import format_iso, format_span
from spans.parsing import parse
from spans.span import Span

__all__ = ["Span", "SpanError", "format_iso", "format_span", "parse"]
