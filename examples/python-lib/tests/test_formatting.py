"""How a span is written, for people and for machines."""

import pytest

from spans import Span, format_iso, format_span, parse


@pytest.mark.parametrize(
    ("text", "parts", "expected"),
    [
        ("0s", 7, "0s"),
        ("90m", 7, "1h 30m"),
        ("8d 1us", 7, "1w 1d 1us"),
        ("1h 59m 59s", 1, "1h"),
        ("1h 59m 59s", 2, "1h 59m"),
    ],
)
def test_people_read_the_largest_parts(text, parts, expected):
    assert format_span(parse(text), parts) == expected


@pytest.mark.parametrize("text", ["PT0S", "PT1H30M", "P8DT0.25S", "P1D", "PT0.000001S"])
def test_machines_read_what_they_wrote(text):
    assert format_iso(parse(text)) == text


def test_what_is_written_can_be_read_again():
    for microseconds in [0, 1, 999, 61_000_000, 86_399_999_999, 10**13]:
        span = Span(microseconds)
        assert parse(format_span(span)) == span
        assert parse(format_iso(span)) == span


def test_no_parts_are_no_text():
    with pytest.raises(ValueError, match="one part at least"):
        format_span(Span(1), 0)
