"""Parsing: from what people and machines write to a span."""

from __future__ import annotations

import re
from fractions import Fraction

from spans.errors import SpanError
from spans.span import DAY, HOUR, MINUTE, SECOND, WEEK, Span

# Every name of a unit, with its microseconds.
UNITS = {
    name: size
    for size, names in [
        (1, "us µs microsecond microseconds"),
        (1000, "ms millisecond milliseconds"),
        (SECOND, "s sec secs second seconds"),
        (MINUTE, "m min mins minute minutes"),
        (HOUR, "h hr hrs hour hours"),
        (DAY, "d day days"),
        (WEEK, "w week weeks"),
    ]
    for name in names.split()
}

_PART = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[^\W\d_]+)")
_GAP = re.compile(r"\s*(?:,|\band\b)?\s*")
_ISO = re.compile(
    r"P(?:(?P<w>\d+)W)?(?:(?P<d>\d+)D)?"
    r"(?:T(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?)?"
)


def parse(text: str) -> Span:
    """Return the length of time that a text means; raise `SpanError` if it means none."""
    stripped = text.strip()
    if not stripped:
        raise SpanError("there is no number", text, 0)
    if stripped.startswith("P"):
        return _parse_iso(stripped)
    return _parse_words(text.rstrip(), len(text) - len(text.lstrip()))


def _parse_words(text: str, at: int) -> Span:
    total = Fraction(0)
    last = None
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            reason = "there is no unit" if text[at].isdigit() else "there is no number"
            raise SpanError(reason, text, at)
        size = UNITS.get(part["unit"].lower())
        if size is None:
            raise SpanError(f"{part['unit']!r} is no unit", text, part.start("unit"))
        if last is not None and size >= last:
            raise SpanError("a unit must be smaller than the one before it", text, at)
        last = size
        total += Fraction(part["number"]) * size
        at = _GAP.match(text, part.end()).end()
    return _exact(total, text)


def _parse_iso(text: str) -> Span:
    match = _ISO.fullmatch(text)
    if match is None or not any(match.groups()) or text.endswith("T"):
        raise SpanError("this is no ISO 8601 duration", text, 0)
    parts = match.groupdict(default="0")
    total = sum(Fraction(number) * UNITS[unit] for unit, number in parts.items())
    return _exact(total, text)


def _exact(total: Fraction, text: str) -> Span:
    if total.denominator != 1:
        raise SpanError("there are parts of a microsecond", text, 0)
    return Span(total.numerator)
