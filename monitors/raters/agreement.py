"""Agreement: how far people who read the same outputs say the same, beyond what chance would give.

Everything is computed from counts: of pairs of answers for Cohen's kappa, and for Krippendorff's
alpha of how often each value was given to an output, where any number of people read it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitors.bootstrap import DRAWS, SEED
from monitors.histogram import Counts, Floats
from monitors.interval import LEVEL, exact

ENOUGH = 30  # outputs that two people read; of fewer no interval is worth showing
Answers = Sequence[Mapping[str, int]]
"""Of each output, who said what: a value from 0, by reader."""
ALIKE = "everybody said the same of every output, so nothing tells agreement from habit"


@dataclass(frozen=True, slots=True)
class Agreement:
    """A coefficient with its interval; 1 is full agreement, 0 what chance gives, below 0 less than that.

    Attributes:
        value, low, high: None where it cannot be had; then `why` says so.
        outputs: how many were read by two people or more.
    """

    value: float | None
    low: float | None
    high: float | None
    outputs: int
    why: str | None = None


def kappa(first: str, second: str, answers: Answers, values: int, *, ordered: bool = False) -> Agreement:
    """Cohen's kappa of two readers over the outputs that both have read.

    Cohen 1960, Educ Psychol Meas 20:37; with `ordered`, weighted by how far apart two values are.
    Interval: multinomial bootstrap over the table of pairs (1,000 draws); where they never differ, the
    exact limit of how often they still might.

    >>> said = [{"a": 1, "b": 1}] * 20 + [{"a": 0, "b": 0}] * 15
    >>> said += [{"a": 1, "b": 0}] * 5 + [{"a": 0, "b": 1}] * 10
    >>> round(kappa("a", "b", said, 2).value, 4)
    0.4
    """
    table = np.zeros((values, values), dtype=np.int64)
    for each in answers:
        if first in each and second in each:
            table[each[first], each[second]] += 1
    apart = _apart(values, ordered=ordered)

    def of(tables: Floats) -> tuple[Floats, Floats]:
        shares = tables.reshape(-1, values, values)
        given, other = shares.sum(axis=2), shares.sum(axis=1)
        chance = np.einsum("di,dj,ij->d", given, other, apart) / shares.sum(axis=(1, 2))
        return (shares * apart).sum(axis=(1, 2)), chance

    given, other = table.sum(axis=1), table.sum(axis=0)
    alike = float((given * other).sum()) / max(int(table.sum()), 1) ** 2
    return _coefficient(table.ravel(), of, int(table.sum()), 1 - alike)


def alpha(answers: Answers, values: int, *, ordered: bool = False) -> Agreement:
    """Krippendorff's alpha over all outputs that two people or more have read, whoever they were.

    Krippendorff 2011, Computing Krippendorff's alpha-reliability; nominal, or ordinal with `ordered`.
    Interval: multinomial bootstrap over outputs (1,000 draws); where nobody ever differs, the exact
    limit of how often they still might.

    >>> said = [{"a": 1, "b": 1}, {"a": 0, "b": 0}, {"a": 1, "b": 0}, {"a": 1, "b": 1}, {"a": 0}]
    >>> round(alpha(said, 2).value, 4)
    0.5333
    """
    given = [[sum(v == value for v in each.values()) for value in range(values)] for each in answers]
    held = [tuple(counts) for counts in given if sum(counts) >= 2]
    patterns = sorted(set(held))
    n = np.array([held.count(pattern) for pattern in patterns], dtype=np.int64)
    counts = np.array(patterns, dtype=np.float64).reshape(-1, values)
    within = np.einsum("ui,uj->uij", counts, counts) - np.einsum("ui,ij->uij", counts, np.eye(values))
    pairs = within / np.maximum(counts.sum(axis=1) - 1, 1)[:, None, None]

    def of(drawn: Floats) -> tuple[Floats, Floats]:
        together = np.einsum("du,uij->dij", np.atleast_2d(drawn), pairs)
        each = together.sum(axis=2)
        total = each.sum(axis=1)
        apart = _ranks_apart(each) if ordered else _apart(values, ordered=False)[None]
        seen = (together * apart).sum(axis=(1, 2))
        chance = np.einsum("di,dj,dij->d", each, each, np.broadcast_to(apart, together.shape))
        return seen, chance / np.maximum(total - 1, 1e-12)

    each = np.einsum("u,uij->i", n, pairs)
    total = float(each.sum())
    alike = float((each * (each - 1)).sum()) / max(total * (total - 1), 1.0)
    return _coefficient(n, of, int(n.sum()), 1 - alike)


def _apart(values: int, *, ordered: bool) -> Floats:
    """How far apart two values count: 0 or 1, or the steps between them, shape (values, values)."""
    steps = np.abs(np.subtract.outer(np.arange(values), np.arange(values))).astype(np.float64)
    return steps if ordered else np.minimum(steps, 1.0)


def _ranks_apart(each: Floats) -> Floats:
    """Krippendorff's ordinal difference, from how often each value was given, shape (draws, k, k)."""
    upto = np.cumsum(each, axis=1) - each / 2
    return np.asarray((upto[:, :, None] - upto[:, None, :]) ** 2)


def _coefficient(
    n: Counts, of: Callable[[Floats], tuple[Floats, Floats]], outputs: int, differ: float
) -> Agreement:
    """1 - disagreement seen / disagreement by chance, with its interval over draws of the counts.

    `differ` is how often two answers would differ by chance.
    """
    if not outputs:
        return Agreement(None, None, None, 0, "no output was read by two people")
    seen, chance = (float(each[0]) for each in of(n.astype(np.float64)[None]))
    if chance <= 0:
        return Agreement(None, None, None, outputs, ALIKE)
    value = 1 - seen / chance
    drawn = np.random.default_rng(SEED).multinomial(outputs, n / outputs, size=DRAWS).astype(np.float64)
    apart, by_chance = of(drawn)
    told: NDArray[np.bool_] = by_chance > 0
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(1 - apart[told] / by_chance[told], [tail, 1 - tail])
    if not seen:
        low = 1 - exact(0, outputs)[1] / differ
    return Agreement(value, min(float(low), value), max(float(high), value), outputs)
