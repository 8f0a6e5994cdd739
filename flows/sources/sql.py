"""Predictions in a database: counted where they are, in a session that can only read."""

from __future__ import annotations

import importlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import duckdb
import ibis
from pydantic import BaseModel, ConfigDict, Field, field_validator

from flows.derive import derive, needed
from flows.dialects import fetched
from flows.embedded import embedded, shut
from flows.engine import plainly
from flows.sources._sqlite import copy
from flows.times import timed
from monitors.canonical import digest
from monitors.config import IsoLength, ModelConfig
from monitors.errors import RoundsError, SourceInvalid, SourceUnavailable
from monitors.window import Length, Window

# What a URL begins with, and the engine's name.
ENGINES = {
    "postgresql": "postgres",
    "postgres": "postgres",
    "duckdb": "duckdb",
    "sqlite": "sqlite",
    "mssql": "mssql",
    "snowflake": "snowflake",
    "bigquery": "bigquery",
    "databricks": "databricks",
    "trino": "trino",
    "oracle": "oracle",
}
# What a PostgreSQL URL may add: how it is encrypted, and which of several hosts. The session is ours.
_POSTGRES = frozenset(
    {"sslmode", "sslrootcert", "sslcert", "sslkey", "channel_binding", "target_session_attrs",
     "connect_timeout", "application_name"}
)  # fmt: skip
_FOLDER = re.compile(r"/[^,]*")  # several hosts stand after commas
_SECRET = re.compile("passw|pwd|secret|token|passphrase|private_key")
LISTS = True  # in DuckDB and SQLite a row may hold a batch of requests
_NAME = re.compile(r"[^.\"'\s][^\"']*")


class Settings(BaseModel):
    """The keys under `source:` for `kind: sql`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(description="Where it is, without a password: postgresql://reader@host/database.")
    table: str = Field(description="A table or view, as in schema.table.")
    password_env: str | None = Field(None, description="The environment variable that holds the password.")
    password_file: str | None = Field(None, description="A file that holds it, relative to this file.")
    timeout: IsoLength = Field(Length.parse("PT10M"), description="A statement may take no longer.")
    changed: str | None = Field(None, description="A column that says when a row was last changed.")

    @field_validator("url")
    @classmethod
    def _readable(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            asked = {key.casefold() for key, _ in parse_qsl(parts.query, keep_blank_values=True)}
            secret = parts.password is not None or any(_SECRET.search(key) for key in asked)
        except ValueError:
            raise ValueError("must be a URL such as postgresql://reader@host:5432/database") from None
        if secret:
            # Said without the value: this message is shown.
            raise ValueError("holds a password; say `password_env` or `password_file` (got …)")
        if parts.scheme not in ENGINES:
            known = ", ".join(ENGINES)
            raise ValueError(f"must begin with one of {known}, then :// (got {parts.scheme!r})")
        sayable = _POSTGRES | _socket(parts)
        if ENGINES[parts.scheme] == "postgres" and (unknown := sorted(asked - sayable)):
            raise ValueError(f"may say {', '.join(sorted(_POSTGRES))} after its ? (got {unknown[0]!r})")
        return url

    @field_validator("table")
    @classmethod
    def _named(cls, table: str) -> str:
        if not _NAME.fullmatch(table):
            raise ValueError(f"must be a table's name such as schema.table (got {table!r})")
        return table

    @property
    def engine(self) -> str:
        """The engine's name, as Ibis has it."""
        return ENGINES[urlsplit(self.url).scheme]


def dialect(settings: Settings) -> str:
    """The SQL that `source.derive` is written in."""
    dialects = {"mssql": "tsql", "sqlite": "duckdb"}  # a SQLite file is counted by DuckDB
    return dialects.get(settings.engine, settings.engine)


