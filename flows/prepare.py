"""Preparing rows: each role's column made plain once, under a short name, before anything is counted.

The statement an engine runs has three steps, written as common table expressions:
`rounds_window` (the rows of a window), `rounds_prepared` (this file), and the counts over it.
The last two depend on the config and the reference alone, so they are compiled once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import ibis

from flows import expressions as ex
from flows.answers import answered
from flows.dialects import compiled
from flows.periods import PARTITION
from monitors.columns import Attribute, Columns, ScoreAtLeast
from monitors.config import ModelConfig
from monitors.cube import UNKNOWN
from monitors.errors import SourceInvalid

WINDOW, PREPARED = "rounds_window", "rounds_prepared"
EVERYONE_KEY = "everyone"
INTERSECTION = " × "
DAY = 86_400  # seconds
# DuckDB 1.5 was seen to wait for itself for ever where several branches read a dozen large files in one
# statement, unless its optimizer is off. One branch a statement never did, and costs a tenth more at
# 30 columns (a third at 200), once for each reference.
_AT_ONCE = 1


@dataclass(frozen=True)
class Prepared:
    """What the prepared rows hold and under which short name.

    `values[c]` and `blanks[c]` of a number; `texts[c]` of a category; `groups[a]` of an attribute.
    """

    config: ModelConfig
    schema: ibis.Schema
    outcomes: bool = True

    @property
    def columns(self) -> Columns:
        """The config's columns."""
        return self.config.columns

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """Numeric columns, the score among them."""
        score = (self.columns.score,) if self.columns.score else ()
        return (*self.columns.numeric, *score)

    def value(self, column: str) -> str:
        """The short name of a number's value."""
        return f"v{self.numbers.index(column)}"

    def blank(self, column: str) -> str:
        """The short name of whether a number is missing."""
        return f"b{self.numbers.index(column)}"

    def text(self, column: str) -> str:
        """The short name of a category's text."""
        return f"t{self.columns.categorical.index(column)}"

    def group(self, attribute: str | None) -> str:
        """The short name of an attribute's group."""
        names = [a.name for a in self.columns.attributes]
        return f"g{names.index(attribute)}" if attribute else "g"

    @property
    def days(self) -> bool:
        """Whether patient-days are counted: where patients and what staff did are recorded."""
        return self.columns.patient is not None and self.columns.action is not None

    @property
    def completeness(self) -> bool:
        """Whether it is counted who lacked an input: where the plan asks for it."""
        asked = any(rule.measure == "incomplete_share" for rule in self.config.plan)
        return asked and bool(self.columns.numeric or self.columns.categorical)

    def _day(self, time: Any) -> Any:
        """The number of a row's day, from local midnight by the clock the windows' grid begins with."""
        kind, grid = time.type(), self.config.grid
        local = kind.is_timestamp() and kind.timezone
        begins = datetime(grid.anchor.year, grid.anchor.month, grid.anchor.day, tzinfo=grid.zone)
        ahead = int((begins.utcoffset() or timedelta()).total_seconds()) if local else 0
        return (ex.seconds(time) + ahead) // DAY

    @cached_property
    def window(self) -> ibis.Table:
        """The window's rows by name."""
        return ibis.table(self.schema, name=WINDOW)

    @cached_property
    def rows(self) -> ibis.Table:
        """The prepared rows, as an expression over the window's rows."""
        return self.window.select(**self.made(self.window))

    def made(self, rows: ibis.Table) -> dict[str, Any]:
        """Each short name with the expression that makes it of the window's rows."""
        columns = self.columns
        made: dict[str, Any] = {}
        for name in self.numbers:
            made[self.value(name)] = ex.number(rows[name])
            made[self.blank(name)] = ex.blank(rows[name])
        for name in columns.categorical:
            made[self.text(name)] = ex.text(rows[name])
        made[self.group(None)] = ibis.literal(EVERYONE_KEY)
        for attribute in columns.attributes:
            made[self.group(attribute.name)] = grouped(rows, attribute, columns)
        outcome = columns.outcome if self.outcomes else None
        made["outcome"] = ex.binary(rows[outcome] if outcome else None)
        made["decision"] = _decision(rows, columns)
        made["action"] = ex.binary(rows[columns.action] if columns.action else None)
        if self.days:
            made["who"] = ex.text(rows[columns.patient])
            made["day"] = self._day(rows[columns.time])
        if columns.action_time:
            made["delay"] = ex.seconds(rows[columns.action_time]) - ex.seconds(rows[columns.time])
        if columns.recorded and columns.late_after:
            waited = ex.seconds(rows[columns.recorded]) - ex.seconds(rows[columns.time])
            most = int(columns.late_after.approximate.total_seconds())
            made["late"] = ibis.ifelse(waited.isnull(), ibis.null("int64"), ibis.ifelse(waited > most, 1, 0))
        if self.outcomes:
            made |= answered(rows, columns)
        if self.completeness:
            blanks = [ex.blank(rows[name]) for name in (*columns.numeric, *columns.categorical)]
            made["incomplete"] = ibis.ifelse(ibis.or_(*blanks), 1, 0)
        made["millionths"] = ex.millionths(rows[columns.score] if columns.score else None)
        if self.repeating:
            made["patient"] = ex.text(rows[columns.patient])
        return made

    @property
    def repeating(self) -> bool:
        """Whether patients are named and may have several rows."""
        columns = self.columns
        named = columns.patient is not None and columns.patient != columns.id
        return named and self.config.window.one_per_patient is None

    @cached_property
    def table(self) -> ibis.Table:
        """The prepared rows by name, for what counts them."""
        return ibis.table(self.rows.schema(), name=PREPARED)

    def alone(self, short: str) -> ibis.Table:
        """One column of the prepared rows by name: with all of them, each expression grows with all."""
        return ibis.table({short: self.table.schema()[short]}, name=PREPARED)

    def made_alone(self, short: str) -> ibis.Table:
        """The same as an expression over the window's rows, for a number's value or a category's text."""
        number = short.startswith("v")
        column = (self.numbers if number else self.columns.categorical)[int(short[1:])]
        rows = ibis.table({column: self.schema[column]}, name=WINDOW)
        return rows.select(**{short: (ex.number if number else ex.text)(rows[column])})


