"""A small hospital's predictions in a CSV, its model's file, and the command line over them."""

from __future__ import annotations

import csv
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
START = datetime(2026, 1, 5, tzinfo=UTC)
WEEKS = 14

CONFIG = """\
model: sepsis-alert
version: "2"
source: {kind: files, path: scores.csv}
columns:
  time: scored_at
  id: visit
  score: risk
  decision: {score_at_least: 0.3}
  outcome: sepsis
  numeric: [lactate, heart_rate]
  categorical: [unit]
  sensitive: [sex, language]
outcome: {matures_after: P14D}
window: P7D
schedule: "0 6 * * 1"
reference: {from: 2026-01-05, to: 2026-03-02}
evidently: {report: never}
"""


@dataclass(frozen=True)
class Place:
    """A folder with data and a model's file, and `rounds` to run in it."""

    folder: Path

    @property
    def model(self) -> Path:
        return self.folder / "sepsis-alert.yaml"

    def rounds(self, *arguments: str | Path, status: int = 0) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("ROUNDS_", "MLFLOW_"))}
        done = subprocess.run(
            [sys.executable, str(ROOT / "rounds.py"), *map(str, arguments)],
            cwd=self.folder, env={**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "160"},
            capture_output=True, text=True, timeout=600,
        )  # fmt: skip
        assert done.returncode == status, f"{done.stdout}\n{done.stderr}"
        return done


def rows() -> list[dict[str, object]]:
    """About 300 visits a week; in week 11 the lab sends lactate in mg/dl for mmol/l."""
    made = random.Random(5)
    found: list[dict[str, object]] = []
    for week in range(WEEKS):
        for _ in range(300):
            risk = made.betavariate(2, 6)
            lactate = made.lognormvariate(0.5, 0.4) * (9.0 if week == 11 else 1.0)
            at = START + timedelta(days=7 * week, seconds=made.randrange(7 * 86400))
            found.append({
                "visit": f"v{len(found):05d}", "scored_at": at.isoformat(), "risk": round(risk, 4),
                "sepsis": int(made.random() < risk), "lactate": round(lactate, 2),
                "heart_rate": round(made.gauss(85, 15)), "unit": made.choice(["icu", "ward", "ed"]),
                "sex": made.choice(["female", "male"]),
                "language": made.choices(["English", "Spanish", "Haitian Creole"], [80, 18, 2])[0],
            })  # fmt: skip
    return found


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "scores.csv"
    made = rows()
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, made[0])
        writer.writeheader()
        writer.writerows(made)
    return path


@pytest.fixture
def place(tmp_path: Path, data: Path) -> Place:
    (tmp_path / "scores.csv").write_bytes(data.read_bytes())
    (tmp_path / "sepsis-alert.yaml").write_text(CONFIG)
    return Place(tmp_path)


@pytest.fixture(scope="session")
def audited(tmp_path_factory: pytest.TempPathFactory, data: Path) -> tuple[Place, str]:
    """One window audited, and what that printed; to be read only: `held` is a copy to write in."""
    folder = tmp_path_factory.mktemp("audited")
    (folder / "scores.csv").write_bytes(data.read_bytes())
    (folder / "sepsis-alert.yaml").write_text(CONFIG)
    place = Place(folder)
    return place, place.rounds("run", place.model, "--at", "2026-03-20", "--json").stdout


@pytest.fixture
def held(tmp_path: Path, audited: tuple[Place, str]) -> Place:
    """A place of one's own where one window has been audited."""
    shutil.copytree(audited[0].folder, tmp_path, dirs_exist_ok=True)
    return Place(tmp_path)


@pytest.fixture
def edited(place: Place) -> Callable[[str, str], Place]:
    """The model's file with one text in place of another."""

    def edit(old: str, new: str) -> Place:
        text = place.model.read_text()
        assert old in text
        place.model.write_text(text.replace(old, new))
        return place

    return edit
