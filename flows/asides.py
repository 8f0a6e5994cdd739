"""What is counted of each group beside its cube: patient-days, delays, need by score and the like.

Each only where the config names what it takes, so that other profiles stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import mul
from typing import Any

import ibis

from flows import expressions as ex
from flows.prepare import Prepared
from flows.shape import shaped
from monitors.columns import Columns
from monitors.cube import PAIRED, POWERS, SPLIT, UNKNOWN, Aside
from monitors.delays import STARTS
from monitors.errors import SourceInvalid
from monitors.histogram import Bins, NumericBins

KINDS = ("day", "delay", "need", "incomplete", "late", *PAIRED)


def branches(
    prepared: Prepared,
    attribute: str,
    bins: Mapping[str, Bins],
    score_edges: Sequence[float],
    *,
    shared: bool = True,
) -> Iterator[ibis.Table]:
    """The counts of one grouping, a branch each.

    `shared` says whether a branch may name a step that several of its parts read.
    """
    rows: Any = prepared.table
    tag, key = f"aside {attribute}", rows[prepared.group(attribute or None)]
    columns = prepared.columns
    if prepared.days:
        # A row that names no patient stands for a day of its own.
        named = rows.filter(rows.who.notnull()).select(key=key, who=rows.who, day=rows.day).distinct()
        unnamed = rows.filter(rows.who.isnull()).select(key=key)
        for counted in (named, unnamed):
            yield _counted(tag, "day", counted.select("key"))
    if columns.action_time:
        acted = rows.filter(rows.decision == 1, rows.action == 1, rows.delay >= 0)
        yield _counted(tag, "delay", acted.select(key=key, place=ex.step(acted.delay, STARTS)))
    if columns.need and columns.score:
        need, held = columns.need, bins[columns.need]
        assert isinstance(held, NumericBins)  # noqa: S101  `need` is one of `numeric`
        score, blank = rows[prepared.value(columns.score)], rows[prepared.blank(columns.score)]
        place = ex.score_cell(score, blank, score_edges)
        other = ex.numeric_cell(rows[prepared.value(need)], rows[prepared.blank(need)], held)
        yield _counted(tag, "need", rows.select(key=key, place=place, other=other))
    if prepared.completeness:
        yield _counted(tag, "incomplete", rows.select(key=key, place=rows.incomplete))
    if columns.recorded:
        # Of a row that does not say when it was recorded nothing is known.
        yield _counted(tag, "late", rows.filter(rows.late.notnull()).select(key=key, place=rows.late))
    if not prepared.outcomes:
        return
    if columns.label:
        known = rows.filter(rows.label_actual.notnull())
        yield _counted(
            tag, "label", known.select(key=key, place=known.label_actual, other=known.label_predicted)
        )
    if columns.rank:
        yield _counted(tag, "rank", rows.filter(rows.rank.notnull()).select(key=key, place=rows.rank))
    if columns.amount:
        known = rows.filter(rows.error.notnull()).select(key=key, e=rows.error, y=rows.actual)
        parts = _sums(tag, known)
        yield from [ibis.union(*parts)] if shared else parts


def timely(table: ibis.Table, columns: Columns, where: str) -> ibis.Table:
    """The table, when its clocks can be set against each other; else SourceInvalid names the column."""
    for column in (columns.action_time, columns.recorded):
        if column is None:
            continue
        begun, other = (table[name].type() for name in (columns.time, column))
        zoned = [bool(kind.is_timestamp() and kind.timezone) for kind in (begun, other)]
        if not (other.is_timestamp() or other.is_date()) or zoned[0] != zoned[1]:
            raise SourceInvalid(
                f"{where}: column {column!r} holds {other} beside {columns.time!r} with {begun}; "
                f"both need a date or time, and both a time zone or neither: make one with `source.derive`"
            )
    return table


def read(row: dict[str, Any]) -> Aside:
    """One answer of the engine, as a cube keeps it."""
    return (row["key"] or UNKNOWN, KINDS[row["outcome"]], row["cell"], row["decision"], row["n"])


def _sums(tag: str, rows: Any) -> list[ibis.Table]:
    """The sums of errors and amounts of one grouping, all from one pass over its rows."""
    given: dict[str, Any] = {"y": rows.y}
    for name, square in (("e2", rows.e * rows.e), ("y2", rows.y * rows.y)):
        # Of whole numbers below 2⁵³ a double's quotient, cut, is exact.
        high = (square.cast("float64") / float(SPLIT)).floor().cast("int64")
        given |= {f"{name} high": high, f"{name} low": square - high * SPLIT}
    sums = (rows.count(), rows.e.sum(), rows.e.abs().sum(), (rows.e * rows.e).sum())
    powers = (reduce(mul, (given[factor] for factor in factors)).sum() for factors in POWERS[1:])
    each = [*((place, 0, n) for place, n in enumerate(sums)),
            *((place, 1, n) for place, n in enumerate((rows.count(), *powers)))]  # fmt: skip
    summed = rows.group_by("key").aggregate(**{f"s{i}": n for i, (_, _, n) in enumerate(each)})
    which = ibis.literal(KINDS.index("amount"), "int64")
    parts = []
    for i, (place, other, _) in enumerate(each):
        where: dict[str, Any] = {"cell": ibis.literal(place), "decision": ibis.literal(other)}
        parts.append(shaped(summed, tag, key=summed.key, outcome=which, n=summed[f"s{i}"], **where))
    return parts


def _counted(tag: str, kind: str, rows: ibis.Table) -> ibis.Table:
    counted = rows.group_by(list(rows.columns)).aggregate(n=lambda t: t.count())
    given = {name: counted[column] for name, column in (("cell", "place"), ("decision", "other"))
             if column in rows.columns}  # fmt: skip
    which = ibis.literal(KINDS.index(kind), "int64")
    return shaped(counted, tag, key=counted.key, outcome=which, n=counted.n, **given)
