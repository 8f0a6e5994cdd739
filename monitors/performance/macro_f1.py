"""Macro F1: precision and recall of each answer in one number, averaged over the answers."""

from __future__ import annotations

import numpy as np

from monitors.bootstrap import SEED
from monitors.cube import Tally
from monitors.histogram import Counts, Floats
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric
from monitors.performance._answers import NO_LABEL, Confusion, confusion

DRAWS = 200


@metric(
    reads="tally",
    unit="F1",
    worse="lower",
    target="reference",
    widest=0.3,
    needs=("label",),
    zero="no answer was right",
    source="scikit-learn 1.7, f1_score(average='macro')",
)
def macro_f1(tally: Tally, level: float = LEVEL) -> Estimate:
    """Mean over answers of 2 right / (given + having), 0 where it is never right.

    Asks: do rare answers come out as well as common ones, missed or given wrongly?
    Trap: answers that are hardly ever right or given weigh as much as the others.
    Enough: 30 rows of each answer.
    Interval: multinomial bootstrap over the table of answers (200 draws).

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1, over declared answers that occur or are given; `n` rows whose right answer is known.

    >>> from monitors.cube import Cube
    >>> rows = [("", -1, -1, -1, -1, 100, 0)]
    >>> told = [("", "label", 0, 0, 60), ("", "label", 0, 1, 20), ("", "label", 1, 1, 20)]
    >>> round(macro_f1(Cube.of("", rows, asides=told).tally()).value, 4)
    0.7619
    """
    table = confusion(tally)
    n = table.n.sum().item()
    places = np.unique(np.concatenate([table.actual, table.given]))
    places = places[places >= 0]
    if not n or not len(places):
        return Estimate.absent(NO_LABEL, n)
    value = _f1(table, places, table.n.astype(float)[None])[0]
    drawn = np.random.default_rng(SEED).multinomial(max(round(n), 1), table.n / n, size=DRAWS)
    tail = (1 - level) / 2
    low, high = np.quantile(_f1(table, places, drawn.astype(float)), [tail, 1 - tail])
    return Estimate(float(value), min(float(low), float(value)), max(float(high), float(value)), n)


def _f1(table: Confusion, places: Counts, n: Floats) -> Floats:
    """Of each draw of the table's counts, shape (draws, cells)."""
    each = []
    for place in places:
        having, given = n[:, table.actual == place].sum(axis=1), n[:, table.given == place].sum(axis=1)
        right = n[:, (table.actual == place) & (table.given == place)].sum(axis=1)
        each.append(2 * right / np.maximum(having + given, 1e-12))
    return np.asarray(np.mean(each, axis=0))
