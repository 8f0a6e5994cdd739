"""Periods: which rows lie in a window, and in which window of the grid a row lies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis

from monitors.columns import Columns
from monitors.config import ModelConfig
from monitors.errors import SourceInvalid
from monitors.window import Window

PARTITION = "rounds_partition"  # of rows in folders by day (or month, or year): which, as it is written
_SPARE = timedelta(days=1)  # a folder's day may be another zone's


def near(table: ibis.Table, window: Window, config: ModelConfig) -> ibis.Table:
    """The rows in folders whose day is a window's, or the day before or after; all where there are none.

    An engine then leaves the files of other folders closed.
    """
    if PARTITION not in table.columns:
        return table
    part: Any = table[PARTITION]
    first, last = (
        ibis.literal(moment.astimezone(config.zone).date().isoformat()).left(part.length())
        for moment in (window.start - _SPARE, window.end + _SPARE)
    )
    return table.filter(part >= first, part <= last).drop(PARTITION)


def within(
    table: ibis.Table, columns: Columns, window: Window, config: ModelConfig, where: str = "the source"
) -> ibis.Table:
    """The rows of a window: [start, end), local where the column keeps local time."""
    table = near(table, window, config)
    time, (start, end) = _comparable(table, columns, (window.start, window.end), config, where)
    return table.filter(time >= start, time < end)


def without(
    table: ibis.Table, columns: Columns, parts: Sequence[Window], config: ModelConfig, where: str
) -> ibis.Table:
    """The table less the rows of those parts of time."""
    for part in parts:
        time, (start, end) = _comparable(table, columns, (part.start, part.end), config, where)
        table = table.filter((time < start) | (time >= end) | time.isnull())
    return table


def period(rows: ibis.Table, config: ModelConfig, window: Window) -> Any:
    """Which of the grid's windows inside a span each row lies in, as a whole number."""
    inside = list(config.grid.inside(window.start, window.end))
    bounds = [w.start for w in inside[:1] if w.start > window.start] + [w.start for w in inside[1:]]
    if inside and inside[-1].end < window.end:
        bounds.append(inside[-1].end)
    time, starts = _comparable(rows, config.columns, bounds, config, "the source")

    def search(first: int, last: int) -> Any:
        if first == last:
            return ibis.literal(first, "int32")
        middle = (first + last + 1) // 2
        return ibis.ifelse(time < starts[middle - 1], search(first, middle - 1), search(middle, last))

    return search(0, len(starts))


def _comparable(
    table: ibis.Table, columns: Columns, moments: Sequence[datetime], config: ModelConfig, where: str
) -> tuple[Any, list[Any]]:
    """The time column, and moments as it keeps them."""
    time: Any = table[columns.time]
    kind = time.type()
    if kind.is_timestamp() and kind.timezone:
        return time, [ibis.literal(moment.astimezone(UTC), kind) for moment in moments]
    if not (kind.is_timestamp() or kind.is_date()):
        raise SourceInvalid(
            f"{where}: column {columns.time!r} holds {kind} where a date or time is needed; "
            f"make one with `source.derive`"
        )
    if kind.is_date():
        time = time.cast("timestamp")
    local = (moment.astimezone(config.zone).replace(tzinfo=None) for moment in moments)
    return time, [ibis.literal(moment, "timestamp") for moment in local]
