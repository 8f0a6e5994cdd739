"""Judging what people found by reading: the share of outputs, or a group's beside the others', by a rule."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from monitors import judge
from monitors.audit import Finding, Verdict
from monitors.checks import Check
from monitors.interval import LEVEL, difference
from monitors.metric import Estimate
from monitors.profile import Profile
from monitors.raters.reviews import Reviews

REST, TARGET = "rest", "target"
SHOWN = "no margin was agreed; shown only"


def found_by_reading(check: Check, profile: Profile) -> Iterator[Finding]:
    """One finding of everyone, or one a group, where outputs were drawn by it.

    Of everyone, and of a group `against: target`, the share itself is held to the margin: beyond where the
    whole interval lies above it, within where it lies below. A gap is judged as any other: its interval
    holds for all groups of the attribute at once (Šidák).
    """
    reviews = Reviews(profile.reviews)
    if check.attribute is None:
        yield _held(check, check.compute(reviews, LEVEL))
        return
    reviews = reviews.of(check.attribute)
    groups = reviews.names(_asks(check))
    if not groups:
        why = check.compute(reviews, LEVEL).why
        yield _finding(check, None, Estimate.absent(str(why)), against=None, reason=why)
        return
    against = check.rule.against
    compared = [group for group in groups if group != against]
    joint = LEVEL ** (1 / max(len(compared), 1))
    for group in compared:
        mine = reviews.of(check.attribute, (group,))
        if against == TARGET:
            found = _held(check, check.compute(mine, joint))
            yield replace(found, family="fairness", subject=check.attribute, group=group, level=found.value)
            continue
        others = [g for g in groups if g != group] if against == REST else [against]
        yield _gap(check, group, mine, reviews.of(check.attribute, others), joint)


def _asks(check: Check) -> str | None:
    """The question a judge model has to have answered; None where readers alone are asked."""
    name = check.metric.name
    return name.removeprefix("judged_").removesuffix("_share") if name.startswith("judged_") else None


def _held(check: Check, here: Estimate) -> Finding:
    """A share held to its margin."""
    margin, low, high = check.rule.margin, here.low, here.high
    if here.value is None or low is None or high is None:
        return check.finding(Verdict.CANNOT_TELL, n=here.n, reason=here.why)
    seen = check.finding(
        Verdict.CANNOT_TELL, value=here.value, low=low, high=high, n=here.n, events=here.events, baseline=0.0,
        change_low=low, change_high=high, grade=judge.grade(check.metric, here),
    )  # fmt: skip
    if margin is None:
        return replace(seen, reason=SHOWN, severity="info")
    if rough := judge.too_rough(check.metric, low, high, here.n, check.rule.min_rows):
        return replace(seen, reason=rough, needs=_wanted(check, here.n, low, high))
    if low > margin:
        return replace(seen, verdict=Verdict.BEYOND)
    if high <= margin:
        return replace(seen, verdict=Verdict.WITHIN)
    said = "the interval reaches across the margin"
    return replace(seen, reason=said, needs=_wanted(check, here.n, low, high))


def _gap(check: Check, group: str, mine: Reviews, others: Reviews, joint: float) -> Finding:
    """A group's share less the others'."""
    here, there = (check.compute(reviews, LEVEL) for reviews in (mine, others))
    seen = _finding(check, group, here, reference_n=there.n)
    if here.value is None or there.value is None:
        return replace(seen, reason=here.why if here.value is None else f"the others: {there.why}")
    wide = [check.compute(reviews, joint) for reviews in (mine, others)]
    low, high = difference(
        here.value, wide[0].low or 0.0, wide[0].high or 0.0,
        there.value, wide[1].low or 0.0, wide[1].high or 0.0,
    )  # fmt: skip
    seen = replace(seen, value=here.value - there.value, low=low, high=high, baseline=there.value)
    if check.rule.margin is None:
        return replace(seen, reason=SHOWN, severity="info")
    for each, whose in ((here, ""), (there, "the others: ")):
        if rough := judge.too_rough(check.metric, each.low, each.high, each.n, check.rule.min_rows):
            return replace(seen, reason=f"{whose}{rough}", needs=_wanted(check, here.n, low, high))
    said = judge.change(low, high, check.rule.margin, worse="either", n=here.n)
    return replace(seen, verdict=said.verdict, reason=said.reason, needs=said.needs)


def _wanted(check: Check, n: int, low: float, high: float) -> dict[str, int]:
    """How many outputs read, and windows of as many as now, would bring the interval inside the margin."""
    half, rule = (high - low) / 2, check.rule
    wanted = max(rule.min_rows, int(n * (half / (rule.margin or math.inf)) ** 2) + 1)
    return judge.needed(wanted, n)


def _finding(check: Check, group: str | None, here: Estimate, **given: Any) -> Finding:
    said: dict[str, Any] = {
        "family": "fairness", "subject": check.attribute, "group": group, "against": check.rule.against,
        "level": here.value, "n": here.n, "events": here.events, "grade": judge.grade(check.metric, here),
    }  # fmt: skip
    return check.finding(Verdict.CANNOT_TELL, **(said | given))
