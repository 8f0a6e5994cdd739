"""Heads: which audit of each window stands, read without opening a single one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitors.entry_table import entries, reached
from monitors.window import utc

_RANK: Mapping[str | None, int] = {"scored": 0, "outcome": 1}
_FEW = 200  # audits that lack something, looked at by themselves
_TOGETHER = 500  # entries asked for by number at once
# What an index holds, or what stands before the body: a column after it costs reading past it.
LIGHT = ("seq", "at", "kind", "key", "model", "version", "window", "window_end", "stage", "summary", "digest")
_FACTS = [entries.c[name] for name in ("seq", "model", "version", "window", "window_end", "stage")]


def standing(
    connection: sa.Connection,
    model: str | None = None,
    before: datetime | None = None,
    since: datetime | None = None,
    last: int | None = None,
) -> list[int]:
    """Numbers of the audits that stand, by model and window: the last revision of the furthest stage.

    Args:
        connection: to the ledger.
        model: of which model; None, and of all.
        before: only windows that ended by then.
        since: only windows that ended later.
        last: of each model, at most so many, the latest.
    """
    if last is not None and model is None:
        names = audited(connection)
        return [seq for name in names for seq in standing(connection, name, before, since, last)]
    query = sa.select(*_FACTS).where(entries.c.kind == "audit")
    if model is not None:
        query = query.where(entries.c.model == model)
    if before is not None:
        query = query.where(entries.c.window_end <= utc(before))
    if since is not None:
        query = query.where(entries.c.window_end > utc(since))
    newest = query.order_by(entries.c.model, entries.c.window_end.desc(), entries.c.seq.desc())
    if last is None:
        return [seq for seq, _ in _best(connection.execute(newest).all())]
    limit = 4 * last  # a window has two stages, and seldom more revisions
    while True:
        rows = connection.execute(newest.limit(limit)).all()
        # Entries of one window end together: the last ones read may not be all there is of theirs.
        whole = rows if len(rows) < limit else [row for row in rows if row.window_end != rows[-1].window_end]
        found = _best(whole)
        if len(rows) < limit or len(found) >= last:
            return [seq for seq, _ in found[-last:]]
        limit *= 4


def audited(connection: sa.Connection) -> list[str]:
    """Every model with an audit, sorted: one look into the index for each, whatever its history."""
    audits, later = entries.alias(), entries.alias()
    first = sa.select(sa.func.min(audits.c.model).label("model")).where(audits.c.kind == "audit")
    found = first.cte("audited", recursive=True)
    following = (
        sa.select(sa.func.min(later.c.model))
        .where((later.c.kind == "audit") & (later.c.model > found.c.model))
        .correlate(found)
        .scalar_subquery()
    )
    every = found.union_all(sa.select(following).select_from(found).where(found.c.model.is_not(None)))
    return sorted(connection.scalars(sa.select(every.c.model).where(every.c.model.is_not(None))))


def newest(connection: sa.Connection, kind: str, model: str | None = None, after: int = 0) -> dict[str, int]:
    """The last entry's number by model, of a kind; of entries written `after` that number alone."""
    query = sa.select(entries.c.model, sa.func.max(entries.c.seq)).group_by(entries.c.model)
    # Hidden from the index of kinds, so that the few entries after a number are sought by it.
    of_kind = sa.func.coalesce(entries.c.kind, "") if after else entries.c.kind
    query = query.where(of_kind == kind, *([entries.c.seq > after] if after else []))
    if model is not None:
        query = query.where(entries.c.model == model)
    return {name: last for name, last in connection.execute(query) if name is not None}


def keyed(engine: sa.Engine, kind: str) -> dict[str, int]:
    """The number of every entry of a kind by its key: an index holds both, whatever the history."""
    query = sa.select(entries.c.key, entries.c.seq).where(entries.c.kind == kind)
    with reached(engine), engine.connect() as connection:
        rows = connection.execution_options(isolation_level="AUTOCOMMIT").execute(query)
        return {row.key: row.seq for row in rows}


def places(connection: sa.Connection, model: str) -> list[tuple[int, str]]:
    """Number and window of each audit of a model that stands, oldest first, by the index alone."""
    ranked = sa.case(_RANK, value=entries.c.stage, else_=-1)
    window = [entries.c.version, entries.c.window]
    place = sa.func.row_number().over(partition_by=window, order_by=[ranked.desc(), entries.c.seq.desc()])
    facts = [entries.c.seq, entries.c.window, entries.c.window_end]
    audits = (entries.c.kind == "audit") & (entries.c.model == model)
    first = sa.select(*facts, place.label("place")).where(audits).subquery()
    query = sa.select(first.c.seq, first.c.window).where(first.c.place == 1)
    # Ranked by the database: of ten years a page would hold every revision of every window meanwhile.
    rows = connection.execute(query.order_by(first.c.window_end, first.c.seq))
    return [(seq, window) for seq, window in rows]


