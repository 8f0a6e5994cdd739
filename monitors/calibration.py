"""Logistic recalibration on score cells: logit P(outcome) = intercept + slope * logit(score).

One fit serves the calibration metrics here and the recalibrated risk of one group. Scores of
exactly 0 or 1 are read as a millionth from there. With few events or full separation a slope's
likelihood is penalised as Firth (1993, Biometrika 80:27) did, which keeps it finite and takes
out its first bias; intervals profile the likelihood that was maximised (Heinze & Schemper
2002, Stat Med 21:2409).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from monitors import special
from monitors.cube import Tally
from monitors.errors import NotComputable
from monitors.histogram import Floats
from monitors.interval import LEVEL, quantile

CLIP = 1e-6  # the finest score the cube keeps; a logit of 0 or 1 has no end
FEW = 50  # events, or rows without the event: below this the plain slope is biased outwards
ALIKE = 1e-4  # logits closer than this are one score
STEPS, LONGEST, SETTLED = 200, 5.0, 1e-10  # of the climb, in log-odds


@dataclass(frozen=True, slots=True)
class Recalibration:
    """A fitted line on the log-odds scale; (0, 1) leaves a score as it is.

    >>> Recalibration(0.0, 1.0).risk(np.array([0.2])).round(6).tolist()
    [0.2]
    """

    intercept: float
    slope: float

    def risk(self, score: Floats) -> Floats:
        """The score as this line corrects it, shape as given."""
        return np.asarray(special.expit(self.intercept + self.slope * logit(score)))


def logit(score: Floats) -> Floats:
    """Log-odds of a score, those of 0 and 1 taken a millionth away from it."""
    kept = np.clip(score, CLIP, 1 - CLIP)
    return np.asarray(np.log(kept / (1 - kept)))


def recalibrate(tally: Tally, *, slope: bool = True) -> Recalibration:
    """The line that fits this tally's outcomes; with `slope=False` the slope is held at 1.

    Raises:
        NotComputable: when nobody or everybody has the outcome, or all scores are alike.
    """
    fit = _Fit.of(tally, slope=slope)
    return Recalibration(float(fit.best[0]), float(fit.best[1]))


def limits(tally: Tally, *, slope: bool = True, level: float = LEVEL) -> tuple[float, float, float]:
    """The slope (or with `slope=False` the intercept) and its profile likelihood interval.

    Returns:
        (value, low, high).

    Raises:
        NotComputable: as `recalibrate` does.
    """
    fit = _Fit.of(tally, slope=slope)
    at = 1 if slope else 0
    return float(fit.best[at]), fit.limit(at, -1, level), fit.limit(at, +1, level)


@dataclass(frozen=True, slots=True)
class _Fit:
    """A likelihood over score cells, penalised or not, and where it is highest.

    `design` has a column of ones and one of logits, shape (k, 2); `free` are the coefficients
    that are estimated, so that an intercept alone keeps the slope at 1.
    """

    design: Floats
    positives: Floats
    n: Floats
    free: tuple[int, ...]
    firth: bool
    best: Floats
    peak: float

    @classmethod
    def of(cls, tally: Tally, *, slope: bool) -> _Fit:
        labelled = tally.positives + tally.negatives
        keep = labelled > 0
        x, positives, n = logit(tally.score[keep]), tally.positives[keep], labelled[keep]
        events, others = int(positives.sum()), int((n - positives).sum())
        if events + others == 0:
            raise NotComputable("no row has both a score and a known outcome")
        if events == 0:
            raise NotComputable("no one in this group had the outcome")
        if others == 0:
            raise NotComputable("everyone in this group had the outcome")
        if slope and np.ptp(x) < ALIKE:
            raise NotComputable("all scores are alike, so they have no slope")
        start = cls(
            np.column_stack([np.ones_like(x), x]),
            positives.astype(np.float64),
            n.astype(np.float64),
            (0, 1) if slope else (0,),
            slope and (min(events, others) < FEW or _separated(x, positives, n)),
            np.array([0.0, 1.0]),
            -np.inf,
        )
        best, peak = start._climb(start.best, start.free)
        return replace(start, best=best, peak=peak)

    def limit(self, at: int, side: int, level: float) -> float:
        """Where the profile likelihood has fallen by what the level allows, on one side."""
        from scipy.optimize import brentq

        allowed = quantile(level) ** 2 / 2
        others = tuple(i for i in self.free if i != at)

        def beyond(distance: float) -> float:
            start = self.best.copy()
            start[at] += side * distance
            return self.peak - self._climb(start, others)[1] - allowed

        information = self._information(self.best)[np.ix_(self.free, self.free)]
        spread = math.sqrt(np.linalg.inv(information)[self.free.index(at), self.free.index(at)])
        far = quantile(level) * spread
        while beyond(far) <= 0:
            far *= 2
        return float(self.best[at] + side * brentq(beyond, 0.0, far, xtol=1e-9))

    def _climb(self, start: Floats, free: tuple[int, ...]) -> tuple[Floats, float]:
        """Newton's method with halved steps over the `free` coefficients."""
        at, height = start, self._height(start)
        for _ in range(STEPS if free else 0):
            step = np.zeros(2)
            size = np.linalg.solve(self._information(at)[np.ix_(free, free)], self._pull(at)[[*free]])
            step[[*free]] = np.clip(size, -LONGEST, LONGEST)
            while np.abs(step).max() > SETTLED and self._height(at + step) < height:
                step /= 2
            if np.abs(step).max() <= SETTLED:
                break
            at = at + step
            height = self._height(at)
        return at, height

    def _weight(self, at: Floats) -> Floats:
        line = self.design @ at
        # 1 - risk rounds to 0 far sooner than this.
        return np.asarray(self.n * special.expit(line) * special.expit(-line))

    def _information(self, at: Floats) -> Floats:
        return np.asarray(self.design.T @ (self.design * self._weight(at)[:, None]))

    def _pull(self, at: Floats) -> Floats:
        """The slope of the likelihood in each coefficient."""
        risk = special.expit(self.design @ at)
        residual = self.positives - self.n * risk
        if self.firth:
            inverse = np.linalg.inv(self._information(at))
            spread = np.einsum("ki,ij,kj->k", self.design, inverse, self.design)
            residual = residual + self._weight(at) * spread * (0.5 - risk)
        return np.asarray(self.design.T @ residual)

    def _height(self, at: Floats) -> float:
        line = self.design @ at
        likelihood = self.positives @ special.log_expit(line)
        likelihood += (self.n - self.positives) @ special.log_expit(-line)
        penalty = np.linalg.slogdet(self._information(at))[1] / 2 if self.firth else 0.0
        return float(likelihood + penalty)


def _separated(x: Floats, positives: NDArray[np.int64], n: NDArray[np.int64]) -> bool:
    """Whether one score parts everyone with the outcome from everyone without it."""
    with_it, without = x[positives > 0], x[n > positives]
    return bool(with_it.min() >= without.max() or with_it.max() <= without.min())
