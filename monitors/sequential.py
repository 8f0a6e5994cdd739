"""Slow change: a CUSUM over windows, for what no single window can show.

A drift of a tenth of a standard deviation a month is in no window beyond what chance reaches, and
after a year it is more than one. Sums of small excesses find it; how often they may be wrong is
agreed as the number of windows between two false alarms.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

Way = Literal["up", "down"]
SIGN: dict[Way, int] = {"up": 1, "down": -1}

ALLOWANCE = 0.5  # half the change, in standard errors of one window, that is found soonest
# Page's sum overshoots its threshold by so much on average (Siegmund 1985, Sequential Analysis).
_OVERSHOOT = 1.166
MOST = 3.2  # one window adds no more, or a single outlier would look slow
CLEAR = 0.8  # of the threshold, below which what stood is over
_CAP = 1.25  # of the threshold, so that years of drift do not take years to heal
_CHANCE = 1.5  # standard errors that windows lie off, at most, which chance may have done


@dataclass(frozen=True, slots=True)
class Seen:
    """What one window says of a quantity that ought to stand still.

    Attributes:
        level: where the quantity stands.
        error: its standard error from this window alone, above 0.
        slight: whether it is too near its target to matter, however sure one is of it.
    """

    level: float
    error: float
    slight: bool = False


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum after one window.

    Attributes:
        value: the larger of the two sums; below 0 where that is the one for a fall.
        way: which way that is.
        began: where that sum last stood at 0: the place of the first window it rests on.
        standing: whether it reached its threshold and has not come back since.
        told: how many windows could tell, this one included.
        moved: how far the windows since `began` lie from the baseline, in the level's own unit.
        told_now: whether this window could tell.
    """

    value: float
    way: Way
    began: int
    standing: bool
    told: int
    moved: float | None
    told_now: bool


def windows_between(threshold: float, sides: Literal[1, 2] = 1, allowance: float = ALLOWANCE) -> float:
    """Windows to expect between false alarms (Siegmund's approximation).

    Within 3 % of a Markov chain's answer from 50 windows on. Two sides alarm twice as often.

    >>> round(windows_between(4.0)), round(windows_between(5.0))
    (338, 938)
    """
    reach = 2 * allowance * (threshold + _OVERSHOOT)
    return (math.exp(reach) - reach - 1) / (2 * allowance**2) / sides


@cache
def threshold(windows: float, sides: Literal[1, 2] = 1, allowance: float = ALLOWANCE) -> float:
    """What the sum may reach so that false alarms are so many windows apart.

    Args:
        windows: to expect between two false alarms when nothing changes, at least 10.
        sides: 1 where only one way is a change (a distance grows), 2 where both are.
        allowance: what is taken off each window's standardised value.

    Returns:
        In standard errors of one window.

    >>> round(threshold(200), 2), round(threshold(200, sides=2), 2)
    (3.49, 4.16)
    """
    if windows < 10:
        raise ValueError(f"must be at least 10 windows between false alarms (got {windows:g})")
    low, high = 0.0, 1.0
    while windows_between(high, sides, allowance) < windows:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if windows_between(middle, sides, allowance) < windows else (low, middle)
    return high


@dataclass
class _Baseline:
    """The mean of what was seen so far, weighted by precision; nothing known has precision 0."""

    precision: float = 0.0
    weighted: float = 0.0

    def add(self, level: float, error: float) -> _Baseline:
        """With one more window in it."""
        weight = 1 / error**2
        return _Baseline(self.precision + weight, self.weighted + weight * level)

    @property
    def level(self) -> float:
        return self.weighted / self.precision


@dataclass
class _Run:
    """The sums while they are followed from window to window."""

    ways: tuple[Way, ...]
    sums: dict[Way, float] = field(init=False)
    zero: dict[Way, int] = field(init=False)

    def __post_init__(self) -> None:
        self.restart(0)

    def restart(self, at: int) -> None:
        self.sums, self.zero = dict.fromkeys(self.ways, 0.0), dict.fromkeys(self.ways, at)

    def step(self, way: Way, by: float, at: int) -> None:
        self.sums[way] = max(0.0, self.sums[way] + min(by, MOST))
        if self.sums[way] == 0.0:
            self.zero[way] = at + 1

    @property
    def worst(self) -> Way:
        return max(self.ways, key=lambda way: self.sums[way])


