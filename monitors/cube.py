"""A cube: how many rows fell in each (group, outcome, decision, score cell, action); cubes add."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitors.cells import INVALID_SCORE as INVALID_SCORE
from monitors.cells import MILLIONTHS as MILLIONTHS
from monitors.cells import NO_SCORE as NO_SCORE
from monitors.cells import NOT_KNOWN as NOT_KNOWN
from monitors.cells import UNKNOWN as UNKNOWN
from monitors.cells import Row as Row
from monitors.delays import STARTS
from monitors.histogram import Counts, Floats
from monitors.repeats import CELLS, Repeats, products

Aside = tuple[str, str, int, int, int]
"""(group, kind, place, other, n): people counted beside the cube.

"day": patient-days. "delay": flags acted on, place the step of `delays.STARTS`. "need": place the score
cell, other the bin of need. "incomplete": place 1 where an input was missing, else 0. "late": place 1
where a row was recorded too late, else 0. "label": place which answer was right, other which was given,
of those declared; -1 and -2 for any other, so that no two are alike. "amount": n a sum, by place what
of (other 0: `SUMS`, other 1: `POWERS`). "rank": place where the right answer stood, 0 where it was not on
the list.
"""
PAIRED = ("label", "amount", "rank")
SUMS = (
    "rows",
    "error",
    "absolute error",
    "squared error",
)  # in hundredths of the amount's unit, squares of it
HUNDREDTHS = 100
SPLIT = 1_000_000  # a square is its whole multiples of this ("high") and what is left ("low")
POWERS: tuple[tuple[str, ...], ...] = (
    (), ("y",), ("y", "y"),
    ("e2 high", "e2 high"), ("e2 high", "e2 low"), ("e2 low", "e2 low"),
    ("y2 high", "y2 high"), ("y2 high", "y2 low"), ("y2 low", "y2 low"),
    ("e2 high", "y2 high"), ("e2 high", "y2 low"), ("e2 low", "y2 high"), ("e2 low", "y2 low"),
    ("e2 high", "y"), ("e2 low", "y"), ("y", "y2 high"), ("y", "y2 low"),
)  # fmt: skip
"""Products that are summed over rows: y the actual amount, y2 its square, e2 the squared error, each square
in two halves so that no product outgrows 10¹²; () counts the rows."""
STRANGE, NO_ANSWER = -1, -2  # a right answer, and one given, that is not among those declared
MOST = 1_000_000  # hundredths: an error beyond is taken for this, so that sums of squares stay whole


@dataclass(frozen=True, slots=True)
class Tally:
    """One group's counts, ready for a performance measure.

    Attributes:
        n: all rows, whether or not their outcome is known.
        score: mean score of each score cell that has rows, ascending, shape (k,).
        positives, negatives: rows of known outcome per score cell, shape (k,).
        scored: all rows with a valid score per cell, known outcome or not, shape (k,).
        scored_flagged, scored_passed: of these, rows flagged and rows not, shape (k,).
        tp, fp, fn, tn: rows with both outcome and decision known.
        flagged, unflagged: rows with a decision, known outcome or not.
        acted, overridden: flagged rows of which it is known whether staff acted on them.
        overridden_right, overridden_wrong: overridden rows without the outcome, and with it.
        repeats: how these rows fall together in patients; None where nobody repeats, or nobody is named.
        days: patient-days, 0 where not counted.
        delays: flags acted on by how long it took, shape (len(STARTS),).
        complete, incomplete: rows with every input, and without; both 0 where not counted.
        in_time, late: rows by when they were recorded; both 0 where not counted.
        pairs: what is counted beside as (place, other, n), by kind of `PAIRED`, shape (k, 3).
    """

    n: int
    score: Floats
    positives: Counts
    negatives: Counts
    scored: Counts
    scored_flagged: Counts
    scored_passed: Counts
    tp: int
    fp: int
    fn: int
    tn: int
    flagged: int
    unflagged: int
    expected: float
    acted: int = 0
    overridden: int = 0
    overridden_right: int = 0
    overridden_wrong: int = 0
    repeats: Repeats | None = None
    days: int = 0
    delays: Counts = field(default_factory=lambda: np.zeros(len(STARTS), dtype=np.int64))
    complete: int = 0
    incomplete: int = 0
    in_time: int = 0
    late: int = 0
    pairs: Mapping[str, Counts] = field(default_factory=dict)

    @property
    def events(self) -> int:
        """Rows with a valid score and the outcome."""
        events: int = self.positives.sum().item()  # a fraction where the tally is `worth` fewer
        return events

    @property
    def labelled(self) -> int:
        """Rows with a valid score and a known outcome, either way."""
        labelled: int = (self.positives.sum() + self.negatives.sum()).item()
        return labelled

    @classmethod
    def of_cells(cls, counts: Floats) -> Tally:
        """From counts by (outcome, decision), shape (9,), without scores; they may be fractions."""
        table: list[list[Any]] = counts.reshape(3, 3).tolist()
        unknown, without, having = table
        none = np.zeros(0, dtype=np.int64)
        return cls(
            n=counts.sum().item(),
            score=np.zeros(0),
            positives=none,
            negatives=none,
            scored=none,
            scored_flagged=none,
            scored_passed=none,
            tp=having[2],
            fp=without[2],
            fn=having[1],
            tn=without[1],
            flagged=having[2] + without[2] + unknown[2],
            unflagged=having[1] + without[1] + unknown[1],
            expected=0.0,
        )

    def worth(self, share: float) -> Tally:
        """The same people as if so many fewer: fractions, from which only limits are read."""
        counted = (f.name for f in fields(self) if f.name not in ("score", "repeats", "pairs"))
        fewer: dict[str, Any] = {name: getattr(self, name) * share for name in counted}
        fewer["pairs"] = {kind: held * np.array([1, 1, share]) for kind, held in self.pairs.items()}
        return replace(self, **fewer, repeats=None)


@dataclass(frozen=True)
class Cube:
    """Weighted rows of one registered grouping: a row stands for `n` patients.

    `attribute` is the grouping's name ("" is everyone in one group). Columns are parallel
    arrays sorted by key. Outcome, decision and action are 0, 1, or -1 where not known;
    `cell` is the score cell, -1 without a score, -2 with one outside [0, 1].
    `score_sum` adds scores in whole millionths, rounded per row. `repeats` holds, by group, how rows
    fall together in patients (see `monitors.repeats`), where patients are named and repeat; two cubes
    add as if no patient were in both.

    >>> cube = Cube.of("sex", [("f", 1, 1, 3, -1, 2, 1_400_000), ("m", 0, 0, 0, -1, 5, 500_000)])
    >>> cube.groups, cube.rows, (cube + cube).rows
    (('f', 'm'), 7, 14)
    """

    attribute: str
    group: tuple[str, ...]
    outcome: Counts
    decision: Counts
    cell: Counts
    action: Counts
    n: Counts
    score_sum: Counts
    repeats: Mapping[str, Counts] = field(default_factory=dict)
    asides: tuple[Aside, ...] = ()

    @classmethod
    def of(
        cls,
        attribute: str,
        rows: Iterable[Row],
        repeats: Mapping[str, Counts] | None = None,
        *,
        asides: Iterable[Aside] = (),
    ) -> Cube:
        """From (group, outcome, decision, cell, action, n, score_sum) in any order; equal keys add."""
        merged: dict[tuple[str, int, int, int, int], list[int]] = {}
        for group, outcome, decision, cell, action, n, score_sum in rows:
            sums = merged.setdefault((group, outcome, decision, cell, action), [0, 0])
            sums[0] += int(n)
            sums[1] += int(score_sum)
        keys = sorted(merged)
        numbers = [[*key[1:], *merged[key]] for key in keys]
        columns = np.array(numbers, dtype=np.int64).reshape(-1, 6).T
        beside: dict[tuple[str, str, int, int], int] = {}
        for *what, n in asides:
            place: Any = tuple(what)
            beside[place] = beside.get(place, 0) + int(n)
        kept = tuple((*key, beside[key]) for key in sorted(beside))
        cube = cls(attribute, tuple(key[0] for key in keys), *columns)
        return replace(cube, repeats=repeats or {}, asides=kept) if repeats or kept else cube

    def weighted_rows(self) -> list[Row]:
        """Back as rows, sorted."""
        parts = (self.outcome, self.decision, self.cell, self.action, self.n, self.score_sum)
        return list(zip(self.group, *(part.tolist() for part in parts), strict=True))

    def __add__(self, later: Cube) -> Cube:
        if self.attribute != later.attribute:
            raise ValueError(f"cubes of {self.attribute!r} and {later.attribute!r} do not add")
        together = products([*self._products(), *later._products()])
        return Cube.of(
            self.attribute,
            [*self.weighted_rows(), *later.weighted_rows()],
            together if self.repeats or later.repeats else None,
            asides=[*self.asides, *later.asides],
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cube) and self.payload() == other.payload()

    def __hash__(self) -> int:
        return hash((self.attribute, self.group))

    @property
    def rows(self) -> int:
        """How many rows were counted."""
        return int(self.n.sum())

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The groups present, sorted; "Unknown" last."""
        return tuple(sorted(set(self.group), key=lambda g: (g == UNKNOWN, g)))

    @cached_property
    def _codes(self) -> NDArray[np.intp]:
        index = {group: i for i, group in enumerate(self.groups)}
        return np.array([index[group] for group in self.group], dtype=np.intp)

    def member(self, group: str) -> NDArray[np.bool_]:
        """Which weighted rows belong to the group, shape (rows of the cube,)."""
        if group not in self.groups:
            return np.zeros(len(self.group), dtype=np.bool_)
        return np.asarray(self._codes == self.groups.index(group))

    def tally(self, group: str | None = None, *, rest_of: str | None = None) -> Tally:
        """The counts of one group, of everyone but one (`rest_of`), or of everyone."""
        # Every measure asks for the same few, and a reference is asked again each window.
        asked = (group, rest_of)
        if asked not in self._tallies:
            self._tallies[asked] = self._tally(group, rest_of)
        return self._tallies[asked]

    @cached_property
    def _tallies(self) -> dict[tuple[str | None, str | None], Tally]:
        return {}

    def _tally(self, group: str | None, rest_of: str | None) -> Tally:
        keep = np.ones(len(self.group), dtype=np.bool_)
        if group is not None:
            keep = self.member(group)
        if rest_of is not None:
            keep = ~self.member(rest_of)
        outcome, decision, cell = self.outcome[keep], self.decision[keep], self.cell[keep]
        action, n, score_sum = self.action[keep], self.n[keep], self.score_sum[keep]
        valid = cell >= 0
        cells, position = np.unique(cell[valid], return_inverse=True)

        def by_cell(weights: Counts, where: NDArray[np.bool_]) -> Counts:
            held = np.where(where[valid], weights[valid], 0)
            return np.bincount(position, weights=held, minlength=len(cells)).astype(np.int64)

        def count(where: NDArray[np.bool_]) -> int:
            return int(n[where].sum())

        anyone = np.ones(len(n), dtype=np.bool_)
        scored = by_cell(n, anyone)
        beside = [a for a in self.asides if group in (None, a[0]) and a[0] != rest_of]
        delays = np.zeros(len(STARTS), dtype=np.int64)
        for _, kind, place, _, delayed in beside:
            if kind == "delay":
                delays[place] += delayed
        known = outcome >= 0
        return Tally(
            n=int(n.sum()),
            score=by_cell(score_sum, anyone) / np.maximum(scored, 1) / MILLIONTHS,
            positives=by_cell(n, outcome == 1),
            negatives=by_cell(n, outcome == 0),
            scored=scored,
            scored_flagged=by_cell(n, decision == 1),
            scored_passed=by_cell(n, decision == 0),
            tp=count((outcome == 1) & (decision == 1)),
            fp=count((outcome == 0) & (decision == 1)),
            fn=count((outcome == 1) & (decision == 0)),
            tn=count((outcome == 0) & (decision == 0)),
            flagged=count(decision == 1),
            unflagged=count(decision == 0),
            expected=float(score_sum[valid & known].sum()) / MILLIONTHS,
            acted=count((decision == 1) & (action == 1)),
            overridden=count((decision == 1) & (action == 0)),
            overridden_right=count((outcome == 0) & (decision == 1) & (action == 0)),
            overridden_wrong=count((outcome == 1) & (decision == 1) & (action == 0)),
            repeats=self._repeats(group, rest_of, 3 * (outcome + 1) + decision + 1, n),
            days=sum(a[4] for a in beside if a[1] == "day"),
            delays=delays,
            complete=sum(a[4] for a in beside if a[1:3] == ("incomplete", 0)),
            incomplete=sum(a[4] for a in beside if a[1:3] == ("incomplete", 1)),
            in_time=sum(a[4] for a in beside if a[1:3] == ("late", 0)),
            late=sum(a[4] for a in beside if a[1:3] == ("late", 1)),
            pairs={
                kind: np.array(held, dtype=np.int64)
                for kind in PAIRED
                if (held := [a[2:] for a in beside if a[1] == kind])
            },
        )

    def _repeats(self, group: str | None, rest_of: str | None, place: Counts, n: Counts) -> Repeats | None:
        """How the rows of one group, of the others or of all fall together in patients."""
        if not self.repeats:
            return None
        wanted = self.groups if group is None else (group,)
        counts = np.zeros(CELLS, dtype=np.int64)
        np.add.at(counts, place, n)
        # A patient in several groups counts in each as another: for gaps that is the wider reading.
        none = np.zeros((CELLS, CELLS), dtype=np.int64)
        together = sum((self.repeats.get(g, none) for g in wanted if g != rest_of), start=none)
        return Repeats(counts, together)

    def _products(self) -> list[tuple[str, int, int, int]]:
        """`repeats` as rows; where none were counted, everybody's rows as their own."""
        held = self.repeats
        if not held:
            cells = (3 * (self.outcome + 1) + self.decision + 1).tolist()
            return [(g, c, c, n) for g, c, n in zip(self.group, cells, self.n.tolist(), strict=True)]
        return [
            (group, a, b, int(held[group][a, b]))
            for group in sorted(held)
            for a, b in np.argwhere(held[group]).tolist()
        ]

    def payload(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        # What is beside only where there is any: a profile without keeps the digest it always had.
        told = {"attribute": self.attribute, "rows": [list(row) for row in self.weighted_rows()]}
        told |= {"repeats": [list(row) for row in self._products()]} if self.repeats else {}
        return told | ({"asides": [list(aside) for aside in self.asides]} if self.asides else {})

    @classmethod
    def read(cls, payload: dict[str, Any]) -> Cube:
        """Back from plain values."""
        repeats = products(tuple(row) for row in payload.get("repeats", ()))
        rows, asides = ([tuple(row) for row in payload.get(part, ())] for part in ("rows", "asides"))
        return cls.of(payload["attribute"], rows, repeats, asides=asides)
