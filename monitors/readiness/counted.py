"""What readiness is judged from: a whole source in counts, by site and by group of people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from monitors.histogram import Histogram
from monitors.told import FLOOR

EVERYONE = ""  # the attribute with a single group
UNTIMED = "no time"
UNTIMELY = "a time that cannot be"
AGAIN = "an id seen before"
SAME_MOMENT = "another row of the patient at the same moment"
THIRD_OUTCOME = "an outcome other than 0 and 1"
NO_OUTCOME = "no outcome"
EARLY = "recorded before it happened"
LATE = "recorded late"


def outside(column: str) -> str:
    """The name of the fact that a number is none that its column can hold."""
    return f"outside {column}"


def in_unit(column: str, unit: str) -> str:
    """The name of the fact that a number looks to be in a unit."""
    return f"in {unit}: {column}"


@dataclass(frozen=True)
class Counted:
    """A source in counts.

    Attributes:
        sizes: attribute to group to rows; "" holds everyone.
        histograms: column to attribute to group to its values, on bins of the whole source.
        facts: name to attribute to group to how many rows it holds of; what is absent is 0.
        days: attribute to group to day (since 1970, by the local clock) to rows.
        ends: column to (its least value, rows, distance to the next, spread of the rest), and the same of
            its greatest.
        first, last: the times of the first and last row; None where no row has one.
        refused: attribute to why it was not counted.
    """

    sizes: Mapping[str, Mapping[str, int]]
    histograms: Mapping[str, Mapping[str, Mapping[str, Histogram]]]
    facts: Mapping[str, Mapping[str, Mapping[str, int]]]
    days: Mapping[str, Mapping[str, Mapping[int, int]]]
    ends: Mapping[str, tuple[tuple[float, int, float, float], ...]]
    first: datetime | None
    last: datetime | None
    refused: Mapping[str, str]

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.sizes[EVERYONE].values())

    @property
    def attributes(self) -> tuple[str, ...]:
        """Every grouping but that of everyone."""
        return tuple(attribute for attribute in self.sizes if attribute != EVERYONE)

    @property
    def places(self) -> list[tuple[str, str]]:
        """Every (attribute, group) large enough to be spoken of."""
        held = ((a, group, n) for a in self.attributes for group, n in self.sizes[a].items())
        return [(attribute, group) for attribute, group, n in held if n >= FLOOR]

    def fact(self, name: str, attribute: str = EVERYONE) -> dict[str, int]:
        """By group, how many rows a fact holds of."""
        held = self.facts.get(name, {}).get(attribute, {})
        return {group: held.get(group, 0) for group in self.sizes[attribute]}

    def whole(self, name: str) -> int:
        """Of how many rows a fact holds."""
        return sum(self.fact(name).values())

    def histogram(self, column: str) -> Histogram:
        """Everyone's values of a column."""
        (found,) = self.histograms[column][EVERYONE].values()
        return found
