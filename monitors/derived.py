"""Counts in disguise: shown numbers that, times how many there were, are counts of 1 to 10 people."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from monitors.audit import Finding, Verdict
from monitors.few import APART, FLOOR, small
from monitors.window import Window

DIGITS = 3  # of a distance: with more, the bars it came from could be found by trial
ROUNDED_FROM = 100  # rows from which a figure may stay without its counts
_NUMBERS = (
    "value", "low", "high", "n", "events", "reference_n", "level", "baseline",
    "change_low", "change_high", "bound_low", "bound_high", "chance", "p", "shift", "shift_error",
    "since", "needs", "grade", "design_effect", "within", "drawn",
)  # fmt: skip
_LEFT_OUT = "the number is left out: it stands for fewer than 11 people, or for nobody"
_UNCOUNTED = "its counts would show how few had no score or no known outcome, so they are left out"
_DIFFER = "judge and readers differ on fewer than 11 outputs, so the share is told in coarse steps"
_FEW_BARS = "a category holds fewer than 11 people, so the distance is told in coarse steps"
_TOGETHER = "it is made of all groups, some of them withheld"


def without(finding: Finding, reason: str, **given: Any) -> Finding:
    """The finding with none of its numbers."""
    nothing: dict[str, Any] = dict.fromkeys(_NUMBERS)
    return replace(finding, **{**nothing, "reason": reason, **given})


def step(n: int) -> float:
    """How coarse a share of n people has to be told for ten counts of them to look alike.

    >>> [step(n) for n in (100, 579, 5000)]
    [0.2, 0.05, 0.01]
    """
    least = 2 * APART / n
    return next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0) if s >= least or s == 1.0)


def many(finding: Finding) -> bool:
    """Whether it rests on enough rows to be told coarsely; of two values, how far they moved tells both."""
    two_valued = finding.subject in ("decision", "outcome") and finding.family == "drift"
    return (finding.n or 0) >= ROUNDED_FROM and not two_valued


def together(finding: Finding) -> bool:
    """Whether it is what a judge model and readers tell of everyone, who differ on 1 to 10 outputs."""
    of_both = finding.metric.startswith("judged_") and finding.group is None
    return of_both and small(finding.events) and many(finding)


def rounded(finding: Finding, window: Window) -> Finding:
    """A figure of everyone without its counts or interval, too coarse to work them out."""
    days = window.duration.total_seconds() / 86_400
    coarse = 2 * FLOOR / days if finding.metric == "rows" else step(finding.n or 1)
    kept = {name: _to(getattr(finding, name), coarse) for name in ("value", "baseline")}
    return without(finding, _DIFFER if together(finding) else _UNCOUNTED, **kept)


def undisguised(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, as withheld so far, without the numbers that are small counts in disguise.

    What a share of n people changed by is so many people; a distance and the bars it came from
    determine each other; a spread over groups tells of each of them.
    """
    found = list(findings)
    open_ones = {(f.metric, f.subject) for f in found if f.verdict is Verdict.WITHHELD and f.group}
    attributes = {subject for _, subject in open_ones}
    return [_undisguised(f, (f.metric, f.subject) in open_ones, attributes) for f in found]


def _undisguised(finding: Finding, some_withheld: bool, attributes: set[str]) -> Finding:
    if finding.verdict in (Verdict.WITHHELD, Verdict.FAILED) or finding.value is None:
        return finding
    if finding.family == "drift":
        return _distance(finding)
    if finding.group is None:
        of_all = finding.family == "fairness" and finding.subject in attributes
        counted = finding.metric == "unknown_share"
        return without(finding, _TOGETHER, verdict=Verdict.WITHHELD) if of_all and not counted else finding
    if finding.metric.startswith("miscalibration_loss") and finding.n is not None:
        if abs(finding.value) * finding.n > FLOOR - 1 + 1e-9:
            return finding
        kept = {name: getattr(finding, name) for name in ("n", "events", "grade", "needs")}
        return without(finding, _LEFT_OUT, **kept)
    if finding.metric.startswith("pooled_") and some_withheld:
        names = ("value", "low", "high", "level", "drawn")
        coarse: dict[str, Any] = {name: _to(getattr(finding, name), 0.05) for name in names}
        return replace(finding, **coarse, reason="exploratory; drawn towards all groups, some withheld")
    return finding


def _distance(finding: Finding) -> Finding:
    if small(finding.events):  # the smallest bar
        if not many(finding):
            return without(finding, _FEW_BARS, n=finding.n)
        return without(finding, _FEW_BARS, n=finding.n, value=_to(finding.value, step(finding.n or 1)))
    names = ("value", "low", "high", "chance", "p", "shift", "shift_error")
    short: dict[str, Any] = {name: _digits(getattr(finding, name)) for name in names}
    return replace(finding, **short, events=None)


def _to(value: float | None, coarse: float) -> float | None:
    return None if value is None else round(round(value / coarse) * coarse, 9)


def _digits(value: float | None) -> float | None:
    """To three significant digits.

    >>> _digits(0.0123456), _digits(0.0), _digits(None)
    (0.0123, 0.0, None)
    """
    if value is None or value == 0 or not math.isfinite(value):
        return value
    return float(f"{value:.{DIGITS}g}")
