"""Calls and conversations of an agent: JSON lines with turns, tool calls and how each ended, by DuckDB.

One line is one call. Of its lists columns are made where they lie, and whatever else the line holds stays
a column: `turns`, `agent_turns`, `tool_calls`, `failed_calls`, `transfer`, `seconds`, and `said`, the
agent's own words, to be measured as text and never shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import ibis
from pydantic import BaseModel, ConfigDict, Field

from flows.derive import needed
from flows.engine import plainly
from flows.sources import files
from flows.sources._places import Place
from flows.times import timed
from monitors.canonical import digest
from monitors.columns import IsoLength
from monitors.config import ModelConfig
from monitors.errors import SourceInvalid
from monitors.window import Window, moment, utc

_CHUNK = 1 << 20


class Settings(BaseModel):
    """The keys under `source:` for `kind: calls`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str | tuple[str, ...] = Field(
        description="Files of JSON lines, relative to this file, or in a store; globs allowed."
    )
    turns: str = Field("turns", description="The list of turns.")
    role: str = Field("role", description="Of a turn, who spoke.")
    text: str = Field("text", description="Of a turn, what was said.")
    agent: tuple[str, ...] = Field(
        ("agent", "assistant", "bot"), description="What `role` says where the agent spoke."
    )
    tools: str = Field("tool_calls", description="The list of tool calls.")
    status: str = Field("status", description="Of a tool call, how it went.")
    failed: tuple[str, ...] = Field(
        ("error", "failed", "timeout"), description="What `status` says where it failed."
    )
    outcome: str = Field("outcome", description="How the call ended.")
    transferred: tuple[str, ...] = Field(
        ("transferred", "escalated"), description="What `outcome` says where a person took over."
    )
    began: str = Field("began_at", description="When the call began.")
    ended: str = Field("ended_at", description="When it ended.")
    time_format: str | None = Field(None, description="How times are written, as in %d/%m/%Y %H:%M.")
    kept_for: IsoLength | None = Field(
        None, description="How long a file stays after its last call; one gone sooner is told. None: ever."
    )


class Calls(files.Mounted):
    """A log of calls as one table, a row a call."""

    def __init__(self, settings: Settings, config: ModelConfig, folder: Path) -> None:
        super().__init__(files.Reading(files.Settings(path=settings.path, format="json"), folder), config)
        self._settings = settings
        self._digests: dict[str, str] = {}
        self._reading.mount(self._backend)

    def fingerprint(self, window: Window | None = None) -> str:
        """Of every file's name and content: the audit keeps it, so a log that was changed since shows."""
        # Read once for as long as the log is open, as its rows are: a night asks this of every window.
        for place in self._reading.paths:
            if place.name not in self._digests:
                self._digests[place.name] = _since(place, None)[1]
        return digest([(place.name, self._digests[place.name]) for place in self._reading.paths])

    def names(self) -> list[str]:
        """The log's files."""
        return [place.name for place in self._reading.paths]

    def archived(self, last: str, now: datetime) -> bool:
        """Whether a file whose last call began then is no longer held to be there."""
        kept = self._settings.kept_for
        return kept is not None and bool(last) and now - kept.approximate >= moment(last)

    def contents(self, before: Mapping[str, int]) -> dict[str, tuple[int, str, str]]:
        """By a file's name: its size, the digest of its bytes, and of as many as there were `before`."""
        found = {place.name: _since(place, before.get(place.name)) for place in self._reading.paths}
        self._digests |= {name: whole for name, (_, whole, _) in found.items()}
        return found

    def spans(self) -> dict[str, tuple[str, str]]:
        """By a file's name, when its first and its last call began, in UTC; none if that cannot be read."""
        there = self._reading.described(self._backend)
        time = self._config.columns.time
        if time not in there:
            return {}
        began = _clock(time, self._settings)
        reader = self._reading.reader(self._backend, {**there, time: "VARCHAR"})
        with plainly(self.name, there):
            found = self._backend.raw_sql(
                f"SELECT filename, min({began}), max({began}) FROM {reader} GROUP BY filename"  # noqa: S608  quoted
            ).fetchall()
        paths = {place.path: place.name for place in self._reading.paths}

        def clock(moment: datetime) -> str:
            return utc(moment if moment.tzinfo else moment.replace(tzinfo=self._config.zone))

        return {
            paths[path]: (clock(first), clock(last))
            for path, first, last in found
            if path in paths and first is not None
        }

    def _open(self) -> ibis.Table:
        settings, config = self._settings, self._config
        there = self._reading.described(self._backend)
        read = needed(config, "duckdb")
        # What the log has under a name of its own is taken as it is.
        makes = {
            name: offer
            for name, offer in made(settings).items()
            if name in read and (name not in there or name in offer.of)
        }
        lists = {settings.turns, settings.tools}
        plain = [name for name in read if name not in makes]
        wanted = {*plain, *(column for offer in makes.values() for column in offer.of)}
        if absent := sorted(wanted - set(there)):
            raise SourceInvalid(
                f"{self.name}: no key {', '.join(map(repr, absent))}; say under `source` what the log "
                f"calls it, or mend `columns`"
            )
        # The engine's guess would take 01/02/2026 for either; `flows/times.py` reads dates.
        times = {settings.began, settings.ended, config.columns.time}
        dates = {c for c in there if c in times or there[c].startswith(("DATE", "TIME"))}
        types = {**there, **dict.fromkeys(dates, "VARCHAR"), **dict.fromkeys(lists & set(there), "JSON")}
        columns = [files.quoted(name) for name in plain]
        columns += [f"{offer.sql} AS {files.quoted(name)}" for name, offer in makes.items()]
        kind = "VIEW" if self._left else "TABLE"
        with plainly(self.name, there):
            self._backend.raw_sql(
                f"CREATE TEMP {kind} rounds_calls AS SELECT {', '.join(columns)} "  # noqa: S608  quoted
                f"FROM {self._reading.reader(self._backend, types)}"
            )
            rows = self._backend.table("rounds_calls")
            table = timed(rows, config, settings.time_format, self.name)
            if self._left:
                return table
            # Kept as read: a time in text would otherwise be read again for every count.
            return self._backend.create_table("rounds_read", table, temp=True)


