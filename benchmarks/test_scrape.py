"""The first scrape after a restart, and the next, with 500 models whose audits are the demo's own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import fleet

MODELS, WINDOWS = 500, 3
pytestmark = pytest.mark.timeout(1800)  # five hundred models are written first, and not measured


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("fleet")
    fleet.write(place, MODELS, WINDOWS)
    return place


def test_a_scrape_of_500_models(benchmark: BenchmarkFixture, folder: Path) -> None:
    """At most a second and ten thousand series, and promtool has nothing to say."""

    def work() -> dict[str, float]:
        command = [sys.executable, "-m", "benchmarks.fleet", "scrape", str(folder), str(MODELS)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return dict(json.loads(done.stdout.splitlines()[-1]))

    found = benchmark.pedantic(work, rounds=1, iterations=1)
    benchmark.extra_info |= found
    print(f"\nfirst {found['first']} s, again {found['again']} s of work; {found['series']:,} series")
    assert found["series"] <= 10_000
    promtool = shutil.which("promtool")
    if promtool:
        with (folder / "metrics.txt").open("rb") as body:
            checked = subprocess.run([promtool, "check", "metrics"], stdin=body, capture_output=True)
        assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")
