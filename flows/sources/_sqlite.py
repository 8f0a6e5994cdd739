"""The rows of a SQLite table, streamed into an engine that has types to count by."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Set
from pathlib import Path
from typing import Any

import pyarrow as pa

from monitors.errors import SourceInvalid

_BATCH = 50_000


def copy(path: Path, table: str, wanted: Set[str], engine: Any, name: str) -> None:
    """Copy the wanted columns of a table into `engine` (a DuckDB connection) under `name`.

    Raises SourceInvalid when the file is no database or has no such table.
    """
    held = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)
    try:
        there = {row[1]: str(row[2]) for row in held.execute(f"PRAGMA table_info({_quoted(table)})")}
        if not there:
            raise SourceInvalid(f"{path.name}: no table {table!r}; check `source.table`")
        columns = [column for column in there if column in wanted] or list(there)[:1]
        types = _types(held, table, {column: there[column] for column in columns})
        schema = pa.schema(list(types.items()))
        cursor = held.execute(f"SELECT {', '.join(map(_quoted, columns))} FROM {_quoted(table)}")  # noqa: S608
        engine.register("rounds_stream", pa.RecordBatchReader.from_batches(schema, _batches(cursor, schema)))
        engine.execute(f"CREATE TEMP TABLE {_quoted(name)} AS SELECT * FROM rounds_stream")  # noqa: S608
        engine.unregister("rounds_stream")
    except sqlite3.DatabaseError as error:
        raise SourceInvalid(f"{path.name}: cannot be read as SQLite ({type(error).__name__})") from None
    finally:
        held.close()


def _types(held: sqlite3.Connection, table: str, columns: Mapping[str, str]) -> Mapping[str, pa.DataType]:
    """The narrowest type that every value of a column fits: SQLite keeps a type per value."""
    found: dict[str, pa.DataType] = {}
    for column, declared in columns.items():
        rows = held.execute(f"SELECT DISTINCT typeof({_quoted(column)}) FROM {_quoted(table)}")  # noqa: S608
        kinds = {row[0] for row in rows} - {"null"}
        if kinds <= {"integer"} and kinds:
            found[column] = pa.bool_() if declared.lower().startswith("bool") else pa.int64()
        elif kinds <= {"integer", "real"} and kinds:
            found[column] = pa.float64()
        else:
            found[column] = pa.string()
    return found


def _batches(cursor: sqlite3.Cursor, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    while rows := cursor.fetchmany(_BATCH):
        columns = zip(*rows, strict=True)
        arrays = [
            pa.array(map(_plain(kind), held), kind) for held, kind in zip(columns, schema.types, strict=True)
        ]
        yield pa.record_batch(arrays, schema=schema)


def _plain(kind: pa.DataType) -> Callable[[Any], Any]:
    if pa.types.is_string(kind):
        return _text
    made = {pa.bool_(): bool, pa.float64(): float, pa.int64(): int}[kind]
    return lambda value: None if value is None else made(value)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
