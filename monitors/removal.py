"""Removal: bodies that a retention rule let go, each named by an entry that stays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn

import sqlalchemy as sa

from monitors.entry_table import LEAVES, REMOVED, entries, reached
from monitors.errors import Removed
from monitors.window import Window, utc

TOGETHER = 500  # bodies that one entry names
_PAGES = 1000  # given back at once, so that nobody waits long to write
_FACTS = [entries.c[name] for name in ("seq", "at", "kind", "digest", "window", "version")]
_WHAT = {
    "profile": "the counts",
    "rolled_up": "the counts",
    "reference": "the counts of the reference",
    "weighed": "what stood after",
    "glance": "the glance",
}


@dataclass(frozen=True, slots=True)
class Held:
    """An entry whose body is still there and of a kind that may go."""

    seq: int
    at: str
    kind: str
    digest: str
    window: str | None
    version: str | None
    size: int


@dataclass(frozen=True, slots=True)
class Removal:
    """Bodies of one model that one rule lets go together: what an entry of the ledger names.

    Attributes:
        model, rule: whose they are, and under which rule, in words.
        window: from the start of the first to the end of the last.
        bodies: the entries, at most `TOGETHER`.
    """

    model: str
    rule: str
    window: Window
    bodies: tuple[Held, ...]

    def payload(self, by: str) -> dict[str, Any]:
        """What the entry says; `by` is the digest of the rules as they stood."""
        named = [[each.seq, each.kind, each.digest] for each in self.bodies]
        return {"rule": self.rule, "by": by, "entries": named}

    def summary(self) -> dict[str, Any]:
        """What the database's guard reads: which bodies may now be emptied."""
        return {"rule": self.rule, "entries": [each.seq for each in self.bodies]}


class Gone(Mapping[str, Any]):
    """The body of an entry that was let go: whoever reads anything of it hears when, and by which rule."""

    __slots__ = ("_said",)

    def __init__(self, said: Callable[[], str]) -> None:
        self._said = said

    @property
    def said(self) -> str:
        """When it was let go and under which rule."""
        return self._said()

    def _refuse(self) -> NoReturn:
        raise Removed(self._said())

    def __getitem__(self, key: str) -> NoReturn:
        self._refuse()

    def __iter__(self) -> Iterator[str]:
        self._refuse()

    def __len__(self) -> int:
        self._refuse()


def removals(model: str, rule: str, bodies: Sequence[Held]) -> Iterator[Removal]:
    """Bodies that a rule lets go, oldest first, so many to an entry."""
    ordered = sorted(bodies, key=lambda held: (_window(held).end, held.seq))
    for start in range(0, len(ordered), TOGETHER):
        some = ordered[start : start + TOGETHER]
        windows = [_window(held) for held in some]
        span = Window(min(w.start for w in windows), max(w.end for w in windows))
        yield Removal(model, rule, span, tuple(some))


def bodies(engine: sa.Engine, kinds: Sequence[str], model: str, until: datetime) -> list[Held]:
    """Entries of a model, of windows that ended by a moment, whose bodies are still there; oldest first."""
    old = entries.c.window_end <= utc(until)
    timeless = entries.c.window_end.is_(None) & (entries.c.at <= utc(until))
    size = sa.func.length(entries.c.body)
    where = entries.c.kind.in_(kinds) & (entries.c.model == model) & (old | timeless) & (size > 0)
    query = sa.select(*_FACTS, size.label("size")).where(where).order_by(entries.c.seq)
    with reached(engine), engine.connect() as connection:
        found = connection.execution_options(isolation_level="AUTOCOMMIT").execute(query)
        return [Held(**row) for row in found.mappings()]


def blank(engine: sa.Engine, seqs: Sequence[int]) -> tuple[int, int]:
    """Empty these bodies, those that are not yet; returns how many were, and of how many bytes.

    The database lets it through only where an entry `removed` names each of them.
    """
    there = entries.c.seq.in_(seqs) & (sa.func.length(entries.c.body) > 0)
    size = sa.select(sa.func.coalesce(sa.func.sum(sa.func.length(entries.c.body)), 0)).where(there)
    with reached(engine), engine.begin() as connection:
        if engine.dialect.name == "sqlite":  # what was there is written over, not only forgotten
            connection.exec_driver_sql("PRAGMA secure_delete=ON")
        freed = int(connection.scalar(size) or 0)
        emptied = connection.execute(sa.update(entries).where(there).values(body=b""))
        return emptied.rowcount, freed if emptied.rowcount else 0


def unsettled(engine: sa.Engine, through: int) -> list[tuple[int, list[int]]]:
    """Entries that name what goes, after one: the number of each, and the numbers it names."""
    where = (entries.c.kind == REMOVED) & (entries.c.seq > through)
    query = sa.select(entries.c.seq, entries.c.summary).where(where).order_by(entries.c.seq)
    with reached(engine), engine.connect() as connection:
        found = connection.execution_options(isolation_level="AUTOCOMMIT").execute(query)
        return [(row.seq, json.loads(row.summary)["entries"]) for row in found]


def give_back(engine: sa.Engine) -> None:
    """Give the space of emptied bodies back: SQLite's to the disk, PostgreSQL's to the table."""
    with reached(engine), engine.connect() as opened:
        connection = opened.execution_options(isolation_level="AUTOCOMMIT")
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("VACUUM rounds_entries")
            return
        if connection.exec_driver_sql("PRAGMA auto_vacuum").scalar() != 2:  # once: writes the file anew
            connection.exec_driver_sql("PRAGMA auto_vacuum=INCREMENTAL")
            connection.exec_driver_sql("VACUUM")
        while connection.exec_driver_sql("PRAGMA freelist_count").scalar():
            connection.exec_driver_sql(f"PRAGMA incremental_vacuum({_PAGES})").all()
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()


def told(engine: sa.Engine, row: Mapping[str, Any]) -> str | None:
    """What a reader is told in place of a body that is gone; None where no entry says that it was let go."""
    where = (entries.c.kind == REMOVED) & (entries.c.model == row["model"]) & (entries.c.seq > row["seq"])
    if row["window"] is not None:
        where &= entries.c.window_end >= row["window"].partition("/")[2]
    query = sa.select(entries.c.seq, entries.c.at, entries.c.summary).where(where).order_by(entries.c.seq)
    with reached(engine), engine.connect() as opened:
        for found in opened.execution_options(isolation_level="AUTOCOMMIT").execute(query):
            summary = json.loads(found.summary)
            if row["seq"] in summary["entries"]:
                what = _WHAT.get(row["kind"], "the findings")
                of = f"{what} of {row['model']} {row['window'] or ''}".rstrip()
                return (
                    f"{of} were removed on {found.at[:10]} under the retention rule `{summary['rule']}` "
                    f"(entry {found.seq} of the ledger); their digest stays"
                )
    return None


def named(body: Mapping[str, Any]) -> Iterator[tuple[int, str, str]]:
    """Number, kind and digest of each body that an entry `removed` names, those alone that may go."""
    for seq, kind, content in body["entries"]:
        if kind in LEAVES:
            yield int(seq), str(kind), str(content)


def _window(held: Held) -> Window:
    if held.window is not None:
        return Window.parse(held.window)
    at = datetime.fromisoformat(held.at)
    return Window(at - timedelta(seconds=1), at)
