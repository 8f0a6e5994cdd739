"""Ascertainment ratio: whether a group's outcomes are looked for as often as everyone else's."""

from __future__ import annotations

from collections.abc import Mapping

from monitors.cube import Cube
from monitors.interval import LEVEL, log_ratio, wilson
from monitors.metric import Estimate, metric

FEWEST = 5  # known outcomes on each side, for a ratio


@metric(
    reads="cube",
    unit="pure number",
    widest_ratio=1.65,
    worse="either",
    target=1.0,
    needs=("outcome",),
    zero="no outcome of the group is known; 1 is as often as of everyone else",
    source="Obermeyer et al. 2019, Science 366:447 (the trap); Zou & Donner 2008, Stat Med 27:1693",
)
def ascertainment_ratio(cube: Cube, level: float = LEVEL) -> Mapping[str | None, Estimate]:
    """Share of the group whose outcome is known / the same share of everyone else.

    Asks: is the outcome looked for, and written down, as often in this group?
    Trap: who is tested less looks healthier than they are, and every other measure believes it. A feed in
        which no outcome means 0 hides this: leave the outcome empty where nobody looked.
    Enough: 5 known outcomes on each side; about 60 of a group's 100 people known for a verdict.
    Interval: Wilson's limits of both shares brought together on the log scale, held for all groups (Šidák).

    Args:
        cube: by the attribute whose groups are assessed.
        level: two-sided confidence that the limits of all groups hold together.

    Returns:
        By group, 0 or more; `n` its rows, `events` of which have a known outcome; absent with fewer than
        5 known outcomes in the group or elsewhere.

    >>> rows = [("f", 0, -1, -1, -1, 60, 0), ("f", -1, -1, -1, -1, 40, 0), ("m", 1, -1, -1, -1, 80, 0)]
    >>> rows += [("m", -1, -1, -1, -1, 20, 0)]
    >>> round(ascertainment_ratio(Cube.of("sex", rows))["f"].value, 2)
    0.75
    """
    joint = level ** (1 / max(len(cube.groups), 1))
    found: dict[str | None, Estimate] = {}
    whole, known_of_all = cube.rows, int(cube.n[cube.outcome >= 0].sum())
    for group in cube.groups:
        mine = cube.member(group)
        n, known = int(cube.n[mine].sum()), int(cube.n[mine & (cube.outcome >= 0)].sum())
        others, rest = whole - n, known_of_all - known
        if min(known, rest) < FEWEST:
            where = "in this group" if known < FEWEST else "elsewhere"
            found[group] = Estimate.absent(f"too few known outcomes {where}", n)
            continue
        here, there = known / n, rest / others
        low, high = log_ratio(here, *wilson(known, n, joint), there, *wilson(rest, others, joint))
        found[group] = Estimate(here / there, low, high, n, known)
    return found
