"""A readiness report: six dimensions, each with its reasons and shares, and one grade with why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, Self

from monitors.version import SOFTWARE
from monitors.window import utc

Effect = Literal["note", "limit", "repair", "stop"]
Grade = Literal["A", "B", "C", "D"]
EFFECTS: tuple[Effect, ...] = ("note", "limit", "repair", "stop")
GRADES: Mapping[Effect, Grade] = {"note": "A", "limit": "B", "repair": "C", "stop": "D"}
MEANING: Mapping[Grade, str] = {
    "A": "ready: nothing was found that a model or an audit would have to work around",
    "B": "usable within limits: what is named below has to be known by whoever uses it",
    "C": "repair first: a model learned or audited on it as it is would be misled",
    "D": "not usable yet: what a model or an audit cannot do without is missing",
}
DIMENSIONS: Mapping[str, str] = {
    "completeness": "is what should be there, there, and for everyone?",
    "validity": "can the values be what they say they are?",
    "duplicates": "does every row count once?",
    "units": "is a number in the same unit everywhere?",
    "timeliness": "do rows come when they should, without gaps?",
    "agreement": "do sites mean the same by the same column?",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing found: how much it matters, about what, in a sentence that ends in a remedy."""

    dimension: str
    effect: Effect
    subject: str
    said: str
    attribute: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """The share of rows a fact holds of, in one group; None where it would tell of 1 to 10 people."""

    subject: str
    fact: str
    attribute: str
    group: str
    share: float | None


@dataclass(frozen=True, slots=True)
class Dimension:
    """One question put to the source, and to which (attribute, group); `absent` says why it was not."""

    name: str
    reasons: tuple[Reason, ...] = ()
    shares: tuple[Share, ...] = ()
    looked_at: frozenset[tuple[str, str]] = frozenset()
    absent: str | None = None

    @classmethod
    def of(
        cls, name: str, found: Iterable[Reason | Share], looked_at: Iterable[tuple[str, str]] = ()
    ) -> Self:
        """A dimension from its reasons and shares as they were found."""
        held = list(found)
        reasons = sorted((r for r in held if isinstance(r, Reason)), key=lambda r: -EFFECTS.index(r.effect))
        shares = tuple(s for s in held if isinstance(s, Share))
        return cls(name, tuple(reasons), shares, frozenset(looked_at))

    @property
    def grade(self) -> Grade | None:
        """By the gravest reason: nothing makes up for it. None where nothing was looked at."""
        return None if self.absent else worst(self.reasons)


def worst(reasons: Iterable[Reason]) -> Grade:
    """The grade that the gravest of some reasons leaves.

    >>> worst([Reason("units", "repair", "crea", "…"), Reason("units", "note", "crea", "…")]), worst([])
    ('C', 'A')
    """
    return GRADES[max((r.effect for r in reasons), key=EFFECTS.index, default="note")]


@dataclass(frozen=True)
class Readiness:
    """A source, graded.

    Attributes:
        rows: None where there are 1 to 10.
        groups: attribute to group to rows, None where that would tell of 1 to 10 people.
    """

    source: str
    at: datetime
    rows: int | None
    first: datetime | None
    last: datetime | None
    groups: Mapping[str, Mapping[str, int | None]]
    dimensions: tuple[Dimension, ...]

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """All reasons, the gravest first."""
        found = [reason for dimension in self.dimensions for reason in dimension.reasons]
        return tuple(sorted(found, key=lambda reason: -EFFECTS.index(reason.effect)))

    @property
    def grade(self) -> Grade:
        """The worst of the dimensions that could be looked at."""
        return worst(self.reasons)

    @property
    def absent(self) -> tuple[Dimension, ...]:
        """What could not be looked at."""
        return tuple(dimension for dimension in self.dimensions if dimension.absent)

    @property
    def verdict(self) -> str:
        """The grade in a sentence, with what it leaves open."""
        seen = len(self.dimensions) - len(self.absent)
        left = f"; {seen} of {len(self.dimensions)} questions could be asked" if self.absent else ""
        return f"{MEANING[self.grade]}{left}."

    def mark(self, dimension: Dimension, attribute: str, group: str) -> str | None:
        """What a question found of one group: a grade, "withheld", or None where it was not put."""
        here = (attribute, group)
        mine = [reason for reason in dimension.reasons if (reason.attribute, reason.group) == here]
        if mine or here in dimension.looked_at:
            return worst(mine)
        shares = [share for share in dimension.shares if (share.attribute, share.group) == here]
        if any(share.share is not None for share in shares):
            return "A"
        return "withheld" if shares else None

    def payload(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "schema": 1,
            "source": self.source,
            "at": utc(self.at),
            "software": SOFTWARE,
            "grade": self.grade,
            "meaning": self.verdict,
            "rows": self.rows,
            "first": utc(self.first) if self.first else None,
            "last": utc(self.last) if self.last else None,
            "groups": {attribute: dict(held) for attribute, held in self.groups.items()},
            "dimensions": {
                d.name: {
                    "asks": DIMENSIONS[d.name],
                    "grade": d.grade,
                    "not_asked": d.absent,
                    "reasons": [asdict(reason) for reason in d.reasons],
                    "shares": [asdict(share) for share in d.shares],
                }
                for d in self.dimensions
            },
        }
