"""Counting: what a config needs, compiled into one relational expression, run where the rows are.

A window comes back as counts per column and per registered grouping. No row is fetched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import ibis

from flows import asides, scans
from flows import expressions as ex
from flows.dialects import NO_STEPS_INSIDE, compiled, fetched
from flows.engine import plainly
from flows.measuring import measured
from flows.near import at_hand
from flows.patients import one_each
from flows.periods import within
from flows.prepare import Prepared, checked, run
from flows.scans import Scans
from flows.shape import SCHEMA, shaped
from flows.source import Source
from monitors.canonical import digest
from monitors.checks import checks
from monitors.columns import Columns
from monitors.conditional import PARTED, place_of, strata_wanted
from monitors.config import ModelConfig
from monitors.cube import NO_SCORE, UNKNOWN, Cube, Row
from monitors.histogram import Bins, Counts, Histogram, NumericBins
from monitors.profile import EVERYONE, Profile
from monitors.repeats import products
from monitors.told import small
from monitors.window import Window

MOST_GROUPS = 200  # a grouping with more is a mistake in the config, not a question
MOST_STRATA = 2_000  # groups times strata
_BRANCHES = 64  # union branches sent to the engine in one statement
Counted = dict[str, Any]


@dataclass(frozen=True)
class Frozen:
    """What a window is counted on: the reference's bins and score cells."""

    bins: Mapping[str, Bins]
    score_edges: tuple[float, ...]

    @cached_property
    def digest(self) -> str:
        """The same bins have the same digest."""
        return digest([{name: asdict(bins) for name, bins in self.bins.items()}, self.score_edges])


@dataclass(frozen=True)
class _Overview:
    rows: int
    distinct: int
    wrong_version: int | None
    third_values: int
    last: datetime | None


def count(
    table: ibis.Table,
    config: ModelConfig,
    window: Window,
    frozen: Frozen,
    *,
    outcomes: bool = True,
    where: str = "the source",
) -> Profile:
    """Reduce one window to a profile.

    Args:
        table: predictions, one row each, with every column the config names.
        config: which column plays which part.
        window: which rows.
        frozen: the bins and score cells to count on.
        outcomes: whether outcomes may be read; before they have matured they may not.
        where: what messages call the source.

    Raises:
        SourceInvalid: naming the column and the remedy, when the table cannot be counted.
    """
    columns = config.columns
    with plainly(where, table.columns):
        whole = within(
            asides.timely(checked(table, columns, where), columns, where), columns, window, config, where
        )
    with plainly(where, table.columns), measured(whole, config, window, where) as rows:
        seen = _overview(rows, columns, config)
        duplicates = seen.rows - seen.distinct
        if duplicates:
            rows = once(rows, columns)
        kept = seen.distinct
        if config.window.one_per:
            rows = one_each(rows, config, window)
            kept = int(fetched(rows.aggregate(n=rows.count()))[0]["n"])
        counted = _counted(rows, kept, Prepared(config, rows.schema(), outcomes), frozen)
    unreadable = {}
    if seen.third_values and outcomes and columns.outcome:
        unreadable[columns.outcome] = (
            f"{_some(seen.third_values)} other than 0 and 1 and count as not yet known; "
            f"map them with `source.derive`"
        )
    cubes = {}
    for attribute in (EVERYONE, *(a.name for a in columns.attributes)):
        found = counted.get(f"cube {attribute}", [])
        groups = {row["key"] for row in found}
        if len(groups) > MOST_GROUPS:
            unreadable[attribute] = (
                f"{len(groups):,} different values: more than {MOST_GROUPS} groups; "
                f"give bands, or derive a coarser column"
            )
            found = []
        rows_here = sum(row["n"] for row in found)
        together = _together(counted.get(f"repeats {attribute}", []), rows_here) if found else {}
        beside = map(asides.read, counted.get(f"aside {attribute}", [])) if found else ()
        cubes[attribute] = Cube.of(attribute, map(_cube_row, found), together, asides=beside)
    for attribute, column in strata_wanted(checks(config)):
        place = place_of(attribute, column)
        found = counted.get(f"cube {place}", [])
        if len({row["key"] for row in found}) > MOST_STRATA:
            unreadable[place] = f"more than {MOST_STRATA:,} groups by strata; derive a coarser column"
            found = []
        cubes[place] = Cube.of(place, (_cube_row(row) for row in found))
    return Profile(
        window=window,
        rows=kept,
        duplicates=duplicates,
        wrong_version=seen.wrong_version,
        last=seen.last,
        histograms={
            name: histogram_of(name, bins, counted.get(f"column {name}", []))
            for name, bins in frozen.bins.items()
        },
        cubes=cubes,
        unreadable=unreadable,
        score_edges=frozen.score_edges,
    )