def path(
    seen: Sequence[Seen | None],
    reach: float,
    *,
    start: Seen | None = None,
    ways: tuple[Way, ...] = ("up", "down"),
    tolerance: float = 0.0,
) -> Iterator[Sum]:
    """The sum after each window, oldest first.

    Each window is set against the mean of the reference and of all windows before it, and divided
    by the standard error of that difference: such recursive residuals (Brown, Durbin & Evans 1975,
    J R Stat Soc B 37:149; self-starting in Hawkins 1987, The Statistician 36:299) are independent
    and standard normal however small the reference is, so false alarms come as seldom as agreed.

    Once the threshold is passed the baseline is what it was before the change began, so a change
    that lasts never becomes the new normal by itself. It is over when the sum falls below 80 % of
    the threshold; then the sums start anew. What stood so shortly and lay so near that chance may have
    done it joins the baseline after all: without it the next false alarm would come too soon.

    Args:
        seen: None where a window could not tell, which leaves everything as it was.
        reach: the threshold.
        start: of the reference; None where it says nothing, and the first window begins.
        ways: which ways are a change.
        tolerance: a lasting change of less does not add up, however sure one is of it.

    >>> steady, higher = Seen(0.5, 0.1), Seen(0.7, 0.1)
    >>> [round(s.value, 1) for s in path([steady, higher, higher], 3.0, start=Seen(0.5, 0.01))]
    [0.0, 1.5, 3.0]
    """
    run, standing, began, stood, told = _Run(ways), False, 0, 0, 0
    baseline = _Baseline().add(start.level, start.error) if start else _Baseline()
    before: list[_Baseline] = []
    levels: list[Seen | None] = []
    way = ways[0]
    for at, here in enumerate(seen):
        before.append(baseline)
        levels.append(here)
        if here is not None and not baseline.precision:
            baseline, told = baseline.add(here.level, here.error), told + 1
            run.restart(at + 1)
        elif here is not None:
            told += 1
            error = math.sqrt(here.error**2 + 1 / baseline.precision)
            residual = (here.level - baseline.level) / error
            allowance = max(ALLOWANCE, tolerance / error)
            for each in ways:
                gained = SIGN[each] * residual
                run.step(each, (min(gained, 0.0) if here.slight else gained) - allowance, at)
            if standing:
                run.sums[way] = min(run.sums[way], _CAP * reach)
                if run.sums[way] < CLEAR * reach:
                    standing = False
                    run.restart(at + 1)
                    off = _moved(levels[began:], baseline) or 0.0
                    if at - stood <= delay(reach, 1.0) and abs(off) <= _CHANCE * here.error:
                        baseline = _with(baseline, levels[began:])
            elif run.sums[run.worst] > reach:
                standing, way, stood = True, run.worst, at
                began, baseline = run.zero[way], before[run.zero[way]]
            else:
                baseline = baseline.add(here.level, here.error)
        shown: Way = way if standing else run.worst
        first = began if standing else run.zero[shown]
        yield Sum(
            SIGN[shown] * run.sums[shown], shown, first, standing, told,
            _moved(levels[first:], before[first] if first < len(before) else baseline),
            here is not None,
        )  # fmt: skip


def _with(baseline: _Baseline, seen: Sequence[Seen | None]) -> _Baseline:
    for here in seen:
        baseline = baseline.add(here.level, here.error) if here else baseline
    return baseline


def _moved(since: Sequence[Seen | None], baseline: _Baseline) -> float | None:
    held = _with(_Baseline(), since)
    if not held.precision or not baseline.precision:
        return None
    return held.level - baseline.level


def delay(reach: float, change: float) -> int:
    """Windows until a lasting change of so many standard errors is found on average, at least 2.

    Siegmund's approximation, where as much is taken off each window as finds that change soonest.

    >>> delay(3.49, 1.0), delay(3.49, 6.0)
    (8, 2)
    """
    gained = min(change - max(ALLOWANCE, change / 2), MOST)
    reach = 2 * gained * (reach + _OVERSHOOT)
    return max(2, math.ceil((math.exp(-reach) + reach - 1) / (2 * gained**2)))
