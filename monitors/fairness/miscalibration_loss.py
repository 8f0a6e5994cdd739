"""Miscalibration loss: people missed because the score understates their group's risk."""

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
    zero="flagging by the recalibrated score would find as many",
    source=SOURCE,
)
def miscalibration_loss(
    cube: Cube, level: float = LEVEL, *, threshold: float, seed: int = SEED
) -> Mapping[str, Estimate]:
    """TPR(s >= t) - TPR(r >= t), r the score as recalibrated in the group.

    Asks: how many are missed because the score understates their group's risk?
    Trap: below 0 people are missed, above 0 more are flagged than at the risk agreed on. It is silent on
        whether the outcome itself was recorded alike.
    Enough: 30 people with the outcome to be shown, 100 for a verdict; 200 resolve a loss of 25 points.
    Interval: bootstrap of the people, recalibrated again in each draw, all groups held at once (max-T).

    r comes from logit P(outcome) = a + b logit(s) fitted to the group's people, b held at 1 under 50 events.
    Unlike a raw gap it does not accuse a group whose mix of risks differs, nor overlook one whose risk is
    understated by as much.

    Args:
        cube: by the attribute whose groups are assessed.
        level: two-sided confidence that the intervals of all groups hold together.
        threshold: t, the risk from which people are flagged.
        seed: of the draws.

    Returns:
        By group; `n` people with the outcome, `events` of whom were flagged;
        absent when nobody or everybody in the group had the outcome.

    >>> counted = [("f", 1, 0, 1, -1, 30, 3_000_000), ("f", 0, 0, 1, -1, 70, 7_000_000)]
    >>> counted += [("f", 1, 1, 3, -1, 60, 18_000_000), ("f", 0, 1, 3, -1, 40, 12_000_000)]
    >>> round(miscalibration_loss(Cube.of("sex", counted), threshold=0.2)["f"].value, 3)
    -0.333
    """
    return loss(cube, "true_positive_rate", level, threshold, seed)
