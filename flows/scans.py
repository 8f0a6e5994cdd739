"""A window counted in three scans where the engine is DuckDB: numbers, categories, groups.

The counts are those of `flows/counting.py`, which reads a column once for each; tests hold the two
to the same digest. Numbers go through the engine's own `histogram`, whose bins are closed above: a
double is below an edge exactly where it is at most the double before it. Texts are grouped as they
are written and made plain afterwards, a value at a time and not a row at a time. Score cells are
looked up on a grid of 1/2ⁿ, where scaling and cutting are exact.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import pyarrow as pa
from ibis.expr import datatypes as dt

from flows import expressions as ex
from flows.dialects import compiled
from flows.prepare import EVERYONE_KEY, INTERSECTION, WINDOW, Prepared, grouped
from flows.shape import SCHEMA, shaped
from monitors.canonical import digest
from monitors.columns import Attribute
from monitors.conditional import PARTED, place_of
from monitors.cube import INVALID_SCORE, NO_SCORE, UNKNOWN
from monitors.histogram import Bins, CategoryBins, NumericBins
from monitors.profile import EVERYONE

_AT_ONCE = 48  # columns of one scan; GROUPING tells no more than 63 apart
_FINEST = 2**16  # grid cells of a score at most
_GROUPED = "rounds_grouped"
_CELL = ("outcome", "decision", "action", "cell")
Counted = dict[str, Any]


@ibis.udf.agg.builtin(name="histogram")  # type: ignore[untyped-decorator]  # as ibis has it
def _histogram(value: dt.float64, bounds: dt.Array(dt.float64)) -> dt.Map(dt.float64, dt.int64): ...  # type: ignore[valid-type]


@dataclass(frozen=True)
class Scans:
    """The statements, without the window they are asked of."""

    numbers: tuple[tuple[str, Mapping[str, NumericBins]], ...]
    grouped: tuple[str, ...]
    looked_up: tuple[_Cells | _Known, ...]
    done: frozenset[str]
    """The tags of what is counted here."""


def planned(
    prepared: Prepared,
    bins: Mapping[str, Bins],
    score_edges: Sequence[float],
    strata: Sequence[tuple[str, str]],
    backend: Any,
) -> Scans:
    """The scans of a config on frozen bins, and the tags of what they count."""
    numeric = {name: held for name, held in bins.items() if isinstance(held, NumericBins)}
    texts = {
        name: held
        for name, held in bins.items()
        if isinstance(held, CategoryBins) and len(held.categories) + len(held.rare) < ex.MOST_CATEGORIES
    }
    groupings = list(_groupings(prepared, strata))
    cells = _cells(score_edges) if prepared.columns.score else None
    categories = [_categories(prepared, dict(part), backend) for part in _parts(texts.items())]
    statements = [
        *(statement for statement, _ in categories),
        *(
            _groups(prepared, part, score_edges, cells, backend, everyone=not i)
            for i, part in enumerate(_parts(groupings))
        ),
    ]
    return Scans(
        numbers=tuple((_numbers(prepared, dict(p), backend), dict(p)) for p in _parts(numeric.items())),
        grouped=tuple(statements),
        looked_up=(*([cells] if cells else ()), *(known for _, known in categories)),
        done=frozenset(
            [*(f"column {name}" for name in (*numeric, *texts)), f"cube {EVERYONE}"]
            + [f"cube {grouping.place}" for grouping in groupings]
        ),
    )


def run(rows: ibis.Table, scans: Scans) -> Iterator[Counted]:
    """Run the scans over a window's rows."""
    backend: Any = rows.get_backend()
    # Copied to a temporary place first, the rows would take as much memory as the window is long.
    window = f"WITH {WINDOW} AS NOT MATERIALIZED ({compiled(backend, rows)})"
    for statement, bins in scans.numbers:
        (found,) = backend.raw_sql(f"{window} {statement}").fetchall()
        yield from _read(found, bins)
    for given in scans.looked_up:
        backend.con.register("rounds_given", given.table)
        backend.raw_sql(f"CREATE TEMP TABLE IF NOT EXISTS {given.name} AS FROM rounds_given")
        backend.con.unregister("rounds_given")
    for statement in scans.grouped:
        for row in backend.raw_sql(f"{window}, {statement}").fetchall():
            yield dict(zip(SCHEMA.names, row, strict=True))


