"""Outcomes and what staff did, recorded elsewhere and later, found for each prediction where the rows are."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from flows import source
from flows.monitor import step
from monitors.audit import Audit
from monitors.config import ModelConfig
from monitors.errors import ConfigError, SourceInvalid
from monitors.ledger import Ledger
from tests.flows.rows import WINDOW, Row, config, ledger, ward, write

FORM = "%Y-%m-%d %H:%M:%S"
EVENTS = {"kind": "files", "path": "events.csv"}
ACTIONS = {"kind": "files", "path": "actions.csv"}
JOINED: list[dict[str, Any]] = [
    {"source": EVENTS, "match": {"patient": "who"}, "time": "at", "take": "first", "within": "P3D",
     "mark": "sepsis"},
    {"source": ACTIONS, "match": {"visit": "visit"}, "time": "done", "take": "first", "within": "PT6H",
     "bring": {"acted": "gave", "acted_at": "done"}},
]  # fmt: skip
COLUMNS = {"patient": "patient", "action": "acted", "action_time": "acted_at"}


def clock(text: object) -> datetime:
    return datetime.strptime(str(text), FORM)  # noqa: DTZ007  local, as the source keeps it


def predictions() -> list[Row]:
    """Sound predictions without their outcomes; three to a patient, ids as numbers."""
    return [
        {k: v for k, v in row.items() if k != "sepsis"} | {"patient": i // 3}
        for i, row in enumerate(ward(a_day=20))
    ]


def events(rows: list[Row], seed: int = 2) -> list[Row]:
    """Sepsis as a laboratory sends it: of some patients, some of it twice, before and after."""
    draw, made = random.Random(seed), []
    for row in rows:
        at = clock(row["at"])
        if draw.random() < row["risk"] / 2:
            seen = (at + timedelta(hours=draw.uniform(*span)) for span in ((1, 90), (-40, 200)))
            made += [{"who": f" {row['patient']} ", "at": moment.strftime(FORM)} for moment in seen]
    made.append({"who": "", "at": "2026-02-12 00:00:00"})  # of nobody, and it says how far the feed reaches
    return [row for row in made if row["at"] <= "2026-02-12 00:00:00"]


def actions(rows: list[Row]) -> list[Row]:
    made = []
    for i, row in enumerate(rows):
        at = clock(row["at"])
        for minutes in [(), (30,), (400,), (90, 45)][i % 4]:
            done = (at + timedelta(minutes=minutes)).strftime(FORM)
            made.append({"visit": row["visit"], "done": done, "gave": int(minutes != 45)})
    return made


def by_hand(rows: list[Row], seen: list[Row], did: list[Row]) -> list[Row]:
    """The same, worked out a row at a time."""
    made, reach = [], max(clock(e["at"]) for e in seen)
    for row in rows:
        at = clock(row["at"])
        late = at + timedelta(days=3)
        mine = [clock(e["at"]) for e in seen if e["who"].strip() == str(row["patient"])]
        had = any(at <= moment <= late for moment in mine)
        sepsis = 1 if had else 0 if late <= reach else None
        acted = sorted(
            (d["done"], d["gave"]) for d in did
            if d["visit"] == row["visit"]
            and at <= clock(d["done"]) <= at + timedelta(hours=6)
        )  # fmt: skip
        done, gave = acted[0] if acted else (None, None)
        made.append(row | {"sepsis": sepsis, "acted": gave, "acted_at": done})
    return made


def audited(folder: Path, declared: ModelConfig, kept: Ledger | None = None) -> Audit:
    with closing(source.connect(declared, folder)) as opened:
        return step(declared, WINDOW, opened, stage="outcome", ledger=kept)


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return predictions()


def in_files(folder: Path, tables: dict[str, list[Row]], postgres: str) -> dict[str, dict[str, Any]]:
    for name, held in tables.items():
        write(folder / f"{name}.csv", held)
    return {name: {"kind": "files", "path": f"{name}.csv"} for name in tables}


def in_duckdb(folder: Path, tables: dict[str, list[Row]], postgres: str) -> dict[str, dict[str, Any]]:
    in_files(folder, tables, "")
    with duckdb.connect(str(folder / "ward.duckdb")) as held:
        for name in tables:
            held.execute(f"CREATE TABLE {name} AS SELECT * FROM read_csv('{folder}/{name}.csv')")
    return {name: {"kind": "sql", "url": "duckdb://ward.duckdb", "table": name} for name in tables}


def in_sqlite(folder: Path, tables: dict[str, list[Row]], postgres: str) -> dict[str, dict[str, Any]]:
    with closing(sqlite3.connect(folder / "ward.sqlite")) as held:
        for name, made in tables.items():
            held.execute(f"CREATE TABLE {name} ({', '.join(made[0])})")
            places = ", ".join("?" * len(made[0]))
            held.executemany(f"INSERT INTO {name} VALUES ({places})", [list(r.values()) for r in made])
        held.commit()
    return {name: {"kind": "sql", "url": "sqlite:///ward.sqlite", "table": name} for name in tables}


def in_postgres(folder: Path, tables: dict[str, list[Row]], postgres: str) -> dict[str, dict[str, Any]]:
    parts = conninfo_to_dict(postgres)
    types = {"at": "timestamp", "done": "timestamp", "acted_at": "timestamp", "risk": "float8",
             "lactate": "float8", "age": "int", "patient": "int", "gave": "int"}  # fmt: skip
    with psycopg.connect(postgres, autocommit=True) as held:
        held.execute("DROP SCHEMA IF EXISTS joined CASCADE; CREATE SCHEMA joined")
        for name, made in tables.items():
            listed = ", ".join(f"{column} {types.get(column, 'text')}" for column in made[0])
            held.execute(f"CREATE TABLE joined.{name} ({listed})")
            with held.cursor() as cursor, cursor.copy(f"COPY joined.{name} FROM STDIN") as copy:
                for row in made:
                    copy.write_row(list(row.values()))
    url = f"postgresql://postgres@/postgres?host={parts['host']}&port={parts['port']}"
    return {name: {"kind": "sql", "url": url, "table": f"joined.{name}"} for name in tables}


def counted_in(
    folder: Path, rows: list[Row], place: Callable[..., dict[str, dict[str, Any]]], postgres: str
) -> str:
    folder.mkdir()
    seen, did = events(rows), actions(rows)
    put = place(folder, {"ward": rows, "events": seen, "actions": did}, postgres)
    joined = [{**join, "source": put[name]} for join, name in zip(JOINED, ("events", "actions"), strict=True)]
    return audited(folder, config(COLUMNS, source=put["ward"], joined=joined)).profile


@pytest.mark.parametrize(
    "place", [in_files, in_duckdb, in_sqlite, pytest.param(in_postgres, marks=pytest.mark.server)]
)
def test_every_engine_finds_what_is_found_by_hand(
    place: Callable[..., dict[str, dict[str, Any]]],
    rows: list[Row],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    postgres = request.getfixturevalue("postgres") if place is in_postgres else ""
    write(tmp_path / "ward.csv", by_hand(rows, events(rows), actions(rows)))
    expected = audited(tmp_path, config(COLUMNS))
    assert expected.rows == 140
    assert counted_in(tmp_path / "there", rows, place, postgres) == expected.profile


def test_outcomes_are_not_known_where_the_second_source_does_not_reach(
    rows: list[Row], tmp_path: Path
) -> None:
    kept = ledger(tmp_path)
    write(tmp_path / "ward.csv", rows)
    write(tmp_path / "actions.csv", actions(rows))
    early = [row for row in events(rows) if row["at"] < "2026-02-08 00:00:00"]
    write(tmp_path / "events.csv", early)
    first = audited(tmp_path, config(COLUMNS, joined=JOINED), kept)
    profile = kept.profile(first.profile)
    assert profile is not None
    tally = profile.cubes[""].tally()
    known = tally.tp + tally.fp + tally.fn + tally.tn
    assert 40 < known < 100, "a prediction of the last three days has no outcome yet"
    write(tmp_path / "events.csv", events(rows))
    again = audited(tmp_path, config(COLUMNS, joined=JOINED), kept)
    assert again.source != first.source
    profile = kept.profile(again.profile)
    assert profile is not None
    tally = profile.cubes[""].tally()
    assert tally.tp + tally.fp + tally.fn + tally.tn == 140


@pytest.mark.parametrize(("take", "hour"), [("first", 2), ("last", 30), ("nearest", -1)])
def test_which_of_several_rows_counts_is_said(tmp_path: Path, take: str, hour: int) -> None:
    write(tmp_path / "ward.csv", [row | {"visit": "v0"} for row in ward()[:1]])
    at = clock(ward()[0]["at"])
    hours = (-60, -1, 2, 30, 60)
    write(tmp_path / "lab.csv", [
        {"id": "v0", "at": (at + timedelta(hours=h)).strftime(FORM), "value": h} for h in hours
    ])  # fmt: skip
    join = {"source": {"kind": "files", "path": "lab.csv"}, "match": {"visit": "id"}, "time": "at",
            "take": take, "within": "PT48H", "bring": {"later": "value"}}  # fmt: skip
    declared = config({"numeric": ["age", "lactate", "later"]}, joined=[join])
    with closing(source.connect(declared, tmp_path)) as opened:
        (row,) = opened.table().to_pyarrow().to_pylist()
    assert row["later"] == hour


def test_an_offset_leaves_out_what_came_too_soon_or_looks_back(tmp_path: Path) -> None:
    write(tmp_path / "ward.csv", ward()[:1])
    at = clock(ward()[0]["at"])
    write(tmp_path / "lab.csv", [
        {"id": "v0", "at": (at + timedelta(hours=h)).strftime(FORM), "value": h} for h in (-5, 1, 3)
    ])  # fmt: skip
    for offset, hour in (("PT2H", 3), ("-PT6H", -5), ("PT4H", None)):
        join = {"source": {"kind": "files", "path": "lab.csv"}, "match": {"visit": "id"}, "time": "at",
                "take": "first", "offset": offset, "bring": {"later": "value"}}  # fmt: skip
        declared = config({"numeric": ["age", "lactate", "later"]}, joined=[join])
        with closing(source.connect(declared, tmp_path)) as opened:
            (row,) = opened.table().to_pyarrow().to_pylist()
        assert row["later"] == hour


def test_a_table_without_times_gives_one_row_a_key_or_is_refused(tmp_path: Path) -> None:
    rows = ward(weeks=1)
    write(tmp_path / "ward.csv", [{k: v for k, v in row.items() if k != "sepsis"} for row in rows])
    write(tmp_path / "final.csv", [{"visit": row["visit"], "died": row["sepsis"]} for row in rows[::2]])
    join = {
        "source": {"kind": "files", "path": "final.csv"},
        "match": {"visit": "visit"},
        "bring": {"sepsis": "died"},
    }
    declared = config(joined=[join])
    with closing(source.connect(declared, tmp_path)) as opened:
        got = {row["visit"]: row["sepsis"] for row in opened.table().to_pyarrow().to_pylist()}
    assert got == {row["visit"]: row["sepsis"] if i % 2 == 0 else None for i, row in enumerate(rows)}
    write(tmp_path / "final.csv", [{"visit": "v1", "died": 1}, {"visit": "v1", "died": 0}])
    with closing(source.connect(declared, tmp_path)) as opened, pytest.raises(SourceInvalid) as error:
        opened.table()
    assert str(error.value) == (
        "joined.1: final.csv: holds several rows for one visit; say `time` and which to `take`"
    )


def test_one_row_of_each_encounter_counts_where_asked(rows: list[Row], tmp_path: Path) -> None:
    stays = [row | {"stay": i // 5} for i, row in enumerate(ward(a_day=20))]
    write(tmp_path / "ward.csv", stays)
    window = {"length": "P7D", "one_per_encounter": "highest_score"}
    audit = audited(tmp_path, config({"encounter": "stay"}, window=window))
    week = {row["stay"] for row in stays if row["at"] >= "2026-02-02"}
    assert audit.rows == len(week) == 28


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"match": {"mrn": "who"}}, "ward.csv: no column 'mrn'; it has"),
        ({"match": {"patient": "mrn"}}, "joined.1: events.csv: no column 'mrn'; it has"),
        ({"time": "when"}, "joined.1: events.csv: no column 'when'; it has"),
        ({"source": {"kind": "files", "path": "gone.csv"}}, "joined.1: gone.csv: no such file"),
        (
            {"time": "zoned"},
            "joined.1: events.csv: column 'zoned' holds timestamp('UTC', 6) beside 'at' with",
        ),
    ],
)
def test_a_second_source_that_cannot_be_joined_is_named(
    rows: list[Row], tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    write(tmp_path / "ward.csv", rows)
    write(tmp_path / "events.csv", [row | {"zoned": row["at"] + "Z"} for row in events(rows)])
    declared = config({"patient": "patient"}, joined=[JOINED[0] | change])
    with pytest.raises(SourceInvalid) as error:
        audited(tmp_path, declared)
    assert str(error.value).startswith(said)


@pytest.mark.server
def test_rows_do_not_leave_a_database_to_be_joined(rows: list[Row], tmp_path: Path, postgres: str) -> None:
    put = in_postgres(tmp_path, {"ward": rows}, postgres)
    write(tmp_path / "events.csv", events(rows))
    with pytest.raises(SourceInvalid) as error:
        audited(tmp_path, config({"patient": "patient"}, source=put["ward"], joined=JOINED[:1]))
    assert str(error.value) == (
        "joined.1: is held by duckdb, and the predictions by postgres: rows do not leave a database to be "
        "joined; put both in one, as a table or a view"
    )


def test_an_unknown_kind_is_a_mistake_in_the_file() -> None:
    with pytest.raises(ConfigError, match=r"sepsis\.yaml: joined\.1\.source\.kind: must be one of"):
        config({"patient": "patient"}, joined=[JOINED[0] | {"source": {"kind": "excel"}}])