def rows_in(config: ModelConfig, window: Window, source: Source) -> int:
    """How many rows a window holds now, and nothing else of them."""
    table = source.table()
    with plainly(source.name, table.columns):
        rows = within(table, config.columns, window, config, source.name)
        return int(fetched(rows.aggregate(n=rows.count()))[0]["n"])


def untimed(table: ibis.Table, columns: Columns, where: str = "the source") -> dict[str, str]:
    """Rows without a time belong to no window, so no window would ever miss them: say how many."""
    with plainly(where, table.columns):
        time: Any = table[columns.time]
        rows = int(fetched(table.aggregate(n=time.isnull().sum()))[0]["n"] or 0)
    said = f"{_some(rows)} no time and belong to no window; mend those rows"
    return {columns.time: said} if rows else {}


def _some(rows: int) -> str:
    # What a finding says is shown to people, and 1 to 10 people are never counted there.
    return "fewer than 11 rows hold" if small(rows) else f"{rows:,} rows hold"


def _counted(rows: ibis.Table, n: int, prepared: Prepared, frozen: Frozen) -> dict[str, list[Counted]]:
    """What every branch counted of n rows, by its tag."""
    step, branches, quick = _compiled(rows.get_backend(), prepared, frozen)
    counted: dict[str, list[Counted]] = {}
    with at_hand(rows, n, len(branches)) as near:
        for row in scans.run(near, quick) if quick else ():
            counted.setdefault(row["tag"], []).append(row)
        for first in range(0, len(branches), _BRANCHES):
            few = branches[first : first + _BRANCHES]
            for row in run(near, step, few, SCHEMA, together=near is not rows):
                counted.setdefault(row["tag"], []).append(row)
    return counted


_memory: dict[tuple[str, str], tuple[str, tuple[str, ...], Scans | None]] = {}


def _compiled(backend: Any, prepared: Prepared, frozen: Frozen) -> tuple[str, tuple[str, ...], Scans | None]:
    """The steps after the window, as the engine's SQL; compiling costs more than counting 1,000 rows."""
    # What decides the text, and not the model's name: sites that run one model on shared bins share it.
    decides = prepared.config.model_dump(mode="json", exclude={"model", "source", "reference"})
    facts = [backend.name, decides, str(prepared.schema), prepared.outcomes]
    key = (digest(facts), frozen.digest)
    if key not in _memory:
        attributes = (EVERYONE, *(a.name for a in prepared.columns.attributes))
        strata = strata_wanted(checks(prepared.config))
        quick, shared = None, backend.name not in NO_STEPS_INSIDE
        if backend.name == "duckdb":
            quick = scans.planned(prepared, frozen.bins, frozen.score_edges, strata, backend)
        done = quick.done if quick else frozenset()
        branches = [
            *(
                _column(prepared, name, bins)
                for name, bins in frozen.bins.items()
                if f"column {name}" not in done
            ),
            *(
                _grouping(prepared, attribute, frozen)
                for attribute in attributes
                if f"cube {attribute}" not in done
            ),
            *(
                _grouping(prepared, attribute, frozen, column)
                for attribute, column in strata
                if f"cube {place_of(attribute, column)}" not in done
            ),
            *(
                branch
                for attribute in attributes
                for branch in asides.branches(
                    prepared,
                    attribute,
                    frozen.bins,
                    frozen.score_edges,
                    shared=shared,
                )
            ),
        ]
        if prepared.repeating:
            branches += [b for a in attributes for b in _repeating(prepared, a, shared=shared)]
        _memory[key] = (
            compiled(backend, prepared.rows),
            tuple(
                f"SELECT * FROM ({compiled(backend, b)}) AS counted"  # noqa: S608  compiled, not pasted
                for b in branches
            ),
            quick,
        )
    return _memory[key]


