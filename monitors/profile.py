"""A profile: one window in counts, which is all that ever leaves the engine that holds the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from monitors.canonical import digest
from monitors.cube import NO_SCORE, NOT_KNOWN, Cube
from monitors.histogram import Histogram
from monitors.metric import Metric
from monitors.raters.counts import Review
from monitors.window import Window, moment, utc

EVERYONE = ""  # the cube with a single group


@dataclass(frozen=True)
class Profile:
    """One window of one model, counted.

    Attributes:
        rows: rows in the window, after `duplicates` were set aside.
        duplicates: rows whose id had been seen already; they are counted once.
        wrong_version: rows made by another version than the one declared; None where not recorded.
        last: the latest prediction in the window, None when it is empty.
        histograms: by column.
        cubes: by attribute; "" holds everyone.
        unreadable: column or attribute to the reason it could not be counted.
        left_out: seconds of the window that the change calendar left out; 0 where it left out nothing.
        eligible: attribute to group to how many ought to have been scored; empty where no source says.
        reviews: what people who read outputs said of them, by queue; empty where nobody was asked.
        score_edges: cell i of every cube holds scores in [score_edges[i], score_edges[i+1]).
    """

    window: Window
    rows: int
    duplicates: int
    wrong_version: int | None
    last: datetime | None
    histograms: Mapping[str, Histogram]
    cubes: Mapping[str, Cube]
    unreadable: Mapping[str, str] = field(default_factory=dict)
    score_edges: tuple[float, ...] = ()
    eligible: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    left_out: float = 0.0
    reviews: tuple[Review, ...] = ()

    @cached_property
    def digest(self) -> str:
        """The same counts give the same digest, on every engine and every machine."""
        return digest(self.payload())

    @cached_property
    def design(self) -> float:
        """How many rows are worth one, if all rows of a patient were alike; 1 where none repeats."""
        repeats = self.cubes[EVERYONE].tally().repeats
        return repeats.kish() if repeats is not None else 1.0

    def __add__(self, other: Profile) -> Profile:
        """The two together: two sites of one window, or two stretches of time that touch.

        Raises ValueError where they are of neither kind, as with a gap or an overlap, or were counted
        on other columns, groups or bins. `monitors.rollup.rolled_up` adds hours to days by this.
        """
        one, two = self.window, other.window
        if one != two and one.end != two.start and two.end != one.start:
            raise ValueError(
                f"profiles add only when their windows touch or are the same (got {one} and {two})"
            )
        if self.histograms.keys() != other.histograms.keys() or self.cubes.keys() != other.cubes.keys():
            raise ValueError("profiles add only when they hold the same columns and attributes")
        if self.score_edges != other.score_edges:
            raise ValueError("profiles add only on the same score cells")
        known = [last for last in (self.last, other.last) if last]
        versions = (self.wrong_version, other.wrong_version)
        return Profile(
            Window(min(self.window.start, other.window.start), max(self.window.end, other.window.end)),
            self.rows + other.rows,
            self.duplicates + other.duplicates,
            None if None in versions else sum(v for v in versions if v is not None),
            max(known) if known else None,
            {key: value + other.histograms[key] for key, value in self.histograms.items()},
            {key: value + other.cubes[key] for key, value in self.cubes.items()},
            {**self.unreadable, **other.unreadable},
            self.score_edges,
            _added(self.eligible, other.eligible),
            # Two sites of one window lost the same time; of two windows each its own.
            max(self.left_out, other.left_out)
            if self.window == other.window
            else self.left_out + other.left_out,
            (*self.reviews, *other.reviews),
        )

    @property
    def lasted(self) -> timedelta:
        """How much time its rows come from: the window, less what the change calendar left out."""
        return self.window.duration - timedelta(seconds=self.left_out)

    def people(self, attribute: str, metric: Metric) -> Cube:
        """The cube a metric is taken of: people on record, or those eligible where it needs them.

        Of the eligible, the scored are those who were scored here, and the rest have no score.
        """
        cube = self.cubes[attribute]
        if "eligible" not in metric.needs:
            return cube
        scored = [row for row in cube.weighted_rows() if row[3] >= 0]
        left = dict(self.eligible.get(attribute, {}))
        for group, *_, n, _ in scored:
            left[group] = left.get(group, 0) - n
        missed = ((group, NOT_KNOWN, NOT_KNOWN, NO_SCORE, NOT_KNOWN, n, 0) for group, n in left.items())
        return Cube.of(attribute, [*scored, *missed])

    def payload(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "schema": 1,
            "window": str(self.window),
            "rows": self.rows,
            "duplicates": self.duplicates,
            "wrong_version": self.wrong_version,
            "last": utc(self.last) if self.last else None,
            "histograms": {key: value.payload() for key, value in self.histograms.items()},
            "cubes": {key: value.payload() for key, value in self.cubes.items()},
            "unreadable": dict(self.unreadable),
            "score_edges": list(self.score_edges),
            # Left out where no source says, so that profiles of models without one stay as they were.
            **({"eligible": {a: dict(held) for a, held in self.eligible.items()}} if self.eligible else {}),
            **({"left_out": self.left_out} if self.left_out else {}),
            **({"reviews": [review.payload() for review in self.reviews]} if self.reviews else {}),
        }

    @classmethod
    def read(cls, payload: Mapping[str, Any]) -> Profile:
        """Back from plain values."""
        return cls(
            Window.parse(payload["window"]),
            payload["rows"],
            payload["duplicates"],
            payload["wrong_version"],
            moment(payload["last"]) if payload["last"] else None,
            {key: Histogram.read(value) for key, value in payload["histograms"].items()},
            {key: Cube.read(value) for key, value in payload["cubes"].items()},
            dict(payload["unreadable"]),
            tuple(payload["score_edges"]),
            payload.get("eligible", {}),
            payload.get("left_out", 0.0),
            tuple(Review.read(review) for review in payload.get("reviews", ())),
        )


def _added(
    one: Mapping[str, Mapping[str, int]], other: Mapping[str, Mapping[str, int]]
) -> Mapping[str, Mapping[str, int]]:
    if not (one and other):
        return {}  # of a part nobody counted the eligible, so of the whole they are not known
    return {
        attribute: {
            group: held.get(group, 0) + other[attribute].get(group, 0)
            for group in sorted({*held, *other[attribute]})
        }
        for attribute, held in one.items()
    }
