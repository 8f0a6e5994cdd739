"""Duplicate share: how many rows repeat a prediction already counted."""

from __future__ import annotations

from monitors.interval import LEVEL
from monitors.metric import Estimate, metric
from monitors.profile import Profile
from monitors.quality._share import share


@metric(
    reads="window",
    unit="share of rows",
    target=0.0,
    zero="every row is a prediction of its own",
    source="Wilson 1927, J Am Stat Assoc 22:209 (the interval)",
)
def duplicate_share(profile: Profile, level: float = LEVEL) -> Estimate:
    """Rows set aside because their id had been seen, as a share of all rows received.

    Asks: does the feed send the same prediction more than once?
    Trap: a retry with an id of its own is not seen, and rows without an id each count as themselves.

    Args:
        profile: of the window, or of the reference.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1 with Wilson's interval; absent when no row was received.

    >>> from datetime import UTC, datetime
    >>> from monitors.window import Window
    >>> week = Window(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 12, tzinfo=UTC))
    >>> duplicate_share(Profile(week, 8, 2, None, None, {}, {})).value
    0.2
    """
    received = profile.rows + profile.duplicates
    return share(profile.duplicates, received, "no rows", level)
