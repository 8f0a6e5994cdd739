"""Group mix: how far those in the window, told apart by one attribute, are from those of the reference."""

from __future__ import annotations

from monitors.drift.total_variation import total_variation
from monitors.histogram import Counts, Floats
from monitors.metric import metric


@metric(
    reads="mix",
    unit="share of rows",
    zero="every group has the share of people that it had in the reference",
    source="Gibbs & Su 2002, Int Stat Rev 70:419 (total variation)",
)
def group_mix(reference: Counts, current: Counts) -> Floats:
    """Half the sum over groups of |q - p|, people of unknown group and of new groups among them.

    Asks: are the same kinds of people scored as in the reference, or who has come or gone?
    Trap: rates of everyone move with it though no group is treated otherwise than before; and it
        sees only those who were scored or on record, not those who never reached the source.

    Args:
        reference: people of each group in the reference, "Unknown" and groups it never had last.
        current: of the window, shape (..., k); leading axes are windows or draws.

    Returns:
        0 to 1, shape (...): the share of people who would have to be of another group.

    Raises:
        ValueError: when either side has no rows.

    >>> import numpy as np
    >>> float(group_mix(np.array([80, 20, 0]), np.array([60, 30, 10])))
    0.2
    """
    return total_variation(reference, current)
