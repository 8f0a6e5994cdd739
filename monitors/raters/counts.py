"""Reviews in counts: what people said of a window's outputs, with no output's name and nobody's answer left.

A profile carries them beside its cubes, so that an audit is judged from counts here as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

ASKED = ("omission", "addition", "harm", "serious_harm")  # what shares are told of; the last from a severity
Told = tuple[tuple[int, int, int], ...]
"""Of one question: (people who said no, who said yes, of how many outputs so many did)."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Outputs of one stratum that a judge model said the same of (1, 0; -1 where it said nothing).

    Attributes:
        rows: in the window.
        read: of these by somebody.
        found: of those read, to which at least half of the readers said yes, in the order of `ASKED`.
    """

    stratum: str
    judged: int
    rows: int
    read: int
    found: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Review:
    """One queue as far as it was read.

    Attributes:
        window: whose outputs these are.
        by: the sensitive column they were drawn by, "" where all were drawn alike.
        judge, asks: a judge model's column ("" without one), and the question it answers.
        drawn: how many outputs were drawn to be read.
        told: by question in the order of `ASKED`, how often people said the same.
    """

    window: str
    by: str
    judge: str
    asks: str
    drawn: int
    cells: tuple[Cell, ...]
    told: tuple[Told, ...]

    def payload(self) -> list[Any]:
        """As plain values, for JSON."""
        cells = [[c.stratum, c.judged, c.rows, c.read, list(c.found)] for c in self.cells]
        told = [[list(each) for each in question] for question in self.told]
        return [self.window, self.by, self.judge, self.asks, self.drawn, cells, told]

    @classmethod
    def read(cls, payload: Sequence[Any]) -> Review:
        """Back from plain values."""
        window, by, judge, asks, drawn, cells, told = payload
        held = tuple(Cell(name, flag, rows, read, tuple(found)) for name, flag, rows, read, found in cells)
        agreed = tuple(tuple((no, yes, n) for no, yes, n in question) for question in told)
        return cls(window, by, judge, asks, drawn, held, agreed)
