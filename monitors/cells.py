"""Cells: people of one attribute by group, outcome, decision and score cell, in plain numbers.

What a page draws is of a few thousand rows at most: it needs no arrays, and no library of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

UNKNOWN = "Unknown"  # a missing sensitive value is a group of its own
MILLIONTHS = 1_000_000  # scores are summed as whole millionths: exact, and equal on every engine
NO_SCORE = -1
INVALID_SCORE = -2  # outside [0, 1]
NOT_KNOWN = -1  # outcome, decision or action without a value

Row = tuple[str, int, int, int, int, int, int]
"""(group, outcome, decision, score cell, action, n, scores in millionths summed)."""
Place = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Cells:
    """Those of one group, or of all.

    Attributes:
        known: by (outcome, decision, score cell), of how many people the outcome and a valid score is known.
        scores: by score cell that has rows, ascending, their mean score, known outcome or not.

    >>> held = Cells.of([("f", 1, 1, 3, -1, 2, 1_400_000), ("f", -1, 1, 3, -1, 2, 1_200_000)])[""]
    >>> held.known, held.scores, held.events, held.labelled
    ({(1, 1, 3): 2}, {3: 0.65}, 2, 2)
    """

    known: dict[Place, int]
    scores: dict[int, float]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> dict[str, Cells]:
        """By group in order, "Unknown" last; under "" everyone's."""
        known: dict[str, Counter[Place]] = {"": Counter()}
        sums: dict[str, dict[int, list[int]]] = {"": {}}
        for group, outcome, decision, cell, _, n, score_sum in rows:
            for name in {group, ""}:
                counts, scored = known.setdefault(name, Counter()), sums.setdefault(name, {})
                if cell < 0:
                    continue
                held = scored.setdefault(cell, [0, 0])
                held[0], held[1] = held[0] + n, held[1] + score_sum
                if outcome >= 0:
                    counts[outcome, decision, cell] += n
        return {
            group: cls(
                dict(known[group]),
                {c: total / max(n, 1) / MILLIONTHS for c, (n, total) in sorted(sums[group].items())},
            )
            for group in sorted(known, key=lambda name: (name == UNKNOWN, name))
        }

    @property
    def events(self) -> int:
        """People with the outcome."""
        return sum(n for (outcome, _, _), n in self.known.items() if outcome == 1)

    @property
    def labelled(self) -> int:
        """People with a known outcome, either way."""
        return sum(self.known.values())

    def by_score(self) -> list[tuple[float, int]]:
        """Mean score of each score cell with its labelled people, ascending."""
        found = dict.fromkeys(self.scores, 0)
        for (_, _, cell), n in self.known.items():
            found[cell] += n
        return [(self.scores[cell], n) for cell, n in found.items()]
