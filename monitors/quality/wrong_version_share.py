"""Wrong-version share: how many rows another version of the model made."""

from __future__ import annotations

from monitors.interval import LEVEL
from monitors.metric import Estimate, metric
from monitors.profile import Profile
from monitors.quality._share import share


@metric(
    reads="window",
    unit="share of rows",
    target=0.0,
    zero="every row was made by the declared version",
    source="Wilson 1927, J Am Stat Assoc 22:209 (the interval)",
)
def wrong_version_share(profile: Profile, level: float = LEVEL) -> Estimate:
    """Rows made by another version than the one declared, as a share of all rows.

    Asks: did the version people approved make these predictions?
    Trap: it reads what the rows say of themselves; a release that kept its old number is not seen.

    Args:
        profile: of the window, or of the reference.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1 with Wilson's interval; absent when the version is not recorded or no row is there.

    >>> from datetime import UTC, datetime
    >>> from monitors.window import Window
    >>> week = Window(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 12, tzinfo=UTC))
    >>> wrong_version_share(Profile(week, 10, 0, 2, None, {}, {})).value
    0.2
    """
    if profile.wrong_version is None:
        return Estimate.absent("the version is not recorded", profile.rows)
    return share(profile.wrong_version, profile.rows, "no rows", level)
