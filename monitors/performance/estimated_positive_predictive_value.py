"""Estimated positive predictive value: how many of those flagged would turn out to have the outcome."""

from __future__ import annotations

import numpy as np

from monitors.estimation import Outlook, People
from monitors.histogram import Floats
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric
from monitors.performance.positive_predictive_value import positive_predictive_value


@metric(
    reads="estimate",
    unit="share of rows",
    worse="lower",
    target="reference",
    needs=("score", "decision"),
    zero="no one flagged is expected to have the outcome",
    source="Garg et al. 2022, ICLR (confidence-based estimation)",
)
def estimated_positive_predictive_value(outlook: Outlook, level: float = LEVEL) -> Estimate:
    """Mean risk of the people flagged, each score carrying the risk it stood for in the reference.

    Asks: of those flagged, how many will have the outcome, before outcomes are known?
    Trap: it sees a change in who is scored, never a change in what a score means: a model that has
        gone wrong in that way looks as good as before. No verdict rests on it.
    Enough: 30 scored rows, and 50 people with the outcome and 50 without in the reference.
    Interval: over outcomes drawn from the risks and over the lines the reference allows.

    Args:
        outlook: the scores of everyone or of a group, and what they meant in the reference.
        level: two-sided confidence of the interval for the value the outcomes will give.

    Returns:
        0 to 1, with an interval over outcomes drawn from the risks and over lines the reference
        allows; `n` rows with a score; absent under 30 of them, or when no one is flagged.

    >>> from monitors.cube import Cube
    >>> from monitors.estimation import Meaning
    >>> counted = [("", -1, 0, 1, -1, 500, 100_000_000), ("", -1, 1, 5, -1, 500, 300_000_000)]
    >>> as_said = Meaning(np.array([0.0, 1.0]), np.zeros((2, 2)))
    >>> round(estimated_positive_predictive_value(Outlook(Cube.of("", counted).tally(), as_said)).value, 4)
    0.6
    """
    return outlook.estimate(_right, positive_predictive_value, level)


def _right(people: People) -> Floats:
    right = people.flagged[0].sum(-1)
    return np.asarray(right / (right + people.flagged[1].sum(-1)))
