"""A span behaves like the number that it is."""

import pytest

from spans import Span


def test_spans_add_up():
    assert Span(1) + Span(2) == Span(3)
    assert Span(2) * 3 == Span(6)


def test_spans_are_ordered():
    assert sorted([Span(3), Span(1), Span(2)]) == [Span(1), Span(2), Span(3)]


def test_nothing_is_false():
    assert not Span(0)
    assert Span(1)


def test_a_span_is_never_negative():
    with pytest.raises(ValueError, match="never negative"):
        Span(-1)


def test_seconds_are_a_number():
    assert Span(1_500_000).seconds == 1.5
