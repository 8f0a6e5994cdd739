"""Deployments for workers on other machines; tests/deployment/test_services.py runs them on real ones."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from flows import schedule, upkeep
from flows.home import Home, open_ledger
from flows.sharing import queue, started
from monitors.config_file import parse
from monitors.retention import RETAINED
from tests.flows.test_schedule import CONFIG, table


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
