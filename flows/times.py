"""Times written as text: read in the one form that fits every row, or refused by name."""

from __future__ import annotations

from typing import Any

import ibis

from flows.batches import exploded
from flows.derive import derive
from monitors.config import ModelConfig
from monitors.errors import SourceInvalid

ISO = "ISO 8601"
ISO_OFFSET = "ISO 8601 with an offset"
FORMS = (
    "%Y/%m/%d", "%Y%m%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M",
    "%d/%m/%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S",
    "%d-%m-%Y", "%d-%m-%Y %H:%M", "%d-%m-%Y %H:%M:%S",
    "%m-%d-%Y", "%m-%d-%Y %H:%M", "%m-%d-%Y %H:%M:%S",
    "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S",
    "%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p", "%d-%b-%Y", "%d-%b-%Y %H:%M:%S", "%d %b %Y",
)  # fmt: skip
# A clock time and then Z or an offset; a date's own dashes are no offset.
_OFFSET = r":[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"


@ibis.udf.scalar.builtin(name="try_strptime")  # type: ignore[untyped-decorator]  # as ibis has it
def _read_as(value: str, form: str) -> ibis.expr.datatypes.timestamp: ...


def timed(table: ibis.Table, config: ModelConfig, form: str | None, where: str) -> ibis.Table:
    """The table with its times read and its columns derived, in the order that lets either use the other."""
    columns, derived = config.columns, config.source.derive
    table = exploded(table, config, where)
    time, others = columns.time, (columns.action_time, columns.recorded)
    if not time:
        return derive(table, derived, "duckdb")
    if time in derived:
        table = readable_times(derive(table, derived, "duckdb"), time, form, where)
    else:
        table = derive(readable_times(table, time, form, where), derived, "duckdb")
    for other in others:
        if other is not None and other in table.columns:
            table = readable_times(table, other, form, where, alike=time)
    return table


def readable_times(
    table: ibis.Table, column: str, form: str | None, where: str, alike: str | None = None
) -> ibis.Table:
    """The table with its time column as timestamps; other types pass as they are.

    Without a single time in it the column is of the type of the column `alike`.

    Text is read in ISO 8601, else in the one form that fits every row. When day and month could
    be either, or some rows fit none, SourceInvalid says so and names the remedy.
    """
    if not table[column].type().is_string():
        return table
    text = written(table, column)
    rows, readings = fitting(table, column, form)
    if not rows:
        return table.mutate(**{column: ibis.null(table[alike].type() if alike else "timestamp")})
    whole = [name for name, fits in readings.items() if fits == rows]
    if not whole:
        nearest = max(readings, key=lambda name: readings[name])
        unread = rows - readings[nearest]
        raise SourceInvalid(
            f"{where}: column {column!r}: {unread:,} of {rows:,} times are in no form that fits "
            f"(nearest: {nearest}); say `source.time_format`, make a time with `source.derive`, or "
            f"mend those rows"
        )
    if len(either := ways_round(whole)) > 1:
        raise SourceInvalid(
            f"{where}: column {column!r}: day and month could be either way round; "
            f'say `source.time_format: "{either[0]}"` or "{either[1]}"'
        )
    return table.mutate(**{column: reading(text, whole[0])})


def written(table: ibis.Table, column: str) -> Any:
    """A text column trimmed, NULL where blank."""
    value: Any = table[column]
    trimmed = value.strip()
    return ibis.ifelse(value.isnull() | (trimmed == ""), ibis.null("string"), trimmed)


def reading(text: Any, form: str) -> Any:
    """The text read in one form; NULL where it does not fit."""
    # With an offset it is a moment; without one it is what the local clock showed.
    if form == ISO_OFFSET:
        moment = ibis.null("timestamp('UTC')")
        return ibis.ifelse(text.re_search(_OFFSET), text.try_cast("timestamp('UTC')"), moment)
    if form == ISO:
        clock = ibis.null("timestamp")
        return ibis.ifelse(text.re_search(_OFFSET), clock, text.try_cast("timestamp"))
    return _read_as(text, form)


def fitting(table: ibis.Table, column: str, form: str | None) -> tuple[int, dict[str, int]]:
    """How many rows have a time, and how many of them each form reads; likely forms first."""
    text = written(table, column)
    tried = ((form,),) if form else ((ISO_OFFSET, ISO), FORMS)
    found: dict[str, int] = {}
    rows = 0
    for forms in tried:
        fits = {f"fit_{i}": reading(text, name).notnull().sum() for i, name in enumerate(forms)}
        got = table.aggregate(rows=text.notnull().sum(), **fits).to_pyarrow().to_pylist()[0]
        rows = int(got["rows"] or 0)
        found |= {name: int(got[f"fit_{i}"] or 0) for i, name in enumerate(forms)}
        if rows in found.values():
            break
    return rows, found


def ways_round(forms: list[str]) -> list[str]:
    """The first form that reads the day first and the first that reads the month first, if both fit."""
    days = [form for form in forms if form.startswith("%d") and "%m" in form]
    months = [form for form in forms if form.startswith("%m")]
    return [days[0], months[0]] if days and months else []
