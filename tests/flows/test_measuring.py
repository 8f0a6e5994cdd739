"""Texts are measured in the same room however many they are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import ibis
import pyarrow as pa
import pytest

from flows import measuring
from flows.measuring import measured
from monitors.config import ModelConfig

CONFIG = {
    "model": "scribe", "version": "1", "source": {"kind": "files", "path": "x.csv"}, "window": "P7D",
    "reference": {"from": "2026-01-05", "to": "2026-02-02"},
    "columns": {"time": "at", "id": "id", "decision": "x.near_duplicate", "text": ["x"]},
}  # fmt: skip
ROWS = 10_000


def notes() -> Any:
    backend: Any = ibis.duckdb.connect(threads=3)
    held = {"at": [datetime(2026, 1, 6)] * ROWS, "id": range(ROWS), "x": [f"day {i}" for i in range(ROWS)]}  # noqa: DTZ001
    return backend.create_table("notes", pa.table(held), temp=True)


def setting(backend: Any, name: str) -> Any:
    return backend.raw_sql(f"SELECT current_setting('{name}')").fetchone()[0]


def test_the_measures_of_any_number_of_texts_are_counted_in_a_room_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    groups: list[list[pa.RecordBatch]] = []
    written = measuring._grouped
    threads: list[int] = []
    rows = notes()

    def seen(batches: Any) -> Any:
        for group in written(batches):
            groups.append(group)
            cursor = rows.get_backend().con.cursor()
            threads.append(int(cursor.execute("SELECT current_setting('threads')").fetchone()[0]))
            yield group

    monkeypatch.setattr(measuring, "GROUP", 4_096)
    monkeypatch.setattr(measuring, "_grouped", seen)
    monkeypatch.setattr("flows.workers.processors", lambda: 1)
    with measured(rows, ModelConfig.model_validate(CONFIG), None) as found:
        assert setting(found.get_backend(), "memory_limit") == "244.1 MiB"  # 256 MB
        assert found.count().to_pyarrow().as_py() == ROWS
        assert found["x.near_duplicate"].isnull().sum().to_pyarrow().as_py() == 0
    sizes = [sum(batch.num_rows for batch in group) for group in groups]
    assert sum(sizes) == ROWS
    assert all(4_096 <= size < 4_096 + 2_048 for size in sizes[:-1])
    # One thread reads while the workers take; afterwards the source has its own again.
    assert set(threads) == {1}
    assert setting(rows.get_backend(), "threads") == 3
