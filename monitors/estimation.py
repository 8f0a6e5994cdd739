"""Estimation: what performance would be if scores still meant what they meant in the reference.

The reference's outcomes say what a score means (a recalibration line with its uncertainty); the
window's own scores say how people are spread. Outcomes are then drawn for them, many times over,
and each measure taken of the draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from monitors import special
from monitors.calibration import FEW, logit, recalibrate
from monitors.cube import Tally
from monitors.errors import NotComputable
from monitors.histogram import Counts, Floats
from monitors.interval import LEVEL, quantile
from monitors.metric import Estimate
from monitors.outcomes import outcomes

DRAWS = 400
SEED = 20_260_105
FEWEST = 30  # rows with a score


@dataclass(frozen=True, slots=True)
class People:
    """People by score cell, decision and outcome; counts of shape (..., k), whole or expected.

    Attributes:
        score: mean score of each cell, shape (k,), ascending.
        flagged, passed, undecided: those flagged, those not, and those without a decision, shape
            (2, ..., k): with the outcome, without it.
    """

    score: Floats
    flagged: Floats
    passed: Floats
    undecided: Floats

    @property
    def with_it(self) -> Floats:
        """With the outcome, by cell."""
        return np.asarray(self.flagged[0] + self.passed[0] + self.undecided[0])

    @property
    def without(self) -> Floats:
        """Without the outcome, by cell."""
        return np.asarray(self.flagged[1] + self.passed[1] + self.undecided[1])


Measure = Callable[[People], Floats]
"""What a measure makes of people, shape (...); NaN where its denominator is empty."""


@dataclass(frozen=True)
class Meaning:
    """What scores meant: the line on the log-odds scale, and how uncertain its two numbers are.

    Attributes:
        line: (a, b) of logit P(outcome) = a + b logit(score).
        spread: their covariance.
        reference: whose outcomes said so; None where the line is taken as it is.
        blocks: the same, window by window.
        borrowed: whether these are everyone's, for want of outcomes in the group itself.

    >>> Meaning(np.array([0.0, 1.0]), np.zeros((2, 2))).risk(np.array([0.2])).round(6).tolist()
    [0.2]
    """

    line: Floats
    spread: Floats
    reference: Tally | None = None
    blocks: tuple[Tally, ...] = ()
    borrowed: bool = False

    @classmethod
    def of(cls, reference: Tally, blocks: Iterable[Tally] = (), *, borrowed: bool = False) -> Meaning:
        """Fitted on the reference's outcomes.

        Raises:
            NotComputable: with under 50 events, or 50 rows without; or when all scores are alike.
        """
        events, others = reference.events, reference.labelled - reference.events
        if min(events, others) < FEW:
            raise NotComputable(f"{min(events, others)} events, or rows without, where {FEW} are needed")
        fitted = recalibrate(reference)
        line = np.array([fitted.intercept, fitted.slope])
        n = reference.positives + reference.negatives
        x = np.column_stack([np.ones(len(n)), logit(reference.score)])
        weight = n * special.expit(x @ line) * special.expit(-(x @ line))
        return cls(line, np.linalg.inv(x.T @ (x * weight[:, None])), reference, tuple(blocks), borrowed)

    def risk(self, score: Floats) -> Floats:
        """The chance of the outcome at each score, shape as given."""
        return np.asarray(special.expit(self.line[0] + self.line[1] * logit(score)))

    def expected(self, tally: Tally, *, labelled: bool = False) -> People:
        """A window's people, of each cell exactly as many with the outcome as the line says.

        With `labelled`, of each cell as many as have a known outcome: nobody has seen what the
        scores of the others meant.
        """
        risk = self.risk(tally.score)
        known = (tally.positives + tally.negatives) / np.maximum(tally.scored, 1) if labelled else 1.0
        shares = np.stack([risk, 1 - risk]) * known
        return People(tally.score, *(shares * n for n in _parts(tally)))

    def missed(self, measure: Measure, realised: Callable[[Tally], Estimate], scale: Scale) -> Floats:
        """By how much the reference's own value differs from what the line makes of its scores.

        Risks seldom lie on a line all along, and what the line misses it will miss again.

        Returns:
            The difference on the scale, and its standard error.
        """
        if self.reference is None:
            return np.zeros(2)
        whole = self._difference(self.reference, measure, realised, scale)
        if isinstance(whole, str):
            raise NotComputable(whole)
        each = [self._difference(block, measure, realised, scale) for block in self.blocks]
        apart = _between([d for d in each if not isinstance(d, str) and np.isfinite(d).all() and d[1] > 0])
        return np.array([whole[0], np.hypot(whole[1], apart)])

    def _difference(
        self, seen: Tally, measure: Measure, realised: Callable[[Tally], Estimate], scale: Scale
    ) -> Floats | str:
        """Of one tally with outcomes: its own value less what the line makes of it, and its error."""
        had = realised(seen)
        if had.value is None or had.low is None or had.high is None:
            return str(had.why)
        value, low, high = (scale.to(np.array(v)) for v in (had.value, had.low, had.high))
        with np.errstate(invalid="ignore", divide="ignore"):
            alone = scale.to(measure(self.expected(seen, labelled=True)))
        return np.array([value - alone, (high - low) / 2 / quantile(LEVEL)])


@dataclass(frozen=True, slots=True)
class Scale:
    """Where a measure's errors are even: log-odds of a share, the logarithm of a ratio."""

    to: Callable[[Floats], Floats]
    back: Callable[[Floats], Floats]


