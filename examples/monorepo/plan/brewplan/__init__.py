"""When to start which tea, so that all are ready at once."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable

MENU = Path(__file__).parents[2] / "menu" / "menu.csv"


@dataclass(frozen=True)
class Tea:
    """One line of the menu."""

    name: str
    seconds: int


def read(lines: Iterable[str]) -> list[Tea]:
    """Return the teas of a menu."""
    return [Tea(row["tea"], int(row["seconds"])) for row in csv.DictReader(lines)]


def plan(teas: Iterable[Tea]) -> list[tuple[int, str]]:
    """Return who starts after how many seconds, the first one first."""
    teas = list(teas)
    longest = max((tea.seconds for tea in teas), default=0)
    return sorted((longest - tea.seconds, tea.name) for tea in teas)
