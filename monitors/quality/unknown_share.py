"""Unknown share: of how many people the attribute that groups are made by is not known."""

from __future__ import annotations

from monitors.cube import UNKNOWN, Cube
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric
from monitors.quality._share import share


@metric(
    reads="attribute",
    unit="share of rows",
    worse="either",  # a form that begins to be filled in changes who every group is
    target="reference",
    zero="everyone is in a named group",
    source="Wilson 1927, J Am Stat Assoc 22:209 (the interval)",
)
def unknown_share(cube: Cube, level: float = LEVEL) -> Estimate:
    """Rows whose group is "Unknown", as a share of all rows.

    Asks: of how many people do we not know the group?
    Trap: when more people are of unknown group, a gap may open or close though nobody is treated otherwise.

    Args:
        cube: by one attribute, in the window or in the reference.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1 with Wilson's interval; absent when there are no rows.

    >>> unknown_share(Cube.of("race", [("Unknown", -1, -1, -1, -1, 1, 0), ("b", -1, -1, -1, -1, 3, 0)])).value
    0.25
    """
    unknown = int(cube.n[cube.member(UNKNOWN)].sum())
    return share(unknown, cube.rows, "no rows", level)