def _parts(given: Iterable[Any]) -> Iterator[list[Any]]:
    held = list(given)
    return (held[first : first + _AT_ONCE] for first in range(0, len(held), _AT_ONCE))


# -------------------------------------------------------------------------------------- numbers
def _numbers(prepared: Prepared, bins: Mapping[str, NumericBins], backend: Any) -> str:
    rows: Any = prepared.window
    sums: dict[str, Any] = {"n": rows.count()}
    for i, (name, held) in enumerate(bins.items()):
        value = ex.number(rows[name])
        # Of a number nothing but what is missing is none; of anything else it has to be asked.
        kind, valid = rows[name].type(), value.count()
        number = kind.is_numeric() or kind.is_boolean()
        sums[f"v{i}"], sums[f"b{i}"] = valid, rows.count() - valid if number else ex.blank(rows[name]).sum()
        texts = ibis.literal([repr(bound) for bound in _bounds(held)], "array<string>")
        sums[f"h{i}"] = _histogram(value, texts.cast("array<float64>"))
    return compiled(backend, rows.aggregate(**sums))


def _bounds(held: NumericBins) -> list[float]:
    """The last double of each bin and of what lies below them, ascending."""
    if not held.edges:
        return [0.0]
    return [*(math.nextafter(edge, -math.inf) for edge in held.edges[:-1]), held.edges[-1]]


def _read(found: Sequence[Any], bins: Mapping[str, NumericBins]) -> Iterator[Counted]:
    """One row of sums, as what each column's own branch would have answered."""
    rows, *sums = found
    for i, (name, held) in enumerate(bins.items()):
        valid, missing, by_bound = sums[3 * i], int(sums[3 * i + 1] or 0), sums[3 * i + 2]
        counts = {ex.CODES[ex.MISSING]: missing, ex.CODES[ex.OTHER]: rows - missing - valid}
        if held.edges:
            below, *inside = [int((by_bound or {}).get(bound, 0)) for bound in _bounds(held)]
            counts |= dict(enumerate(inside))
            counts |= {ex.CODES[ex.BELOW]: below, ex.CODES[ex.ABOVE]: valid - below - sum(inside)}
        else:
            counts[ex.CODES[ex.UNSEEN]] = valid
        for cell, n in counts.items():
            if n:
                yield {"tag": f"column {name}", "key": str(cell), "n": n}


# ----------------------------------------------------------------------------------- categories
@dataclass(frozen=True)
class _Known:
    """The values each category column had in the reference; `which` tells the column."""

    name: str
    table: pa.Table

    @classmethod
    def of(cls, by_which: Mapping[int, CategoryBins]) -> _Known:
        every = ((which, v) for which, held in by_which.items() for v in (*held.categories, *held.rare))
        rows = list(dict.fromkeys(every))  # twice there, a value would be counted twice
        columns = list(zip(*rows, strict=True)) or [(), ()]
        types = zip(columns, (pa.int64(), pa.string()), strict=True)
        table = pa.table([pa.array(values, kind) for values, kind in types], names=["which", "known"])
        return cls(f"rounds_known_{digest([list(row) for row in rows])[-16:]}", table)

    @property
    def there(self) -> ibis.Table:
        """The same, where the engine has it."""
        return ibis.table(ibis.schema({"which": "int64", "known": "string"}), name=self.name)


def _categories(prepared: Prepared, bins: Mapping[str, CategoryBins], backend: Any) -> tuple[str, _Known]:
    """The scan, and what it looks values up in: a list in the text of each would take longer to read."""
    rows = prepared.window
    columns = {f"r{i}": rows[name] for i, name in enumerate(bins)}
    sets = [(short,) for short in columns]
    schema = ibis.schema({**{s: c.type() for s, c in columns.items()}, "which": "int64", "n": "int64"})
    held: Any = ibis.table(schema, name=_GROUPED)
    which = {short: _which([*columns], (short,)) for short in columns}
    known = _Known.of(dict(zip(which.values(), bins.values(), strict=True)))
    value: Any = ibis.cases(*((held.which == at, ex.text(held[short])) for short, at in which.items()))
    tag = ibis.cases(
        *(
            (held.which == at, ibis.literal(f"column {name}"))
            for at, name in zip(which.values(), bins, strict=True)
        )
    )
    read = held.select("which", "n", value=value, tag=tag)
    there = known.there
    found: Any = read.left_join(there, (read.which == there.which) & (read.value == there.known))
    cell = ibis.cases(
        (found.value.isnull(), ibis.literal(ex.MISSING)),
        (found.known.notnull(), ibis.literal("=") + found.value),
        else_=ibis.literal(ex.UNSEEN),
    )
    cells = found.select("tag", "n", cell=cell)
    counted: Any = cells.group_by(["tag", "cell"]).aggregate(n=lambda t: t.n.sum())
    branch = shaped(counted, counted.tag, key=counted.cell, n=counted.n)
    return _statement(backend, rows.select(**columns), [*columns], sets, "count(*) AS n", [branch]), known


