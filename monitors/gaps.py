"""Gaps: a performance measure taken of each group and set against everyone else, or a named group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from monitors import judge
from monitors.audit import Finding, Verdict
from monitors.checks import Check
from monitors.cube import Cube, Tally
from monitors.discovery import metrics
from monitors.interval import LEVEL, difference
from monitors.metric import Estimate
from monitors.profile import Profile

REST = "rest"


def gaps(check: Check, profile: Profile) -> Iterator[Finding]:
    """One finding a group: its level, the gap to the comparator, and the verdict on the gap.

    The gap's interval is simultaneous over the attribute's groups (Šidák), so that an audit
    without any difference rarely accuses anyone; the level's own interval is at 95 %.
    Point values come from Fairlearn and scikit-learn where they have the measure.
    """
    from monitors.disaggregate import MEASURES, by_group  # takes seconds to import: only when used

    if check.metric.reads != "tally" or check.attribute is None:
        raise ValueError(f"{check.metric.name} cannot be taken by group")
    cube = profile.cubes[check.attribute]
    groups = cube.groups
    against = check.rule.against
    if against != REST and against not in groups:
        yield _finding(check, None, None, reason=f"no rows of {against!r} to compare with")
        return
    name = check.metric.name
    compared = [group for group in groups if group != against]
    joint = LEVEL ** (1 / max(len(compared), 1))
    points = by_group(cube, [name]) if name in MEASURES else None
    for group in compared:
        other = _comparator(cube, group, against)
        here = _estimate(name, cube.tally(group), LEVEL)
        there = _estimate(name, other, LEVEL)
        if points is not None:
            here = _at(here, points.group[name, group])
            if against == REST:
                there = _at(there, points.rest[name, group])
        finding = _finding(check, group, here)
        if here.value is None or there.value is None:
            why = here.why if here.value is None else f"the others: {there.why}"
            yield replace(finding, reference_n=there.n, reason=why)
            continue
        wide = [_estimate(name, tally, joint) for tally in (cube.tally(group), other)]
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
        yield _judged(check, seen, here, there)


def _judged(check: Check, seen: Finding, here: Estimate, there: Estimate) -> Finding:
    rule = check.rule
    if rule.margin is None:
        return replace(seen, reason="no margin was agreed; shown only", severity="info")
    n = seen.n or 0
    half = ((seen.high or 0.0) - (seen.low or 0.0)) / 2
    wanted = max(rule.min_rows, int(n * (half / rule.margin) ** 2) + 1)
    needs = {"n": wanted, "windows": -(-wanted // max(n, 1))}
    for estimate, whose in ((here, ""), (there, "the others: ")):
        rough = judge.too_rough(check.metric, estimate.low, estimate.high, estimate.n, rule.min_rows)
        if rough:
            return replace(seen, reason=f"{whose}{rough}", needs=needs)
    # A gap is news whichever way it points: who is worse off depends on what the tool is for.
    said = judge.change(seen.low or 0.0, seen.high or 0.0, rule.margin, worse="either", n=n)
    return replace(seen, verdict=said.verdict, reason=said.reason, needs=said.needs)


def _comparator(cube: Cube, group: str, against: str) -> Tally:
    return cube.tally(rest_of=group) if against == REST else cube.tally(against)


def _estimate(name: str, tally: Tally, level: float) -> Estimate:
    estimate: Estimate = metrics()[name].compute(tally, level)
    return estimate


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
        level=here.value if here else None,
        n=here.n if here else 0,
        events=here.events if here else None,
        margin=rule.margin,
        reason=reason,
        severity=rule.severity,
        owner=rule.owner,
        action=rule.action,
        runbook=rule.runbook,
        rule=check.where,
    )
