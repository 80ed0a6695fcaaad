"""What people and machines write, and what it means in microseconds."""

import pytest

from spans import Span, SpanError, parse


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("0s", 0),
        ("1us", 1),
        ("1.5 ms", 1_500),
        ("90 seconds", 90_000_000),
        ("1h30m", 5_400_000_000),
        ("1 h, 30 min", 5_400_000_000),
        ("2 Days and 1 hour", 176_400_000_000),
        ("  1w  ", 604_800_000_000),
    ],
)
def test_words(text, microseconds):
    assert parse(text) == Span(microseconds)


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("PT0S", 0),
        ("PT1H30M", 5_400_000_000),
        ("P1DT0.25S", 86_400_250_000),
        ("P1W", 604_800_000_000),
    ],
)
def test_iso(text, microseconds):
    assert parse(text) == Span(microseconds)


@pytest.mark.parametrize(
    ("text", "reason", "at"),
    [
        ("", "there is no number", 0),
        ("soon", "there is no number", 0),
        ("15", "there is no unit", 0),
        ("1h 30", "there is no unit", 3),
        ("1h 3 moons", "'moons' is no unit", 5),
        ("30m 1h", "a unit must be smaller than the one before it", 4),
        ("0.1us", "there are parts of a microsecond", 0),
        ("P", "this is no ISO 8601 duration", 0),
        ("P1DT", "this is no ISO 8601 duration", 0),
    ],
)
def test_what_means_nothing_is_refused(text, reason, at):
    with pytest.raises(SpanError) as refused:
        parse(text)
    assert (refused.value.reason, refused.value.at) == (reason, at)
