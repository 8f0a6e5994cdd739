"""Evaluating: every check of a plan computed from two profiles and judged; a failed one fails alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from monitors import bounds, chance, judge
from monitors.audit import Finding, Stage, Verdict
from monitors.beside import beside
from monitors.budget import LEVEL, level
from monitors.caution import cautioned
from monitors.checks import EVIDENTLY, Check, checks
from monitors.config import ModelConfig
from monitors.discovery import metrics
from monitors.estimates import Estimates
from monitors.gaps import gaps
from monitors.histogram import CategoryBins, Counts, Floats, Histogram
from monitors.interval import difference, wilson
from monitors.metric import LATER, Estimate
from monitors.mix import mix
from monitors.pools import Pools
from monitors.profile import EVERYONE, Profile
from monitors.raters.findings import found_by_reading
from monitors.reference import Reference
from monitors.repeats import measured
from monitors.shift import mean_shift
from monitors.unreadable import unreadable

Foreign = Callable[[str, Histogram, Histogram], Estimate]
"""Measures a distance by another library's method: (method, reference, current)."""

_YES_NO = CategoryBins(("1", "0"))


@dataclass(frozen=True)
class Setting:
    """What evaluating needs besides the counts.

    Attributes:
        seed: of the draws behind chance; the same seed gives the same findings.
        foreign: computes measures named `evidently:…`; None where Evidently is not to be loaded.
        period: the windows that are approved to be counted together, as one, in the last of them.
        only: families and measures that are asked for; None for all.
        shelf: where the draws behind chance are kept from one run to the next.
    """

    seed: int = 20_260_105
    foreign: Foreign | None = None
    period: Profile | None = None
    only: frozenset[str] | None = None
    shelf: chance.Shelf | None = None

    def asks(self, check: Check) -> bool:
        """Whether a check is asked for."""
        return self.only is None or bool(self.only & {check.metric.family, check.metric.name})


def evaluate(
    config: ModelConfig,
    current: Profile,
    reference: Reference,
    stage: Stage,
    setting: Setting | None = None,
) -> tuple[Finding, ...]:
    """Every finding of one window, in the plan's order.

    Before outcomes have matured (`stage="scored"`) checks that need them are left out: they are
    not yet due, which is not the same as failed.
    """
    run = _Run(config, current, reference, stage, setting or Setting())
    findings: list[Finding] = list(unreadable(current))
    drift: list[tuple[Check, Finding, chance.Null | None]] = []
    for check in checks(config):
        if not run.setting.asks(check):
            continue
        if stage == "scored" and (LATER & {*check.metric.needs} or check.subject == "outcome"):
            continue
        try:
            if _distance(check):
                drift.append((check, *run.distance(check)))
            else:
                findings += run.level(check)
        except Exception as error:  # noqa: BLE001  one bad column never takes the others down
            findings.append(_failed(check, error))
    whole = level(config.budget, config.window.length)
    return tuple(cautioned(config.columns, (*beside(findings), *_judged(drift, whole))))


def chance_of(
    config: ModelConfig, check: Check, reference: Reference, n: int, setting: Setting | None = None
) -> tuple[chance.Distance, Counts, chance.Null]:
    """A distance's function, the reference's counts, and what chance gives it at n rows.

    Raises ValueError where the reference holds nothing to compare with.
    """
    run = _Run(config, reference.profile, reference, "scored", setting or Setting())
    counts = run.counts(reference.profile, check)
    if not counts.sum() or n < 1:
        raise ValueError(f"the reference holds nothing of {check.subject!r} to compare with")
    # What its family says of the reference's sway counts for this check too.
    others = (c for c in checks(config) if c != check and _drawn(c) and _family(c) == _family(check))
    held = [c for c in (check, *others) if run.counts(reference.profile, c).sum()]
    fewer = max(1, round(n / reference.profile.design))  # a window's patients will repeat as these do
    return run.function(check), counts, chance.moderated([run.null(c, fewer) for c in held])[0]


