"""Silent groups: how many sites, languages or other groups sent nothing though they usually do."""

from __future__ import annotations

from collections.abc import Sequence

from monitors.cube import UNKNOWN, Cube
from monitors.metric import Estimate, metric

USUAL = 30  # rows a window a group has to be good for; of fewer, none at all may be chance


@metric(
    reads="feed",
    unit="groups",
    worse="higher",
    target=0.0,
    zero="every group that usually sends something did",
    source="Poisson: none of 30 expected has a chance of 1e-13; the reference's own windows for the rest",
)
def silent_groups(cube: Cube, before: Cube, windows: float, blocks: Sequence[Cube] = ()) -> Estimate:
    """Groups without one row in the window whose usual volume is 30 rows a window or more.

    Asks: did the feed of one site, language or device stop while the others went on?
    Trap: a ward that closed, or a clinic that rests on Sundays, is silent too. A group that was silent in a
    window of the reference is not counted.
    Interval: none; it is counted, not estimated.

    Args:
        cube: by one attribute, in the window.
        before: the same, in the reference.
        windows: how many windows' time the reference holds.
        blocks: the same, in each window of the reference that is kept apart.

    Returns:
        A number of groups, 0 or more, and in words which; absent when the window has no row at all,
        which `rows` and `freshness` say.

    >>> then = Cube.of("site", [("north", -1, -1, -1, -1, 400, 0), ("south", -1, -1, -1, -1, 400, 0)])
    >>> now = Cube.of("site", [("south", -1, -1, -1, -1, 98, 0)])
    >>> silent_groups(now, then, 4.0).value, silent_groups(now, then, 4.0).note
    (1.0, 'nothing came of north')
    """
    if cube.rows == 0:
        return Estimate.absent("no rows")
    quiet = [
        group
        for group in before.groups
        if group != UNKNOWN
        and group not in cube.groups
        and before.tally(group).n >= USUAL * max(windows, 1e-9)
        and all(group in block.groups for block in blocks)
    ]
    found = float(len(quiet))
    named = f"nothing came of {', '.join(quiet)}" if quiet else None
    return Estimate(found, found, found, cube.rows, note=named)
