"""Slow findings: what a check's windows up to this one add up to, as a finding beside the check's own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from monitors import special
from monitors.audit import SLOW, Audit, Finding, Verdict
from monitors.checks import facts
from monitors.interval import LEVEL, quantile
from monitors.metric import Metric
from monitors.plan import Rule
from monitors.sequential import Seen, Sum, Way, delay, path, threshold
from monitors.window import Window, utc

RUNBOOK = "slow-change"
UNIT = "standard errors"
SOONEST = 0.5  # of the margin: the lasting change that is found soonest; of half of that nothing is said
_LEAST_P = 1e-4  # a p of less says no more
_EVENTS = 0.375  # Anscombe 1948: keeps the arcsine of a share steady near 0 and 1


@dataclass(frozen=True, slots=True)
class Scale:
    """How a check's findings are read as a quantity with a standard error.

    `ways` are those that are a change at all; `share` reads events on an arcsine scale, on which
    their error follows from n alone.
    """

    kind: Literal["shift", "distance", "share", "level", "gap"]
    ways: tuple[Way, ...]
    rule: Rule
    metric: Metric
    groups: int = 1

    @classmethod
    def of(cls, finding: Finding, rule: Rule, groups: int) -> Scale:
        """The scale of a check, told by its finding in any window that can be read."""
        metric = facts(rule.measure)
        both: tuple[Way, ...] = ("up", "down")
        one: dict[str, tuple[Way, ...]] = {"higher": ("up",), "lower": ("down",), "either": both}
        if metric.reads == "distance":
            return (
                cls("shift", both, rule, metric) if metric.ordered else cls("distance", ("up",), rule, metric)
            )
        if finding.group is not None:
            return cls("gap", both, rule, metric, groups)
        share = metric.unit.startswith("share") and finding.events is not None and metric.reads != "review"
        return cls("share" if share else "level", one[metric.worse], rule, metric)

    def seen(self, finding: Finding) -> Seen | None:
        """One window; None where it is withheld, could not run, or holds too little."""
        n = finding.n
        if finding.verdict in (Verdict.WITHHELD, Verdict.FAILED) or finding.value is None:
            return None
        if n is None or n < self.rule.min_rows:
            return None
        if self.kind == "shift":
            return (
                Seen(finding.shift, finding.shift_error)
                if finding.shift_error and finding.shift is not None
                else None
            )
        if self.kind == "distance":
            if finding.p is None:
                return None
            level = -float(special.ndtri(min(max(finding.p, _LEAST_P), 1 - _LEAST_P)))
            slight = finding.value <= SOONEST * (self.rule.margin or 0.0)
            return Seen(level, math.sqrt(1 - _shared(finding)), slight)
        if self.kind == "share":
            if finding.events is None:
                return None
            worth = 1 / (finding.design_effect or 1.0)
            return _arcsine(finding.events * worth, n * worth)
        if finding.low is None or finding.high is None or finding.high <= finding.low:
            return None
        joint = self.kind == "gap" and self.metric.reads == "tally"
        wide = quantile(LEVEL ** (1 / self.groups) if joint else LEVEL)
        return Seen(finding.value, (finding.high - finding.low) / (2 * wide))

    def start(self, findings: Iterable[Finding | None]) -> Seen | None:
        """What the reference says, where it does: read from the last window that tells of it."""
        for finding in reversed([f for f in findings if f is not None]):
            here, n, then = self.seen(finding), finding.n, finding.reference_n
            if here is None or not n or not then:
                continue
            if self.kind == "distance":
                return Seen(0.0, math.sqrt(_shared(finding)))
            if self.kind == "shift":
                return Seen(0.0, here.error * math.sqrt(n / then))
            if finding.baseline is None or self.metric.target != "reference" or self.kind == "gap":
                return None
            if self.kind == "share":
                return _arcsine(finding.baseline * then, then)
            return Seen(finding.baseline, here.error * math.sqrt(n / then))
        return None

    def tolerance(self, finding: Finding) -> float:
        """What is taken off each window, on this scale: half of the change to be found soonest."""
        half = SOONEST * (self.rule.margin or 0.0) / 2
        if self.kind == "distance":
            return 0.0  # told window by window: `slight`
        if self.metric.compare == "ratio":
            return half * abs(finding.baseline or 0.0)
        if self.kind == "share" and finding.events is not None and finding.n:
            share = (finding.events + _EVENTS) / (finding.n + 2 * _EVENTS)
            return half / (2 * math.sqrt(share * (1 - share)))
        return half

    def moved(self, last: Sum, level: float) -> float | None:
        """How far it moved, in the measure's own unit; `level` is where the last window stands."""
        if last.moved is None or self.kind == "distance":
            return None
        if self.kind != "share":
            return last.moved
        return math.sin(level) ** 2 - math.sin(min(max(level - last.moved, 0.0), math.pi / 2)) ** 2


def _shared(finding: Finding) -> float:
    """What two windows' standardised distances have in common, being set against one reference.

    Squared distances share the square of what the means behind them share.
    """
    n, then = finding.n or 1, finding.reference_n or 1
    return (n / (n + then)) ** 2