@dataclass
class _Run:
    config: ModelConfig
    current: Profile
    reference: Reference
    stage: Stage
    setting: Setting

    @cached_property
    def estimates(self) -> Estimates:
        """What is estimated before outcomes are known."""
        return Estimates(self.current, self.reference)

    @cached_property
    def pools(self) -> Pools | None:
        """What people approved to be counted together."""
        return Pools.approved(self.config.pooling, self.current, self.setting.period)

    def histogram(self, profile: Profile, subject: str) -> Histogram:
        """Of a column; of a score; of a decision or an outcome, from the cube of everyone."""
        if subject in ("decision", "outcome"):
            cube = profile.cubes[EVERYONE]
            value = cube.decision if subject == "decision" else cube.outcome
            ones, zeros, unknown = (int(cube.n[value == v].sum()) for v in (1, 0, -1))
            return Histogram(subject, _YES_NO, (ones, zeros), missing=unknown)
        column = self.config.columns.score if subject == "score" else subject
        return profile.histograms[str(column)]

    def held(self, check: Check, profile: Profile) -> Histogram:
        """What a distance is taken of: a column, or the groups of an attribute."""
        if check.metric.reads != "mix":
            return self.histogram(profile, check.subject)
        return mix(profile.cubes[check.subject], self.reference.profile.cubes[check.subject])

    def level(self, check: Check) -> Iterator[Finding]:
        """A metric that is a level: now, against what it ought to be."""
        if check.metric.reads == "estimate":
            yield from self.estimates.of(check)
            return
        if check.metric.reads == "review":
            yield from found_by_reading(check, self.current)
            return
        if check.metric.reads == "attribute" and check.attribute is not None:
            both = (self.current, self.reference.profile)
            now, was = (check.compute(p.cubes[check.attribute]) for p in both)
            yield from _compared(check, now, was, None)
            return
        if check.metric.reads == "feed" and check.attribute is not None:
            yield self.feed(check, check.attribute)
            return
        if check.attribute is not None:
            known = self.reference.profile.cubes.get(check.attribute)
            groups = gaps(check, self.current, known.groups if known else ())
            yield from self.pools.beside(check, list(groups)) if self.pools else groups
            return
        if check.unable:
            yield _cannot(check, Estimate.absent(check.unable))
            return
        compute = check.compute
        if check.metric.reads == "column":
            held = self.histogram(self.current, check.subject)
            before = self.histogram(self.reference.profile, check.subject)
            now = _fewer(compute(held), self.current.design)
            was = _fewer(compute(before), self.reference.profile.design)
        elif check.metric.reads == "window":
            now, was = compute(self.current), compute(self.reference.profile)
        else:
            cubes = [p.people(EVERYONE, check.metric) for p in (self.current, self.reference.profile)]
            now, was = (measured(check.metric, compute, cube.tally()) for cube in cubes)
        for found in _compared(check, now, was, self._silence(check)):
            yield bounds.beside(found, check.facts, self.current.cubes[EVERYONE])

    def feed(self, check: Check, attribute: str) -> Finding:
        """Which groups are there now and were before, named in words where one is not."""
        was, now = self.reference.profile, self.current
        inside = [block.cubes[attribute] for block in self.reference.blocks]
        windows = was.lasted / now.window.duration
        found = check.compute(now.cubes[attribute], was.cubes[attribute], windows, inside)
        return replace(next(_compared(check, found, found, None)), reason=found.note or found.why)

    def _silence(self, check: Check) -> float | None:
        """The share of a window without a row that chance alone explains, at the usual volume."""
        if check.metric.name != "freshness":
            return None
        reference = self.reference.profile
        usual = reference.rows * (self.current.window.duration / reference.lasted)
        return float(1 - LEVEL ** (1 / max(usual, 1.0)))

    def distance(self, check: Check) -> tuple[Finding, chance.Null | None]:
        """A distance from the reference, with what chance alone gives; judged later, all together."""
        now = self.held(check, self.current)
        was = self.held(check, self.reference.profile)
        if check.metric.name.startswith(EVIDENTLY):
            return self._foreign(check, was, now), None
        before, after = (self.counts(p, check) for p in (self.reference.profile, self.current))
        for rows, which in ((before, "the reference"), (after, "the window")):
            if not rows.sum():
                why = f"{which} holds no {'values' if check.metric.ordered else 'rows'} to compare"
                return _cannot(check, Estimate.absent(why, int(after.sum()))), None
        design = self.current.design
        null = self.null(check, max(1, round(int(after.sum()) / design)))
        finding = check.finding(
            value=float(self.function(check)(before, after)),
            n=int(after.sum()),
            design_effect=design if design > 1 else None,
            events=None if check.metric.ordered else int(after[after > 0].min()),
            reference_n=int(before.sum()),
            verdict=Verdict.CANNOT_TELL,
        )
        if check.metric.ordered:
            moved, error = mean_shift(was, now, null.between, design)
            finding = replace(finding, shift=moved, shift_error=error)
        return finding, null

    def counts(self, profile: Profile, check: Check) -> Counts:
        """What a distance compares: the cells that have an order, or all of them."""
        held = self.held(check, profile)
        return held.ordered if check.metric.ordered else held.cells

    def function(self, check: Check) -> chance.Distance:
        """A distance's function, with the reference's positions where it needs them."""
        return _bound(check, self.held(check, self.reference.profile))

    def null(self, check: Check, n: int) -> chance.Null:
        """What chance gives a distance at n rows, as the check's own windows of the reference sway."""
        # What patients' rows are worth, in fractions: chance reads only shares and a total.
        worth, function = 1 / self.reference.profile.design, self.function(check)
        was: Any = self.counts(self.reference.profile, check)
        inside: Any = np.array([self.counts(block, check) for block in self.reference.blocks])
        if worth < 1:
            was, inside = was * worth, inside * worth
        # A seed of its own for each subject: adding a check leaves the others as they were.
        seed = [self.setting.seed, *check.subject.encode()]
        at = self.histogram(self.reference.profile, check.subject).positions if check.metric.ordered else ()
        named = (check.metric.name, *map(float, at))
        null = chance.kept(named, function, was, n, seed, shelf=self.setting.shelf)
        if not self.reference.blocks:
            return null
        return chance.widened(function, was, inside, null, n)

    def _foreign(self, check: Check, was: Histogram, now: Histogram) -> Finding:
        if self.setting.foreign is None:
            return _cannot(check, Estimate.absent("Evidently is not loaded here"))
        method = check.metric.name.removeprefix(EVIDENTLY)
        got = self.setting.foreign(method, was, now)
        if got.value is None:
            return _cannot(check, got)
        reason = "shown as Evidently computes it; not judged, since its scale is not ours"
        return check.finding(value=got.value, n=got.n, reference_n=was.rows, verdict=Verdict.CANNOT_TELL,
            reason=reason, severity="info",
        )  # fmt: skip