# --------------------------------------------------------------------------------------- groups
@dataclass(frozen=True)
class _Grouping:
    place: str
    people: tuple[Attribute, ...]
    stratum: tuple[Attribute, ...] = ()

    @property
    def atoms(self) -> tuple[Attribute, ...]:
        return tuple(dict.fromkeys((*self.people, *self.stratum)))


def _groupings(prepared: Prepared, strata: Sequence[tuple[str, str]]) -> Iterator[_Grouping]:
    columns = prepared.columns
    attributes = {attribute.name: attribute for attribute in columns.attributes}

    def atoms(name: str) -> tuple[Attribute, ...]:
        whole = attributes[name]
        return tuple(attributes[part] for part in whole.columns) if len(whole.columns) > 1 else (whole,)

    for name in attributes:
        yield _Grouping(name, atoms(name))
    for name, column in strata:
        category = column in columns.categorical
        stratum = (Attribute(name=column, columns=(column,)),) if category else atoms(column)
        yield _Grouping(place_of(name, column), atoms(name), stratum)
    if not attributes:
        yield _Grouping(EVERYONE, ())


def _groups(
    prepared: Prepared,
    groupings: Sequence[_Grouping],
    score_edges: Sequence[float],
    cells: _Cells | None,
    backend: Any,
    *,
    everyone: bool,
) -> str:
    rows: Any = prepared.window
    atoms = dict.fromkeys(atom for grouping in groupings for atom in grouping.atoms)
    shorts = {atom: f"a{i}" for i, atom in enumerate(atoms)}
    raw = {short: grouped(rows, a, prepared.columns) if a.bands else rows[a.columns[0]]
           for a, short in shorts.items()}  # fmt: skip
    every = prepared.made(rows)
    made = {name: every[name] for name in ("outcome", "decision", "action", "millionths")}
    needed = rows.select(**raw, **made, **_placed(prepared, score_edges, cells))
    if cells is not None:
        needed = needed.left_join(cells.there, needed.place == cells.there.place)
        found = (needed.base + (needed.score >= needed.edge).cast("int32")).fill_null(needed.cell)
        needed = needed.select(*raw, "outcome", "decision", "action", "millionths", cell=found)
    schema = ibis.schema(
        {**{short: column.type() for short, column in raw.items()},
         **dict.fromkeys((*_CELL, "which", "n", "score_sum"), "int64")}
    )  # fmt: skip
    held: Any = ibis.table(schema, name=_GROUPED)
    branches, sets = [], []
    for grouping in groupings:
        short = tuple(shorts[atom] for atom in grouping.atoms)
        alone = held.filter(held.which == _which([*raw], short))
        if everyone:
            branches.append(_summed(alone, EVERYONE, ibis.literal(EVERYONE_KEY)))
            everyone = False
        if grouping.place != EVERYONE:
            key = _named(alone, grouping.people, shorts)
            if grouping.stratum:
                key = key + ibis.literal(PARTED) + _named(alone, grouping.stratum, shorts)
            branches.append(_summed(alone, grouping.place, key))
        sets.append((*short, *_CELL))
    sums = "count(*) AS n, sum(millionths)::BIGINT AS score_sum"
    return _statement(backend, needed, [*raw], sets, sums, branches, _CELL)


def _named(held: Any, atoms: Sequence[Attribute], shorts: Mapping[Attribute, str]) -> Any:
    """The group of rows that are grouped as they are written."""
    texts = [held[s] if a.bands else ex.text(held[s]).fill_null(UNKNOWN)
             for a in atoms for s in [shorts[a]]]  # fmt: skip
    joined = texts[0]
    for text in texts[1:]:
        joined = joined + ibis.literal(INTERSECTION) + text
    return joined