def _arcsine(events: float, n: float) -> Seen:
    share = (events + _EVENTS) / (n + 2 * _EVENTS)
    return Seen(math.asin(math.sqrt(share)), 1 / math.sqrt(4 * n + 2))


def watched(rules: Iterable[tuple[str, Rule]]) -> dict[str, Rule]:
    """The rules that ask for slow change, by where they stand."""
    return {where: rule for where, rule in rules if rule.slow_change is not None}


def slow_findings(audit: Audit, history: Sequence[Audit], rules: Mapping[str, Rule]) -> tuple[Finding, ...]:
    """A finding of slow change for every finding of an audit whose rule asks for it.

    Args:
        audit: of the window, as it was judged.
        history: earlier audits of the model, oldest first, each as it stands now and as people
            may see it: what is withheld adds nothing to a sum, so a sum tells nothing of it.
        rules: by where they stand ("plan.2"), those of `watched`.

    Another version, configuration or reference begins a new series; of windows that overlap the
    first counts.
    """
    series = [*_same(audit, history), audit]
    found = []
    for finding in audit.findings:
        rule = rules.get(finding.rule)
        if rule is not None and rule.slow_change is not None and finding.slow is None:
            found.append(_slow(finding, rule, series))
    return tuple(found)


def _same(audit: Audit, history: Sequence[Audit]) -> list[Audit]:
    """The run of earlier windows, up to this one, that were judged in the same way."""
    kept: list[Audit] = []
    for earlier in reversed([a for a in history if a.version == audit.version]):
        if (earlier.config, earlier.reference) != (audit.config, audit.reference):
            break
        kept.append(earlier)
    apart: list[Audit] = []
    for earlier in sorted(kept, key=lambda a: a.window):
        ends_before = earlier.window.end <= audit.window.start
        if ends_before and not (apart and apart[-1].window.overlaps(earlier.window)):
            apart.append(earlier)
    return apart


@dataclass(frozen=True, slots=True)
class Summed:
    """A check's windows summed: what each says, and what they come to after each."""

    scale: Scale
    reach: float
    tolerance: float
    seen: list[Seen | None]
    sums: list[Sum]


def summed(line: Sequence[Finding | None], rule: Rule, groups: int = 1) -> Summed:
    """The sums of one check over its windows, oldest first, at least one of them told.

    Args:
        line: its finding in each window; None where it has none.
        rule: which watches for slow change.
        groups: among which its interval is simultaneous.
    """
    held = [f for f in line if f is not None]
    scale = Scale.of(next((f for f in held if f.events is not None), held[-1]), rule, max(groups, 1))
    seen = [scale.seen(f) if f is not None else None for f in line]
    reach = threshold(float(rule.slow_change or 0), 1 if len(scale.ways) == 1 else 2)
    known = [f for f, s in zip(line, seen, strict=True) if f is not None and s is not None]
    tolerance = scale.tolerance(known[-1]) if known else 0.0
    sums = list(path(seen, reach, start=scale.start(line), ways=scale.ways, tolerance=tolerance))
    return Summed(scale, reach, tolerance, seen, sums)


def _slow(finding: Finding, rule: Rule, series: Sequence[Audit]) -> Finding:
    groups = {f.group for f in series[-1].findings if f.key[:2] == finding.key[:2] and f.group}
    line = [next((f for f in a.findings if f.key == finding.key), None) for a in series]
    found = summed(line, rule, len(groups))
    scale, reach, tolerance, seen, last = (
        found.scale, found.reach, found.tolerance, found.seen, found.sums[-1],
    )  # fmt: skip
    verdict, reason, needs = _said(last, reach, seen[-1], tolerance)
    now = seen[-1]
    began = series[last.began].window.start if last.standing else None
    return Finding(
        metric=f"{SLOW}{finding.metric}", family=finding.family, subject=finding.subject, unit=UNIT,
        group=finding.group, against=finding.against, verdict=verdict, reason=reason, needs=needs,
        value=last.value if now else None, margin=reach, since=utc(began) if began else None,
        shift=scale.moved(last, now.level) if now and last.standing else None,
        # What took weeks to come can wait until the morning.
        severity="ticket" if finding.severity == "page" else finding.severity,
        owner=finding.owner, action=finding.action, runbook=RUNBOOK, rule=finding.rule,
    )  # fmt: skip


def _said(
    last: Sum, reach: float, now: Seen | None, tolerance: float
) -> tuple[Verdict, str | None, dict[str, int] | None]:
    if now is None:
        return Verdict.CANNOT_TELL, "this window cannot tell, so the sum stands as it did", None
    if last.standing and abs(last.value) > reach:
        return Verdict.BEYOND, None, None
    if last.standing:
        return Verdict.DIFFERENT, "it is on its way back; over once below 80 % of its threshold", None
    enough = delay(reach, max(1.0, 2 * tolerance / now.error))
    if last.told < enough:
        more = enough - last.told
        reason = f"{last.told} of the {enough} windows that a lasting change would take to show"
        return Verdict.CANNOT_TELL, reason, {"windows": more}
    return Verdict.WITHIN, None, None


def began(finding: Finding, history: Iterable[Audit]) -> Window | None:
    """The window a slow change began in, where it is among these."""
    return next((a.window for a in history if utc(a.window.start) == finding.since), None)