def _fewer(share: Estimate, design: float) -> Estimate:
    """A share of rows with the limits of as many as they are worth."""
    if design <= 1 or share.events is None:
        return share
    low, high = wilson(share.events / design, share.n / design)
    return replace(share, low=low, high=high, design=design)


def _bound(check: Check, was: Histogram) -> chance.Distance:
    compute = metrics()[check.metric.name].compute
    if not check.metric.ordered:
        return compute
    positions: Floats = was.positions

    def placed(reference: Counts, current: Counts) -> Floats:
        return np.asarray(compute(reference, current, positions))

    return placed


def _judged(drift: list[tuple[Check, Finding, chance.Null | None]], whole: float) -> Iterator[Finding]:
    """Drift findings, each held to the level that keeps the model's level over all of them.

    A measure that is only shown ("info") is a family of its own and costs the others nothing.
    """
    families: dict[tuple[str, bool], list[int]] = {}
    for i, (check, _, null) in enumerate(drift):
        if null is not None:
            families.setdefault(_family(check), []).append(i)
    nulls, ps, levels = dict[int, chance.Null](), dict[int, float](), dict[int, float]()
    for held in families.values():
        nulls |= zip(held, chance.moderated([null for i in held if (null := drift[i][2])]), strict=True)
        ps |= {i: nulls[i].p(drift[i][1].value or 0.0) for i in held}
        levels |= dict.fromkeys(held, chance.benjamini_hochberg([ps[i] for i in held], whole))
    for i, (check, unjudged, _) in enumerate(drift):
        if i not in nulls or unjudged.value is None:
            yield unjudged
            continue
        null, value, n = nulls[i], unjudged.value, unjudged.n or 0
        reach = null.quantile(levels[i])
        noise = max(reach - null.mean, 0.0)
        low, high = max(0.0, value - noise), value + noise
        seen: dict[str, Any] = {"p": ps[i], "chance": reach, "low": low, "high": high}
        if check.rule.margin is None:
            seen |= {"reason": "no margin was agreed; shown only", "severity": "info"}
        elif n / (unjudged.design_effect or 1) < check.rule.min_rows:
            reason = f"{n} rows where {check.rule.min_rows} are needed"
            if unjudged.design_effect:
                reason += f"; patients repeat, so they are worth {n / unjudged.design_effect:.0f}"
            seen |= {"reason": reason, "needs": judge.needed(check.rule.min_rows, n)}
        else:
            said = judge.distance(value, check.rule.margin, reach, noise, n)
            seen |= {"verdict": said.verdict, "reason": said.reason, "needs": said.needs}
        yield replace(unjudged, **seen)


