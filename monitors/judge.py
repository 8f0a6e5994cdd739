"""Judging: what a number says against its margin, given what chance and few rows leave open.

The absence of evidence is never `within`: to be within, the interval has to lie inside the margin.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from monitors.audit import Verdict
from monitors.interval import wilson
from monitors.metric import Estimate, Metric

Grade = Literal["A", "B", "C"]
_A_RATIO, _A_WIDTH = 1.22, {"auroc": 0.10}  # the widths pmvalsampsize plans for, where not a third of B's


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, why it is not clearer, and what would decide it."""

    verdict: Verdict
    reason: str | None = None
    needs: Mapping[str, int | float] | None = None


def change(
    low: float, high: float, margin: float, *, worse: Literal["higher", "lower", "either"], n: int
) -> Judgement:
    """Judge a change (or a gap) by its interval [low, high] against a margin.

    A change for the better is never beyond: with `worse="lower"` only a fall is.

    >>> change(-0.09, 0.01, 0.1, worse="either", n=200).verdict.value
    'within'
    >>> change(-0.3, 0.01, 0.1, worse="either", n=20).needs
    {'n': 49, 'more': 29, 'windows': 3}
    """
    beyond_up = low > margin and worse != "lower"
    beyond_down = high < -margin and worse != "higher"
    if beyond_up or beyond_down:
        return Judgement(Verdict.BEYOND)
    below_top = high < margin or worse == "lower"
    above_bottom = low > -margin or worse == "higher"
    if below_top and above_bottom:
        return Judgement(Verdict.WITHIN)
    half = (high - low) / 2
    more = needed(math.ceil(n * (half / margin) ** 2), n)
    if (low > 0 and worse != "lower") or (high < 0 and worse != "higher"):
        return Judgement(Verdict.DIFFERENT, "it moved; the interval reaches across the margin", more)
    return Judgement(Verdict.CANNOT_TELL, "the interval reaches across the margin", more)


def distance(value: float, margin: float, chance: float, noise: float, n: int) -> Judgement:
    """Judge a distance: beyond only past both the margin and what chance reaches.

    Args:
        value: the distance.
        margin: how far it may go.
        chance: what chance alone exceeds at the level this check is held to.
        noise: how far above the true distance a value may lie by chance (`chance` less its mean).
        n: rows of the window.

    >>> distance(0.3, 0.2, 0.12, 0.07, 500).verdict.value
    'beyond'
    >>> distance(0.3, 0.2, 0.40, 0.25, 50).verdict.value
    'cannot_tell'
    """
    if value > margin and value > chance:
        return Judgement(Verdict.BEYOND)
    if value + noise <= margin:
        return Judgement(Verdict.WITHIN)
    # Distances shrink with the root of n; to be told from chance, chance has to fit the margin.
    wanted = math.ceil(n * max(chance / margin, 1.0) ** 2)
    more = needed(wanted, n)
    if value > chance:
        return Judgement(Verdict.DIFFERENT, "it moved, less than the margin as far as one can see", more)
    return Judgement(Verdict.CANNOT_TELL, "at this many rows chance alone reaches as far", more)


def needed(wanted: int, n: int) -> dict[str, int]:
    """Rows that would decide it, how many more than now that is, and in how many windows like this one.

    >>> needed(49, 20)
    {'n': 49, 'more': 29, 'windows': 3}
    """
    return {"n": wanted, "more": max(wanted - n, 0), "windows": max(1, -(-wanted // max(n, 1)))}


def too_rough(metric: Metric, low: float | None, high: float | None, n: int, min_rows: int) -> str | None:
    """Why an estimate is too rough for any verdict (precision grade C), or None."""
    if n < min_rows:
        return f"{n} rows where {min_rows} are needed"
    if low is None or high is None:
        return None
    if metric.widest is not None and high - low > metric.widest:
        return f"the interval is {high - low:.2f} wide; {metric.widest:g} is the widest to judge by"
    if metric.widest_ratio is not None and high > low * metric.widest_ratio:
        return f"too few events: the interval runs from {low:.2f} to {high:.2f}"
    return None


def grade(metric: Metric, estimate: Estimate) -> Grade | None:
    """How precise an estimate is: A, B (rough), or C (no verdict may rest on it); None without a rule.

    >>> from monitors.discovery import metrics
    >>> tpr = metrics()["true_positive_rate"].facts
    >>> [grade(tpr, Estimate(0.8, *wilson(0.8 * n, n), n, int(0.8 * n))) for n in (25, 60, 500)]
    ['C', 'B', 'A']
    """
    low, high = estimate.low, estimate.high
    if estimate.value is None or low is None or high is None:
        return None
    shared = metric.reads == "cube" or metric.unit == "share of rows"
    fewer = estimate.n / estimate.design
    if shared and estimate.events is not None and not metric.recorded:
        return grade_of_share(estimate.events / estimate.design, fewer)
    if metric.widest_ratio is not None:
        return _graded(high / low if low > 0 else math.inf, _A_RATIO, metric.widest_ratio, fewer)
    if metric.widest is not None:
        fine = _A_WIDTH.get(metric.name, metric.widest / 3)
        return _graded(high - low, fine, metric.widest, fewer)
    return None


def grade_of_share(events: float, n: float) -> Grade:
    """Of a share, by its 95 % interval, also beside the share itself (NCHS: Parker et al. 2017).

    >>> grade_of_share(3, 100), grade_of_share(3, 1000)
    ('C', 'A')
    """
    low, high = wilson(events, n)
    width = high - low
    if width > 0.05 and width * n > 1.30 * events:
        return "C"
    return _graded(width, 0.10, 0.30, n)


def _graded(width: float, fine: float, rough: float, n: float) -> Grade:
    if n < 30 or width > rough:
        return "C"
    return "A" if width <= fine else "B"
