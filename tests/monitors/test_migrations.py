"""Upgrades: a ledger of the first Rounds is read and written by this one, and a newer one is left alone."""

from __future__ import annotations

import gzip
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitors import entry_table, migrations
from monitors.errors import LedgerError
from monitors.ledger import Ledger
from monitors.reference import Reference
from monitors.suppression import published

# A ward of 20 rows a day, four weeks as the reference and three audited, as Rounds wrote it on the day it
# first could; `rounds backfill` of that program made it.
FIRST = Path(__file__).parent / "first_release.db.gz"
ENTRIES = 14


def now() -> datetime:
    return datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def first(tmp_path: Path) -> str:
    (tmp_path / "ledger.db").write_bytes(gzip.decompress(FIRST.read_bytes()))
    return f"sqlite:///{tmp_path}/ledger.db"


def shape(url: str) -> dict[str, list[str]]:
    """Each table with its columns, indexes and constraints, in words."""
    engine = entry_table.opened(url)
    told = sa.inspect(engine)
    return {
        table: sorted(
            [f"{c['name']} {c['type']} {c['nullable']}" for c in told.get_columns(table)]
            + [f"index {i['name']} {i['column_names']}" for i in told.get_indexes(table)]
            + [f"unique {u['column_names']}" for u in told.get_unique_constraints(table)]
        )
        for table in sorted(told.get_table_names())
    }


def test_a_ledger_of_the_first_release_is_upgraded_and_every_entry_still_holds(first: str) -> None:
    before = rows(first)
    ledger = Ledger(first, now)
    assert ledger.verify() == ENTRIES
    assert rows(first) == before, "no entry was touched"
    audits = ledger.audits("sepsis")
    assert [str(r.audit.window)[:10] for r in audits] == ["2026-02-02", "2026-02-09", "2026-02-16"]
    for recorded in audits:
        assert recorded.audit.findings
        assert published(recorded.audit).rows == 140
        profile = ledger.profile(recorded.audit.profile)
        assert profile is not None
        assert profile.digest == recorded.audit.profile
    (reference,) = ledger.entries("reference")
    assert Reference.read(reference.body).profile.rows == 560
    assert ledger.find("audit", audits[0].digest) is not None
    assert ledger.append("note", "after", {"said": "by this Rounds"}).seq == ENTRIES + 1
    assert Ledger(first, now).verify() == ENTRIES + 1


def rows(url: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as held:
        return held.execute("SELECT * FROM rounds_entries ORDER BY seq").fetchall()


def test_an_upgraded_ledger_has_the_shape_of_a_new_one(first: str, tmp_path: Path) -> None:
    new, stepped = f"sqlite:///{tmp_path}/new.db", f"sqlite:///{tmp_path}/stepped.db"
    Ledger(new, now)
    Ledger(first, now)
    assert shape(first) == shape(new)
    with entry_table.opened(stepped).begin() as connection:  # every step, from nothing
        every_step(connection)
    assert shape(stepped) == shape(new)
    assert max(migrations._known()) == migrations.HEAD


def every_step(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    command.upgrade(config, "head")


@pytest.mark.parametrize("written", ["0099", "0100", "2.0"])
def test_a_ledger_of_a_newer_release_is_refused_and_left_as_it_is(first: str, written: str) -> None:
    Ledger(first, now)
    with closing(sqlite3.connect(first.removeprefix("sqlite:///"))) as held:
        held.execute("UPDATE rounds_schema SET version_num = ?", (written,))
        held.commit()
    before = rows(first)
    with pytest.raises(LedgerError) as refused:
        Ledger(first, now)
    assert str(refused.value) == (
        f"the ledger was written by a newer Rounds (its schema is {written}, and this program knows up to "
        f"{migrations.HEAD}); nothing was read or changed. Run that version, or bring back a backup from "
        f"before"
    )
    assert rows(first) == before


def test_an_upgrade_that_fails_leaves_the_ledger_as_it_was(
    first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shape(first)

    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("the power went")

    from alembic.operations import Operations

    with monkeypatch.context() as patched:
        patched.setattr(Operations, "create_index", breaks)
        with pytest.raises(RuntimeError):
            Ledger(first, now)
    assert shape(first) == before
    assert Ledger(first, now).verify() == ENTRIES


def test_a_ledger_that_is_as_it_should_be_is_opened_without_alembic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "alembic", None)
    for _ in range(2):
        Ledger(f"sqlite:///{tmp_path}/ledger.db", now).append("note", "a", {})


@pytest.mark.server
def test_postgresql_is_upgraded_alike(postgres: str, first: str, request: pytest.FixtureRequest) -> None:
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE DATABASE first_release")
    parts = dict(re.findall(r"(\w+)=(\S+)", postgres))
    url = f"postgresql+psycopg://{parts['user']}@/first_release?host={parts['host']}&port={parts['port']}"
    engine = entry_table.opened(url)
    request.addfinalizer(engine.dispose)
    with engine.begin() as made:
        entry_table.metadata.create_all(made)
        for statement in ("DROP TABLE rounds_schema", "DROP INDEX rounds_entries_by_digest",
                          "DROP INDEX rounds_entries_by_hash"):  # fmt: skip
            made.execute(sa.text(statement))
        names = [column.name for column in entry_table.entries.columns]
        held = [dict(zip(names, row, strict=True)) for row in rows(first)]
        made.execute(sa.insert(entry_table.entries), held)
    ledger = Ledger(url, now)
    assert ledger.verify() == ENTRIES
    indexes = {index["name"] for index in sa.inspect(engine).get_indexes("rounds_entries")}
    assert {"rounds_entries_by_digest", "rounds_entries_by_hash"} <= indexes
    with (
        psycopg.connect(postgres.replace("dbname=postgres", "dbname=first_release")) as connection,
        pytest.raises(psycopg.errors.RaiseException, match="append-only"),
    ):
        connection.execute("TRUNCATE rounds_entries")
    with engine.begin() as made:
        made.execute(sa.text("UPDATE rounds_schema SET version_num = '0100'"))
    with pytest.raises(LedgerError, match="newer Rounds"):
        Ledger(url, now)
