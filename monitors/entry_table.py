"""The table the ledger keeps its entries in, and the guards that let nobody change or remove one.

One thing may be done to an entry: its body may be emptied, where a later entry says that a rule let it go.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, exc, pool

from monitors.errors import LedgerUnavailable
from monitors.migrations import HEAD, TABLE, upgrade

_TRIES = 50  # openings of a new SQLite file that race
_AT_ONCE = 40  # connections beside the one that is kept: as many as a web server has threads

metadata = sa.MetaData()
entries = sa.Table(
    "rounds_entries",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.String(20), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("key", sa.String(512), nullable=False),
    sa.Column("model", sa.String(200)),
    sa.Column("version", sa.String(200)),
    sa.Column("window", sa.String(64)),
    sa.Column("window_end", sa.String(20)),
    sa.Column("stage", sa.String(16)),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("digest", sa.String(71), nullable=False),
    sa.Column("previous", sa.String(71), nullable=False, unique=True),
    sa.Column("hash", sa.String(71), nullable=False),
    sa.UniqueConstraint("kind", "key"),
    # Holds whatever tells which audit of a window stands: a row is read past its body, which is large.
    sa.Index(
        "rounds_entries_by_window", "kind", "model", "window_end", "version", "window", "stage", "digest"
    ),
    sa.Index("rounds_entries_by_digest", "kind", "digest"),
    sa.Index("rounds_entries_by_hash", "hash"),
)
schema = sa.Table(TABLE, metadata, sa.Column("version_num", sa.String(32), primary_key=True))
REMOVED = "removed"  # the kind of an entry that names bodies a retention rule lets go
# Whose bodies may go: counts, and findings. What people said, decided, signed or were told never does.
LEAVES = ("audit", "glance", "profile", "reference", "release", "rolled_up", "weighed")
_LEAVES = ", ".join(f"'{kind}'" for kind in LEAVES)


def _same(compared: str) -> str:
    names = [column.name for column in entries.columns if column.name != "body"]
    return " AND ".join(f'NEW."{name}" {compared} OLD."{name}"' for name in names)


# Of the same model, of no earlier time: so that an index finds the few entries that may name it.
_NAMING = (
    "removal.kind = 'removed' AND removal.model = OLD.model AND removal.seq > OLD.seq "
    "AND removal.window_end >= COALESCE(OLD.window_end, '')"
)
_SQLITE_GUARD = (
    "CREATE TRIGGER IF NOT EXISTS rounds_entries_{verb} BEFORE {verb} ON rounds_entries {unless}"
    "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
)
_SQLITE_UNLESS = (
    f"WHEN NOT (NEW.body IS x'' AND OLD.kind IN ({_LEAVES}) AND {_same('IS')} AND EXISTS ("  # noqa: S608
    f"SELECT 1 FROM rounds_entries AS removal, json_each(removal.summary, '$.entries') AS named "
    f"WHERE {_NAMING} AND named.value = OLD.seq)) "
)
_POSTGRES_RULE = f""" BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF octet_length(NEW.body) = 0 AND OLD.kind IN ({_LEAVES}) AND {_same("IS NOT DISTINCT FROM")}
        AND EXISTS (
            SELECT 1 FROM rounds_entries AS removal WHERE {_NAMING}
            AND CAST(removal.summary AS jsonb) -> 'entries' @> to_jsonb(OLD.seq)
        ) THEN RETURN NEW; END IF;
    END IF;
    RAISE EXCEPTION 'the ledger is append-only'; END """  # noqa: S608  from names above
_POSTGRES_GUARD = (
    f"""CREATE OR REPLACE FUNCTION rounds_append_only() RETURNS trigger
    AS $${_POSTGRES_RULE}$$ LANGUAGE plpgsql""",
    """CREATE OR REPLACE TRIGGER rounds_entries_guard BEFORE UPDATE OR DELETE ON rounds_entries
    FOR EACH ROW EXECUTE FUNCTION rounds_append_only()""",
    """CREATE OR REPLACE TRIGGER rounds_entries_emptied BEFORE TRUNCATE ON rounds_entries
    FOR EACH STATEMENT EXECUTE FUNCTION rounds_append_only()""",
)
# How many of the guard's triggers are on and lead to the rule as it is written here.
_POSTGRES_GUARDED = sa.text(
    "SELECT count(*) FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid "
    "WHERE tgrelid = CAST('rounds_entries' AS regclass) AND tgenabled = 'O' "
    "AND tgname IN ('rounds_entries_guard', 'rounds_entries_emptied') AND prosrc = :rule"
)


def opened(url: str) -> sa.Engine:
    """An engine for the database at a URL.

    A server's connections are used again, since each costs it a process, and asked before whether they
    still stand, since it may have been restarted. SQLite gets one connection per use: a threaded web
    server shares those badly.
    """
    if sa.make_url(url).get_backend_name() != "sqlite":
        return sa.create_engine(url, pool_size=1, max_overflow=_AT_ONCE, pool_pre_ping=True)
    engine = sa.create_engine(url, poolclass=pool.NullPool)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _write_lock)
    return engine


def let_go(engine: sa.Engine) -> None:
    """Close what an engine holds open, and what is still asked once it comes back."""

    def closed(connection: Any, _: Any) -> None:
        connection.close()

    event.listen(engine.pool, "checkin", closed)
    engine.dispose()


@contextmanager
def reached(engine: sa.Engine) -> Iterator[None]:
    """Say in our words, and without a password, that the database is away or its disk is full."""
    try:
        yield
    except (exc.OperationalError, exc.InterfaceError) as error:
        shown = engine.url.render_as_string(hide_password=True)
        reason = str(error.orig).strip().partition("\n")[0]
        raise LedgerUnavailable(f"{shown}: the ledger cannot be read or written now: {reason}") from None


def make(engine: sa.Engine) -> None:
    """Create the tables and their guards, or bring those of an earlier Rounds to what this one expects.

    Two that do so at once leave one of each. Raises LedgerError where a newer Rounds was here.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":  # two that open at once would both create it
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('rounds'))"))
        there = sa.inspect(connection)
        if there.has_table(entries.name):
            held = connection.scalar(sa.select(schema.c.version_num)) if there.has_table(TABLE) else None
            upgrade(connection, held)
        else:
            metadata.create_all(connection)
            connection.execute(sa.insert(schema).values(version_num=HEAD))
        for statement in () if _guarded(connection) else _guards(engine.dialect.name):
            connection.execute(sa.text(statement))


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions begin where `_write_lock` says
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=30000")
    for left in reversed(range(_TRIES)):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError:
            # Another opens the new file too; here SQLite refuses without the wait it grants elsewhere.
            if not left:
                raise
            cursor.executescript("BEGIN EXCLUSIVE; COMMIT")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _write_lock(connection: sa.Connection) -> None:
    # A deferred transaction that reads and then writes fails at once when another wrote between.
    # What only reads says so in its options; the driver itself answers SERIALIZABLE whatever was asked.
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _guarded(connection: sa.Connection) -> bool:
    """Whether PostgreSQL has the guards already: to make them anew, it would wait for all who write."""
    if connection.dialect.name != "postgresql":
        return False
    return bool(connection.scalar(_POSTGRES_GUARDED, {"rule": _POSTGRES_RULE}) == 2)


def _guards(dialect: str) -> tuple[str, ...]:
    if dialect == "sqlite":
        unless = {"UPDATE": _SQLITE_UNLESS, "DELETE": ""}
        return tuple(_SQLITE_GUARD.format(verb=verb, unless=when) for verb, when in unless.items())
    return _POSTGRES_GUARD if dialect == "postgresql" else ()
