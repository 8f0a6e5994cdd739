"""Calibration near the threshold: outcomes that came for each expected, where decisions are made."""

from __future__ import annotations

from monitors.cube import Tally
from monitors.interval import LEVEL, observed_expected
from monitors.metric import Estimate, metric

SPAN = 1.5  # times the threshold, and a part of it


@metric(
    reads="tally",
    unit="pure number",
    widest_ratio=1.65,
    worse="either",
    target=1.0,
    needs=("score", "outcome"),
    threshold=True,
    zero="none of the expected outcomes came; 1 is as expected",
    source="Rounds; the ratio and its interval: Riley et al. 2021, Stat Med 40:4230",
)
def calibration_near_threshold(tally: Tally, level: float = LEVEL, *, threshold: float) -> Estimate:
    """Observed / expected among people scored from t / 1.5 to 1.5 t, t the decision's threshold.

    Asks: is risk right where it decides who is flagged?
    Trap: a narrow band holds few people; outside it nothing is said. Above 1 the scores understate risk.
    Enough: 30 people with the outcome in the band.
    Interval: on the log scale, exact Poisson under 20 events.

    Score cells count by their mean, the expected by it too.

    Args:
        tally: of everyone, of a group, or of everyone else.
        level: two-sided confidence of the interval.
        threshold: t.

    Returns:
        0 or more with an interval on the log scale, exact Poisson under 20 events; `n` people in
        the band with a known outcome; absent when there are none.

    >>> from monitors.cube import Cube
    >>> counted = [("", 1, -1, 1, -1, 100, 20_000_000), ("", 0, -1, 1, -1, 400, 80_000_000)]
    >>> counted += [("", 1, -1, 5, -1, 300, 180_000_000), ("", 0, -1, 5, -1, 200, 120_000_000)]
    >>> calibration_near_threshold(Cube.of("", counted).tally(), threshold=0.25).n
    500
    """
    # A millionth either way: scores are kept to that, and a bound may be a score.
    near = (tally.score >= threshold / SPAN - 1e-6) & (tally.score <= threshold * SPAN + 1e-6)
    events: int = tally.positives[near].sum().item()
    labelled = tally.positives[near] + tally.negatives[near]
    n: int = labelled.sum().item()
    expected = float(labelled @ tally.score[near])
    if n == 0:
        return Estimate.absent("no one with a known outcome was scored near the threshold")
    if expected <= 0:
        return Estimate.absent("the scores expect no one to have the outcome", n)
    return Estimate(events / expected, *observed_expected(events, expected, n, level), n, events)
