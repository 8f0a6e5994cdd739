"""Rows: how many predictions a day arrive."""

from __future__ import annotations

from monitors.interval import LEVEL, poisson_rate
from monitors.metric import Estimate, metric
from monitors.profile import Profile

DAY = 86_400  # seconds


@metric(
    reads="window",
    unit="rows per day",
    worse="either",
    target="reference",
    compare="ratio",
    zero="nothing was scored",
    source="Garwood 1936, Biometrika 28:437 (the interval)",
)
def rows(profile: Profile, level: float = LEVEL) -> Estimate:
    """Rows in the window divided by its days; a local day of 23 hours is 23/24 of a day.

    Asks: are as many predictions made as usual?
    Trap: arrivals vary more than Poisson from week to week, so compare with the reference's own windows too.
    Interval: exact Poisson (Garwood).

    Args:
        profile: of the window, or of the reference.
        level: two-sided confidence of the interval.

    Returns:
        Rows per day, 0 or more, with the exact Poisson interval. Real arrivals vary more than
        Poisson from week to week, so compare with the reference's own windows too.

    >>> from datetime import UTC, datetime
    >>> from monitors.window import Window
    >>> week = Window(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 12, tzinfo=UTC))
    >>> rows(Profile(week, 70, 0, None, None, {}, {})).value
    10.0
    """
    days = profile.lasted.total_seconds() / DAY
    low, high = poisson_rate(profile.rows, days, level)
    return Estimate(profile.rows / days, low, high, profile.rows)
