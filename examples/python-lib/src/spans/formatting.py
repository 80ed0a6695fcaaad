"""Formatting: from a span to what people and machines read."""

from __future__ import annotations

from spans.span import DAY, HOUR, MINUTE, SECOND, WEEK, Span

_SHORT = [
    (WEEK, "w"),
    (DAY, "d"),
    (HOUR, "h"),
    (MINUTE, "m"),
    (SECOND, "s"),
    (1000, "ms"),
    (1, "us"),
]


def format_span(span: Span, parts: int = len(_SHORT)) -> str:
    """Return a span as `1h 30m`, with its largest parts only, and never rounded up."""
    if parts < 1:
        raise ValueError("a span is written with one part at least")
    left, words = span.microseconds, []
    for size, unit in _SHORT:
        count, left = divmod(left, size)
        if count:
            words.append(f"{count}{unit}")
    return " ".join(words[:parts]) or "0s"


def format_iso(span: Span) -> str:
    """Return a span as ISO 8601 has it: `PT1H30M`."""
    if not span:
        return "PT0S"
    days, left = divmod(span.microseconds, DAY)
    hours, left = divmod(left, HOUR)
    minutes, left = divmod(left, MINUTE)
    seconds, fraction = divmod(left, SECOND)
    date = f"{days}D" if days else ""
    time = f"{hours}H" if hours else ""
    time += f"{minutes}M" if minutes else ""
    if fraction:
        time += f"{seconds}.{fraction:06}".rstrip("0") + "S"
    elif seconds:
        time += f"{seconds}S"
    return "P" + date + ("T" + time if time else "")
