"""A frame in memory audited in one call, for people who look at numbers in a notebook first."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from flows import source
from flows.frame import Frame
from flows.monitor import step
from monitors.audit import Audit
from monitors.config import ModelConfig
from monitors.errors import SourceInvalid
from monitors.window import Window, moment


def audited(
    rows: Any,
    config: ModelConfig | Path | str,
    *,
    reference: Any = None,
    window: Window | str | None = None,
) -> Audit:
    """Audit one window of a pandas, Polars or Arrow table; nothing is kept.

    Args:
        rows: a prediction each, outcomes beside them where they are known.
        config: the model's declaration, or the file that holds it.
        reference: rows of the reference period, where they are not among `rows`.
        window: which one: its first day, or start/end; the last complete one if not given.

    Raises:
        SourceInvalid: where the rows are no table, or hold no time.
    """
    held = config if isinstance(config, ModelConfig) else source.read(Path(config))
    table = together(rows, reference)
    if isinstance(window, Window):
        asked = window
    elif window is not None:
        asked = Window.parse(window) if "/" in window else _starting(held, moment(window, held.zone))
    else:
        asked = held.grid.ending_by(_newest(table, held))
    return step(held, asked, table)


def together(rows: Any, reference: Any) -> pa.Table:
    """Both tables as one, columns by name; what one of them lacks is missing there.

    >>> together(pa.table({"a": [1]}), pa.table({"a": [2], "b": ["x"]})).num_rows
    2
    """
    for table in (rows, *([] if reference is None else [reference])):
        if not hasattr(table, "__arrow_c_stream__"):
            raise SourceInvalid(f"a {type(table).__name__} is no table; pass a pandas, Polars or Arrow table")
    parts = [pa.table(table) for table in (rows, *([] if reference is None else [reference]))]
    return pa.concat_tables(parts, promote_options="permissive")


def _starting(config: ModelConfig, start: datetime) -> Window:
    return config.grid.window(config.grid.index(start))


def _newest(table: pa.Table, config: ModelConfig) -> datetime:
    """The time of the newest row."""
    opened = Frame(table, config)
    try:
        newest: datetime | None = opened.table()[config.columns.time].max().to_pyarrow().as_py()
    finally:
        opened.close()
    if newest is None:
        raise SourceInvalid(f"the table holds no time in {config.columns.time!r}; mend `columns.time`")
    return newest if newest.tzinfo else newest.replace(tzinfo=UTC)