@dataclass(frozen=True, slots=True)
class Made:
    """A column that is made of others: the engine's expression, and the keys of a line it is made of."""

    sql: str
    of: tuple[str, ...]


def made(settings: Settings) -> dict[str, Made]:
    """What can be made of a call, by name; a list that is none gives nothing, which counts as missing."""
    s, turns, tools = settings, files.quoted(settings.turns), files.quoted(settings.tools)
    speaks = f"{_of('t', s.role)} IN ({_words(s.agent)})"
    by_agent = f"list_filter(TRY_CAST({turns} AS JSON[]), lambda t: {speaks})"
    fails = f"{_of('t', s.status)} IN ({_words(s.failed)})"
    outcome = f"lower(trim(CAST({files.quoted(s.outcome)} AS VARCHAR)))"
    words = f"json_extract_string(t, {_path(s.text)})"
    return {
        "turns": Made(_many(turns), (s.turns,)),
        "agent_turns": Made(f"len({by_agent})", (s.turns,)),
        "said": Made(f"array_to_string(list_transform({by_agent}, lambda t: {words}), chr(10))", (s.turns,)),
        "tool_calls": Made(_many(tools), (s.tools,)),
        "failed_calls": Made(f"len(list_filter(TRY_CAST({tools} AS JSON[]), lambda t: {fails}))", (s.tools,)),
        "transfer": Made(f"CAST({outcome} IN ({_words(s.transferred)}) AS INTEGER)", (s.outcome,)),
        "seconds": Made(f"epoch({_clock(s.ended, s)}) - epoch({_clock(s.began, s)})", (s.began, s.ended)),
    }


def connect(settings: Settings, config: ModelConfig, folder: Path) -> Calls:
    """Open the log; `folder` is where relative paths start."""
    return Calls(settings, config, folder)


def _many(column: str) -> str:
    """How many a list holds; where the log has counted already, what it says."""
    return f"coalesce(len(TRY_CAST({column} AS JSON[])), TRY_CAST({column} AS BIGINT))"


def _since(place: Place, before: int | None) -> tuple[int, str, str]:
    """A file's size, the digest of its bytes, and of the first `before` of them, or of all it has."""
    held, size, then = hashlib.sha256(), 0, None
    with place.open() as file:
        while part := file.read(_CHUNK):
            if then is None and before is not None and size + len(part) >= before:
                kept = held.copy()
                kept.update(part[: before - size])
                then = kept.hexdigest()
            held.update(part)
            size += len(part)
    return size, held.hexdigest(), then or held.hexdigest()


def _path(key: str) -> str:
    return files.literal(f'$."{key}"')


def _of(element: str, key: str) -> str:
    return f"lower(trim(json_extract_string({element}, {_path(key)})))"


def _words(said: tuple[str, ...]) -> str:
    return ", ".join(files.literal(word.strip().lower()) for word in said)


def _clock(column: str, settings: Settings) -> str:
    told = files.quoted(column)
    if settings.time_format is None:
        return f"TRY_CAST({told} AS TIMESTAMPTZ)"
    return f"try_strptime({told}, {files.literal(settings.time_format)})"
