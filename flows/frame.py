"""A table in memory as a source: pandas, Polars, Arrow, or anything that speaks Arrow's protocol."""

from __future__ import annotations

from typing import Any

import ibis
import pyarrow as pa

from flows.embedded import embedded, shut
from flows.engine import plainly
from flows.times import timed
from monitors.canonical import digest
from monitors.config import ModelConfig
from monitors.errors import SourceInvalid
from monitors.window import Window


class Frame:
    """Rows in memory, counted by an embedded DuckDB."""

    name = "the table"

    def __init__(self, rows: Any, config: ModelConfig) -> None:
        if not hasattr(rows, "__arrow_c_stream__"):
            raise SourceInvalid(f"a {type(rows).__name__} is no table; pass a pandas, Polars or Arrow table")
        self._rows = pa.table(rows)
        self._config = config
        self._backend = embedded()
        self._table: ibis.Table | None = None

    def table(self) -> ibis.Table:
        """The table, with derived columns."""
        if self._table is None:
            if self._config.columns.time not in (*self._rows.column_names, *self._config.source.derive):
                raise SourceInvalid(
                    f"{self.name}: no column {self._config.columns.time!r}; mend `columns.time`"
                )
            with plainly(self.name, self._rows.column_names):
                held = self._backend.create_table("rounds_rows", self._rows, temp=True)
                table = timed(held, self._config, None, self.name)
                self._table = self._backend.create_table("rounds_read", table, temp=True)
                self._backend.drop_table("rounds_rows")
        return self._table

    def fingerprint(self, window: Window | None = None) -> str:
        """Of its shape; a table in memory has no history."""
        return digest([self._rows.num_rows, self._rows.column_names])

    def unread(self) -> dict[str, str]:
        """Nothing: what cannot be read is refused as a whole."""
        return {}

    def close(self) -> None:
        """Let DuckDB go."""
        shut(self._backend)
