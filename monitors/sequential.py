"""Slow change: a CUSUM over windows, for what no single window can show.

A drift of a tenth of a standard deviation a month is in no window beyond what chance reaches, and
after a year it is more than one. Sums of small excesses find it; how often they may be wrong is
agreed as the number of windows between two false alarms.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from scipy import special

from monitors.audit import Audit, Finding, Verdict
from monitors.interval import quantile
from monitors.plan import Rule
from monitors.window import Window

ALLOWANCE = 0.5  # half the change, in standard errors of one window, that is found soonest
# Page's sum overshoots its threshold by so much on average (Siegmund 1985, Sequential Analysis).
_OVERSHOOT = 1.166
_LEAST_P = 1e-4  # one window adds no more than 3.7, or a single outlier would look slow

Key = tuple[str, str, str | None]


@dataclass(frozen=True, slots=True)
class Change:
    """A slow change: where the sum last stood at zero, where it passed its threshold, and which way."""

    began: int
    seen: int
    way: Literal["up", "down"]


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
        sides: 1 where only more is a change (a distance), 2 where less is one too.
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


def changes(
    values: Sequence[float | None], reach: float, sides: Literal[1, 2] = 2, allowance: float = ALLOWANCE
) -> tuple[Change, ...]:
    """The slow changes in a series, oldest first; after each the sums start anew.

    Args:
        values: standardised: mean 0 and standard deviation 1 while nothing changes; None where
            a window could not tell, which leaves the sums as they were.
        reach: the threshold.

    >>> changes([0.1, -0.4, 1.2, 1.4, 0.9, 1.6, 1.3], reach=3.0)
    (Change(began=2, seen=5, way='up'),)
    """
    found: list[Change] = []
    sums, zero = {"up": 0.0, "down": 0.0}, {"up": 0, "down": 0}
    signs: dict[Literal["up", "down"], int] = {"up": 1, "down": -1} if sides == 2 else {"up": 1}
    for at, value in enumerate(values):
        for way, sign in signs.items():
            if value is not None:
                sums[way] = max(0.0, sums[way] + sign * value - allowance)
            if sums[way] == 0.0:
                zero[way] = at + 1
        worst = max(signs, key=lambda way: sums[way])
        if sums[worst] > reach:
            found.append(Change(zero[worst], at, worst))
            sums, zero = dict.fromkeys(sums, 0.0), dict.fromkeys(zero, at + 1)
    return tuple(found)


def standardised(finding: Finding) -> float | None:
    """A finding in standard errors, near normal while nothing changes; None where it cannot tell.

    A distance by how rarely chance reaches it; anything else by its change and its interval.

    >>> told = Finding(metric="auroc", family="performance", subject="model", unit="",
    ...                verdict=Verdict.WITHIN, value=0.75, baseline=0.8, change_low=-0.1, change_high=0.0)
    >>> round(standardised(told), 2)
    -1.96
    """
    if finding.verdict in (Verdict.WITHHELD, Verdict.FAILED) or finding.value is None:
        return None
    if finding.p is not None:
        return -float(special.ndtri(min(max(finding.p, _LEAST_P), 1 - _LEAST_P)))
    low, high = finding.change_low, finding.change_high
    if low is None or high is None or high <= low:
        return None
    farthest = -float(special.ndtri(_LEAST_P))
    moved = (low + high) / 2 / ((high - low) / (2 * quantile(0.95)))
    return min(max(moved, -farthest), farthest)


@dataclass(frozen=True, slots=True)
class SlowChange:
    """A slow change of one check, by its windows and the versions and configs in force."""

    finding: Finding
    began: Window
    seen: Window
    way: Literal["up", "down"]
    versions: tuple[str, ...]
    configs: tuple[str, ...]


def slow_changes(history: Iterable[Audit], rules: Mapping[str, Rule]) -> tuple[SlowChange, ...]:
    """Change points of every check whose rule watches for slow change, oldest first.

    Args:
        history: audits of one model.
        rules: by where they stand ("plan.2"), as `ModelConfig.rules` gives them.

    A reference is a sample too, and what it is off by stays in every window: with fewer than
    some 20 windows' rows in it, false alarms come sooner than agreed.
    """
    series: dict[Key, list[tuple[Audit, Finding]]] = {}
    for audit in sorted(history, key=lambda audit: audit.window):
        for finding in audit.findings:
            rule = rules.get(finding.rule)
            if rule is not None and rule.slow_change is not None:
                series.setdefault(finding.key, []).append((audit, finding))
    found = []
    for told in series.values():
        agreed = rules[told[-1][1].rule].slow_change
        sides: Literal[1, 2] = 1 if told[-1][1].p is not None else 2
        reach = threshold(float(agreed or 0), sides)
        for change in changes([standardised(finding) for _, finding in told], reach, sides):
            spanned = [audit for audit, _ in told[max(change.began - 1, 0) : change.seen + 1]]
            found.append(
                SlowChange(
                    told[change.seen][1],
                    told[change.began][0].window,
                    told[change.seen][0].window,
                    change.way,
                    tuple(dict.fromkeys(audit.version for audit in spanned)),
                    tuple(dict.fromkeys(audit.config for audit in spanned)),
                )
            )
    return tuple(sorted(found, key=lambda change: (change.seen, change.finding.name)))
