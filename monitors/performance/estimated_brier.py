"""Estimated Brier score: how far scores would turn out to lie from what happens."""

from __future__ import annotations

import numpy as np

from monitors.estimation import Outlook, People
from monitors.histogram import Floats
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric
from monitors.performance.brier import brier


@metric(
    reads="estimate",
    unit="pure number",
    worse="higher",
    target="reference",
    needs=("score",),
    zero="every score is 0 or 1 and expected to be right",
    source="Garg et al. 2022, ICLR (confidence-based estimation)",
)
def estimated_brier(outlook: Outlook, level: float = LEVEL) -> Estimate:
    """Mean of (score - outcome)^2 over outcomes expected from the risks that scores stood for.

    Asks: how far will scores lie from what happens, before outcomes are known?
    Trap: it sees a change in who is scored, never a change in what a score means: a model that has
        gone wrong in that way looks as good as before. No verdict rests on it.
    Enough: 30 scored rows, and 50 people with the outcome and 50 without in the reference.
    Interval: over outcomes drawn from the risks and over the lines the reference allows.

    Args:
        outlook: the scores of everyone or of a group, and what they meant in the reference.
        level: two-sided confidence of the interval for the value the outcomes will give.

    Returns:
        0 to 1, with an interval over outcomes drawn from the risks and over lines the reference
        allows; `n` rows with a score; absent under 30 of them.

    >>> from monitors.cube import Cube
    >>> from monitors.estimation import Meaning
    >>> counted = [("", -1, 0, 1, -1, 500, 100_000_000), ("", -1, 1, 5, -1, 500, 300_000_000)]
    >>> as_said = Meaning(np.array([0.0, 1.0]), np.zeros((2, 2)))
    >>> round(estimated_brier(Outlook(Cube.of("", counted).tally(), as_said)).value, 4)
    0.2
    """
    return outlook.estimate(_off, brier, level)


def _off(people: People) -> Floats:
    off = people.with_it @ (1 - people.score) ** 2 + people.without @ people.score**2
    return np.asarray(off / (people.with_it + people.without).sum(-1))
