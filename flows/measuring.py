"""Measuring: the measures of a window's texts taken once, and the texts left behind.

What an engine's own language can say is said in it. The rest is taken beside the source
(`flows/worker.py`). What is kept, on disk and only while it is counted, is the other columns in use and
the measures.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from flows import expressions as ex
from flows.dialects import compiled, streamed
from flows.embedded import embedded, shut
from flows.evidently_text import measures
from flows.periods import period
from flows.worker import AT_ONCE, MOST, PERIOD, TEXT, Asked, Taking
from flows.workers import taken
from monitors.columns import Columns
from monitors.config import ModelConfig
from monitors.textual import TextMeasure
from monitors.window import Window

GROUP = 32_768  # rows that are written together: each group's description stays in memory until the end
LIMIT = "256MB"  # what meeting and counting may hold of the measures; what is more waits on disk


@contextmanager
def measured(
    rows: ibis.Table, config: ModelConfig, window: Window | None, where: str = "the source"
) -> Iterator[ibis.Table]:
    """The rows with the measures of their texts in the place of the texts, for as long as it is open.

    Args:
        rows: with the texts the config names, or with the measures already.
        config: which measures of which columns.
        window: the span the rows are of; texts of one window of the grid are near duplicates.
        where: what messages call the source.

    Raises:
        SourceInvalid: naming the measure, where it cannot be taken.
    """
    columns = config.columns
    backend: Any = rows.get_backend()
    inside, beside = _parted(rows, columns, backend.name)
    kept = [column for column in rows.columns if column not in columns.text]
    if not beside and (not inside or backend.name != "duckdb"):
        yield rows.mutate(**inside).select(*kept, *inside)
        return
    with tempfile.TemporaryDirectory(prefix="rounds-", ignore_cleanup_errors=True) as folder:
        place = Path(folder) / "measured.parquet"
        wanted = rows.select(*kept, **inside, **_sent(rows, beside, config, window))
        if beside:
            _written(wanted, Taking(beside, where), place)
        else:
            # Once to a file: counted where they are, the measures would be taken anew for every scan.
            _copied(backend, wanted, place)
        # The source's own engine may hold what it will; ours counts any number of rows in the same room.
        own = embedded(temp_directory=folder, memory_limit=LIMIT) if beside else None
        try:
            with _read(own or backend, place) as held:
                if not any(one.facts.shared for one in beside):
                    yield held
                    return
                place = place.with_name("met.parquet")
                _meet(own or backend, held, beside, columns.id, place)
            with _read(own or backend, place) as held:
                yield held
        finally:
            if own is not None:
                shut(own)


def _parted(rows: ibis.Table, columns: Columns, engine: str) -> tuple[dict[str, Any], list[Asked]]:
    """The measures in the engine's own words, and those to be taken beside it."""
    inside: dict[str, Any] = {}
    beside: list[Asked] = []
    offered = measures()
    for name, (texts, measure) in columns.measured.items():
        take = offered[measure]
        facts: TextMeasure = take.measure  # type: ignore[attr-defined]
        if name in rows.columns:
            continue
        if facts.beside:
            beside.append(Asked(name, take, facts, texts))
        elif facts.plain is not None and engine == "duckdb":
            beside.append(Asked(name, facts.plain, facts, texts))
        else:
            inside[name] = take(*(rows[text].cast("string") for text in texts))
    return inside, beside


def _sent(
    rows: ibis.Table, beside: Sequence[Asked], config: ModelConfig, window: Window | None
) -> dict[str, Any]:
    """What the worker is sent: each text once, and which window of the grid a row lies in."""
    names = dict.fromkeys(text for one in beside for text in one.texts)
    sent: dict[str, Any] = {TEXT.format(name): rows[name].cast("string").substr(0, MOST) for name in names}
    if any(one.facts.shared for one in beside):
        sent[PERIOD] = period(rows, config, window) if window else ibis.literal(0, "int32")
    return sent


def _written(rows: ibis.Table, taking: Taking, place: Path) -> None:
    """Take the measures as the rows come, and write what is kept."""
    with _one_reader(rows.get_backend()):
        schema, batches = streamed(rows, AT_ONCE)
        with pq.ParquetWriter(place, taking.schema(schema)) as file:
            for group in _grouped(taken(batches, taking)):
                file.write_table(pa.Table.from_batches(group))


def _grouped(batches: Iterator[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(one.num_rows for one in held) >= GROUP:
            yield held
            held = []
    if held:
        yield held


@contextmanager
def _one_reader(backend: Any) -> Iterator[None]:
    """One thread of DuckDB reads: each holds texts of its own, and the processors are the workers'."""
    if backend.name != "duckdb":
        yield
        return
    (threads,) = backend.raw_sql("SELECT current_setting('threads')").fetchone()
    backend.raw_sql("SET threads = 1")
    try:
        yield
    finally:
        backend.raw_sql(f"SET threads = {int(threads)}")


def _copied(backend: Any, rows: ibis.Table, place: Path) -> None:
    quoted = str(place).replace("'", "''")
    backend.raw_sql(f"COPY ({compiled(backend, rows)}) TO '{quoted}' (FORMAT parquet)")


@contextmanager
def _read(backend: Any, place: Path) -> Iterator[ibis.Table]:
    held = backend.read_parquet(place)
    try:
        yield held
    finally:
        backend.drop_view(held.get_name(), force=True)


def _meet(backend: Any, held: Any, beside: Sequence[Asked], identity: str | None, place: Path) -> None:
    """Keys that a text shares with another turned into whether it shares any; a retry is no other.

    One kind of key after the other, and of each what is shared goes to a file: all at once would hold all
    keys of all texts in memory.
    """
    made: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir=place.parent) as folder, ExitStack() as opened:
        for one in beside:
            if not one.facts.shared:
                continue
            meets = []
            for i, key in enumerate(one.keys):
                twice = _shared(held.filter(held[key].notnull()).group_by(key), identity)
                file = Path(folder) / f"{len(made)}-{i}.parquet"
                _copied(backend, twice.select(key), file)
                shared = opened.enter_context(_read(backend, file))
                meets.append(held[key].isin(shared[key]))
            made[one.name] = ibis.ifelse(held[one.keys[0]].isnull(), ibis.null("boolean"), reduce(or_, meets))
        keys = [key for one in beside for key in one.keys]
        _copied(backend, held.mutate(**made).drop(*keys), place)


def _shared(some: Any, identity: str | None) -> ibis.Table:
    """The groups of two rows at least, where rows of one id are one.

    By the least and the greatest id: to count different ones a set would be held for each group.
    """
    if identity is None:
        return some.aggregate(n=lambda t: t.count()).filter(ibis._.n > 1)
    told = some.aggregate(
        least=lambda t: t[identity].min(where=~ex.blank(t[identity])),
        most=lambda t: t[identity].max(where=~ex.blank(t[identity])),
        unnamed=lambda t: ex.blank(t[identity]).sum(),
    )
    return told.filter(
        (told.unnamed > 1) | (told.least != told.most) | ((told.unnamed == 1) & told.least.notnull())
    )
