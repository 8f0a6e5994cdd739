"""Agreement: do sites mean the same by the same column?"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from monitors.histogram import CategoryBins, Counts, Histogram
from monitors.readiness.counted import Counted
from monitors.readiness.declared import Declared
from monitors.readiness.limits import FEWEST_OF_GROUP, LEVEL, SITE_DISTANCE, percent
from monitors.readiness.report import Dimension, Reason

_NAME = "agreement"
ONLY_HERE = 0.05  # share of a code at one site that no other site uses at all


def agreement(counted: Counted, declared: Declared, in_other_units: frozenset[tuple[str, str]]) -> Dimension:
    """Columns whose values lie otherwise at one site than at all others, beyond what chance makes of it.

    `in_other_units` are (column, site) already told of: the unit is what differs there.
    """
    site = declared.columns.site
    if site is None:
        return Dimension(_NAME, absent="no `site` is named")
    if site not in counted.attributes or len(counted.sizes[site]) < 2:
        return Dimension(_NAME, absent="there is one site, so nothing to agree with")
    groups = [group for group, n in counted.sizes[site].items() if n >= FEWEST_OF_GROUP]
    comparisons = len(counted.histograms) * max(len(groups), 1)
    found: list[Reason] = []
    for column, by in counted.histograms.items():
        alike = [g for g in by[site] if (column, g) not in in_other_units]
        for group in (g for g in groups if g in alike):
            here = _values(by[site][group])
            there = sum((_values(by[site][g]) for g in alike if g != group), start=np.zeros_like(here))
            found += _compared(column, by[site][group], here, there, (site, group), comparisons)
    return Dimension.of(_NAME, found, [(site, group) for group in groups])


def surely_distant(here: Counts, there: Counts, comparisons: int) -> float:
    """By how much total variation exceeds what chance alone makes of it; 0 where it does not.

    Under one distribution p, the mean distance is at most half the sum of the cells' standard
    deviations (Jensen), and it strays from its mean by bounded differences (McDiarmid 1989): both
    hold at any number of rows, and the level holds for all comparisons together.

    >>> surely_distant(np.array([500, 500]), np.array([520, 480]), 50)
    0.0
    >>> surely_distant(np.array([900, 100]), np.array([200, 800]), 50) > 0.5
    True
    """
    n, m = int(here.sum()), int(there.sum())
    if not n or not m:
        return 0.0
    both, each = (here + there) / (n + m), 1 / n + 1 / m
    distance = float(np.abs(here / n - there / m).sum()) / 2
    by_chance = float(np.sqrt(both * (1 - both) * each).sum()) / 2
    stray = math.sqrt(math.log(max(comparisons, 1) / (1 - LEVEL)) * each / 2)
    return max(0.0, distance - by_chance - stray)


def _values(histogram: Histogram) -> Counts:
    """Where values fell; rows without one are completeness' matter."""
    return histogram.cells[:-1]


def _compared(
    column: str, histogram: Histogram, here: Counts, there: Counts, place: tuple[str, str], comparisons: int
) -> Iterator[Reason]:
    apart = surely_distant(here, there, comparisons)
    effect = SITE_DISTANCE.effect(apart)
    if effect is None:
        return
    site, group = place
    only = _only_here(histogram, here, there)
    told = f" ({only} stands only there)" if only else ""
    said = (
        f"{column}: at least {percent(apart)} of rows lie otherwise at {site} {group} than elsewhere, beyond "
        f"chance{told}; other patients, another code, or another way to measure it: ask which"
    )
    yield Reason(_NAME, "limit" if effect == "limit" else effect, column, said, site, group)


def _only_here(histogram: Histogram, here: Counts, there: Counts) -> str:
    if not isinstance(histogram.bins, CategoryBins):
        return ""
    known = histogram.bins.categories
    own = [c for i, c in enumerate(known) if not there[i] and here[i] >= max(ONLY_HERE * here.sum(), 11)]
    return ", ".join(map(repr, own[:5]))
