"""Few: how few people are too few to show."""

from __future__ import annotations

FLOOR = 11  # the smallest count of people that may be shown, besides none
APART = FLOOR - 1  # how far apart the possible values of a hidden count have to be
ALIKE = 30  # a group of fewer, all of whom or none of whom had the event, is not told of
JOIN = " × "  # between the attributes of an intersection, and between its groups


def small(count: int | None) -> bool:
    """Whether a count of people is too small to show.

    >>> [small(n) for n in (0, 1, 10, 11, None)]
    [False, True, True, False, False]
    """
    return count is not None and 0 < count < FLOOR
