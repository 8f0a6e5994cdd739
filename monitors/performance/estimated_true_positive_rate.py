"""Estimated true positive rate: what share of those with the outcome would turn out flagged."""

from __future__ import annotations

import numpy as np

from monitors.estimation import Outlook, People
from monitors.histogram import Floats
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric
from monitors.performance.true_positive_rate import true_positive_rate


@metric(
    reads="estimate",
    unit="share of rows",
    worse="lower",
    target="reference",
    needs=("score", "decision"),
    zero="no one who will have the outcome is expected among the flagged",
    source="Garg et al. 2022, ICLR (confidence-based estimation)",
)
def estimated_true_positive_rate(outlook: Outlook, level: float = LEVEL) -> Estimate:
    """Of the outcomes that scores expect, the share expected among people flagged.

    Asks: of those who will have the outcome, what share is flagged, before outcomes are known?
    Trap: it sees a change in who is scored, never a change in what a score means: a model that has
        gone wrong in that way looks as good as before. No verdict rests on it.
    Enough: 30 scored rows, and 50 people with the outcome and 50 without in the reference.
    Interval: over outcomes drawn from the risks and over the lines the reference allows.

    Args:
        outlook: the scores of everyone or of a group, and what they meant in the reference.
        level: two-sided confidence of the interval for the value the outcomes will give.

    Returns:
        0 to 1, with an interval over outcomes drawn from the risks and over lines the reference
        allows; `n` rows with a score; absent under 30 of them, or when no outcome is expected.

    >>> from monitors.cube import Cube
    >>> from monitors.estimation import Meaning
    >>> counted = [("", -1, 0, 1, -1, 500, 100_000_000), ("", -1, 1, 5, -1, 500, 300_000_000)]
    >>> as_said = Meaning(np.array([0.0, 1.0]), np.zeros((2, 2)))
    >>> round(estimated_true_positive_rate(Outlook(Cube.of("", counted).tally(), as_said)).value, 4)
    0.75
    """
    return outlook.estimate(_caught, true_positive_rate, level)


def _caught(people: People) -> Floats:
    caught = people.flagged[0].sum(-1)
    return np.asarray(caught / (caught + people.passed[0].sum(-1)))
