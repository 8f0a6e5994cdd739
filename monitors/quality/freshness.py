"""Freshness: how much of the window has gone by since the last prediction."""

from __future__ import annotations

from monitors.metric import Estimate, metric
from monitors.profile import Profile


@metric(
    reads="window",
    unit="share of the window",
    target=0.0,
    zero="predictions arrived up to the window's end",
    source="Rounds: silence is never health",
)
def freshness(profile: Profile) -> Estimate:
    """Time from the last prediction to the window's end, as a share of the window.

    Asks: do predictions still arrive?
    Trap: a quiet night looks like a broken feed at a small site; the usual volume decides what is long.
    Enough: any window; a small volume widens what chance leaves empty.
    Interval: none; what the usual volume leaves empty by chance in 1 of 100 windows is allowed for.

    Args:
        profile: of the window, or of the reference.

    Returns:
        0 to 1, without an interval. An empty window gives 1: no scores at all is the worst
        freshness, never a missing number.

    >>> from datetime import UTC, datetime
    >>> from monitors.window import Window
    >>> week = Window(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 12, tzinfo=UTC))
    >>> freshness(Profile(week, 8, 0, None, datetime(2026, 1, 10, 6, tzinfo=UTC), {}, {})).value
    0.25
    """
    if profile.last is None:
        return Estimate(1.0, None, None, profile.rows)
    silent = (profile.window.end - profile.last) / profile.window.duration
    return Estimate(min(max(silent, 0.0), 1.0), None, None, profile.rows)
