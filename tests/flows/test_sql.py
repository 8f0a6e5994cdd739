"""A database as a source: it is only read, its faults are named, and no password is ever said."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from psycopg.conninfo import conninfo_to_dict

from flows import source
from flows.binning import freeze
from flows.frame import Frame
from flows.source import problems
from monitors.columns import Columns
from monitors.config import ModelConfig
from monitors.errors import SourceInvalid, SourceUnavailable
from monitors.window import Window, moment
from tests.conftest import free_port

pytestmark = pytest.mark.server
SECRET = "correct horse battery"
WEEK = Window(moment("2026-01-05"), moment("2026-01-12"))


@pytest.fixture
def ward(postgres: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection[Any]]:
    """A warehouse with one table and a reader who must give a password."""
    monkeypatch.setenv("WARD_PASSWORD", SECRET)
    with psycopg.connect(postgres, autocommit=True) as held:
        held.execute("DROP SCHEMA IF EXISTS hospital CASCADE; CREATE SCHEMA hospital")
        held.execute("CREATE TABLE hospital.predictions (at timestamptz, risk float8, written text)")
        held.execute(
            "INSERT INTO hospital.predictions "
            "SELECT '2026-01-05Z'::timestamptz + i * interval '1 hour', i / 200.0, '2026-01-06' "
            "FROM generate_series(0, 167) i"
        )
        held.execute("DROP ROLE IF EXISTS reader")
        held.execute(f"CREATE ROLE reader LOGIN PASSWORD '{SECRET}'")
        held.execute("GRANT USAGE ON SCHEMA hospital TO reader")
        held.execute("GRANT ALL ON hospital.predictions TO reader")
        yield held
        held.execute("DROP SCHEMA hospital CASCADE; DROP ROLE reader")


def config(postgres: str, **changed: Any) -> ModelConfig:
    port = conninfo_to_dict(postgres)["port"]
    declared = {
        "kind": "sql",
        "url": f"postgresql://reader@127.0.0.1:{port}/postgres",
        "table": "hospital.predictions",
        "password_env": "WARD_PASSWORD",
        **changed,
    }
    columns = {"time": declared.pop("time", "at"), "score": declared.pop("score", "risk")}
    return ModelConfig.model_validate(
        {
            "model": "ward",
            "version": "1",
            "source": declared,
            "columns": columns,
            "window": "P7D",
            "reference": {"from": "2026-01-05", "to": "2026-01-12"},
        }
    )


def refused(declared: ModelConfig, folder: Path, kind: type[Exception] = SourceInvalid) -> str:
    with pytest.raises(kind) as caught:  # noqa: PT012  opened, then closed whatever it holds
        opened = source.connect(declared, folder)
        with closing(opened):
            opened.table()
    assert SECRET not in str(caught.value)
    return str(caught.value)


def test_a_window_is_counted_where_it_is(
    ward: psycopg.Connection[Any], postgres: str, tmp_path: Path
) -> None:
    opened = source.connect(config(postgres), tmp_path)
    try:
        assert freeze(opened.table(), config(postgres), WEEK).profile.rows == 168
    finally:
        opened.close()


def test_texts_are_measured_as_from_a_file(
    ward: psycopg.Connection[Any], postgres: str, tmp_path: Path
) -> None:
    hours = range(168)
    notes = [(f"Visit {i % 50}. Give {i % 7} mg.", f"Visit {i % 50}. Give {i % 9} mg.") for i in hours]
    rows = [(WEEK.start + timedelta(hours=i), *texts) for i, texts in zip(hours, notes, strict=True)]
    ward.execute("CREATE TABLE hospital.notes (at timestamptz, draft text, signed text)")
    with ward.cursor() as cursor:
        cursor.executemany("INSERT INTO hospital.notes VALUES (%s, %s, %s)", rows)
    ward.execute("GRANT SELECT ON hospital.notes TO reader")
    columns = Columns(
        time="at", decision="draft~signed.rewritten", text=("draft", "signed"),
        numeric=("draft~signed.edit_distance", "draft~signed.kept", "draft.words"),
        categorical=("draft.near_duplicate", "draft~signed.changed_quantities"),
    )  # fmt: skip
    declared = config(postgres, table="hospital.notes").model_copy(update={"columns": columns})
    named = dict(zip(("at", "draft", "signed"), map(list, zip(*rows, strict=True)), strict=True))
    found = []
    for opened in (source.connect(declared, tmp_path), Frame(pa.table(named), declared)):
        with closing(opened):
            profile = freeze(opened.table(), declared, WEEK).profile
            found.append((profile.histograms, profile.cubes))
    assert found[0] == found[1]
    assert found[0][0]["draft.near_duplicate"].counts


def test_the_session_cannot_write(ward: psycopg.Connection[Any], postgres: str, tmp_path: Path) -> None:
    opened: Any = source.connect(config(postgres), tmp_path)
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        opened._backend.raw_sql("DELETE FROM hospital.predictions")
    opened.close()
    assert ward.execute("SELECT count(*) FROM hospital.predictions").fetchall() == [(168,)]


def test_the_fingerprint_changes_with_the_rows(
    ward: psycopg.Connection[Any], postgres: str, tmp_path: Path
) -> None:
    opened = source.connect(config(postgres), tmp_path)
    first = opened.fingerprint()
    assert opened.fingerprint() == first
    ward.execute("INSERT INTO hospital.predictions VALUES ('2026-01-07Z', 0.5, '')")
    assert opened.fingerprint() != first
    opened.close()


def test_nobody_listening_may_pass(tmp_path: Path) -> None:
    port = free_port()
    declared = config(f"host=x port={port} dbname=x", password_env=None)
    said = refused(declared, tmp_path, SourceUnavailable)
    at = f"127.0.0.1:{port}"
    assert said == f"postgres:hospital.predictions: {at} cannot be reached (OperationalError)"


def test_a_wrong_password_is_not_said(
    ward: psycopg.Connection[Any], postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARD_PASSWORD", "hunter2")
    said = refused(config(postgres), tmp_path)
    assert "hunter2" not in said
    assert said.endswith("refused user 'reader'; check `source.password_env` or `source.password_file`")


def test_a_password_that_is_not_there_is_named(postgres: str, tmp_path: Path) -> None:
    said = refused(config(postgres, password_env="NOT_SET"), tmp_path)
    assert said == "source.password_env: NOT_SET is not set"
    said = refused(config(postgres, password_env=None, password_file="secret"), tmp_path)
    assert said == "source.password_file: secret cannot be read (FileNotFoundError)"


def test_a_password_file_is_read(ward: psycopg.Connection[Any], postgres: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n", encoding="utf-8")
    opened = source.connect(config(postgres, password_env=None, password_file="secret"), tmp_path)
    assert len(opened.table().columns) == 2
    opened.close()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"table": "hospital.predicted"}, "postgres:hospital.predicted: no such table; check `source.table`"),
        (
            {"score": "riks"},
            (
                "postgres:hospital.predictions: no column 'riks'; it has 'at', 'risk', 'written'. "
                "Mend `columns`, or make it with `source.derive`"
            ),
        ),
        (
            {"time": "written"},
            (
                "postgres:hospital.predictions: column 'written' holds text where a time is needed; "
                "make one with `source.derive`, as in CAST(… AS timestamp)"
            ),
        ),
    ],
)
def test_what_is_not_there_is_named(
    ward: psycopg.Connection[Any], postgres: str, tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    assert refused(config(postgres, **changed), tmp_path) == said


def test_a_time_kept_as_text_can_be_made_one(
    ward: psycopg.Connection[Any], postgres: str, tmp_path: Path
) -> None:
    declared = config(postgres, time="day", derive={"day": "CAST(written AS timestamp)"})
    opened = source.connect(declared, tmp_path)
    assert freeze(opened.table(), declared, WEEK).profile.rows == 168
    opened.close()


def test_a_slow_statement_is_stopped_and_may_be_tried_again(
    ward: psycopg.Connection[Any], postgres: str, tmp_path: Path
) -> None:
    ward.execute(
        "CREATE VIEW hospital.slow AS SELECT at, risk + 0 * length(pg_sleep(0.1)::text) AS risk "
        "FROM hospital.predictions"
    )
    ward.execute("GRANT SELECT ON hospital.slow TO reader")
    declared = config(postgres, table="hospital.slow", timeout="PT1S")
    opened = source.connect(declared, tmp_path)
    with pytest.raises(SourceUnavailable, match=r"the statement was cancelled, by us after `source.timeout`"):
        freeze(opened.table(), declared, WEEK, where=opened.name)
    opened.close()


def test_a_table_dropped_midway_leaves_no_profile(
    ward: psycopg.Connection[Any], postgres: str, tmp_path: Path
) -> None:
    declared = config(postgres)
    opened = source.connect(declared, tmp_path)
    table = opened.table()
    ward.execute("DROP TABLE hospital.predictions")
    with pytest.raises(SourceInvalid, match="relation … does not exist"):
        freeze(table, declared, WEEK, where=opened.name)
    opened.close()


def test_a_session_killed_midway_may_be_tried_again(
    ward: psycopg.Connection[Any], postgres: str, tmp_path: Path
) -> None:
    ward.execute(
        "CREATE VIEW hospital.slow AS SELECT at, risk + 0 * length(pg_sleep(0.1)::text) AS risk "
        "FROM hospital.predictions"
    )
    ward.execute("GRANT SELECT ON hospital.slow TO reader")
    declared = config(postgres, table="hospital.slow")
    opened = source.connect(declared, tmp_path)
    table = opened.table()

    def kill() -> None:
        with psycopg.connect(postgres, autocommit=True) as other:
            for _ in range(2000):
                found = other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'rounds' AND state = 'active'"
                ).fetchall()
                if found:
                    return
                time.sleep(0.05)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(SourceUnavailable, match=r"shutting down|the connection was lost"):
        freeze(table, declared, WEEK, where=opened.name)
    killer.join()
    opened.close()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"url": "postgresql://reader:hunter2@db/warehouse"},
            "source.url: holds a password; say `password_env` or `password_file` (got …)",
        ),
        ({"url": "db2://reader@db/warehouse"}, "source.url: must begin with one of postgresql"),
        ({"url": "duckdb://absent.duckdb", "table": 'a"b'}, "source.table: must be a table's name"),
        ({"timeout": "ten minutes"}, "source.timeout: must be an ISO 8601 duration"),
        ({"tables": "x"}, "source.tables: is not a known key"),
    ],
)
def test_a_wrong_setting_is_named_before_anything_is_opened(changed: dict[str, Any], said: str) -> None:
    (found, *_) = problems(config("host=x port=1 dbname=x", **changed))
    assert found.startswith(said)
    assert "hunter2" not in found


def test_a_database_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for url in ("duckdb://absent.duckdb", "sqlite:///absent.duckdb"):
        said = refused(config("host=x port=1 dbname=x", url=url), tmp_path)
        assert said == f"absent.duckdb: no such file, looked for in {tmp_path}; check `source.url`"


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Jane Doe, 1950\n" * 1000, encoding="utf-8")
    for url in ("duckdb://notes.txt", "sqlite:///notes.txt"):
        said = refused(config("host=x port=1 dbname=x", url=url), tmp_path)
        assert "Jane" not in said
        assert "notes.txt" in said


def test_a_driver_that_is_not_installed_is_named(tmp_path: Path) -> None:
    declared = config("host=x port=1 dbname=x", url="snowflake://reader@account/db", password_env=None)
    assert refused(declared, tmp_path) == (
        "snowflake needs its driver: pip install 'ibis-framework[snowflake]'"
    )
