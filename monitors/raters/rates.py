"""Rates that people found by reading: shares of a window's outputs, from a drawn few, with an interval."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from monitors.audit import Verdict
from monitors.few import FLOOR, small
from monitors.interval import LEVEL, wilson
from monitors.metric import Estimate


@dataclass(frozen=True, slots=True)
class Part:
    """A stratum as read: its outputs in the window, how many were read, and of how many the answer is yes."""

    name: str
    rows: int
    read: int
    yes: int


def share(parts: Iterable[Part], level: float = LEVEL) -> Estimate:
    """The share of a window's outputs of which the answer is yes, each stratum weighted by its size.

    Interval: of each stratum Wilson's, put together as for any weighted sum (Zou & Donner 2008).
    Drawn by what a judge model said, this is double sampling (Tenenbein 1970, J Am Stat Assoc 65:1350):
    the judge looks at all, people at a few of what it flagged and of what it did not.

    >>> found = share([Part("flagged", 100, 40, 30), Part("not flagged", 900, 60, 3)])
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3), found.n
    (0.12, 0.087, 0.199, 100)
    """
    held = [part for part in parts if part.rows]
    read, rows = sum(part.read for part in held), sum(part.rows for part in held)
    if unread := [part.name for part in held if not part.read]:
        return Estimate.absent(f"nobody has read an output of: {', '.join(unread)}", read)
    if not held:
        return Estimate.absent("no output to read", 0)
    value = below = above = 0.0
    for part in held:
        weight, rate = part.rows / rows, part.yes / part.read
        low, high = wilson(part.yes, part.read, level)
        value += weight * rate
        below += (weight * (rate - low)) ** 2
        above += (weight * (high - rate)) ** 2
    limits = max(value - math.sqrt(below), 0.0), min(value + math.sqrt(above), 1.0)
    return Estimate(value, *limits, read, sum(part.yes for part in held))


def telling(parts: Iterable[Part]) -> bool:
    """Whether a rate of these would tell of 1 to 10 outputs, each of which is about a person.

    >>> telling([Part("all", 500, 90, 4)]), telling([Part("all", 500, 90, 0)])
    (True, False)
    """
    held = [part for part in parts if part.read]
    counts = (sum(p.read for p in held), sum(p.yes for p in held), sum(p.read - p.yes for p in held))
    return any(small(count) for count in counts)


def verdict(estimate: Estimate, margin: float | None) -> Verdict | None:
    """Whether a rate is beyond its margin; None without one.

    >>> verdict(Estimate(0.2, 0.15, 0.26, 200), 0.1), verdict(Estimate(0.2, 0.05, 0.4, 20), 0.1)
    (<Verdict.BEYOND: 'beyond'>, <Verdict.CANNOT_TELL: 'cannot_tell'>)
    """
    if margin is None:
        return None
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return Verdict.CANNOT_TELL
    if estimate.low > margin:
        return Verdict.BEYOND
    return Verdict.WITHIN if estimate.high <= margin else Verdict.CANNOT_TELL


def coarse(read: int, level: float = LEVEL) -> tuple[float, float]:
    """Where a rate lies of which only this may be told: that 1 to 10 of so many were found."""
    return wilson(1, read, level)[0], wilson(min(FLOOR - 1, read), read, level)[1]
