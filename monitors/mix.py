"""A mix: how many people of each group of an attribute, as counts that a distance can be taken of."""

from __future__ import annotations

from monitors.cube import UNKNOWN, Cube
from monitors.histogram import CategoryBins, Histogram


def mix(cube: Cube, reference: Cube) -> Histogram:
    """The groups of the reference, then people of unknown group and of groups it never had.

    >>> then = Cube.of("race", [("a", -1, -1, -1, -1, 8, 0), ("b", -1, -1, -1, -1, 2, 0)])
    >>> now = Cube.of("race", [("a", -1, -1, -1, -1, 5, 0), ("c", -1, -1, -1, -1, 4, 0)])
    >>> (mix(now, then).counts, mix(now, then).unseen)
    ((5, 0), 4)
    """
    named = tuple(group for group in reference.groups if group != UNKNOWN)
    rows = {group: int(cube.n[cube.member(group)].sum()) for group in cube.groups}
    counts = tuple(rows.pop(group, 0) for group in named)
    unknown = rows.pop(UNKNOWN, 0)
    new = sum(rows.values())
    return Histogram(cube.attribute, CategoryBins(named), counts, missing=unknown, unseen=new)
