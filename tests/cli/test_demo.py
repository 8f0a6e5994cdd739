"""The demo, run once for real: what it finds in SUPPORT, what it keeps, and that a rerun changes nothing."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from flows.home import Home, open_ledger
from scripts import demo_alerts
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


@pytest.fixture(scope="module")
def again(shown: str, home: Path) -> tuple[str, list[dict[str, object]], str]:
    """The ledger's head after the demo, the same windows asked for once more, and the head after that."""
    before = rounds(home, "verify")
    model = str(ROOT / "configs" / "models" / "support-survival.yaml")
    span = ("--from", "1992-01-07", "--to", "1994-01-23")
    made = rounds(home, "backfill", model, *span, "--json").splitlines()
    return before, [json.loads(line) for line in made], rounds(home, "verify")


@pytest.mark.server
def test_the_demo_says_what_moved_and_where_to_look(shown: str) -> None:
    assert "Urine was missing" in shown
    assert "8 windows" in shown
    for place in ("rounds demo --serve", "mlflow server", "evidently ui", "ledger.db"):
        assert place in shown


@pytest.mark.server
def test_nothing_pages_for_noise_and_urine_is_found_in_every_window(
    again: tuple[str, list[dict[str, object]], str],
) -> None:
    _, made, _ = again
    assert len(made) == WINDOWS
    for audit in made:
        findings = audit["findings"]
        assert isinstance(findings, list)
        beyond = {(f["metric"], f["subject"]) for f in findings if f["verdict"] == "beyond"}
        assert ("missing_share", "urine") in beyond
        assert not [f for f in findings if f["verdict"] == "failed"]
        assert not [f for f in findings if f["verdict"] == "beyond" and f["severity"] == "page"]


@pytest.mark.server
def test_each_window_left_one_run_in_mlflow_and_a_rerun_changes_nothing(
    again: tuple[str, list[dict[str, object]], str], home: Path
) -> None:
    before, _, after = again
    assert after == before
    store = sqlite3.connect(home / "mlflow" / "mlflow.db")
    (runs,) = store.execute("SELECT count(*) FROM runs WHERE lifecycle_stage = 'active'").fetchone()
    (unfinished,) = store.execute("SELECT count(*) FROM runs WHERE status <> 'FINISHED'").fetchone()
    store.close()
    assert (runs, unfinished) == (WINDOWS, 0)


@pytest.mark.server
def test_no_patient_and_no_small_count_leaves_through_mlflow_or_evidently(shown: str, home: Path) -> None:
    kept = [*(home / "mlflow").rglob("audit.json")]
    assert len(kept) == WINDOWS
    for path in kept:
        for finding in json.loads(path.read_text())["findings"]:
            for name in ("n", "events", "reference_n"):
                assert not 0 < (finding[name] or 0) <= 10


@pytest.mark.server
def test_the_page_about_its_alerts_is_what_its_ledger_tells_and_no_page_is_among_it(
    shown: str, home: Path
) -> None:
    audits = demo_alerts.shown(open_ledger(Home.of({}, home)))
    assert demo_alerts.PAGE.read_text(encoding="utf-8") == demo_alerts.page(audits), (
        "run `python -m scripts.demo_alerts`"
    )
    told = [alert for place in range(len(audits)) for alert in demo_alerts.told(audits, place)]
    assert len(audits) == WINDOWS
    assert [alert.finding.severity for alert in told].count("page") == 0
