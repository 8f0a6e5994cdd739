"""A schedule audits what is due, retries what may pass, and stops in order."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

# Before Prefect is imported, and so for every test of this process.
from flows.home import quiet

os.environ.update(quiet(os.environ))

from prefect.client.orchestration import get_client
from prefect.settings import temporary_settings
from prefect.states import Failed

from flows import beside, loaded, schedule
from flows.home import Home, open_ledger
from flows.schedule import AuditFailed, Rounds, contained, each, retryable
from flows.work_pool import OtherPool, pooled
from monitors.config_file import parse
from monitors.errors import ConfigError, SourceInvalid, SourceUnavailable

ROOT = Path(__file__).parents[2]
CONFIG = """
model: sepsis
version: "1"
source: {kind: files, path: "*.csv"}
columns: {time: at, score: risk, numeric: [urine]}
window: P7D
timezone: Europe/Berlin
schedule: "0 6 * * 1"
reference: {from: 2025-01-06, to: 2025-03-03}
evidently: {report: never}
"""


def table(folder: Path) -> Path:
    """A model's file and its predictions: eight weeks of reference and two after it."""
    start = datetime(2025, 1, 6, 12, tzinfo=UTC).timestamp()
    lines = ["at,risk,urine"]
    for i in range(1050):
        at = datetime.fromtimestamp(start + i * 5760, UTC)
        lines.append(f"{at:%Y-%m-%dT%H:%M:%SZ},{(i * 37 % 100) / 100},{i * 13 % 50}")
    (folder / "predictions.csv").write_text("\n".join(lines))
    file = folder / "sepsis.yaml"
    file.write_text(CONFIG)
    return file


def test_one_model_that_fails_does_not_take_the_others_down() -> None:
    async def audit(model: str) -> Rounds:
        if model == "bad.yaml":
            raise SourceInvalid("bad.yaml: no column 'at'")
        return [{"model": model}]

    outcome = asyncio.run(each(["a.yaml", "bad.yaml", "b.yaml"], audit))
    assert outcome.done == ({"model": "a.yaml"}, {"model": "b.yaml"})
    assert outcome.failed == {"bad.yaml": "bad.yaml: no column 'at'"}
    assert outcome.said == "not audited: bad.yaml: bad.yaml: no column 'at'"


def test_not_more_models_at_once_than_agreed() -> None:
    running, most = 0, 0

    async def audit(model: str) -> Rounds:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return []

    asyncio.run(each([str(i) for i in range(10)], audit, at_once=3))
    assert most == 3


def test_a_model_named_twice_is_audited_once() -> None:
    async def audit(model: str) -> Rounds:
        return [{"model": model}]

    assert len(asyncio.run(each(["a", "a"], audit)).done) == 1


def test_what_nobody_foresaw_is_told_without_its_words() -> None:
    def call(*_: str) -> Rounds:
        raise ValueError("could not convert 'Mrs Example, born 1950' to a number")

    with pytest.raises(AuditFailed) as raised:
        contained(call, "a", "b", "c")
    assert str(raised.value).startswith("ValueError at test_schedule.py:")
    assert raised.value.__suppress_context__
    assert not raised.value.retryable


def test_our_own_errors_come_through_as_they_are() -> None:
    def call(*_: str) -> Rounds:
        raise SourceUnavailable("the warehouse is away")

    with pytest.raises(SourceUnavailable, match="the warehouse is away"):
        contained(call)


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (SourceUnavailable("away"), True),
        (SourceInvalid("no column"), False),
        (ConfigError(["wrong"]), False),
        (ValueError("who knows"), False),
    ],
)
def test_whether_to_try_again_is_asked_of_the_error(error: Exception, again: bool) -> None:
    assert asyncio.run(retryable(None, None, Failed(data=error))) is again


# MLflow 3.17 asks SQLAlchemy for a loader that 2.1 deprecates.
@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy")
def test_the_task_is_a_plain_function_inside(tmp_path: Path) -> None:
    file = table(tmp_path)
    home = Home.of({}, tmp_path / "state")
    rounds = asyncio.run(schedule.audit.fn(str(file), "2025-03-10T05:00:00Z", str(home.folder)))
    assert [(r["model"], r["window"]) for r in rounds] == [
        ("sepsis", "2025-03-02T23:00:00Z/2025-03-09T23:00:00Z")
    ]