SHARE = Scale(
    lambda v: np.asarray(special.logit(np.clip(v, 1e-6, 1 - 1e-6))), lambda v: np.asarray(special.expit(v))
)
RATIO = Scale(lambda v: np.asarray(np.log(np.maximum(v, 1e-6))), np.exp)


@dataclass(frozen=True)
class Outlook:
    """A window's scores together with what they meant in the reference; no outcome of it is read."""

    tally: Tally
    meaning: Meaning

    @cached_property
    def drawn(self) -> People:
        """Outcomes drawn for the window's people, `DRAWS` times: shapes (2, DRAWS, k).

        Each draw is of another line the reference allows, and of outcomes by that line's risks.
        """
        random = np.random.default_rng(SEED)
        lines = random.multivariate_normal(self.meaning.line, self.meaning.spread, size=DRAWS)
        risk = special.expit(lines @ np.stack([np.ones_like(self.tally.score), logit(self.tally.score)]))

        def both(n: Counts) -> Floats:
            held = np.flatnonzero(n)  # of the decisions, most cells know one
            drawn = np.zeros((2, *risk.shape))
            drawn[0][:, held] = outcomes(n[held], risk[:, held], random)
            np.subtract(n, drawn[0], out=drawn[1])
            return drawn

        return People(self.tally.score, *(both(n) for n in _parts(self.tally)))

    def estimate(
        self,
        measure: Measure,
        realised: Callable[[Tally], Estimate],
        level: float = LEVEL,
        scale: Scale = SHARE,
    ) -> Estimate:
        """What the measure would be, with the interval that the outcomes to come will fall in.

        Args:
            measure: taken of people by cell, decision and outcome.
            realised: the same measure of known outcomes, taken of the reference.
            level: two-sided confidence.
            scale: where its errors are even.

        Returns:
            The estimate; absent under 30 rows with a score, or where no draw has a value.
        """
        n = int(self.tally.scored.sum())
        if n < FEWEST:
            return Estimate.absent(f"{n} rows with a score where {FEWEST} are needed", n)
        with np.errstate(invalid="ignore", divide="ignore"):
            drawn, middle = measure(self.drawn), float(measure(self.meaning.expected(self.tally)))
        drawn = drawn[np.isfinite(drawn)]
        if not len(drawn) or not np.isfinite(middle):
            return Estimate.absent("the scores leave it without a denominator", n)
        try:
            missed, slack = self.meaning.missed(measure, realised, scale)
        except NotComputable as error:
            return Estimate.absent(f"the reference: {error}", n)
        random = np.random.default_rng([SEED, DRAWS])
        moved = scale.back(scale.to(drawn) + random.normal(missed, slack, len(drawn)))
        low, high = np.quantile(moved, [(1 - level) / 2, (1 + level) / 2])
        value = float(scale.back(scale.to(np.array(middle)) + missed))
        return Estimate(value, min(float(low), value), max(float(high), value), n)


def _parts(tally: Tally) -> tuple[Counts, Counts, Counts]:
    flagged, passed = tally.scored_flagged, tally.scored_passed
    return flagged, passed, tally.scored - flagged - passed


def _between(each: Sequence[Floats]) -> float:
    """How far the meaning of scores strays from one window of the reference to the next, as an SD.

    What is left of the spread of (difference, error) after the errors (DerSimonian & Laird 1986).

    >>> _between([np.array([d, 0.1]) for d in (-0.1, 0.1, 0.0)])
    0.0
    >>> round(_between([np.array([d, 0.1]) for d in (-1.0, 1.0, 0.0)]), 1)
    1.0
    """
    if len(each) < 2:
        return 0.0
    value, error = np.array(each).T
    weight = 1 / error**2
    centre = weight @ value / weight.sum()
    excess = weight @ (value - centre) ** 2 - (len(each) - 1)
    spare = weight.sum() - weight @ weight / weight.sum()
    return float(np.sqrt(max(0.0, excess / spare)))


def outlook(
    tally: Tally,
    everyone: Tally,
    group: Tally | None = None,
    blocks: tuple[Sequence[Tally], Sequence[Tally]] = ((), ()),
) -> Outlook:
    """A window's tally with what scores meant: to the group itself where its reference has outcomes enough.

    Args:
        tally: of the window, of everyone or of a group.
        everyone: the reference.
        group: the reference's part of the same group.
        blocks: the windows of the reference, of everyone and of the group.

    Raises:
        NotComputable: when neither has enough.
    """
    if group is not None:
        try:
            return Outlook(tally, Meaning.of(group, blocks[1]))
        except NotComputable:
            pass
    return Outlook(tally, Meaning.of(everyone, blocks[0], borrowed=group is not None))
