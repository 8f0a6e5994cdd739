"""Estimated AUROC: what AUROC would be, before outcomes are known, if scores keep their meaning."""

from __future__ import annotations

import numpy as np

from monitors.estimation import Outlook, People
from monitors.histogram import Floats
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric
from monitors.performance.auroc import auroc


@metric(
    reads="estimate",
    unit="pure number",
    worse="lower",
    target="reference",
    needs=("score",),
    zero="everyone with the outcome would score below everyone without it; 0.5 is chance",
    source="Garg et al. 2022, ICLR (confidence-based estimation); Hanley & McNeil 1982, Radiology 143:29",
)
def estimated_auroc(outlook: Outlook, level: float = LEVEL) -> Estimate:
    """AUROC of the window's scores, each carrying the risk it stood for in the reference.

    Asks: what will AUROC be, before outcomes are known, if scores keep their meaning?
    Trap: it sees a change in who is scored, never a change in what a score means: a model that has
        gone wrong in that way looks as good as before. No verdict rests on it.
    Enough: 30 scored rows, and 50 people with the outcome and 50 without in the reference.
    Interval: over outcomes drawn from the risks and over the lines the reference allows.

    Args:
        outlook: the scores of everyone or of a group, and what they meant in the reference.
        level: two-sided confidence of the interval for the value the outcomes will give.

    Returns:
        0 to 1, with an interval over outcomes drawn from the risks and over lines the reference
        allows; `n` rows with a score; absent under 30 of them, or when all scores are alike.

    >>> from monitors.cube import Cube
    >>> from monitors.estimation import Meaning
    >>> counted = [("", -1, 0, 1, -1, 500, 100_000_000), ("", -1, 1, 5, -1, 500, 300_000_000)]
    >>> as_said = Meaning(np.array([0.0, 1.0]), np.zeros((2, 2)))
    >>> round(estimated_auroc(Outlook(Cube.of("", counted).tally(), as_said)).value, 4)
    0.7083
    """
    if len(outlook.tally.score) < 2:
        return Estimate.absent("all scores are alike, so they rank nobody", int(outlook.tally.scored.sum()))
    return outlook.estimate(_ranked, auroc, level)


def _ranked(people: People) -> Floats:
    below = np.cumsum(people.without, axis=-1) - people.without / 2
    pairs = people.with_it.sum(-1) * people.without.sum(-1)
    return np.asarray((people.with_it * below).sum(-1) / pairs)