def once(rows: ibis.Table, columns: Columns) -> ibis.Table:
    """One row for each id: the latest, since a retry replaces what it retries."""
    assert columns.id is not None  # noqa: S101  duplicates are only seen where an id is named
    # Of two at the same moment any would do, but the same one every time.
    others = (rows[column] for column in rows.columns if column != columns.time)
    latest = [rows[columns.time].desc(), *others]
    place = ibis.row_number().over(ibis.window(group_by=rows[columns.id], order_by=latest))
    numbered = rows.mutate(rounds_place=place)
    kept = numbered.filter((numbered.rounds_place == 0) | ex.blank(numbered[columns.id]))
    return kept.drop("rounds_place")


def _overview(rows: ibis.Table, columns: Columns, config: ModelConfig) -> _Overview:
    sums: dict[str, Any] = {"rows": rows.count(), "last": rows[columns.time].max()}
    if columns.id:
        # Rows without an id cannot be told apart, so each counts as itself.
        unnamed = ex.blank(rows[columns.id])
        sums |= {"ids": rows[columns.id].nunique(where=~unnamed), "unnamed": unnamed.sum()}
    if columns.version:
        other = (ex.text(rows[columns.version]) != config.version).fill_null(True)
        sums["wrong"] = other.sum()
    if columns.outcome:
        sums["third"] = ex.third_value(rows[columns.outcome]).sum()
    got = fetched(rows.aggregate(**sums))[0]
    total = int(got["rows"])
    distinct = int(got["ids"]) + int(got["unnamed"] or 0) if columns.id else total
    wrong = int(got["wrong"] or 0) if columns.version else None
    last = got["last"]
    if last is not None:
        if not isinstance(last, datetime):
            last = datetime(last.year, last.month, last.day, tzinfo=config.zone)
        last = (last if last.tzinfo else last.replace(tzinfo=config.zone)).astimezone(UTC)
    return _Overview(total, distinct, wrong, int(got.get("third") or 0), last)


def _column(prepared: Prepared, name: str, bins: Bins) -> ibis.Table:
    rows = prepared.table
    if isinstance(bins, NumericBins):
        cell: Any = ex.numeric_cell(rows[prepared.value(name)], rows[prepared.blank(name)], bins)
    else:
        cell = ex.category_cell(rows[prepared.text(name)], bins)
    # Not named as a column of the answer is: Polars would read the answer's 0 for it.
    counted = rows.select(place=cell).group_by("place").aggregate(n=lambda t: t.count())
    return shaped(counted, f"column {name}", key=counted.place, n=counted.n)


