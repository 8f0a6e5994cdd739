"""Estimation: what performance would be if scores still meant what they meant in the reference.

The reference's outcomes say what a score means (a recalibration line with its uncertainty); the
window's own scores say how people are spread. Outcomes are then drawn for them, many times over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from monitors.calibration import FEW, logit, recalibrate
from monitors.cube import Tally
from monitors.errors import NotComputable
from monitors.histogram import Counts, Floats
from monitors.interval import LEVEL, delong, quantile

DRAWS = 400
SEED = 20_260_105


@dataclass(frozen=True, slots=True)
class Meaning:
    """What scores meant: the line on the log-odds scale, and how uncertain its two numbers are.

    `missed` is by how much the reference's own AUROC, on the logit scale, exceeds what the line
    alone makes of its scores (risks seldom lie on a line all along); `slack` its standard error.

    >>> Meaning(np.array([0.0, 1.0]), np.zeros((2, 2))).risk(np.array([0.2])).round(6).tolist()
    [0.2]
    """

    line: Floats
    spread: Floats
    missed: float = 0.0
    slack: float = 0.0

    @classmethod
    def of(cls, reference: Tally) -> Meaning:
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
        plain = cls(line, np.linalg.inv(x.T @ (x * weight[:, None])))
        area, low, high = special.logit(delong(reference.positives, reference.negatives))
        alone = special.logit(plain.area(reference.score, n))
        return replace(plain, missed=area - alone, slack=(high - low) / 2 / quantile(LEVEL))

    def area(self, score: Floats, n: Counts) -> float:
        """AUROC when the `n` people of each score cell have exactly the line's risks."""
        risk = self.risk(score)
        # People are counted in parts here, which the formula does not mind.
        return delong(n * risk, n * (1 - risk))[0]  # type: ignore[arg-type]

    def risk(self, score: Floats) -> Floats:
        """The chance of the outcome at each score, shape as given."""
        return np.asarray(special.expit(self.line[0] + self.line[1] * logit(score)))

    def areas(self, tally: Tally, seed: int = SEED) -> Floats:
        """AUROC of outcomes drawn for a window's scores, `DRAWS` times; those without both kinds left out.

        Each draw is of another line the reference allows, and of outcomes by that line's risks.
        """
        random = np.random.default_rng(seed)
        x = logit(tally.score)
        found: list[float] = []
        for a, b in random.multivariate_normal(self.line, self.spread, size=DRAWS):
            positives = random.binomial(tally.scored, special.expit(a + b * x))
            if 0 < positives.sum() < tally.scored.sum():
                found.append(delong(positives, tally.scored - positives)[0])
        moved = special.logit(np.array(found)) + random.normal(self.missed, self.slack, len(found))
        return np.asarray(special.expit(moved))


def meaning(everyone: Tally, group: Tally | None = None) -> Meaning:
    """Of a group by its own reference where that has outcomes enough, else of everyone.

    Raises:
        NotComputable: when neither has.
    """
    if group is not None:
        try:
            return Meaning.of(group)
        except NotComputable:
            pass
    return Meaning.of(everyone)
