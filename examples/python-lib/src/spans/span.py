"""Span: a length of time, exact to the microsecond."""

from __future__ import annotations

from dataclasses import dataclass

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY


@dataclass(frozen=True, order=True)
class Span:
    """A length of time, never negative."""

    microseconds: int

    def __post_init__(self) -> None:
        if self.microseconds < 0:
            raise ValueError("a span is never negative")

    @property
    def seconds(self) -> float:
        """The same in seconds."""
        return self.microseconds / SECOND

    def __add__(self, other: Span) -> Span:
        return Span(self.microseconds + other.microseconds)

    def __mul__(self, times: int) -> Span:
        return Span(self.microseconds * times)

    def __bool__(self) -> bool:
        return self.microseconds > 0
