"""Deployments for workers on other machines: a real server, a work pool, two process workers, 20 models."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from flows import beside, schedule
from flows.home import Home, open_ledger
from flows.owing import WATCHED
from monitors.config_file import parse
from tests.flows.test_schedule import CONFIG, ROOT, ask, environ, table

MODELS, TOGETHER = 20, 5


def test_models_of_one_schedule_share_a_run_and_no_others(tmp_path: Path) -> None:
    made = {tmp_path / f"m{n}.yaml": parse(CONFIG, "m.yaml") for n in range(5)}
    made[tmp_path / "other.yaml"] = parse(CONFIG.replace("0 6 * * 1", "0 7 * * 1"), "m.yaml")
    assert [len(batch) for batch in schedule.batches(made, 2)] == [2, 2, 1, 1]
    shared = schedule._shared(list(made)[:3], made, Home.of({}, tmp_path))
    assert shared.name == "sepsis-and-2-more"
    assert shared.parameters["models"] == [str(tmp_path / f"m{n}.yaml") for n in range(3)]


def test_without_a_server_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(schedule.NoServer, match="prefect server start"):
        schedule.deploy([table(tmp_path)], Home.of({}, tmp_path / "home"), "rounds", 2)


def deployed(folder: Path, home: Home, settings: Mapping[str, str], *more: str) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / "rounds.py"), "deploy", str(folder), *more],
        env={**settings, "ROUNDS_HOME": str(home.folder)}, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def worker(name: str, folder: Path, settings: Mapping[str, str]) -> Iterator[None]:
    """A process worker of the pool, as on another machine."""
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "rounds", "--type", "process"]
    own = {"PREFECT_HOME": str(folder / name), "PREFECT_WORKER_QUERY_SECONDS": "1"}
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--name", name, "--limit", "1"], env={**settings, **own}, stdout=log, stderr=log
        )
        try:
            yield
        finally:
            beside.stop(process)


@pytest.mark.server
def test_two_workers_audit_twenty_models_windows(tmp_path: Path) -> None:
    home = Home.of({}, tmp_path / "state").make()
    table(tmp_path)
    models = tmp_path / "models"
    models.mkdir()
    text = CONFIG.replace('path: "*.csv"', 'path: "../*.csv"')
    for number in range(MODELS):
        named = text.replace("model: sepsis", f"model: sepsis-{number:02d}")
        (models / f"sepsis-{number:02d}.yaml").write_text(named)
    with ExitStack() as stack:
        reached = stack.enter_context(beside.prefect_server(home, environ(), scheduling=True))
        settings = {**environ(), **reached, **home.environment(os.environ)}
        (models / "gone.yaml").write_text(text.replace("model: sepsis", "model: gone"))
        deployed(models, home, settings)
        (models / "gone.yaml").unlink()
        assert [pool["type"] for pool in ask(reached, "/work_pools/filter")] == ["process"]
        said = deployed(models, home, settings, "--together", str(TOGETHER), "--at-once", "2")
        assert said.startswith(f"{MODELS // TOGETHER} deployments")
        names = {each["name"] for each in ask(reached, "/deployments/filter")}
        assert names == {f"sepsis-{n:02d}-and-4-more" for n in range(0, MODELS, TOGETHER)}
        for name in ("one", "two"):
            stack.enter_context(worker(name, tmp_path, settings))
        ledger = open_ledger(home)
        until = time.monotonic() + 700
        while len(ledger.heads()) < MODELS and time.monotonic() < until:
            time.sleep(2)
        heads = ledger.heads()
        assert sorted(str(head.model) for head in heads) == [f"sepsis-{n:02d}" for n in range(MODELS)]
        assert len(ledger.entries("audit")) == MODELS, "each window once, whoever took it"
        for _ in range(60):
            runs = ask(
                reached, "/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}
            )
            if len(runs) >= MODELS // TOGETHER:
                break
            time.sleep(1)
        workers = {run["name"] for run in runs}
        assert len(runs) == MODELS // TOGETHER, workers
        assert all(ledger.get(WATCHED, str(head.model)) for head in heads)
