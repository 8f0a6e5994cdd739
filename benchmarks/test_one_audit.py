"""One audit of 1,000,000 rows × 30 features × 3 sensitive columns, beside its peers on the same rows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.data import config, write

ROWS, COLUMNS = 1_000_000, 30


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("bench")
    write(place / "reference.parquet", ROWS, COLUMNS, seed=1, week=0)
    write(place / "current.parquet", ROWS, COLUMNS, seed=2, week=1)
    (place / "bench.yaml").write_text(config(COLUMNS))
    return place


@pytest.mark.parametrize(
    ("name", "repeat"), [("rounds", 3), ("reference", 1), ("fairlearn", 1), ("evidently", 1)]
)
def test_one_audit(benchmark: BenchmarkFixture, folder: Path, name: str, repeat: int) -> None:
    """Each contender works in a process of its own; the figure is the work, without imports."""
    benchmark.group = f"one audit of {ROWS:,} rows x {COLUMNS} features x 3 attributes"

    def work() -> dict[str, object]:
        command = [sys.executable, "-m", "benchmarks.contenders", name, str(folder), str(repeat)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return dict(json.loads(done.stdout.splitlines()[-1]))

    found = benchmark.pedantic(work, rounds=1, iterations=1)
    seconds = found["seconds"]
    assert isinstance(seconds, list)
    benchmark.extra_info |= {"work_seconds": min(seconds), "peak_mb": found["peak_mb"]}
    print(f"\n{name}: {min(seconds):.2f} s of work, peak {found['peak_mb']} MB")
