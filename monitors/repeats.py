"""Repeats: how rows of the same patient fall together, and how many rows an interval may then rest on.

Hourly scores of one patient are not so many patients. What is kept of them is, for each group,
how often two rows of one patient fell into each pair of (outcome, decision): sums of products of
counts per patient, which the engine makes and which name nobody. The variance of any share of a
confusion table follows from them by linearisation, as for a ratio over patients; its ratio to
that of independent rows is the design effect (Kish 1965, Survey Sampling).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from monitors import special
from monitors.histogram import Counts, Floats
from monitors.interval import LEVEL, quantile
from monitors.metric import Estimate, Metric

if TYPE_CHECKING:
    from monitors.cube import Tally

CELLS = 9  # (outcome, decision), each -1 (not known), 0 or 1: three times outcome + 1, plus decision + 1
DECIDED = (4, 5, 7, 8)  # those in which both are known
Product = tuple[str, int, int, int]
_STEP = 1e-4  # of the numeric derivative, relative to a cell's count
_SMOOTH = 0.5  # added to a cell, so that 0 of 12 has a derivative


@dataclass(frozen=True, slots=True)
class Repeats:
    """Rows of a group by (outcome, decision), and how they fall together in patients.

    Attributes:
        counts: rows in each cell, shape (9,).
        products: over patients, the sum of count times count in each pair of cells, shape (9, 9).
            Where nobody repeats it is `counts` on the diagonal.
    """

    counts: Counts
    products: Counts

    def kish(self, cells: Iterable[int] = range(CELLS)) -> float:
        """The design effect if rows of one patient said all the same: the most there can be.

        >>> Repeats(np.eye(9, dtype=int)[4] * 10, np.diag(np.eye(9, dtype=int)[4] * 100)).kish()
        10.0
        """
        among = list(cells)
        rows = float(self.counts[among].sum())
        return float(self.products[np.ix_(among, among)].sum()) / rows if rows else 1.0

    def linearised(self, share: Callable[[Floats], float | None]) -> float:
        """The design effect of a share of the cells' counts, with what few patients leave open.

        Korn & Graubard 1998, Survey Methodology 24:193: at least 1, and Student's t for the normal.
        """
        pull = _pull(share, self.counts.astype(np.float64) + _SMOOTH)
        among = np.flatnonzero(np.abs(pull) > 0)
        apart = float(pull**2 @ self.counts)
        if apart <= 0 or not len(among):
            return self.few(self.kish(), range(CELLS))
        together = float(pull @ self.products @ pull)
        return self.few(together / apart, among)

    def few(self, effect: float, cells: Iterable[int]) -> float:
        """A design effect widened for being estimated from few patients; at least 1."""
        among = list(cells)
        most = self.kish(among)
        if most <= 1.0:
            return 1.0
        patients = float(self.counts[among].sum()) / most  # as many as would be if all repeated alike
        freedom = max(patients - 1, 1.0)
        wider = float(special.stdtrit(freedom, 0.5 + LEVEL / 2)) / quantile(LEVEL)
        return max(effect * patients / freedom * wider**2, 1.0)


def products(rows: Iterable[Product]) -> dict[str, Counts]:
    """By group, the matrix of what an engine summed: (group, cell, cell, sum of products).

    >>> products([("f", 4, 4, 9), ("f", 4, 8, 2), ("f", 8, 4, 2)])["f"][4, 8]
    np.int64(2)
    """
    found: dict[str, Counts] = {}
    for group, one, other, together in rows:
        matrix = found.setdefault(group, np.zeros((CELLS, CELLS), dtype=np.int64))
        matrix[one, other] += together
    return found


def design_of_share(tally: Tally, events: Sequence[int], among: Sequence[int]) -> float:
    """The design effect of the share of rows in some cells that are in others; 1 where nobody repeats."""
    if tally.repeats is None:
        return 1.0
    return tally.repeats.linearised(lambda counts: float(counts[[*events]].sum() / counts[[*among]].sum()))


def design_effect(facts: Metric, compute: Callable[..., Estimate], tally: Tally) -> float:
    """How many rows are worth one, for a measure of these counts; 1 where nobody repeats.

    What rests on scores is taken as if all rows of a patient were alike (Kish's bound): their
    scores follow one another, and the outcome is often the stay's.
    """
    repeats = tally.repeats
    if repeats is None:
        return 1.0
    if "score" in facts.needs:
        known = range(3, CELLS) if "outcome" in facts.needs else range(CELLS)
        return repeats.few(repeats.kish(known), known)
    return repeats.linearised(lambda counts: compute(tally.of_cells(counts)).value)


def measured(facts: Metric, compute: Callable[..., Estimate], tally: Tally, level: float = LEVEL) -> Estimate:
    """A measure of a tally whose limits count patients, not how often each was scored."""
    found = compute(tally, level)
    if tally.repeats is None or found.value is None or found.low is None:
        return found
    effect = design_effect(facts, compute, tally)
    if effect <= 1.0:
        return found
    fewer = compute(tally.worth(1 / effect), level)
    if fewer.low is None or fewer.high is None:
        return replace(found, low=None, high=None, design=effect)
    return replace(found, low=min(fewer.low, found.value), high=max(fewer.high, found.value), design=effect)


def _pull(share: Callable[[Floats], float | None], counts: Floats) -> Floats:
    """How the share moves with each cell's count: its derivative, by central differences."""
    found = np.zeros(CELLS)
    for cell in range(CELLS):
        step = counts[cell] * _STEP
        ends: list[Any] = []
        for side in (-step, step):
            moved = counts.copy()
            moved[cell] += side
            ends.append(share(moved))
        if None not in ends:
            found[cell] = (ends[1] - ends[0]) / (2 * step)
    # What rounding leaves of nothing is nothing: a cell the share does not read.
    size = np.abs(found) * counts
    found[size < 1e-7 * size.max()] = 0.0
    return found