def test_a_deployment_has_the_models_cron_line_in_its_own_time_zone(tmp_path: Path) -> None:
    file = tmp_path / "sepsis.yaml"
    made = schedule.deployment(file, parse(CONFIG, "sepsis.yaml"), Home.of({}, tmp_path))
    (line,) = made.schedules or ()
    assert (line.schedule.cron, line.schedule.timezone) == ("0 6 * * 1", "Europe/Berlin")
    assert made.entrypoint == "flows.schedule.monitor"
    assert made.parameters == {"models": [str(file)], "home": str(tmp_path)}


def test_looking_at_columns_together_is_a_deployment_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "sepsis.yaml"
    config = parse(CONFIG + 'multivariate: {schedule: "0 3 * * 0"}\n', "sepsis.yaml")
    made = schedule.deployment(file, config, Home.of({}, tmp_path), together=True)
    (line,) = made.schedules or ()
    assert (made.name, line.schedule.cron) == ("sepsis-multivariate", "0 3 * * 0")
    assert made.parameters["together"] is True


def test_it_ends_when_its_parent_is_gone() -> None:
    asyncio.run(asyncio.wait_for(schedule._alone(os.getppid() + 1), 1))
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(schedule._alone(os.getppid()), 0.1))


def test_ctrl_c_is_for_the_one_who_started_it() -> None:
    with beside._deaf_to_ctrl_c():
        process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None
    beside.stop(process)
    assert process.returncode == -signal.SIGTERM


def test_starting_things_beside_does_not_load_prefect() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "import sys, flows.beside; print('prefect' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert said.stdout.strip() == "False"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scheduled")


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[Mapping[str, str]]:
    """A real Prefect server: it is what a wrong version of FastAPI breaks, and nothing else does."""
    with beside.prefect_server(Home.of({}, place / "state"), environ(), scheduling=True) as reached:
        yield reached


def environ() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "MLFLOW_", "ROUNDS_"))}
    return {**kept, "PYTHONPATH": str(ROOT)}


