"""Invalid-score share: how many scores cannot be a probability."""

from __future__ import annotations

from monitors.cube import INVALID_SCORE, NO_SCORE, Cube
from monitors.interval import LEVEL
from monitors.metric import Estimate, metric
from monitors.profile import EVERYONE, Profile
from monitors.quality._share import share


@metric(
    reads="window",
    unit="share of scores",
    target=0.0,
    needs=("score",),
    zero="every score lies in [0, 1]",
    source="Wilson 1927, J Am Stat Assoc 22:209 (the interval)",
)
def invalid_score_share(profile: Profile, level: float = LEVEL) -> Estimate:
    """Rows with a score outside [0, 1], as a share of rows with any score.

    Asks: does the model, or the way to us, give scores that cannot be?
    Trap: a score in percent lies outside [0, 1] only above 1 %; the others look like very low risks.

    Args:
        profile: of the window, or of the reference.
        level: two-sided confidence of the interval.

    Returns:
        0 to 1 with Wilson's interval; absent when no row has a score.

    >>> from datetime import UTC, datetime
    >>> from monitors.window import Window
    >>> week = Window(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 12, tzinfo=UTC))
    >>> cube = Cube.of("", [("", -1, -1, 3, -1, 8, 0), ("", -1, -1, INVALID_SCORE, -1, 2, 0)])
    >>> invalid_score_share(Profile(week, 10, 0, None, None, {}, {"": cube})).value
    0.2
    """
    everyone = profile.cubes.get(EVERYONE, Cube.of(EVERYONE, []))
    scored = int(everyone.n[everyone.cell != NO_SCORE].sum())
    invalid = int(everyone.n[everyone.cell == INVALID_SCORE].sum())
    return share(invalid, scored, "no row has a score", level)