def _summed(held: Any, place: str, key: Any) -> ibis.Table:
    keys = {"key": key, **{name: held[name] for name in _CELL}}
    counted = (
        held.select(**keys, n=held.n, score_sum=held.score_sum)
        .group_by(list(keys))
        .aggregate(n=lambda t: t.n.sum(), score_sum=lambda t: t.score_sum.sum())
    )
    return shaped(counted, f"cube {place}", **{name: counted[name] for name in (*keys, "n", "score_sum")})


# --------------------------------------------------------------------------------- score cells
@dataclass(frozen=True)
class _Cells:
    """A grid of 1/2ⁿ over scores: at `place`, cells begin at `base`, and `edge` begins the next."""

    name: str
    size: int
    table: pa.Table

    @property
    def there(self) -> ibis.Table:
        """The same, where the engine has it."""
        schema = {"place": "int32", "base": "int32", "edge": "float64"}
        return ibis.table(ibis.schema(schema), name=self.name)


def _cells(edges: Sequence[float]) -> _Cells | None:
    """A grid so fine that no two edges share a place; None where that would be too fine.

    >>> _cells((0.0, 0.5, 0.75, 1.0)).size, _cells((0.0, 0.5, 0.5000001, 1.0))
    (4, None)
    """
    inner, size = edges[1:-1], 1
    while any(int(a * size) == int(b * size) for a, b in itertools.pairwise(inner)):
        size *= 2
        if size > _FINEST:
            return None
    places = range(size + 1)  # a score of 1 has a place of its own
    last = max(len(edges) - 2, 0)
    base = [min(bisect.bisect_right(edges, place / size) - 1, last) for place in places]
    inside = {int(edge * size): edge for edge in inner if not (edge * size).is_integer()}
    table = pa.table(
        {
            "place": pa.array(places, pa.int32()),
            "base": pa.array(base, pa.int32()),
            "edge": pa.array([inside.get(place, 2.0) for place in places], pa.float64()),
        }
    )
    return _Cells(f"rounds_cells_{digest(list(edges))[-16:]}", size, table)


def _placed(prepared: Prepared, edges: Sequence[float], cells: _Cells | None) -> dict[str, Any]:
    """The cell of each score, or what a look-up finds it by."""
    if prepared.columns.score is None:
        return {"cell": ibis.literal(NO_SCORE, "int32")}
    column = prepared.window[prepared.columns.score]
    value, missing = ex.number(column), ex.blank(column)
    if cells is None:
        return {"cell": ex.score_cell(value, missing, edges)}
    valid = (value >= 0) & (value <= 1)
    place = (ibis.ifelse(valid, value, 0.0) * ex.exact(cells.size)).floor().cast("int32")
    return {
        "score": value,
        "place": ibis.ifelse(valid, place, ibis.null("int32")),
        "cell": ibis.ifelse(missing, NO_SCORE, INVALID_SCORE).cast("int32"),
    }


# -------------------------------------------------------------------------------------- in SQL
def _which(columns: Sequence[str], grouped: Sequence[str]) -> int:
    """What GROUPING says of a set: a bit for each column that is not in it, the first highest."""
    return sum(1 << place for place, name in enumerate(reversed(columns)) if name not in grouped)


def _statement(
    backend: Any,
    rows: ibis.Table,
    columns: Sequence[str],
    sets: Sequence[Sequence[str]],
    sums: str,
    branches: Sequence[ibis.Table],
    beside: Sequence[str] = (),
) -> str:
    """Rows grouped by each set in one scan, then the branches over what was found."""
    told = f"GROUPING({', '.join(columns)})" if columns else "0"
    distinct = dict.fromkeys(f"({', '.join(each)})" for each in sets)
    grouped = (
        f"{_GROUPED} AS MATERIALIZED (SELECT {', '.join((*columns, *beside))}, {told} AS which, {sums} "  # noqa: S608
        f"FROM ({compiled(backend, rows)}) AS needed GROUP BY GROUPING SETS ({', '.join(distinct)}))"
    )
    asked = (f"SELECT * FROM ({compiled(backend, branch)}) AS counted" for branch in branches)  # noqa: S608
    return f"{grouped} " + " UNION ALL ".join(asked)