def _grouping(prepared: Prepared, attribute: str, frozen: Frozen, within: str | None = None) -> ibis.Table:
    rows, score = prepared.table, prepared.columns.score
    key: Any = rows[prepared.group(attribute or None)]
    if within is not None:
        categories = prepared.columns.categorical
        stratum: Any = rows[prepared.text(within) if within in categories else prepared.group(within)]
        key = key + ibis.literal(PARTED) + stratum.fill_null(UNKNOWN)
    keys: dict[str, Any] = {
        "key": key,
        **{name: rows[name] for name in ("outcome", "decision", "action")},
        "cell": ibis.literal(NO_SCORE, "int32"),
    }
    if score:
        value, missing = rows[prepared.value(score)], rows[prepared.blank(score)]
        keys["cell"] = ex.score_cell(value, missing, frozen.score_edges)
    counted = (
        rows.select(**keys, millionths=rows.millionths)
        .group_by(list(keys))
        .aggregate(n=lambda t: t.count(), score_sum=lambda t: t.millionths.sum())
    )
    given = {name: counted[name] for name in (*keys, "n", "score_sum")}
    name = place_of(attribute, within) if within is not None else attribute
    return shaped(counted, f"cube {name}", **given)


def _repeating(prepared: Prepared, attribute: str, *, shared: bool = True) -> tuple[ibis.Table, ibis.Table]:
    """How rows of one patient fall together: products of counts, summed over patients, in pairs of cells.

    A row that names no patient is a patient of its own. `shared` says whether a branch may name a step that
    several of its parts read.
    """
    rows: Any = prepared.table
    place = 3 * (rows.outcome + 1) + rows.decision + 1
    placed = rows.select(key=rows[prepared.group(attribute or None)], patient=rows.patient, place=place)
    alone = placed.filter(placed.patient.isnull()).group_by(["key", "place"]).aggregate(n=lambda t: t.count())
    named = placed.filter(placed.patient.notnull())
    each = named.group_by(["key", "patient", "place"]).aggregate(n=lambda t: t.count())
    if shared:
        pairs = each.join(each.view(), ["key", "patient"], rname="other_{name}")
    else:
        # Named otherwise, so that it is no step that both read.
        again = named.select("key", "patient", other_place=named.place)
        others = again.group_by(["key", "patient", "other_place"]).aggregate(other_n=lambda t: t.count())
        pairs = each.join(others, ["key", "patient"])
    summed = pairs.group_by(["key", "place", "other_place"]).aggregate(n=lambda t: (t.n * t.other_n).sum())
    tag = f"repeats {attribute}"
    return (
        shaped(summed, tag, key=summed.key, outcome=summed.place, decision=summed.other_place, n=summed.n),
        shaped(alone, tag, key=alone.key, outcome=alone.place, decision=alone.place, n=alone.n),
    )


def _together(found: Sequence[Counted], rows: int) -> Mapping[str, Counts]:
    """By group; nothing where no patient has a second row, so that a column named in vain costs none."""
    held = products((row["key"] or UNKNOWN, row["outcome"], row["decision"], row["n"]) for row in found)
    return held if sum(int(matrix.sum()) for matrix in held.values()) > rows else {}


def histogram_of(name: str, bins: Bins, found: Sequence[Counted]) -> Histogram:
    """A histogram from the cells an engine counted: `key` where, `n` how many."""
    by_key = {str(row["key"]): row["n"] for row in found}
    special = dict.fromkeys((ex.MISSING, ex.OTHER, ex.BELOW, ex.ABOVE, ex.UNSEEN), 0)
    if isinstance(bins, NumericBins):
        for code, place in ex.CODE_NAMES.items():
            special[place] = by_key.get(str(code), 0)
        counts = tuple(by_key.get(str(i), 0) for i in range(max(len(bins.edges) - 1, 0)))
        return Histogram(name, bins, counts, **special)
    special[ex.MISSING] = by_key.get(ex.MISSING, 0)
    special[ex.UNSEEN] = by_key.get(ex.UNSEEN, 0)
    special[ex.OTHER] = by_key.get(ex.OTHER, 0) + sum(by_key.get(f"={value}", 0) for value in bins.rare)
    counts = tuple(by_key.get(f"={value}", 0) for value in bins.categories)
    return Histogram(name, bins, counts, **special)


def _cube_row(row: Counted) -> Row:
    numbers = ("outcome", "decision", "cell", "action", "n", "score_sum")
    return (row["key"] or UNKNOWN, *(row[name] for name in numbers))
