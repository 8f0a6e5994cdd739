"""Times written as text: read in the one form that fits every row, or refused by name."""

from __future__ import annotations

from typing import Any

import ibis

from monitors.errors import SourceInvalid

_FORMS = (
    "%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d", "%Y%m%d",
    "%d/%m/%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S",
    "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d-%b-%Y", "%d %b %Y",
)  # fmt: skip


@ibis.udf.scalar.builtin(name="try_strptime")
def _read_as(value: str, form: str) -> ibis.expr.datatypes.timestamp:  # type: ignore[empty-body]
    ...


def readable_times(table: ibis.Table, column: str, form: str | None, where: str) -> ibis.Table:
    """The table with its time column as timestamps; other types pass as they are.

    Text is read in ISO 8601, else in the one form that fits every row. When day and month could
    be either, or some rows fit none, SourceInvalid says so and names the remedy.
    """
    written: Any = table[column]
    if not written.type().is_string():
        return table
    blank = written.isnull() | (written.strip() == "")
    text = ibis.ifelse(blank, ibis.null("string"), written.strip())
    if form is None:
        readings: dict[str, Any] = {"ISO 8601": text.try_cast("timestamp")}
        readings |= {candidate: _read_as(text, candidate) for candidate in _FORMS}
    else:
        readings = {form: _read_as(text, form)}
    fits = {f"fit_{i}": read.notnull().sum() for i, read in enumerate(readings.values())}
    found = table.aggregate(rows=text.notnull().sum(), **fits).to_pyarrow().to_pylist()[0]
    rows = int(found["rows"] or 0)
    if not rows:
        return table.mutate(**{column: ibis.null("timestamp")})
    whole = [name for i, name in enumerate(readings) if found[f"fit_{i}"] == rows]
    if not whole:
        best = max(range(len(readings)), key=lambda i: found[f"fit_{i}"] or 0)
        unread = rows - int(found[f"fit_{best}"] or 0)
        raise SourceInvalid(
            f"{where}: column {column!r}: {unread:,} of {rows:,} times are in no form that fits "
            f"(nearest: {list(readings)[best]}); say `source.time_format`, or mend those rows"
        )
    day_first = [name for name in whole if name.startswith("%d/%m")]
    month_first = [name for name in whole if name.startswith("%m/%d")]
    if day_first and month_first and whole[0] in (*day_first, *month_first):
        raise SourceInvalid(
            f"{where}: column {column!r}: day and month could be either way round; "
            f"say `source.time_format: \"{day_first[0]}\"` or \"{month_first[0]}\""
        )
    return table.mutate(**{column: readings[whole[0]]})
