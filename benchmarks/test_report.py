"""A committee's report: ten groups, a dozen measures, 1,000 draws; from stored counts to three files."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from dashboards.report import formats, issue
from monitors.assess import assess
from monitors.audit import Audit
from monitors.cube import Cube
from monitors.ledger import Ledger
from monitors.profile import EVERYONE, Profile
from monitors.reference import Reference
from tests.dashboards import committee

GROUPS, CELLS, PEOPLE = 10, 100, 2_000
SECONDS = 5.0


def counted(seed: int) -> tuple[Cube, Cube]:
    """Ten groups of 2,000 people on a hundred score cells, flagged from 0.3 on."""
    random = np.random.default_rng(seed)
    rows = []
    for g in range(GROUPS):
        cells = np.clip((random.beta(2, 5, PEOPLE) * CELLS).astype(int), 0, CELLS - 1)
        had = random.random(PEOPLE) < np.clip((cells + 0.5) / CELLS * (0.8 + 0.04 * g), 0, 1)
        for cell in np.unique(cells):
            for y in (0, 1):
                n = int(((cells == cell) & (had == y)).sum())
                if n:
                    score = int((cell + 0.5) / CELLS * 1e6) * n
                    rows.append((f"group {g}", y, int(cell >= 30), int(cell), -1, n, score))
    return Cube.of("race", rows), Cube.of(EVERYONE, [("", *row[1:]) for row in rows])


@pytest.mark.benchmark(timer=time.process_time)  # one thread: an idle machine takes as long
def test_an_audit_of_ten_groups_becomes_three_files_within_five_seconds(
    benchmark: BenchmarkFixture, tmp_path: Path
) -> None:
    columns = {"time": "at", "id": "case", "score": "risk", "decision": {"score_at_least": 0.3},
               "outcome": "had", "sensitive": ["race"]}  # fmt: skip
    config = committee.declared("ten", "race", columns=columns)
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: committee.NOW)
    edges = tuple(i / CELLS for i in range(CELLS + 1))
    profiles = []
    for window, seed in ((committee.WINDOW, 1), (committee.BEFORE, 2)):
        race, whole = counted(seed)
        cubes = {"race": race, EVERYONE: whole}
        profiles.append(Profile(window, whole.rows, 0, None, window.start, {}, cubes, {}, edges))
    reference = Reference(profiles[1])
    ledger.append("reference", reference.digest, reference.payload(), model=config.model)
    audit = Audit(
        model=config.model, version="1", window=committee.WINDOW, stage="outcome", rows=profiles[0].rows,
        config=config.digest, reference=reference.digest, profile=profiles[0].digest, software="rounds",
    )  # fmt: skip
    ledger.record(audit, profiles[0])

    def written() -> dict[str, int]:
        report = issue.issue(ledger, assess(ledger, config), committee.NOW)
        measures = {f["metric"] for f in report.audit["findings"] if f["group"] is not None}
        assert len(measures) >= 12
        return {kind: len(write(report)) for kind, write in formats.FORMATS.items()}

    sizes = benchmark.pedantic(written, rounds=1, iterations=1)
    assert set(sizes) == {"json", "html", "pdf"}
    assert benchmark.stats.stats.max <= SECONDS
