"""Sampling: a bounded, repeatable few of a window's rows, drawn by the engine that holds them.

For what counts cannot tell: how columns move together. The rows are in memory while they are
looked at; none is kept, printed or logged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ibis

from flows import expressions as ex
from flows.counting import once
from flows.dialects import fetched
from flows.engine import plainly
from flows.measuring import measured
from flows.periods import within
from flows.prepare import checked
from monitors.config import ModelConfig
from monitors.errors import NotComputable
from monitors.window import Window

Sample = Mapping[str, Sequence[Any]]
"""By column: a number as a float, a category as text, None where missing."""

DIGESTED = frozenset({"duckdb", "postgres", "mysql", "snowflake", "databricks", "pyspark"})
_APART = "\x1f"  # between the parts of a row's name, where no value has it


def sampled(
    table: ibis.Table,
    config: ModelConfig,
    window: Window,
    rows: int,
    *,
    seed: int,
    where: str = "the source",
) -> Sample:
    """At most `rows` rows of a window: features and score, one of each patient where patients are named.

    Each row has a place in a fixed shuffle, the digest of the seed and of what names the row, and
    the first are taken: the same data give the same sample, however many threads read them and
    in whatever order they lie.

    Raises:
        SourceInvalid: naming the column and the remedy.
        NotComputable: where the engine knows no digest.
    """
    columns = config.columns
    with plainly(where, table.columns):
        whole = within(checked(table, columns, where), columns, window, config, where)
    with plainly(where, table.columns), measured(whole, config, window, where) as held:
        if columns.id:
            held = once(held, columns)
        drawn = held.mutate(rounds_place=_place(held, config, seed))
        if columns.patient and columns.patient != columns.id:
            named = drawn.mutate(rounds_patient=ex.text(drawn[columns.patient]))
            by_patient = ibis.window(group_by=named.rounds_patient, order_by=named.rounds_place)
            numbered = named.mutate(rounds_first=ibis.row_number().over(by_patient))
            drawn = numbered.filter((numbered.rounds_first == 0) | numbered.rounds_patient.isnull())
        few = drawn.order_by(drawn.rounds_place).limit(rows)
        numbers = [*columns.numeric, *([columns.score] if columns.score else [])]
        asked: dict[str, Any] = {f"c{i}": ex.number(few[name]) for i, name in enumerate(numbers)}
        asked |= {
            f"c{i}": ex.text(few[name]) for i, name in enumerate(columns.categorical, start=len(numbers))
        }
        got = fetched(few.select(**asked)) if asked else []
    names = [*numbers, *columns.categorical]
    return {name: [row[f"c{i}"] for row in got] for i, name in enumerate(names)}


def _place(rows: ibis.Table, config: ModelConfig, seed: int) -> Any:
    """Where a row stands in the shuffle: a digest of its id, or of its time and all its values."""
    columns = config.columns
    naming = [columns.id] if columns.id else list(rows.columns)
    return shuffled([rows[name] for name in naming], str(seed), rows.get_backend().name)


def shuffled(naming: Sequence[Any], seed: str, engine: str) -> Any:
    """A row's place in a fixed shuffle: the digest of a seed and of what names the row.

    Raises NotComputable where the engine knows no digest.
    """
    told: Any = ibis.literal(seed)
    for value in naming:
        told = told + ibis.literal(_APART) + value.cast("string").fill_null("")
    if engine in DIGESTED:
        return md5(told)
    if engine == "mssql":
        return told.hexdigest("md5")
    raise NotComputable(f"{engine} knows no digest by which to draw the same rows every time")


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def md5(text: str) -> str:  # type: ignore[empty-body]
    """The engine's own."""
