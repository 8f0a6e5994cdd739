"""Miscalibration loss in flags: how many more or fewer are flagged than the group's own risk calls for."""

from __future__ import annotations

from collections.abc import Mapping

from monitors.bootstrap import SEED
from monitors.cube import Cube
from monitors.fairness._loss import SOURCE, loss
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric


@metric(
    reads="cube",
    unit="share of rows",
    worse="either",
    target=0.0,
    needs=("score", "decision", "outcome"),
    threshold=True,
    zero="as many are flagged as the recalibrated score would flag",
    source=SOURCE,
)
def miscalibration_loss_selection(
    cube: Cube, level: float = LEVEL, *, threshold: float, seed: int = SEED
) -> Mapping[str, Estimate]:
    """Share flagged at s >= t, less the share at r >= t, r the score as recalibrated in the group.

    Asks: are more or fewer of the group flagged than its own risk calls for?
    Trap: taken over people whose outcome is known, since without outcomes nothing can be recalibrated.
        Below 0 fewer are flagged than the risk calls for, above 0 more.
    Enough: 30 people with the outcome to be shown, 100 for a verdict; 200 resolve a loss of 25 points.
    Interval: bootstrap of the people, recalibrated again in each draw, all groups held at once (max-T).

    r comes from logit P(outcome) = a + b logit(s) fitted to the group's people, b held at 1 under 50 events.

    Args:
        cube: by the attribute whose groups are assessed.
        level: two-sided confidence that the intervals of all groups hold together.
        threshold: t, the risk from which people are flagged.
        seed: of the draws.

    Returns:
        By group; `n` people with a known outcome, `events` of whom were flagged;
        absent when nobody or everybody in the group had the outcome.

    >>> counted = [("f", 1, 0, 1, -1, 30, 3_000_000), ("f", 0, 0, 1, -1, 70, 7_000_000)]
    >>> counted += [("f", 1, 1, 3, -1, 60, 18_000_000), ("f", 0, 1, 3, -1, 40, 12_000_000)]
    >>> round(miscalibration_loss_selection(Cube.of("sex", counted), threshold=0.2)["f"].value, 3)
    -0.5
    """
    return loss(cube, "selection_rate", level, threshold, seed)
