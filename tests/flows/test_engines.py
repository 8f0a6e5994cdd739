"""The same window gives the same profile, by digest, wherever its rows are kept."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import ibis
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg.conninfo import conninfo_to_dict

from flows import asides, counting, source
from flows.binning import freeze
from flows.counting import Frozen, count
from flows.periods import within
from flows.prepare import Prepared, checked
from monitors.config import ModelConfig
from monitors.profile import EVERYONE, Profile
from monitors.window import Window, moment

REFERENCE = Window(moment("2026-03-23"), moment("2026-03-30"))  # clocks go forward in Berlin on the 29th
WEEK = Window(moment("2026-03-29T00:00:00+01:00"), moment("2026-04-05T00:00:00+02:00"))
ODD = [0.0, -0.0, math.nan, math.inf, -math.inf, None, 1e300, 5e-324, 0.1 + 0.2, 1e15, -7.25, 2.5]
TEXTS = ["a", "", " ", None, "ä", "Ärzte", "患者", "ﬁ", "a'b", 'a"b', "NaN", "x" * 300, "b ", "vf", "e\u0301"]
NUMBERS = [
    "1",
    " 2.5 ",
    "-3e2",
    "1e-7",
    "+4.",
    ".5",
    "five",
    "",
    None,
    "NaN",
    "nan",
    "<5",
    "0x1F",
    "1,5",
    "007",
]


def rows() -> list[dict[str, Any]]:
    start = datetime(2026, 3, 22, 22, 30, tzinfo=UTC)
    made = []
    for i in range(1200):
        score = (i * 7919 % 1009) / 1008
        made.append(
            {
                "id": f"p{i % 1190}",  # ten came twice
                "at": start + timedelta(minutes=20 * i),
                "score": None if i % 97 == 0 else 1.5 if i % 101 == 0 else score,
                "x": ODD[i % 12] if i % 3 == 0 else (i * 31 % 500) / 7,
                "n": i % 17 if i % 11 else None,
                "typed": NUMBERS[i % 15],
                "c": TEXTS[i % 15],
                "sex": ["F", "M", None, ""][i % 4],
                "age": float(i % 95) if i % 13 else None,
                "y": [0, 1, None][i % 3] if i % 5 else int(score > 0.5),
                "flag": [True, False, None][i % 3],
                "patient": f"q{i % 30}" if i % 19 else None,
                "acted": start + timedelta(minutes=20 * i, seconds=i * 131 % 90_000 - 600) if i % 7 else None,
            }
        )
    return made


SCHEMA = pa.schema(
    [("id", pa.string()), ("at", pa.timestamp("us", "UTC")), ("score", pa.float64()), ("x", pa.float64()),
     ("n", pa.int64()), ("typed", pa.string()), ("c", pa.string()), ("sex", pa.string()),
     ("age", pa.float64()), ("y", pa.int64()), ("flag", pa.bool_()),
     ("patient", pa.string()), ("acted", pa.timestamp("us", "UTC"))]
)  # fmt: skip
TYPES = (
    "id text, at {time}, score {double}, x {double}, n bigint, typed text, c text, sex text, "
    "age {double}, y bigint, flag boolean, patient text, acted {time}"
)
NAMES = ", ".join(SCHEMA.names)


def in_parquet(folder: Path, postgres: str) -> dict[str, Any]:
    pq.write_table(pa.Table.from_pylist(rows(), SCHEMA), folder / "rows.parquet")
    return {"kind": "files", "path": "rows.parquet"}


def in_duckdb(folder: Path, postgres: str) -> dict[str, Any]:
    table = pa.Table.from_pylist(rows(), SCHEMA)
    with duckdb.connect(str(folder / "rows.duckdb")) as held:
        held.register("given", table)
        held.execute("CREATE SCHEMA ward; CREATE TABLE ward.rows AS SELECT * FROM given")
    return {"kind": "sql", "url": "duckdb://rows.duckdb", "table": "ward.rows"}


def in_sqlite(folder: Path, postgres: str) -> dict[str, Any]:
    held = sqlite3.connect(folder / "rows.sqlite")
    held.execute(f"CREATE TABLE rows ({TYPES.format(time='text', double='real')})")
    given = [[v.isoformat() if isinstance(v, datetime) else v for v in row.values()] for row in rows()]
    held.executemany(f"INSERT INTO rows VALUES ({', '.join('?' * len(SCHEMA))})", given)
    held.commit()
    held.close()
    return {"kind": "sql", "url": "sqlite:///rows.sqlite", "table": "rows"}


def in_postgres(folder: Path, postgres: str) -> dict[str, Any]:
    parts = conninfo_to_dict(postgres)
    with psycopg.connect(postgres, autocommit=True) as held:
        held.execute("DROP SCHEMA IF EXISTS ward CASCADE; CREATE SCHEMA ward")
        held.execute(f"CREATE TABLE ward.rows ({TYPES.format(time='timestamptz', double='float8')})")
        with held.cursor() as cursor, cursor.copy(f"COPY ward.rows ({NAMES}) FROM STDIN") as copy:
            for row in rows():
                copy.write_row(list(row.values()))
    host = f"host={parts['host']}"
    return {
        "kind": "sql",
        "url": f"postgresql://postgres@/postgres?{host}&port={parts['port']}",
        "table": "ward.rows",
    }


def config(declared: dict[str, Any], *rules: dict[str, Any]) -> ModelConfig:
    return ModelConfig.model_validate(
        {
            "model": "engines",
            "version": "1",
            "source": {**declared, "derive": {"twice": "n * 2", "high": "score >= 0.5"}},
            "columns": {
                "time": "at",
                "id": "id",
                "score": "score",
                "decision": "high",
                "outcome": "y",
                "action": "flag",
                "action_time": "acted",
                "patient": "patient",
                "need": "n",
                "label": {"predicted": "c", "actual": "sex", "among": ["a", "F", "M"]},
                "amount": {"predicted": "age", "actual": "n"},
                "rank": "n",
                "numeric": ["x", "n", "typed", "twice"],
                "categorical": ["c", "flag"],
                "sensitive": ["sex", {"age": [18, 65]}, ["sex", "age"]],
            },
            "outcome": {"matures_after": "P1D"},
            "timezone": "Europe/Berlin",
            "window": "P7D",
            "reference": {"from": "2026-03-23", "to": "2026-03-30"},
            "plan": [{"measure": "incomplete_share", "by": "sensitive", "margin": 0.1}, *rules],
        }
    )


def profiled(declared: dict[str, Any], folder: Path) -> tuple[Frozen, Profile]:
    settings = config(declared)
    opened = source.connect(settings, folder)
    try:
        table = opened.table()
        reference = freeze(table, settings, REFERENCE)
        frozen = Frozen(
            {name: held.bins for name, held in reference.profile.histograms.items()},
            reference.profile.score_edges,
        )
        return frozen, count(table, settings, WEEK, frozen)
    finally:
        opened.close()


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Frozen, Profile]:
    folder = tmp_path_factory.mktemp("parquet")
    return profiled(in_parquet(folder, ""), folder)


def test_the_odd_rows_are_counted_at_all(expected: tuple[Frozen, Profile]) -> None:
    _, profile = expected
    assert profile.rows > 400
    assert profile.histograms["typed"].other > 0
    assert profile.histograms["x"].above > 0
    assert {aside[1] for aside in profile.cubes["sex"].asides} == {
        *("day", "delay", "need", "incomplete", "label", "rank", "amount"),
    }


@pytest.mark.parametrize("place", [in_duckdb, in_sqlite, pytest.param(in_postgres, marks=pytest.mark.server)])
def test_every_engine_finds_the_same_bins_and_counts(
    place: Callable[[Path, str], dict[str, Any]],
    expected: tuple[Frozen, Profile],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    postgres = request.getfixturevalue("postgres") if place is in_postgres else ""
    frozen, profile = profiled(place(tmp_path, postgres), tmp_path)
    assert frozen == expected[0]
    for name, histogram in profile.histograms.items():
        assert histogram == expected[1].histograms[name]
    for name, cube in profile.cubes.items():
        assert cube == expected[1].cubes[name]
    assert profile.digest == expected[1].digest


class Bound(Prepared):
    """Prepared rows bound to a table, for an engine that takes expressions and no SQL."""

    def __init__(self, settings: ModelConfig, rows: ibis.Table) -> None:
        super().__init__(settings, rows.schema())
        self.__dict__ |= {"window": rows, "table": rows.select(**self.made(rows))}


def counted(backend: Any, frozen: Frozen) -> dict[str, list[tuple[Any, ...]]]:
    """Every branch of a window's count, asked as an expression; each answer sorted."""
    settings = config({"kind": "files", "path": "rows.parquet"})
    held = backend.create_table("held", pa.Table.from_pylist(rows(), SCHEMA))
    table = held.mutate(twice=held.n * 2, high=held.score >= 0.5)
    named = checked(table, settings.columns, "held")
    prepared = Bound(settings, within(named, settings.columns, WEEK, settings, "held"))
    attributes = (EVERYONE, *(a.name for a in settings.columns.attributes))
    branches = [counting._column(prepared, name, bins) for name, bins in frozen.bins.items()]
    branches += [counting._grouping(prepared, attribute, frozen) for attribute in attributes]
    branches += [branch for a in attributes for branch in counting._repeating(prepared, a)]
    edges = frozen.score_edges
    branches += [b for a in attributes for b in asides.branches(prepared, a, frozen.bins, edges)]
    found: dict[str, list[tuple[Any, ...]]] = {}
    for branch in branches:
        for row in backend.to_pyarrow(branch).to_pylist():
            found.setdefault(row["tag"], []).append(tuple(row.values())[1:])
    return {tag: sorted(answer, key=repr) for tag, answer in found.items()}


def test_polars_counts_every_branch_as_duckdb_does(expected: tuple[Frozen, Profile]) -> None:
    """The same expression on both; a profile is what its branches answer, so it is the same as well."""
    embedded = ibis.duckdb.connect()
    embedded.raw_sql("SET TimeZone = 'UTC'")
    wanted = counted(embedded, expected[0])
    assert len(wanted) == 19  # seven columns, four cubes and what is beside them
    assert counted(ibis.polars.connect(), expected[0]) == wanted
