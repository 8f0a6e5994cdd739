"""Estimated AUROC: what AUROC would be, before outcomes are known, if scores keep their meaning."""

from __future__ import annotations

import numpy as np
from scipy import special

from monitors.cube import Tally
from monitors.estimation import Meaning
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric


@metric(
    reads="estimate",
    unit="pure number",
    worse="lower",
    target="reference",
    needs=("score",),
    zero="everyone with the outcome would score below everyone without it; 0.5 is chance",
    source="Garg et al. 2022, ICLR (confidence-based estimation); Hanley & McNeil 1982, Radiology 143:29",
)
def estimated_auroc(tally: Tally, meaning: Meaning, level: float = LEVEL) -> Estimate:
    """AUROC of the window's scores, each carrying the risk it stood for in the reference.

    Asks: what will AUROC be, before outcomes are known, if scores keep their meaning?
    Trap: it sees a change in who is scored, never a change in what a score means: a model that has
        gone wrong in that way looks as good as before. No verdict rests on it.
    Enough: 30 scored rows.
    Interval: over outcomes drawn from the risks and over the lines the reference allows.

    Args:
        tally: of everyone or of a group, whether or not any outcome is known.
        meaning: what scores meant in the reference, with its uncertainty.
        level: two-sided confidence of the interval for the AUROC the outcomes will give.

    Returns:
        0 to 1, with an interval over outcomes drawn from the risks and over lines the reference
        allows; `n` rows with a score; absent under 30 of them, or when all scores are alike.

    >>> from monitors.cube import Cube
    >>> counted = [("", -1, -1, 1, -1, 500, 100_000_000), ("", -1, -1, 5, -1, 500, 300_000_000)]
    >>> as_said = Meaning(np.array([0.0, 1.0]), np.zeros((2, 2)))
    >>> round(estimated_auroc(Cube.of("", counted).tally(), as_said).value, 4)
    0.7083
    """
    n = int(tally.scored.sum())
    if n < 30:
        return Estimate.absent(f"{n} rows with a score where 30 are needed", n)
    if len(tally.score) < 2:
        return Estimate.absent("all scores are alike, so they rank nobody", n)
    drawn = meaning.areas(tally)
    if not len(drawn):
        return Estimate.absent("the scores expect no one, or everyone, to have the outcome", n)
    value = float(special.expit(special.logit(meaning.area(tally.score, tally.scored)) + meaning.missed))
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value, min(float(low), value), max(float(high), value), n)
