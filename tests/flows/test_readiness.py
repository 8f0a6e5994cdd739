"""Readiness is counted where the rows are, to the same counts, whatever kind of source holds them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows import notes, readiness, source
from monitors.readiness.counted import AGAIN, EARLY, NO_OUTCOME, SAME_MOMENT, THIRD_OUTCOME, Counted
from monitors.readiness.declared import Declared
from tests.flows.fhir_server import serving
from tests.flows.test_engines import in_duckdb, in_parquet, in_postgres, in_sqlite
from tests.flows.test_fhir import patient, risk, written

AT = datetime(2026, 5, 4, tzinfo=UTC)
COLUMNS: dict[str, Any] = {
    "time": "at", "recorded": "acted", "id": "id", "patient": "patient", "outcome": "y",
    "numeric": ["x", "n", "typed", "age"], "categorical": ["c", "flag"],
    "sensitive": ["sex", {"age": [18, 65]}], "site": "c",
}  # fmt: skip


def counted(declared: dict[str, Any], folder: Path) -> Counted:
    read = Declared.model_validate(declared)
    opened = source.connect(read.counted_as(), folder)
    try:
        return readiness.count(opened, read, AT)
    finally:
        opened.close()


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Counted:
    folder = tmp_path_factory.mktemp("parquet")
    return counted({"source": in_parquet(folder, ""), "columns": COLUMNS}, folder)


def test_odd_rows_are_counted_as_what_they_are(expected: Counted) -> None:
    assert expected.rows == 1200
    assert expected.whole(AGAIN) == 10
    assert expected.whole(SAME_MOMENT) == 0
    assert expected.whole(EARLY) > 0
    assert expected.whole(THIRD_OUTCOME) == 0
    assert expected.whole(NO_OUTCOME) > 0
    assert expected.histogram("typed").other == 4 * 80  # five, <5, 0x1F and 1,5
    assert expected.first == datetime(2026, 3, 22, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize("place", [in_duckdb, in_sqlite, pytest.param(in_postgres, marks=pytest.mark.server)])
def test_every_engine_gives_the_same_counts(
    place: Callable[[Path, str], dict[str, Any]],
    expected: Counted,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    postgres = request.getfixturevalue("postgres") if place is in_postgres else ""
    found = counted({"source": place(tmp_path, postgres), "columns": COLUMNS}, tmp_path)
    for part in ("sizes", "facts", "days", "ends", "first", "last", "refused"):
        assert getattr(found, part) == getattr(expected, part), part
    assert found.histograms == expected.histograms


def test_fhir_is_a_source_as_an_export_and_as_a_server(tmp_path: Path) -> None:
    resources = [
        *(risk(f"r{i}", i / 300, subject={"reference": f"Patient/p{i % 90}"}) for i in range(300)),
        *(patient(f"p{i}", ("White",) if i % 3 else ("Asian",)) for i in range(90)),
    ]
    written(tmp_path, *resources)
    columns = {"time": "time", "id": "id", "patient": "patient", "numeric": ["score", "age"],
               "sensitive": ["race", "language"]}  # fmt: skip
    export = {"source": {"kind": "fhir", "path": "."}, "columns": columns}
    found = counted(export, tmp_path)
    assert found.rows == 300
    assert sum(found.sizes["race"].values()) == 300
    with serving(resources) as server:
        served = {"source": {"kind": "fhir", "url": server.url}, "columns": columns}
        assert counted(served, tmp_path) == found
    (tmp_path / "ready.yaml").write_text(yaml.safe_dump(export))
    assert readiness.ready(tmp_path / "ready.yaml", AT).rows == 300


def test_a_model_of_texts_is_looked_at_without_its_measures(tmp_path: Path) -> None:
    with (tmp_path / "notes.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([notes.COLUMNS, *islice(notes.visits(), 40)])
    pack = Path(__file__).parents[2] / "configs" / "packs" / "ambient.yaml"
    (tmp_path / "ambient.yaml").write_text(pack.read_text(encoding="utf-8"), encoding="utf-8")
    read, folder = readiness.read(tmp_path / "ambient.yaml")
    opened = source.connect(read.counted_as(), folder)
    with closing(opened):
        held = readiness.count(opened, read, AT)
    assert held.histograms == {}
    assert sum(held.sizes["language"].values()) == 40