def awaiting(connection: sa.Connection, model: str) -> str | None:
    """When the oldest window of a model ended whose outcomes are not counted, by the database alone."""
    counted = sa.func.max(sa.case((entries.c.stage == "outcome", 1), else_=0))
    windows = (
        sa.select(entries.c.window_end)
        .where((entries.c.kind == "audit") & (entries.c.model == model))
        .group_by(entries.c.version, entries.c.window, entries.c.window_end)
        .having(counted == 0)
        .subquery()
    )
    ended = connection.scalar(sa.select(sa.func.min(windows.c.window_end)))
    return str(ended) if ended else None


def _best(rows: Sequence[Any]) -> list[tuple[int, str]]:
    found: dict[tuple[Any, ...], tuple[int, int]] = {}
    for row in rows:
        place = (row.model or "", row.window_end or "", row.version, row.window)
        found[place] = max(found.get(place, (-1, 0)), (_RANK.get(row.stage, -1), row.seq))
    ordered = sorted((model, end, seq, window) for (model, end, _, window), (_, seq) in found.items())
    return [(seq, window) for *_, seq, window in ordered]


def light(connection: sa.Connection, seqs: Sequence[int]) -> list[dict[str, Any]]:
    """The entries with these numbers, in their order, but for what is slow to read."""
    columns = [entries.c[name] for name in LIGHT]
    found: dict[int, dict[str, Any]] = {}
    for start in range(0, len(seqs), _TOGETHER):
        query = sa.select(*columns).where(entries.c.seq.in_(seqs[start : start + _TOGETHER]))
        found |= {row["seq"]: dict(row) for row in connection.execute(query).mappings()}
    return [found[seq] for seq in seqs]


def lacking(connection: sa.Connection, kind: str) -> int:
    """How many audits as they stand have no entry of a kind under their digest."""
    have = sa.select(entries.c.key).where(entries.c.kind == kind)
    # Two sorted columns side by side: where few lack it, the years that have it stay unranked.
    bare = sa.select(entries.c.digest).where(entries.c.kind == "audit").except_(have)
    few = connection.scalars(bare.limit(_FEW + 1)).all()
    if len(few) > _FEW:
        every = sa.select(sa.func.count()).select_from(_without(kind).subquery())
        return int(connection.scalar(every) or 0)
    found = connection.execute(_of_audits(entries.c.digest.in_(few))).all()
    ends = {(row.model, row.window_end) for row in found}
    ending = sa.tuple_(entries.c.model, entries.c.window_end).in_(ends)
    stand = {seq for seq, _ in _best(connection.execute(_of_audits(ending)).all())} if ends else set()
    return sum(row.seq in stand for row in found)


def _of_audits(those: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(*_FACTS).where((entries.c.kind == "audit") & those)


def without(engine: sa.Engine, kind: str, model: str) -> list[int]:
    """Numbers of a model's audits as they stand with no entry of a kind under their digest, oldest first.

    Sought by the database, since this is asked after every window: of years nothing else is read.
    """
    query = _without(kind, model)
    ordered = query.order_by(query.selected_columns.window_end, query.selected_columns.seq)
    with reached(engine), engine.connect() as connection:
        return [
            row.seq for row in connection.execution_options(isolation_level="AUTOCOMMIT").execute(ordered)
        ]


def _without(kind: str, model: str | None = None) -> sa.Select[Any]:
    ranked = sa.case(_RANK, value=entries.c.stage, else_=-1)
    window = [entries.c.model, entries.c.version, entries.c.window]
    place = sa.func.row_number().over(partition_by=window, order_by=[ranked.desc(), entries.c.seq.desc()])
    facts = [entries.c.seq, entries.c.window_end, entries.c.digest, place.label("place")]
    audits = (entries.c.kind == "audit") & (entries.c.model == model if model is not None else sa.true())
    first = sa.select(*facts).where(audits).subquery()
    other = entries.alias()
    there = sa.exists().where((other.c.kind == kind) & (other.c.key == first.c.digest))
    return sa.select(first.c.seq, first.c.window_end).where((first.c.place == 1) & ~there)