def ask(server: Mapping[str, str], path: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        server["PREFECT_API_URL"] + path,
        data=json.dumps(body if body is not None else {}).encode(),
        headers={
            "Content-Type": "application/json",
            "Authorization": "Basic " + base64.b64encode(server["PREFECT_API_AUTH_STRING"].encode()).decode(),
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def ended(server: Mapping[str, str], run_id: str | None = None) -> list[dict[str, Any]]:
    """Runs that came to an end, once there is one; of a run, when it has."""
    chosen = {"flow_runs": {"id": {"any_": [run_id]}}} if run_id else {}
    for _ in range(1200):
        runs = ask(server, "/flow_runs/filter", chosen)
        done = [r for r in runs if r["state_type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")]
        if done:
            return done
        time.sleep(0.5)
    raise AssertionError(f"no run ended: {[(r['name'], r['state_name']) for r in runs]}")


def upcoming(server: Mapping[str, str]) -> list[dict[str, Any]]:
    waiting = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
    found: list[dict[str, Any]] = ask(server, "/flow_runs/filter", waiting)
    return found


def due(run: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(run["expected_start_time"])


def wait_for(found: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    for _ in range(240):
        if runs := found():
            return runs
        time.sleep(0.5)
    raise AssertionError("the server has made no run of the schedule")


@pytest.mark.server
def test_a_served_schedule_audits_at_the_moment_it_was_meant_for(
    place: Path, server: Mapping[str, str]
) -> None:
    file = table(place)
    home = Home.of({}, place / "state")
    with beside.scheduler([file], home, {**environ(), **server}) as process:
        # What came due while nobody ran is audited at the start; now is past the data.
        (first,) = ended(server)
        assert first["state_type"] == "COMPLETED", first["state"]["message"]
        assert first["name"] == "sepsis"

        # The server makes the runs to come; what keeps it from that, it says in its own log and nowhere else.
        coming = wait_for(lambda: [r for r in upcoming(server) if r["auto_scheduled"]])
        berlin = {at.astimezone(ZoneInfo("Europe/Berlin")) for at in map(due, coming)}
        assert {(at.weekday(), at.hour, at.minute) for at in berlin} == {(0, 6, 0)}

        deployment = ask(server, "/deployments/filter")[0]
        late = ask(
            server,
            f"/deployments/{deployment['id']}/create_flow_run",
            {"state": {"type": "SCHEDULED", "state_details": {"scheduled_time": "2025-03-10T05:00:00Z"}}},
        )
        (run,) = ended(server, late["id"])
        assert run["state_type"] == "COMPLETED", run["state"]["message"]
        process.terminate()
        assert process.wait(30) == 0
    ledger = open_ledger(home)
    windows = sorted(str(entry.window) for entry in ledger.entries("audit"))
    assert windows[0] == "2025-03-02T23:00:00Z/2025-03-09T23:00:00Z"
    assert len(windows) == 2
    # A stop leaves the schedule as it is, or nobody would start it again.
    again = ask(server, "/deployments/filter")[0]
    assert not again["paused"]
    assert [line["active"] for line in again["schedules"]] == [True]
    assert again["schedules"][0]["schedule"]["timezone"] == "Europe/Berlin"


@pytest.mark.server
def test_the_server_asks_for_its_password(server: Mapping[str, str]) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask({**server, "PREFECT_API_AUTH_STRING": "rounds:guess"}, "/flow_runs/filter")
    assert refused.value.code == 401
    refused.value.close()


@pytest.mark.server
def test_a_pool_of_jobs_follows_its_template_and_takes_over_no_other(server: Mapping[str, str]) -> None:
    template = json.loads((ROOT / "deploy/kubernetes-jobs/job-template.json").read_text(encoding="utf-8"))
    longer = json.loads(json.dumps(template).replace("10800", "21600"))

    async def made() -> list[Any]:
        async with get_client() as client:
            for held in (template, longer):
                await pooled(client, "jobs", 8, held)
            await pooled(client, "processes", 2, None)
            with pytest.raises(OtherPool, match="processes is of type process, not kubernetes; name another"):
                await pooled(client, "processes", 2, template)
            return [await client.read_work_pool(name) for name in ("jobs", "processes")]

    with temporary_settings(schedule._keyed(server)):
        jobs, processes = asyncio.run(made())
    assert (jobs.type, jobs.concurrency_limit, jobs.base_job_template) == ("kubernetes", 8, longer)
    assert (processes.type, processes.concurrency_limit) == ("process", 2)


EMBEDDED = """
import json, os, sys
from pathlib import Path
from flows.home import Home
home = Home.of({}, Path(sys.argv[2])).make()
os.environ.update(home.environment(os.environ))
from flows.schedule import run_embedded
print(json.dumps(run_embedded([sys.argv[1], "absent.yaml"], "2025-03-10T05:00:00Z", str(home.folder))))
"""


@pytest.mark.server
def test_one_run_in_this_process_needs_no_server_and_makes_no_noise(tmp_path: Path) -> None:
    file = table(tmp_path)
    user = tmp_path / "user"
    user.mkdir()
    said = subprocess.run(
        [sys.executable, "-c", EMBEDDED, str(file), str(tmp_path / "state")],
        env={**environ(), "HOME": str(user)},
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    outcome = json.loads(said.stdout)
    assert [r["model"] for r in outcome["done"]] == ["sepsis"]
    assert list(outcome["failed"]) == ["absent.yaml"]
    assert [line for line in said.stderr.splitlines() if "absent" not in line] == []
    assert "absent.yaml" in said.stderr
    assert not (user / ".prefect").exists()


def test_a_server_that_cannot_start_says_where_it_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    (broken / "prefect").mkdir(parents=True)
    (broken / "prefect" / "__init__.py").write_text("raise TypeError('min_items')")
    (broken / "prefect" / "__main__.py").write_text("")
    home = Home.of({}, tmp_path / "state")
    with (
        pytest.raises(beside.NotStarted) as raised,
        beside.prefect_server(home, {**environ(), "PYTHONPATH": str(broken)}, scheduling=False),
    ):
        raise AssertionError("it came up")
    assert "server.log" in str(raised.value)
    assert "min_items" in (home.prefect / "server.log").read_text()


def test_what_the_first_of_many_models_loaded_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen: list[str] = []
    monkeypatch.setattr(loaded.gc, "freeze", lambda: frozen.append("frozen"))

    async def audited(model: str) -> list[dict[str, Any]]:
        frozen.append(model)
        return []

    loaded.leave.cache_clear()
    asyncio.run(schedule.each(["a"], audited, 1))
    assert frozen == ["a"], "one model's own objects come and go"
    asyncio.run(schedule.each(["b", "c", "d"], audited, 1))
    assert frozen == ["a", "b", "frozen", "c", "d"]