def run(
    window: ibis.Table,
    prepared: str | Sequence[str],
    branches: Sequence[str],
    schema: ibis.Schema,
    *,
    together: bool = False,
) -> list[dict[str, Any]]:
    """Run compiled branches over the prepared rows of a window, in one statement.

    `prepared` is one text for all branches, or one for each where each is sent alone. `together` says
    that no file is read, so that DuckDB may be asked all of it at once.

    Branches stand side by side, not nested as a union expression would be, so that a table of
    a thousand columns does not become a thousand levels of nesting.
    """
    backend = window.get_backend()
    # DuckDB and Postgres would otherwise copy the window's rows to a temporary place first.
    inline = "NOT MATERIALIZED " if backend.name in ("duckdb", "postgres") else ""
    once = "MATERIALIZED " if together and backend.name == "duckdb" else inline
    given = f"WITH {WINDOW} AS {inline}({compiled(backend, window)}),\n{PREPARED} AS {once}"
    if isinstance(prepared, str):
        at_once = _AT_ONCE if backend.name == "duckdb" and not together else len(branches)
        parts = [branches[first : first + at_once] for first in range(0, len(branches), at_once)]
        asked = [f"({prepared})\n" + "\nUNION ALL\n".join(part) for part in parts]
    else:
        asked = [f"({made})\n{branch}" for made, branch in zip(prepared, branches, strict=True)]
    found = (row for statement in asked for row in _fetched(backend, given + statement))
    # PostgreSQL sums whole numbers to a decimal.
    plain = (tuple(int(v) if isinstance(v, Decimal) else v for v in row) for row in found)
    return [dict(zip(schema.names, row, strict=True)) for row in plain]


def _fetched(backend: Any, statement: str) -> list[tuple[Any, ...]]:
    """The rows of a statement, sent as it is: reading it again would take longer than running it."""
    cursor = backend.raw_sql(statement)
    if hasattr(cursor, "collect"):  # Spark answers with a frame
        return [tuple(row) for row in cursor.collect()]
    try:
        return list(cursor.fetchall())
    finally:
        if cursor is not backend.con:  # DuckDB's cursor is its connection
            cursor.close()


def checked(table: ibis.Table, columns: Columns, where: str) -> ibis.Table:
    """The table with only the columns in use, texts among them; SourceInvalid names those it lacks."""
    taken = [name for name in columns.measured if name in table.columns]  # they were measured before
    used = [*(c for c in columns.read() if not (taken and c in columns.text)), *taken]
    if absent := [column for column in used if column not in table.columns]:
        raise SourceInvalid(
            f"{where}: no column {', '.join(map(repr, absent))}; mend `columns`, "
            f"or make it with `source.derive`"
        )
    return table.select(*used, *([PARTITION] if PARTITION in table.columns else []))


def grouped(rows: ibis.Table, attribute: Attribute, columns: Columns) -> Any:
    """The group of a row; intersections are joined."""
    if len(attribute.columns) > 1:
        parts = {a.name: a for a in columns.sensitive}
        joined = grouped(rows, parts[attribute.columns[0]], columns)
        for column in attribute.columns[1:]:
            joined = joined + ibis.literal(INTERSECTION) + grouped(rows, parts[column], columns)
        return joined
    column = rows[attribute.columns[0]]
    if attribute.bands:
        return ex.band(column, attribute.bands, attribute.labels)
    return ex.text(column).fill_null(UNKNOWN)


def _decision(rows: ibis.Table, columns: Columns) -> Any:
    if not isinstance(columns.decision, ScoreAtLeast):
        return ex.binary(rows[columns.decision] if columns.decision else None)
    value = ex.number(rows[columns.score])
    reached = ibis.ifelse(value >= ex.exact(columns.decision.score_at_least), 1, 0)
    valid = value.notnull() & (value >= 0) & (value <= 1)
    return ibis.ifelse(valid, reached, -1).cast("int32")
