"""Estimated observed/expected ratio: how many outcomes would come for each the scores expect."""

from __future__ import annotations

import numpy as np

from monitors.estimation import RATIO, Outlook, People
from monitors.histogram import Floats
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric
from monitors.performance.observed_expected_ratio import observed_expected_ratio


@metric(
    reads="estimate",
    unit="pure number",
    worse="either",
    target=1.0,
    needs=("score",),
    zero="none of the outcomes are expected; 1 is as the scores say",
    source="Garg et al. 2022, ICLR (confidence-based estimation)",
)
def estimated_observed_expected_ratio(outlook: Outlook, level: float = LEVEL) -> Estimate:
    """Outcomes expected from the risks scores stood for / outcomes expected from the scores themselves.

    Asks: how many outcomes will come for each the scores expect, if scores keep their meaning?
    Trap: it sees a change in who is scored, never a change in what a score means: a model that has
        gone wrong in that way looks as good as before. No verdict rests on it.
    Enough: 30 scored rows, and 50 people with the outcome and 50 without in the reference.
    Interval: over outcomes drawn from the risks and over the lines the reference allows.

    Args:
        outlook: the scores of everyone or of a group, and what they meant in the reference.
        level: two-sided confidence of the interval for the value the outcomes will give.

    Returns:
        0 or more, with an interval over outcomes drawn from the risks and over lines the reference
        allows; `n` rows with a score; absent under 30 of them, or when the scores expect none.

    >>> from monitors.cube import Cube
    >>> from monitors.estimation import Meaning
    >>> counted = [("", -1, 0, 1, -1, 500, 100_000_000), ("", -1, 1, 5, -1, 500, 300_000_000)]
    >>> as_said = Meaning(np.array([0.0, 1.0]), np.zeros((2, 2)))
    >>> round(estimated_observed_expected_ratio(Outlook(Cube.of("", counted).tally(), as_said)).value, 4)
    1.0
    """
    return outlook.estimate(_for_each, observed_expected_ratio, level, RATIO)


def _for_each(people: People) -> Floats:
    people_of = people.with_it + people.without
    return np.asarray(people.with_it.sum(-1) / (people_of @ people.score))
