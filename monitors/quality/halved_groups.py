"""Halved groups: how many sites, languages or other groups sent less than half of what they usually do."""

from __future__ import annotations

from collections.abc import Sequence

from monitors.cube import UNKNOWN, Cube
from monitors.metric import Estimate, metric

USUAL = 60  # rows a window a group has to be good for; below half of 60 by chance: 1 window in 300,000
HALF = 0.5


@metric(
    reads="feed",
    unit="groups",
    worse="higher",
    target=0.0,
    zero="every group sent at least half of what it usually does",
    source="Poisson: below 30 of 60 expected has a chance of 3e-6; the reference's own windows for the rest",
)
def halved_groups(cube: Cube, before: Cube, windows: float, blocks: Sequence[Cube] = ()) -> Estimate:
    """Groups that usually send 60 rows a window or more, and sent some rows but fewer than half of that.

    Asks: did part of one site's, language's or device's feed stop while the others went on?
    Trap: a ward that halved its beds is halved too. The usual volume is the least of the reference's mean and
    its quietest window, and where everybody else sent less as well, so much less is expected.
    Interval: none; it is counted, not estimated.

    Args:
        cube: by one attribute, in the window.
        before: the same, in the reference.
        windows: how many windows' time the reference holds.
        blocks: the same, in each window of the reference that is kept apart.

    Returns:
        A number of groups, 0 or more, and in words which; absent when no group could be told to be
        halved, because none usually sends so much or all sent too little. Groups that sent nothing
        are `silent_groups`.

    >>> then = Cube.of("site", [("north", -1, -1, -1, -1, 400, 0), ("south", -1, -1, -1, -1, 400, 0)])
    >>> now = Cube.of("site", [("north", -1, -1, -1, -1, 40, 0), ("south", -1, -1, -1, -1, 98, 0)])
    >>> halved_groups(now, then, 4.0).value, halved_groups(now, then, 4.0).note
    (1.0, 'less than half of the usual came of north')
    """
    if cube.rows == 0:
        return Estimate.absent("no rows")
    long = max(windows, 1e-9)
    now = {group: cube.tally(group).n for group in cube.groups}
    quiet, told = [], 0
    for group in before.groups:
        was = before.tally(group).n
        usual = min([was / long, *(b.tally(group).n if group in b.groups else 0 for b in blocks)])
        if group == UNKNOWN or group not in now or usual < USUAL:
            continue
        others, sent = (before.rows - was) / long, cube.rows - now[group]
        expected = usual * min(1.0, sent / others if others else 1.0)
        told += expected >= USUAL
        if now[group] < HALF * expected and expected >= USUAL:
            quiet.append(group)
    if not told:
        return Estimate.absent(f"no group is expected to send {USUAL} rows", cube.rows)
    found = float(len(quiet))
    named = f"less than half of the usual came of {', '.join(quiet)}" if quiet else None
    return Estimate(found, found, found, cube.rows, note=named)
