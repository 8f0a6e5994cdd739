"""Judging: what a number says against its margin, given what chance and few rows leave open.

The absence of evidence is never `within`: to be within, the interval has to lie inside the margin.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from monitors.audit import Verdict
from monitors.metric import Metric


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, why it is not clearer, and what would decide it."""

    verdict: Verdict
    reason: str | None = None
    needs: Mapping[str, int] | None = None


def change(
    low: float, high: float, margin: float, *, worse: Literal["higher", "lower", "either"], n: int
) -> Judgement:
    """Judge a change (or a gap) by its interval [low, high] against a margin.

    A change for the better is never beyond: with `worse="lower"` only a fall is.

    >>> change(-0.09, 0.01, 0.1, worse="either", n=200).verdict.value
    'within'
    >>> change(-0.3, 0.01, 0.1, worse="either", n=20).needs
    {'n': 49, 'windows': 3}
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
    more = {"n": math.ceil(n * (half / margin) ** 2)}
    more["windows"] = max(1, math.ceil(more["n"] / max(n, 1)))
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
    more = {"n": wanted, "windows": max(1, math.ceil(wanted / max(n, 1)))}
    if value > chance:
        return Judgement(Verdict.DIFFERENT, "it moved, less than the margin as far as one can see", more)
    return Judgement(Verdict.CANNOT_TELL, "at this many rows chance alone reaches as far", more)


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
