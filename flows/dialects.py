"""What an engine lacks, written in what it has, so that one expression serves every engine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from itertools import islice
from typing import Any

import ibis
import pyarrow as pa
from ibis.expr import operations as ops

# Their floats cannot be NaN, and they have no word for it.
_WITHOUT_NAN = frozenset({"mssql", "mysql"})
# They take no WITH inside a FROM.
NO_STEPS_INSIDE = frozenset({"mssql"})
# They stop the whole statement at the first text that is no number.
_WITHOUT_TRY = frozenset({"postgres", "mysql"})
# They read "\v" and "\f" as the letters, and would strip these from words.
_STRIPS_LETTERS = frozenset({"pyspark", "databricks"})
# Texts that are read as numbers where reading cannot be tried: short enough never to overflow.
_NUMBER = (
    r"^[+-]?([0-9]{1,250}(\.[0-9]{0,250})?|\.[0-9]{1,250})$"
    r"|^[+-]?([0-9]{1,15}(\.[0-9]{0,17})?|\.[0-9]{1,17})[eE][+-]?([0-9]{1,2}|[12][0-9]{2})$"
    r"|^[+-]?([iI][nN][fF]([iI][nN][iI][tT][yY])?|[nN][aA][nN])$"
)


def plain(expression: Any, engine: str) -> Any:
    """The expression in terms the engine knows; equal to it wherever the engine knows them all.

    >>> t = ibis.table({"x": "string"}, name="t")
    >>> "CASE" in ibis.to_sql(plain(t.select(n=t.x.try_cast("float64")), "postgres"), dialect="postgres")
    True
    """
    lacking: dict[Any, Any] = {}
    if engine in _WITHOUT_NAN:
        lacking[ops.IsNan] = lambda value, node: ibis.literal(False)
    if engine in _WITHOUT_TRY:
        lacking[ops.TryCast] = _guarded
    if engine in _STRIPS_LETTERS:
        lacking[ops.Strip] = lambda value, node: value.re_replace(r"^\s+|\s+$", "")
    if not lacking:
        return expression

    def write(node: Any, changed: dict[str, Any] | None) -> Any:
        for lack, instead in lacking.items():
            if isinstance(node, lack):
                value = (changed or {}).get("arg") or node.args[0]
                return instead(value.to_expr(), node).op()
        return node.__recreate__(changed) if changed else node

    return expression.op().replace(write).to_expr()


def compiled(backend: Any, expression: Any) -> str:
    """The statement an engine runs for an expression."""
    return str(backend.compile(plain(expression, backend.name)))


def fetched(expression: Any) -> list[dict[str, Any]]:
    """The rows of a small answer, asked of the engine that holds its tables."""
    backend = expression.get_backend()
    rows: list[dict[str, Any]] = backend.to_pyarrow(plain(expression, backend.name)).to_pylist()
    return rows


def _guarded(value: Any, node: Any) -> Any:
    """A cast where the text can be read, else NULL."""
    if not (value.type().is_string() and node.to.is_floating()):
        return value.cast(node.to)
    # The cast sees only what may be cast: a CASE is read from the top.
    return ibis.ifelse(value.re_search(_NUMBER), value, ibis.null("string")).cast(node.to)


def streamed(expression: Any, rows: int) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The rows of an answer of any length, so many at a time, and their columns."""
    backend = expression.get_backend()
    if backend.name == "duckdb":
        cursor = backend.raw_sql(compiled(backend, expression))
        ask = (
            getattr(cursor, "to_arrow_reader", None) or cursor.fetch_record_batch
        )  # DuckDB 1.4 has the latter
        reader = ask(rows)
        return reader.schema, iter(reader)
    schema = expression.as_table().schema().to_pyarrow()
    if backend.name == "pyspark":  # its own batches are cut from the whole answer
        held = backend.raw_sql(compiled(backend, expression)).toLocalIterator()
        parts = iter(lambda: list(islice(held, rows)), [])
        zoned = [field.name for field in schema if getattr(field.type, "tz", None)]
        return schema, (pa.RecordBatch.from_pylist([_told(r, zoned) for r in part], schema) for part in parts)
    return schema, iter(backend.to_pyarrow_batches(plain(expression, backend.name), chunk_size=rows))


def _told(row: Any, zoned: list[str]) -> dict[str, Any]:
    """A row of Spark's, whose moments it tells by this machine's clock, without saying so."""
    told: dict[str, Any] = row.asDict()
    return told | {name: told[name].astimezone(UTC) for name in zoned if told[name] is not None}
