"""Gaps: a performance measure taken of each group and set against everyone else, or a named group."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from monitors import bounds, judge
from monitors.audit import Finding, Verdict
from monitors.checks import Check
from monitors.conditional import conditioned
from monitors.cube import Cube, Tally
from monitors.interval import LEVEL, difference
from monitors.metric import Estimate
from monitors.profile import Profile
from monitors.repeats import measured

if TYPE_CHECKING:
    from monitors.disaggregate import Disaggregated

REST = "rest"
TARGET = "target"


def gaps(check: Check, profile: Profile, expected: Iterable[str] = ()) -> Iterator[Finding]:
    """One finding a group: its level, the gap to the comparator, and the verdict on the gap.

    A group that was `expected` and is not there is said to be gone: silence is no health.
    The gap's interval is simultaneous over the attribute's groups (Šidák), so that an audit
    without any difference rarely accuses anyone; the level's own interval is at 95 %.
    A group's own value comes from Fairlearn and scikit-learn where they have the measure.
    """
    if check.metric.reads not in ("tally", "cube") or check.attribute is None:
        raise ValueError(f"{check.metric.name} cannot be taken by group")
    cube = profile.people(check.attribute, check.metric)
    for group in sorted(set(expected) - set(cube.groups)):
        gone = _finding(check, group, None, reason="nobody of this group is in the window")
        yield replace(gone, against=None) if _by_itself(check) else gone
    if _by_itself(check):
        yield from of_target(check, cube)
        return
    groups = cube.groups
    against = check.rule.against
    if against != REST and against not in groups:
        yield _finding(check, None, None, reason=f"no rows of {against!r} to compare with")
        return
    name = check.metric.name
    compared = [group for group in groups if group != against]
    joint = LEVEL ** (1 / max(len(compared), 1))
    points = _points(cube, check.rule.min_rows)
    for group in compared:
        other = _comparator(cube, group, against)
        here: Estimate = measured(check.metric, check.compute, cube.tally(group), LEVEL)
        there: Estimate = measured(check.metric, check.compute, other, LEVEL)
        here = _at(here, points.group.get((name, group)))
        finding = _finding(check, group, here)
        what = bounds.missing(check.metric, cube, group, against)
        if here.value is None or there.value is None:
            why = here.why if here.value is None else f"the others: {there.why}"
            yield replace(finding, reference_n=there.n, reason=why)
            continue
        wide = [measured(check.metric, check.compute, t, joint) for t in (cube.tally(group), other)]
        low, high = difference(
            here.value, wide[0].low or 0.0, wide[0].high or 0.0,
            there.value, wide[1].low or 0.0, wide[1].high or 0.0,
        )  # fmt: skip
        seen = replace(
            finding,
            value=here.value - there.value,
            low=low,
            high=high,
            baseline=there.value,
            reference_n=there.n,
        )
        between = bounds.of_gap(check.facts, cube, group, against) if what else None
        judged = bounds.held(_judged(check, seen, here, there), check.metric, between, what)
        yield conditioned(check, profile, judged, joint)


@lru_cache(maxsize=64)  # a plan asks for one measure of every attribute, then for the next
def _points(cube: Cube, least: int) -> Disaggregated:
    """Groups large enough for a verdict, measured by Fairlearn and scikit-learn; nobody else is."""
    from monitors.disaggregate import by_group  # takes seconds to import: only when used

    return by_group(cube, least=least, rests=False)


def of_target(check: Check, cube: Cube) -> Iterator[Finding]:
    """One finding a group of a measure judged by itself, against what it ought to be.

    Its limits hold for all groups of the attribute together.
    """
    if check.unable:
        yield replace(_finding(check, None, None, reason=check.unable), against=None)
        return
    target = check.metric.target
    if check.rule.margin is not None and not isinstance(target, int | float):
        raise ValueError(f"{check.metric.name} has no target to judge a group by; leave out the margin")
    found: Mapping[str | None, Estimate]
    if check.metric.reads == "cube":
        found = check.compute(cube, LEVEL)
    else:
        joint = LEVEL ** (1 / max(len(cube.groups), 1))
        found = {
            group: measured(check.metric, check.compute, cube.tally(group), joint) for group in cube.groups
        }
    for group, here in found.items():
        seen = replace(_finding(check, group, here), against=None, value=here.value)
        if here.value is None or here.low is None or here.high is None:
            yield replace(seen, reason=here.why)
            continue
        seen = replace(seen, low=here.low, high=here.high)
        if check.rule.margin is None:
            yield replace(seen, reason=here.note or "no margin was agreed; shown only", severity="info")
            continue
        n, low, high = here.n, here.low - float(target or 0.0), here.high - float(target or 0.0)
        said = judge.change(low, high, check.rule.margin, worse=check.metric.worse, n=n)
        if rough := _rough(check, here):
            yield replace(seen, reason=rough, needs=_wanted(check, n, low, high))
        else:
            judged = replace(seen, verdict=said.verdict, reason=said.reason, needs=said.needs)
            yield _bounded(check, judged, cube)


def _bounded(check: Check, judged: Finding, cube: Cube) -> Finding:
    """A group by itself, with what outcomes and groups not known leave open."""
    group, target = judged.group, float(check.metric.target or 0.0)
    groups = (group,) if group is not None else ()
    if (what := bounds.missing(check.metric, cube, *groups)) is None:
        return judged
    between = bounds.of_group(check.facts, cube, group) if group is not None else None
    return bounds.held(judged, check.metric, between, what, lambda value: value - target)


def _by_itself(check: Check) -> bool:
    return bool(check.unable) or check.metric.reads == "cube" or check.rule.against == TARGET


def _judged(check: Check, seen: Finding, here: Estimate, there: Estimate) -> Finding:
    rule = check.rule
    if rule.margin is None:
        return replace(seen, reason="no margin was agreed; shown only", severity="info")
    n = seen.n or 0
    for estimate, whose in ((here, ""), (there, "the others: ")):
        if rough := _rough(check, estimate):
            needs = _wanted(check, n, seen.low or 0.0, seen.high or 0.0)
            return replace(seen, reason=f"{whose}{rough}", needs=needs)
    # A gap is news whichever way it points: who is worse off depends on what the tool is for.
    said = judge.change(seen.low or 0.0, seen.high or 0.0, rule.margin, worse="either", n=n)
    return replace(seen, verdict=said.verdict, reason=said.reason, needs=said.needs)


def _rough(check: Check, estimate: Estimate) -> str | None:
    """Why no verdict may rest on the estimate, or None."""
    own = check.metric.reads == "tally"  # the limits of a cube's measure are its gap's, not its level's
    low, high = (estimate.low, estimate.high) if own else (None, None)
    fewer = int(estimate.n / estimate.design)
    rough = judge.too_rough(check.metric, low, high, fewer, check.rule.min_rows)
    if rough is not None and estimate.design > 1:
        rough += f"; {estimate.n:,} rows are worth so few because patients repeat"
    if rough is None and judge.grade(check.metric, estimate) == "C":
        return f"too few for a verdict: {estimate.n} rows leave the level itself too wide"
    return rough


def _wanted(check: Check, n: int, low: float, high: float) -> dict[str, int]:
    """How many rows, and windows of as many as now, would bring the interval inside the margin."""
    half, rule = (high - low) / 2, check.rule
    wanted = max(rule.min_rows, int(n * (half / (rule.margin or math.inf)) ** 2) + 1)
    return judge.needed(wanted, n)


def _comparator(cube: Cube, group: str, against: str) -> Tally:
    return cube.tally(rest_of=group) if against == REST else cube.tally(against)


def _at(estimate: Estimate, value: float | None) -> Estimate:
    return estimate if value is None or estimate.value is None else replace(estimate, value=value)


def _finding(check: Check, group: str | None, here: Estimate | None, *, reason: str | None = None) -> Finding:
    rule = check.rule
    return Finding(
        metric=check.metric.name,
        family="fairness",
        subject=check.attribute or check.subject,
        unit=check.metric.unit,
        verdict=Verdict.CANNOT_TELL,
        group=group,
        against=rule.against,
        level=(here.value if here.raw is None else here.raw) if here else None,
        drawn=here.drawn if here else None,
        n=here.n if here else 0,
        events=here.events if here else None,
        design_effect=here.design if here and here.design > 1 else None,
        grade=judge.grade(check.metric, here) if here else None,
        margin=rule.margin,
        reason=reason,
        severity=rule.severity,
        owner=rule.owner,
        action=rule.action,
        runbook=rule.runbook,
        rule=check.where,
    )
