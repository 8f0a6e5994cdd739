"""What flagging is worth at a threshold, in true positives a person, both parts of the same people."""

from __future__ import annotations

import math
from typing import Any

from monitors.cube import Tally
from monitors.interval import wilson
from monitors.metric import Estimate, Sums

SOURCE = "Vickers & Elkin 2006, Med Decis Making 26:565; Zou & Donner 2008, Stat Med 27:1693 (the interval)"


def worth(threshold: float) -> float:
    """What one false alarm weighs against one case found, by the risk from which people are flagged.

    >>> worth(0.2)
    0.25
    """
    return threshold / (1 - threshold)


def worth_of(found: int, lost: int, n: int, weight: float, weight_lost: float, level: float) -> Estimate:
    """(weight * found - weight_lost * lost) / n with its interval, both parts of the same n people.

    Wilson's limits of each share are brought together as for a difference, with the correlation
    that shares of one sample have.
    """
    p, q = found / n, lost / n
    (p_low, p_high), (q_low, q_high) = wilson(found, n, level), wilson(lost, n, level)
    whole = (1 - p) * (1 - q)
    together = -math.sqrt(p * q / whole) if whole > 0 else 0.0
    value = weight * p - weight_lost * q

    def reach(a: float, b: float) -> float:
        return math.sqrt(max(a * a + b * b - 2 * together * a * b, 0.0))

    low = value - reach(weight * (p - p_low), weight_lost * (q_high - q))
    high = value + reach(weight * (p_high - p), weight_lost * (q - q_low))
    return Estimate(value, low, high, n, fewest(found, lost))


def gained(outcome: Any, decision: Any, score: Any, *, threshold: float) -> tuple[Sums, Sums]:
    """What each person adds to the net benefit, above and below the line."""
    return decision * (outcome - (1 - outcome) * worth(threshold)), 1.0


def gained_over_everybody(outcome: Any, decision: Any, score: Any, *, threshold: float) -> tuple[Sums, Sums]:
    """What each person adds to the net benefit over flagging everybody."""
    return (1 - decision) * ((1 - outcome) * worth(threshold) - outcome), 1.0


def fewest(*cells: int) -> int:
    """The smallest cell that has anyone: with n and the others a net benefit gives it away.

    >>> fewest(40, 0, 7), fewest(0, 0)
    (7, 0)
    """
    return min((cell for cell in cells if cell), default=0)


def decided(tally: Tally) -> int:
    """People with a decision and a known outcome."""
    return tally.tp + tally.fp + tally.fn + tally.tn
