"""Bounds: between what a measure lies, whatever the outcomes and the groups that are not known were.

No assumption is made about who is missing (Manski 2003, Partial Identification of Probability
Distributions): every person whose outcome is not known may have had it or not, whichever way
pulls the measure furthest; every person of unknown group may belong to the one or to the other.
A measure that is a sum over people divided by another is bounded exactly, by Dinkelbach's method
(1967, Management Science 13:492); AUROC at the score that parts the unknown most favourably.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from monitors.audit import Finding, Verdict
from monitors.cube import MILLIONTHS, UNKNOWN, Cube
from monitors.histogram import Counts, Floats
from monitors.metric import Metric, Parts

Range = tuple[float, float]
Mask = NDArray[np.bool_]
REST = "rest"
STEPS = 50  # of Dinkelbach's method, which takes about five
CARRIED = "{what} not known could carry it past the margin"
BACK = "{what} not known could bring it back within the margin"
UNBOUNDED = "some outcomes are not known, and what they could change has no bounds for this measure"


@dataclass(frozen=True, slots=True)
class People:
    """Rows of a cube that a measure counts.

    Attributes:
        n: people in each row, shape (r,).
        outcome, decision: 1, 0, or -1 where not known.
        cell, score: the row's score cell, and its mean score.
        optional: whether these people may also not belong here at all.
    """

    n: Counts
    outcome: Counts
    decision: Counts
    cell: Counts
    score: Floats
    optional: Mask

    @classmethod
    def of(cls, cube: Cube, metric: Metric, sure: Mask, maybe: Mask) -> People:
        """Those of `sure` rows, and those of `maybe` rows as optional; both masks over the cube's rows."""
        keep = sure | maybe
        if "decision" in metric.needs:
            keep = keep & (cube.decision >= 0)
        if "score" in metric.needs:
            keep = keep & (cube.cell >= 0)
        n = cube.n[keep]
        mean = cube.score_sum[keep] / np.maximum(n, 1) / MILLIONTHS
        return cls(n, cube.outcome[keep], cube.decision[keep], cube.cell[keep], mean, maybe[keep])

    def options(self, parts: Parts) -> tuple[Floats, Floats]:
        """What each row may add above and below the line, shape (r, 3) each.

        The columns: with the outcome, without it, not belonging here. What is known leaves fewer
        choices: a column that is not allowed repeats one that is.
        """

        def having(outcome: float) -> Floats:
            everyone = np.full(len(self.n), outcome)
            return np.array(np.broadcast_arrays(*parts(everyone, self.decision, self.score), everyone)[:2])

        with_it, without = having(1.0), having(0.0)
        known = np.where(self.outcome == 0, without, with_it)
        choices = [
            known,
            np.where(self.outcome < 0, without, known),
            np.where(self.optional, 0.0, known),
        ]
        top, bottom = np.stack(choices, axis=-1) * self.n[:, None]
        return top, bottom


def extreme(top: Floats, bottom: Floats, sign: int) -> float | None:
    """The largest (`sign=1`) or smallest (-1) sum of `top` over sum of `bottom`, one option a row.

    None when every choice leaves nothing below the line.

    >>> tp_or_not, had = np.array([[30.0, 30.0], [5.0, 0.0]]), np.array([[40.0, 40.0], [5.0, 0.0]])
    >>> round(extreme(tp_or_not, had, 1), 4), extreme(tp_or_not, had, -1)
    (0.7778, 0.75)
    """
    rows = np.arange(len(top))
    chosen = bottom.argmax(axis=1)
    if not bottom[rows, chosen].sum() > 0:
        return None
    ratio = float(top[rows, chosen].sum() / bottom[rows, chosen].sum())
    for _ in range(STEPS):
        chosen = (sign * (top - ratio * bottom)).argmax(axis=1)
        below = bottom[rows, chosen].sum()
        if not below > 0:
            break
        better = float(top[rows, chosen].sum() / below)
        if sign * (better - ratio) <= 1e-12:
            break
        ratio = better
    return ratio


def of_everyone(metric: Metric, cube: Cube) -> Range | None:
    """The measure's bounds; None where nothing bounds it.

    >>> from monitors.discovery import metrics
    >>> rows = [("", 1, 1, -1, -1, 30, 0), ("", 1, 0, -1, -1, 10, 0), ("", -1, 0, -1, -1, 20, 0)]
    >>> of_everyone(metrics()["true_positive_rate"].facts, Cube.of("", rows))
    (0.5, 0.75)
    """
    anyone = np.ones(len(cube.group), dtype=np.bool_)
    return _range(metric, cube, anyone, ~anyone)


def beside(finding: Finding, metric: Metric, cube: Cube) -> Finding:
    """A finding of everyone with what outcomes not known leave open; of other things as it is."""
    if metric.reads != "tally" or (what := missing(metric, cube)) is None:
        return finding
    base = finding.baseline or 0.0

    def change(value: float) -> float:
        return (value - base) / (base if metric.compare == "ratio" and base else 1.0)

    return held(finding, metric, of_everyone(metric, cube), what, change)