class Database:
    """One table of a database. Only counts are asked of it."""

    def __init__(
        self, settings: Settings, config: ModelConfig, folder: Path, session: Any | None = None
    ) -> None:
        """Open a database, or stand in the open session of another table of it."""
        self.name = f"{settings.engine}:{settings.table}"
        self._settings, self._config = settings, config
        self._spill = tempfile.TemporaryDirectory(prefix="rounds-", ignore_cleanup_errors=True)
        self._table: ibis.Table | None = None
        self._shared = session is not None
        if session is not None:
            self._backend = session
            return
        try:
            with _reached(self.name, settings):
                self._backend = _opened(settings, config, folder, self._spill.name)
        except BaseException:
            self._spill.cleanup()
            raise

    def table(self) -> ibis.Table:
        """The table, with derived columns."""
        if self._table is None:
            self._table = self._opened_table()
        return self._table

    def fingerprint(self, window: Window | None = None) -> str:
        """Of how many rows there are, the latest time, and the latest change where a column says it."""
        table, time = self.table(), self._config.columns.time
        asked: dict[str, Any] = {"rows": table.count(), **({"last": table[time].max()} if time else {})}
        if self._settings.changed:
            asked["changed"] = table[self._settings.changed].max()
        with plainly(self.name, table.columns):
            (found,) = fetched(table.aggregate(**asked))
        return digest([self.name, *(str(found[key]) for key in sorted(found))])

    def unread(self) -> dict[str, str]:
        """Nothing: what cannot be read is refused as a whole."""
        return {}

    def close(self) -> None:
        """Let the connection and what was spilled go."""
        if not self._shared:
            shut(self._backend)
        self._spill.cleanup()

    @property
    def session(self) -> Any:
        """The open session, for another table of the same database."""
        return self._backend

    def _raw(self) -> ibis.Table:
        if self._settings.engine == "sqlite":
            return self._backend.table("rounds_rows")
        *place, table = self._settings.table.split(".")
        database: Any = tuple(place) if len(place) > 1 else place[0] if place else None
        with plainly(self.name):
            try:
                return self._backend.table(table, database=database)
            except ibis.common.exceptions.TableNotFound:
                raise SourceInvalid(f"{self.name}: no such table; check `source.table`") from None

    def _opened_table(self) -> ibis.Table:
        rows, config, settings = self._raw(), self._config, self._settings
        there, wanted = rows.columns, _wanted(settings, config)
        if absent := [column for column in wanted if column not in there]:
            raise SourceInvalid(
                f"{self.name}: no column {_listed(absent)}; it has {_listed(there[:40])}. "
                f"Mend `columns`, or make it with `source.derive`"
            )
        with plainly(self.name, there):
            used = rows.select(*wanted)
            if settings.engine in ("duckdb", "sqlite"):
                return timed(used, config, None, self.name)
            if config.source.explode:
                raise SourceInvalid(
                    f"{self.name}: source.explode is for files, DuckDB and SQLite; here make a view with a "
                    f"row for each element"
                )
            table = derive(used, config.source.derive, dialect(settings))
            if config.columns.time and table[config.columns.time].type().is_string():
                raise SourceInvalid(
                    f"{self.name}: column {config.columns.time!r} holds text where a time is needed; "
                    f"make one with `source.derive`, as in CAST(… AS timestamp)"
                )
            return table


def _wanted(settings: Settings, config: ModelConfig) -> list[str]:
    """The columns that are read, once each."""
    read = needed(config, dialect(settings))
    return list(dict.fromkeys([*read, *([settings.changed] if settings.changed else [])]))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))


def connect(settings: Settings, config: ModelConfig, folder: Path) -> Database:
    """Open the database; `folder` is where relative paths start."""
    return Database(settings, config, folder)


def beside(
    first: Any, settings: Settings, other: Settings, config: ModelConfig, folder: Path
) -> Database | None:
    """Another table in the session of an open one; None where it is another database."""
    if not isinstance(first, Database) or settings.engine == "sqlite" or settings.url != other.url:
        return None
    return Database(other, config, folder, session=first.session)


