"""Miscalibration loss in net benefit: what a group gains less because its scores are off."""

from __future__ import annotations

from collections.abc import Mapping

from monitors.bootstrap import SEED
from monitors.cube import Cube
from monitors.fairness._loss import SOURCE, loss
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric


@metric(
    reads="cube",
    unit="true positives per person",
    worse="either",
    target=0.0,
    needs=("score", "decision", "outcome"),
    threshold=True,
    zero="recalibrating would gain nothing",
    source=SOURCE,
)
def miscalibration_loss_net_benefit(
    cube: Cube, level: float = LEVEL, *, threshold: float, seed: int = SEED
) -> Mapping[str, Estimate]:
    """Net benefit at s >= t, less that at r >= t, r the score as recalibrated in the group.

    Asks: what does the group lose because its scores are off?
    Trap: it can be a little above 0 by chance alone. Below 0 the group would gain by recalibration; 0.01 is
        one more found in 100 people at no more false alarms.
    Enough: 30 people with the outcome to be shown, 100 for a verdict; 200 resolve a loss of 25 points.
    Interval: bootstrap of the people, recalibrated again in each draw, all groups held at once (max-T).

    r comes from logit P(outcome) = a + b logit(s) fitted to the group's people, b held at 1 under 50 events.

    Args:
        cube: by the attribute whose groups are assessed.
        level: two-sided confidence that the intervals of all groups hold together.
        threshold: t, the risk from which people are flagged.
        seed: of the draws.

    Returns:
        By group; `n` people with a known outcome, `events` of whom were rightly flagged;
        absent when nobody or everybody in the group had the outcome.

    >>> counted = [("f", 1, 0, 1, -1, 30, 3_000_000), ("f", 0, 0, 1, -1, 70, 7_000_000)]
    >>> counted += [("f", 1, 1, 3, -1, 60, 18_000_000), ("f", 0, 1, 3, -1, 40, 12_000_000)]
    >>> round(miscalibration_loss_net_benefit(Cube.of("sex", counted), threshold=0.2)["f"].value, 3)
    -0.062
    """
    return loss(cube, "net_benefit", level, threshold, seed)
