"""The demo, run once for real: what it finds in SUPPORT, what it keeps, and that a rerun changes nothing."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT

WINDOWS = 8


def rounds(home: Path, *arguments: str) -> str:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ROUNDS_", "MLFLOW_", "PREFECT_"))}
    done = subprocess.run(
        [sys.executable, str(ROOT / "rounds.py"), "--home", str(home), *arguments],
        cwd=home.parent, env={**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "home"


@pytest.fixture(scope="module")
def shown(home: Path) -> str:
    return rounds(home, "demo")


def audits(home: Path) -> list[dict[str, object]]:
    model = str(ROOT / "configs" / "models" / "support-survival.yaml")
    span = ("--from", "1992-01-07", "--to", "1994-01-23")
    return [json.loads(line) for line in rounds(home, "backfill", model, *span, "--json").splitlines()]


@pytest.mark.server
def test_the_demo_says_what_moved_and_where_to_look(shown: str, home: Path) -> None:
    assert "Urine was missing" in shown
    assert "8 windows" in shown
    for place in ("rounds demo --serve", "mlflow server", "evidently ui", "ledger.db"):
        assert place in shown


@pytest.mark.server
def test_nothing_pages_for_noise_and_urine_is_found_in_every_window(shown: str, home: Path) -> None:
    made = audits(home)
    assert len(made) == WINDOWS
    for audit in made:
        findings = audit["findings"]
        assert isinstance(findings, list)
        beyond = {(f["metric"], f["subject"]) for f in findings if f["verdict"] == "beyond"}
        assert ("missing_share", "urine") in beyond
        assert not [f for f in findings if f["verdict"] == "failed"]
        assert not [f for f in findings if f["verdict"] == "beyond" and f["severity"] == "page"]


@pytest.mark.server
def test_each_window_left_one_run_in_mlflow_even_after_a_rerun(shown: str, home: Path) -> None:
    audits(home)
    store = sqlite3.connect(home / "mlflow" / "mlflow.db")
    (runs,) = store.execute("SELECT count(*) FROM runs WHERE lifecycle_stage = 'active'").fetchone()
    (unfinished,) = store.execute("SELECT count(*) FROM runs WHERE status <> 'FINISHED'").fetchone()
    store.close()
    assert (runs, unfinished) == (WINDOWS, 0)
    before = rounds(home, "verify")
    audits(home)
    assert rounds(home, "verify") == before


@pytest.mark.server
def test_no_patient_and_no_small_count_leaves_through_mlflow_or_evidently(shown: str, home: Path) -> None:
    kept = [*(home / "mlflow").rglob("audit.json")]
    assert len(kept) == WINDOWS
    for path in kept:
        for finding in json.loads(path.read_text())["findings"]:
            for name in ("n", "events", "reference_n"):
                assert not 0 < (finding[name] or 0) <= 10
