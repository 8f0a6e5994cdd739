"""Spark counts what DuckDB counts, and says plainly why it cannot."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows import source
from flows.counting import count
from flows.measuring import measured
from monitors.columns import Columns
from monitors.errors import ConfigError, SourceInvalid, SourceUnavailable
from tests.flows import rows as w
from tests.flows import test_engines as engines

# PySpark leaves the sockets of what it collected to the garbage collector.
pytestmark = [
    pytest.mark.server,
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
# Rows are few and statements many: planning takes long, not counting, so little is compiled.
OPTIONS = {
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
}
DECLARED = {"kind": "spark", "path": "rows.parquet", "master": "local[2]", "options": OPTIONS}


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the odd rows, and a Spark that is started once."""
    if shutil.which("java") is None:
        assert not os.environ.get("CI"), "CI installs Java"
        pytest.skip("Java is not installed")
    folder = tmp_path_factory.mktemp("spark")
    engines.in_parquet(folder, "")
    keep = source.connect(engines.config(DECLARED), folder)
    yield folder
    keep.close()
    gc.collect()


def opened(ward: Path, **declared: Any) -> Any:
    return source.connect(engines.config({**DECLARED, **declared}), ward)


def test_spark_finds_the_same_bins_and_counts(ward: Path) -> None:
    frozen, expected = engines.profiled({"kind": "files", "path": "rows.parquet"}, ward)
    there, profile = engines.profiled(DECLARED, ward)
    assert there == frozen
    for name, histogram in profile.histograms.items():
        assert histogram == expected.histograms[name]
    for name, cube in profile.cubes.items():
        assert cube == expected.cubes[name]
    assert profile.digest == expected.digest


def test_texts_stream_by_as_from_a_file(ward: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = [datetime(2026, 3, 29, 1, 30, tzinfo=UTC) + timedelta(hours=i) for i in range(5)]
    notes = {
        "at": at,
        "draft": [f"Give {i % 3} mg." for i in range(5)],
        "signed": ["Give 1 mg."] * 4 + [None],
    }
    pq.write_table(pa.table(notes), ward / "notes.parquet")
    asked = ("draft~signed.edit_distance", "draft.words")
    columns = Columns(time="at", decision="draft.near_duplicate", text=("draft", "signed"), numeric=asked)
    monkeypatch.setenv("TZ", "America/Chicago")
    time.tzset()
    found = []
    for kind in ({"kind": "files"}, DECLARED):
        told = engines.config({**kind, "path": "notes.parquet"})
        plain = told.source.model_copy(update={"derive": {}})
        told = told.model_copy(update={"columns": columns, "source": plain})
        held = source.connect(told, ward)
        with closing(held), measured(held.table(), told, None) as rows:
            found.append(
                rows.order_by("at").to_pyarrow().select(["at", *asked, columns.decision]).to_pylist()
            )
    monkeypatch.undo()
    time.tzset()
    assert found[0] == found[1]
    assert [row["at"] for row in found[1]] == at


def test_spark_keeps_moments_and_local_clocks_apart(ward: Path) -> None:
    local = datetime(2026, 3, 29, 1, 30)  # noqa: DTZ001  as a ward's clock shows it
    held = [{**row, "at": local} for row in engines.rows()[:20]]
    schema = engines.SCHEMA.set(engines.SCHEMA.get_field_index("at"), pa.field("at", pa.timestamp("us")))
    schema = schema.set(schema.get_field_index("acted"), pa.field("acted", pa.timestamp("us")))
    held = [{**row, "acted": None} for row in held]
    pq.write_table(pa.Table.from_pylist(held, schema), ward / "local.parquet")
    clock, moment = opened(ward, path="local.parquet"), opened(ward)
    assert clock.table()["at"].type().timezone is None
    assert moment.table()["at"].type().timezone == "UTC"
    clock.close()
    moment.close()


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        (
            {"path": None, "table": "ward.nothing"},
            r"^spark:ward.nothing: no such table; check `source.table`$",
        ),
        ({"path": "nowhere.parquet"}, r"^spark:nowhere.parquet: "),
    ],
)
def test_what_is_not_there_is_named(ward: Path, declared: dict[str, Any], told: str) -> None:
    held = opened(ward, **declared)
    with pytest.raises(SourceInvalid, match=told):
        held.table()
    held.close()


def test_a_column_that_is_not_there_is_named_with_those_that_are(ward: Path) -> None:
    lacking = pa.Table.from_pylist(engines.rows()[:5], engines.SCHEMA).drop_columns(["score", "patient"])
    pq.write_table(lacking, ward / "lacking.parquet")
    held = opened(ward, path="lacking.parquet")
    with pytest.raises(SourceInvalid, match=r"no column 'patient', 'score'; it has 'id', 'at'"):
        held.table()
    held.close()


def test_files_that_go_while_they_are_counted_leave_no_profile(ward: Path) -> None:
    shutil.copy(ward / "rows.parquet", ward / "gone.parquet")
    held = opened(ward, path="gone.parquet")
    config = engines.config(DECLARED)
    table = held.table()
    (ward / "gone.parquet").unlink()
    frozen = engines.Frozen({}, (0.0, 1.0))
    with pytest.raises((SourceInvalid, SourceUnavailable)) as wrong:
        count(table, config, engines.WEEK, frozen, where=held.name)
    assert str(wrong.value).startswith("spark:gone.parquet: ")
    assert "\n" not in str(wrong.value)
    held.close()


def test_without_java_or_its_driver_the_remedy_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "pyspark.sql", None)
        with pytest.raises(SourceInvalid, match=r"pip install 'rounds-monitor\[spark\]'"):
            opened(tmp_path)


def test_one_of_table_and_path_is_said() -> None:
    with pytest.raises(ConfigError, match="source: say `table` or `path`, one of the two"):
        w.config(source={"kind": "spark"})