def _password(settings: Settings, folder: Path) -> str | None:
    if settings.password_env:
        if settings.password_env not in os.environ:
            raise SourceInvalid(f"source.password_env: {settings.password_env} is not set")
        return os.environ[settings.password_env]
    if settings.password_file:
        try:
            return (folder / settings.password_file).read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            raise SourceInvalid(
                f"source.password_file: {settings.password_file} cannot be read ({type(error).__name__})"
            ) from None
    return None


def _opened(settings: Settings, config: ModelConfig, folder: Path, spill: str) -> Any:
    parts = urlsplit(settings.url)
    if settings.engine in ("duckdb", "sqlite"):
        path = _path(parts.netloc, parts.path, folder)
        if not path.is_file():
            raise SourceInvalid(f"{path.name}: no such file, looked for in {path.parent}; check `source.url`")
        if settings.engine == "duckdb":
            with plainly(path.name):
                return embedded(path, read_only=True, temp_directory=spill)
        return _streamed(path, settings, config, spill)
    password = _password(settings, folder)
    if settings.engine == "postgres":
        limit = int(_seconds(settings.timeout) * 1000)
        given: dict[str, Any] = {
            "host": parts.hostname,
            "port": parts.port or 5432,
            "connect_timeout": 10,
            "application_name": "rounds",
            **dict(parse_qsl(parts.query)),
        }
        return ibis.postgres.connect(
            user=unquote(parts.username) if parts.username else None,
            password=password,
            database=unquote(parts.path.removeprefix("/")) or None,
            options=f"-c default_transaction_read_only=on -c TimeZone=UTC -c statement_timeout={limit}",
            **given,
        )
    try:
        importlib.import_module(f"ibis.backends.{settings.engine}")
        secret = {"password": password} if password else {}
        return ibis.connect(settings.url, **secret)
    except ImportError:
        raise SourceInvalid(
            f"{settings.engine} needs its driver: pip install 'ibis-framework[{settings.engine}]'"
        ) from None


def _socket(parts: SplitResult) -> frozenset[str]:
    """What else an address may say: the folder of a socket on this machine, which no other can answer at."""
    host = dict(parse_qsl(parts.query)).get("host", "")
    return frozenset({"host", "port"}) if not parts.hostname and _FOLDER.fullmatch(host) else frozenset()


def _path(host: str, path: str, folder: Path) -> Path:
    """sqlite:///a.db and duckdb://a.db are relative to the file, sqlite:////a.db is not."""
    return folder / unquote(host + path.removeprefix("/"))


def _seconds(length: Length) -> float:
    return timedelta(days=length.days + 30 * length.months, seconds=length.seconds).total_seconds()


def _streamed(path: Path, settings: Settings, config: ModelConfig, spill: str) -> Any:
    """A SQLite table in an embedded DuckDB: SQLite has no types to count by."""
    backend = embedded(temp_directory=spill)
    copy(path, settings.table, set(_wanted(settings, config)), backend.con, "rounds_rows")
    return backend


@contextmanager
def _reached(name: str, settings: Settings) -> Iterator[None]:
    """Turn what a driver raises at the door into our own errors, never with a password."""
    try:
        yield
    except (RoundsError, duckdb.Error):
        raise
    except Exception as error:  # noqa: BLE001  every driver has errors of its own
        place = urlsplit(settings.url)
        at = f"{place.hostname}:{place.port}" if place.port else str(place.hostname)
        told = str(error).lower()
        if "password" in told or "authentication" in told or "login failed" in told:
            remedy = "check `source.password_env` or `source.password_file`"
            raise SourceInvalid(f"{name}: {at} refused user {place.username!r}; {remedy}") from None
        if "does not exist" in told and "database" in told:
            raise SourceInvalid(f"{name}: {at} has no such database; check `source.url`") from None
        raise SourceUnavailable(f"{name}: {at} cannot be reached ({type(error).__name__})") from None
