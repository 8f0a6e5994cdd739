"""Deployments for workers on other machines: a real server, a work pool, two process workers, 20 models."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from flows import beside, schedule, upkeep
from flows.home import Home, open_ledger
from flows.owing import WATCHED
from flows.sharing import queue, started
from monitors.config_file import parse
from monitors.retention import RETAINED
from tests.flows.test_schedule import CONFIG, ROOT, ask, environ, table

MODELS, TOGETHER = 20, 5


def test_models_of_one_schedule_share_a_run_and_no_others(tmp_path: Path) -> None:
    made = {tmp_path / f"m{n}.yaml": parse(CONFIG, "m.yaml") for n in range(5)}
    made[tmp_path / "other.yaml"] = parse(CONFIG.replace("0 6 * * 1", "0 7 * * 1"), "m.yaml")
    assert [len(batch) for batch in schedule.batches(made, 2)] == [2, 2, 1, 1]
    shared = schedule._shared(list(made)[:3], made, Home.of({}, tmp_path))
    assert shared.name == "sepsis-and-2-more"
    assert shared.parameters["models"] == [str(tmp_path / f"m{n}.yaml") for n in range(3)]


def test_starts_are_spread_by_name_in_the_same_hour_and_always_alike() -> None:
    text = CONFIG + "jitter: 20\n"
    named = [parse(text.replace("model: sepsis", f"model: sepsis-{n}"), "m.yaml") for n in range(60)]
    lines = [started("0 6 * * 1", config) for config in named]
    assert lines == [started("0 6 * * 1", config) for config in named]
    assert {line.partition(" ")[2] for line in lines} == {"6 * * 1"}
    minutes = {int(line.partition(" ")[0]) for line in lines}
    assert minutes <= set(range(21))
    assert len(minutes) > 15
    assert {int(started("50 6 * * 1", config).partition(" ")[0]) for config in named} <= set(range(50, 60))
    assert started("*/5 * * * *", named[0]) == "*/5 * * * *"
    assert started("0 6 * * 1", parse(CONFIG, "m.yaml")) == "0 6 * * 1"
    assert named[0].digest == parse(CONFIG.replace("sepsis", "sepsis-0"), "m.yaml").digest


def test_models_of_one_database_wait_in_one_queue_and_files_in_none(tmp_path: Path) -> None:
    database = CONFIG.replace(
        '{kind: files, path: "*.csv"}', '{kind: sql, url: "postgresql://secret.example/ward", table: t}'
    )
    other = database.replace("secret.example", "other.example")
    made = {tmp_path / f"{n}.yaml": parse(text, "m.yaml") for n, text in enumerate((database, other, CONFIG))}
    names = [queue(config) for config in made.values()]
    assert names[2] is None
    assert names[0] != names[1]
    assert "secret" not in str(names[0])
    assert [len(batch) for batch in schedule.batches(made, 5)] == [1, 1, 1], "a run reads one source"
    limited = schedule._shared(list(made)[:1], made, Home.of({}, tmp_path), 2)
    assert (limited.work_queue_name, limited.parameters["at_once"]) == (names[0], 1)
    free = schedule._shared(list(made)[:1], made, Home.of({}, tmp_path))
    assert (free.work_queue_name, "at_once" in free.parameters) == (None, False)


def test_retention_is_a_deployment_of_its_own_where_a_rule_removes_anything(tmp_path: Path) -> None:
    home = Home.of({}, tmp_path / "home").make()
    (tmp_path / "m.yaml").write_text(CONFIG)
    assert upkeep.deployments([tmp_path / "m.yaml"], home) == []
    (tmp_path / "retention.yaml").write_text("keep: {profiles: P2Y}\nschedule: 15 4 * * *\n")
    (made,) = upkeep.deployments([tmp_path / "m.yaml"], home)
    assert (made.name, made.entrypoint) == ("retention", "flows.upkeep.keep")
    assert [str(each.schedule.cron) for each in made.schedules or ()] == ["15 4 * * *"]  # type: ignore[union-attr]
    assert asyncio.run(upkeep.keep.fn(at="2026-04-01", **made.parameters))["removed"] == {}
    (done,) = open_ledger(home).entries(RETAINED)
    assert done.body["at"] == "2026-04-01T00:00:00Z"


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