def of_group(metric: Metric, cube: Cube, group: str) -> Range | None:
    """The same of one group, to which people of unknown group may belong."""
    return _range(metric, cube, cube.member(group), _strangers(metric, cube, group))


def of_gap(metric: Metric, cube: Cube, group: str, against: str) -> Range | None:
    """Bounds of a group's measure less that of everyone else (`rest`), or of another group.

    One person not known may be taken differently on the two sides, so the bounds may be wider
    than they have to be, and are never too narrow.
    """
    strangers = _strangers(metric, cube, group, against)
    here = cube.member(group)
    there = ~here & ~strangers if against == REST else cube.member(against)
    one, other = (_range(metric, cube, side, strangers) for side in (here, there))
    return (one[0] - other[1], one[1] - other[0]) if one and other else None


def missing(metric: Metric, cube: Cube, *groups: str) -> str | None:
    """What is not known of those compared, in words; None where all is known.

    `groups` are the group and what it is set against; none for everyone.
    """
    said = []
    keep = np.ones(len(cube.group), dtype=np.bool_)
    if groups and REST not in groups:
        keep = np.any([cube.member(group) for group in groups], axis=0)
    keep = keep | _strangers(metric, cube, *groups) if groups else keep
    if "outcome" in metric.needs and (People.of(cube, metric, keep, ~keep & keep).outcome < 0).any():
        said.append("outcomes")
    if groups and _strangers(metric, cube, *groups).any():
        said.append("groups")
    return " and ".join(said) or None


def _strangers(metric: Metric, cube: Cube, *groups: str) -> Mask:
    """Rows of unknown group, which may belong to any other; none where the measure is not bounded by them."""
    if UNKNOWN in groups or not metric.parts:
        return np.zeros(len(cube.group), dtype=np.bool_)
    return cube.member(UNKNOWN)


def _range(metric: Metric, cube: Cube, sure: Mask, maybe: Mask) -> Range | None:
    people = People.of(cube, metric, sure, maybe)
    if metric.parts:
        lows, highs = [], []
        for parts in metric.parts:  # of the least of several neither end can be nearer than the least end
            top, bottom = people.options(parts)
            low, high = extreme(top, bottom, -1), extreme(top, bottom, 1)
            if low is None or high is None:
                return None
            lows.append(low)
            highs.append(high)
        return min(lows), min(highs)
    return _parted(people) if metric.parted else None


def _parted(people: People) -> Range | None:
    """AUROC's bounds: those not known are parted at one score, the higher with the outcome or without."""
    cells, place = np.unique(people.cell, return_inverse=True)
    ones, zeros, unknown = (
        np.bincount(place, weights=np.where(people.outcome == o, people.n, 0), minlength=len(cells))
        for o in (1, 0, -1)
    )
    above = np.arange(len(cells)) >= np.arange(len(cells) + 1)[:, None]  # of cut i: cell i and higher ones
    found: list[float] = []
    for side in (above, ~above):
        positives, negatives = ones + unknown * side, zeros + unknown * ~side
        pairs = positives.sum(1) * negatives.sum(1)
        right = (positives * (np.cumsum(negatives, axis=1) - negatives / 2)).sum(1)
        found += (right[pairs > 0] / pairs[pairs > 0]).tolist()
    return (min(found), max(found)) if found else None


def held(
    finding: Finding,
    metric: Metric,
    bounds: Range | None,
    what: str | None,
    change: Callable[[float], float] = float,
) -> Finding:
    """The finding with its bounds; `within` no longer, where what is not known could carry it past.

    A finding that is beyond its margin stays so: it asks somebody to look, and says what could
    bring it back.

    Args:
        finding: judged on what is known.
        metric: its facts.
        bounds: of the value, or of the gap; None where nothing bounds the measure.
        what: is not known, in words; None where all is.
        change: from a value to what the margin is about.
    """
    value, margin = finding.value, finding.margin
    if what is None or value is None:
        return finding
    if bounds is None:
        within = finding.verdict is Verdict.WITHIN
        return replace(finding, reason=_and(finding.reason, UNBOUNDED)) if within else finding
    low, high = min(bounds[0], value), max(bounds[1], value)
    seen = replace(finding, bound_low=low, bound_high=high)
    if margin is None:
        return seen
    ends = sorted((change(low), change(high)))
    worse = "either" if finding.against not in (None, "target") else metric.worse
    past = (ends[1] > margin and worse != "lower") or (ends[0] < -margin and worse != "higher")
    if finding.verdict is Verdict.WITHIN and past:
        return replace(seen, verdict=Verdict.CANNOT_TELL, reason=CARRIED.format(what=what))
    back = ends[0] <= margin if change(value) > 0 else ends[1] >= -margin
    if finding.verdict is Verdict.BEYOND and back:
        return replace(seen, reason=_and(finding.reason, BACK.format(what=what)))
    return seen


def _and(reason: str | None, more: str) -> str:
    return f"{reason}; {more}" if reason else more