def _drawn(check: Check) -> bool:
    """Whether chance is drawn for a check: it is a distance, and our own."""
    return _distance(check) and not check.metric.name.startswith(EVIDENTLY)


def _distance(check: Check) -> bool:
    """Whether a check sets two counts against each other: of a whole column, or of an attribute's groups."""
    whole = check.metric.reads == "distance" and check.attribute is None
    return whole or check.metric.reads == "mix"


def _family(check: Check) -> tuple[str, bool]:
    return (check.metric.name, True) if check.rule.severity == "info" else ("judged", False)


def _compared(check: Check, now: Estimate, was: Estimate, silence: float | None) -> Iterator[Finding]:
    """A level against its target: a number, or what the reference had."""
    if now.value is None:
        yield _cannot(check, now)
        return
    metric, margin = check.metric, check.rule.margin
    against_reference = metric.target == "reference"
    if against_reference and was.value is None:
        yield replace(
            _cannot(check, replace(now, why=f"the reference has none: {was.why}")),
            value=now.value, low=now.low, high=now.high,
        )  # fmt: skip
        return
    baseline = was.value if against_reference else float(metric.target or 0.0)
    assert baseline is not None  # noqa: S101  was.value is known here
    seen = check.finding(
        value=now.value,
        low=now.low,
        high=now.high,
        n=now.n,
        events=now.events,
        design_effect=now.design if now.design > 1 else None,
        reference_n=was.n if against_reference else None,
        baseline=baseline,
        verdict=Verdict.CANNOT_TELL,
    )
    if margin is None:
        yield replace(seen, reason="no margin was agreed; shown only", severity="info")
        return
    if now.low is None or now.high is None:
        moved = now.value - baseline
        reach = silence or 0.0
        beyond = moved > margin and moved > reach
        unclear = moved > margin and not beyond
        verdict = Verdict.BEYOND if beyond else Verdict.CANNOT_TELL if unclear else Verdict.WITHIN
        reason = "at the usual volume chance alone leaves such gaps" if unclear else None
        yield replace(seen, verdict=verdict, chance=silence, reason=reason)
        return
    low, high = now.low - baseline, now.high - baseline
    if against_reference and was.low is not None and was.high is not None:
        low, high = difference(now.value, now.low, now.high, baseline, was.low, was.high)
    if metric.compare == "ratio":
        low, high = (low / baseline, high / baseline) if baseline else (0.0, 0.0)
    seen = replace(seen, change_low=low, change_high=high)
    if metric.reads == "tally":
        rough = judge.too_rough(metric, now.low, now.high, int(now.n / now.design), check.rule.min_rows)
        if rough:
            yield replace(seen, reason=rough)
            return
    said = judge.change(low, high, margin, worse=metric.worse, n=now.n)
    yield replace(seen, verdict=said.verdict, reason=said.reason, needs=said.needs)


def _cannot(check: Check, estimate: Estimate) -> Finding:
    return check.finding(verdict=Verdict.CANNOT_TELL, n=estimate.n, reason=estimate.why)


def _failed(check: Check, error: Exception) -> Finding:
    reason = f"the check could not run: {type(error).__name__}: {error}"
    return check.finding(verdict=Verdict.FAILED, reason=reason[:300])
