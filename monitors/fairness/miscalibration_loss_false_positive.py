"""Miscalibration loss in false alarms: flags that the group's own risk does not call for."""

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
    zero="flagging by the recalibrated score would raise as many false alarms",
    source=SOURCE,
)
def miscalibration_loss_false_positive(
    cube: Cube, level: float = LEVEL, *, threshold: float, seed: int = SEED
) -> Mapping[str, Estimate]:
    """FPR(s >= t) - FPR(r >= t), r the score as recalibrated in the group.

    Asks: how many false alarms come from a score that overstates the group's risk?
    Trap: above 0 there are such; below 0 false alarms are spared because risk is understated, no gain.
    Enough: 30 people with the outcome to be shown, 100 for a verdict; 200 resolve a loss of 25 points.
    Interval: bootstrap of the people, recalibrated again in each draw, all groups held at once (max-T).

    r comes from logit P(outcome) = a + b logit(s) fitted to the group's people, b held at 1 under 50 events.

    Args:
        cube: by the attribute whose groups are assessed.
        level: two-sided confidence that the intervals of all groups hold together.
        threshold: t, the risk from which people are flagged.
        seed: of the draws.

    Returns:
        By group; `n` people without the outcome, `events` of whom were flagged;
        absent when nobody or everybody in the group had the outcome.

    >>> counted = [("f", 1, 0, 1, -1, 30, 3_000_000), ("f", 0, 0, 1, -1, 70, 7_000_000)]
    >>> counted += [("f", 1, 1, 3, -1, 60, 18_000_000), ("f", 0, 1, 3, -1, 40, 12_000_000)]
    >>> round(miscalibration_loss_false_positive(Cube.of("sex", counted), threshold=0.2)["f"].value, 3)
    -0.636
    """
    return loss(cube, "false_positive_rate", level, threshold, seed)
