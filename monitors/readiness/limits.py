"""How far a source may go before it is a limit, and before it has to be repaired; none of it is law."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitors.readiness.report import Effect


@dataclass(frozen=True, slots=True)
class Limit:
    """From which share something limits the use of a source, and from which it has to be repaired."""

    limit: float
    repair: float
    said: str

    def effect(self, share: float) -> Effect | None:
        """What a share comes to; None below the limit.

        >>> MISSING.effect(0.02), MISSING.effect(0.2), MISSING.effect(0.7)
        (None, 'limit', 'repair')
        """
        return "repair" if share >= self.repair else "limit" if share >= self.limit else None


MISSING = Limit(0.05, 0.40, "a column without a value")
UNKNOWN_GROUP = Limit(0.05, 0.20, "a sensitive column or the site not known: those people are in no group")
OPEN_OUTCOME = Limit(0.20, 0.90, "an outcome not known")
GAP = Limit(0.05, 0.20, "a share in one group beyond that of all others, whatever chance leaves open")
IMPOSSIBLE = Limit(0.001, 0.02, "a value that cannot be: no number, or outside what the column can hold")
NOT_ALLOWED = Limit(0.001, 0.02, "a category that was not declared")
NO_TIME = Limit(0.001, 0.05, "no time, or one that cannot be")
DUPLICATE = Limit(0.001, 0.05, "an id that came before; several rows of a patient at one moment")
RECORDED_LATE = Limit(0.05, 0.25, "recorded later than declared")
SITE_DISTANCE = Limit(0.15, 0.50, "total variation between a site and the others, beyond chance")
LIMITS: Mapping[str, Limit] = {
    name: value for name, value in list(globals().items()) if isinstance(value, Limit)
}

FEWEST_ROWS = 200  # fewer say little of anything
FEWEST_OF_GROUP = 100  # fewer people of a group say little of it
MOST_SPELLINGS = 20  # named at most
LEVEL = 0.95  # of all comparisons of one question together


def percent(share: float) -> str:
    """A share for a sentence.

    >>> percent(0.0004), percent(0.034), percent(0.4321)
    ('under 0.1 %', '3.4 %', '43 %')
    """
    if share < 0.001:
        return "under 0.1 %" if share else "none"
    return f"{share:.1%}".replace("%", " %") if share < 0.1 else f"{share:.0%}".replace("%", " %")
