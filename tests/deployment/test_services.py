"""What docker-compose.yml starts, as processes on the loopback: twenty models' windows through all of it."""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict

from flows import beside
from monitors.ledger import Ledger
from monitors.release import kept
from monitors.schedule import WATCHED
from monitors.window import utc
from tests.conftest import free_port

pytestmark = pytest.mark.server
ROOT = Path(__file__).parents[2]
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))[
    "services"
]
MODELS, REFERENCE, WEEKS, A_WEEK = 20, 8, 14, 150
NAMES = [f"ward-{n:02d}" for n in range(MODELS)]
FAULTY = NAMES[0]
WAIT, PATIENT = 600, 300.0  # seconds
PORTS = {"postgres": 5432, "mlflow": 5000, "prefect": 4200, "dashboards": 8321, "prometheus": 9090,
         "alertmanager": 9093, "worker": 8080}  # fmt: skip
# What an image listens on by itself has to be said where all of them are on one machine.
SAID = {
    "dashboards": ("--port=8321",),
    "prometheus": ("--web.listen-address=127.0.0.1:9090",),
    "alertmanager": ("--web.listen-address=127.0.0.1:9093",),
}
ASKED = {"postgres": ("--port=5432",), "dashboards": ("--url=http://127.0.0.1:8321/healthz",)}
PROGRAMS = {
    "rounds": (sys.executable, str(ROOT / "rounds.py")),
    "mlflow": (sys.executable, "-m", "mlflow"),
    "prefect": (sys.executable, "-m", "prefect"),
    "python": (sys.executable,),
    "alertmanager": ("prometheus-alertmanager",),
}
MODEL = """\
model: {name}
version: "2"
source: {{kind: files, path: ../data/{data}.csv}}
columns: {{time: at, id: visit, score: risk, numeric: [lactate]}}
window: P7D
schedule: "0 6 * * 1"
reference: {{from: {start:%Y-%m-%d}, to: {end:%Y-%m-%d}}}
evidently: {{report: never}}
"""


def wait(until: Callable[[], Any]) -> Any:
    for _ in range(2 * WAIT):
        try:
            if found := until():
                return found
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    raise AssertionError("it did not come in time")


@dataclass
class Host:
    """One machine in place of the containers: a port for each service, a folder for each mount and volume."""

    folder: Path
    database: int
    running: list[tuple[str, subprocess.Popen[bytes]]] = field(default_factory=list)
    ports: dict[int, int] = field(default_factory=dict)
    well: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.ports = {port: free_port() for port in PORTS.values()} | {5432: self.database}

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.ports[PORTS[service]]}"

    def path(self, service: str, mount: str) -> tuple[str, Path]:
        """A mount as `container's:here`: what the checkout has is a copy, a volume a folder."""
        source, there = mount.split(":")[:2]
        return there, self.folder / (there[1:] if source.startswith("./") else f"volumes/{source}")

    def told(self, service: str, text: str) -> str:
        """What a container is told, in this machine's names: hosts, ports and paths, and nothing else."""
        paths = dict(self.path(service, mount) for mount in SERVICES[service].get("volumes", []))
        paths["/run/secrets"] = self.folder / "secrets"
        for there in sorted(paths, key=len, reverse=True):
            text = re.sub(rf"(?<![\w/.-]){re.escape(there)}(?![\w-])", str(paths[there]), text)
        names = "|".join([*PORTS, r"127\.0\.0\.1"])
        text = re.sub(rf"(?<![\w.-])({names}):(\d+)", lambda m: f"127.0.0.1:{self.port(m[2])}", text)
        text = re.sub(r"(localhost:|^--port=|^)(\d{4})(?=,|$)", lambda m: m[1] + self.port(m[2]), text)
        text = text.replace("--host=postgres", f"--host=127.0.0.1 --port={self.database}")
        return text.replace("@postgres/", f"@127.0.0.1:{self.database}/").replace("0.0.0.0", "127.0.0.1")

    def port(self, number: str) -> str:
        return str(self.ports.get(int(number), number))

    def lay_out(self) -> None:
        """What is mounted from the checkout, at its place; files that name hosts in this machine's names."""
        for service, held in SERVICES.items():
            for mount in held.get("volumes", []):
                _, here = self.path(service, mount)
                here.parent.mkdir(parents=True, exist_ok=True)
                source = ROOT / mount.split(":")[0]
                if "/volumes/" in str(here):
                    here.mkdir(exist_ok=True)
                elif source.is_dir():
                    shutil.copytree(source, here, dirs_exist_ok=True)
                else:
                    shutil.copy(source, here)
        for service, name in (
            ("prometheus", "etc/prometheus/prometheus.yml"),
            ("dashboards", "etc/rounds/sign-in.yaml"),
        ):
            file = self.folder / name
            quick = re.sub(r"(_interval: )1m", r"\g<1>1s", file.read_text("utf-8")).replace("10s", "1s")
            file.write_text(self.told(service, quick), encoding="utf-8")

    def secrets(self) -> None:
        """As deploy/secrets/make.sh makes them, with the address of this PostgreSQL."""
        place = self.folder / "secrets"
        place.mkdir()
        shutil.copy(ROOT / "deploy/secrets/make.sh", place)
        subprocess.run(["bash", str(place / "make.sh")], check=True, capture_output=True)
        for file in place.glob("*.pgpass"):
            where = f"127.0.0.1:{self.database}:"
            file.write_text(file.read_text("utf-8").replace("postgres:5432:", where), encoding="utf-8")

    def command(self, service: str, words: list[str]) -> list[str]:
        program, *rest = (word.replace("$$", "$") for word in words)
        return [*PROGRAMS.get(program, (program,)), *(self.told(service, word) for word in rest)]

    def started_with(self, service: str) -> list[str]:
        """The command of a service, its image's own entry before it."""
        held = SERVICES[service]
        image = str(held.get("image", "")).partition(":")[0].rpartition("/")[2]
        entry = held.get("entrypoint") or ["rounds" if image == "rounds-monitor" else image]
        return self.command(service, [*entry, *held["command"], *SAID.get(service, ())])

    def environ(self, service: str) -> dict[str, str]:
        """The environment of a service: what its image says, and what the file does."""
        shipped = re.findall(
            r"(?m)^(?:ENV| {4}) ?(\w+)=(\S+?)(?: \\)?$", (ROOT / "Dockerfile").read_text("utf-8")
        )
        image = {k: v for k, v in shipped if k not in ("PATH", "PYTHONDONTWRITEBYTECODE")}
        said = image | {k: str(v) for k, v in (SERVICES[service].get("environment") or {}).items()}
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "MLFLOW_", "ROUNDS_"))}
        mine = {name: self.told(service, value) for name, value in said.items()}
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        return {**kept, **mine, "PYTHONPATH": path, "PREFECT_WORKER_QUERY_SECONDS": "1"}

    @contextmanager
    def up(self, service: str, number: int = 1) -> Iterator[None]:
        """A service, started as its container would be and ended by its own handle."""
        environ = self.environ(service)
        if number > 1:  # a container has ports of its own
            environ["PREFECT_WORKER_WEBSERVER_PORT"] = str(free_port())
        with (self.folder / f"{service}-{number}.log").open("wb") as log:
            process = subprocess.Popen(
                self.started_with(service), env=environ, cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self.running.append((f"{service}-{number}", process))
        try:
            yield
        finally:
            beside.stop(process)

    def once(self, service: str) -> str:
        """Run a service that ends by itself; gives back what it said."""
        done = subprocess.run(
            self.started_with(service), env=self.environ(service), cwd=self.folder,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def healthy(self, service: str) -> bool:
        """What the container's own check says."""
        for name, process in self.running:
            if process.poll() is not None:
                pytest.fail((self.folder / f"{name}.log").read_text("utf-8", errors="replace")[-3000:])
        kind, *words = SERVICES[service]["healthcheck"]["test"]
        assert kind == "CMD"
        if words[0] == "promtool":  # Debian's is older and cannot ask; this is what a newer one asks
            with contextlib.suppress(httpx.TransportError):
                return bool(asked(f"{self.url(service)}/-/healthy").is_success)
            return False
        check = self.command(service, [*words, *ASKED.get(service, ())])
        return (
            subprocess.run(check, env=self.environ(service), capture_output=True, check=False).returncode == 0
        )

    def all_up(self, stack: ExitStack, *names: str) -> None:
        """Start these, each once what it waits for is healthy, until all of them are."""
        asked, left = ["postgres"] if not self.well else [], list(names)
        while left or asked:
            self.well |= {name for name in asked if self.healthy(name)}
            asked = [name for name in asked if name not in self.well]
            for name in [n for n in left if set(SERVICES[n].get("depends_on", {})) <= self.well]:
                stack.enter_context(self.up(name))
                left.remove(name)
                asked.append(name)
            time.sleep(1)


def write_models(folder: Path, names: Sequence[str]) -> None:
    """Models over two wards' predictions; of one, a fifth of the last weeks' scores are impossible."""
    monday = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start = monday - timedelta(days=monday.weekday(), weeks=WEEKS - 1)
    draw, lines = random.Random(9), {"sound": ["visit,at,risk,lactate"], "broken": ["visit,at,risk,lactate"]}
    for i in range(WEEKS * A_WEEK):
        at = start + timedelta(weeks=i / A_WEEK)
        risk, lactate = draw.betavariate(2, 6), draw.lognormvariate(0.5, 0.4)
        bad = 1.7 if i >= (WEEKS - 4) * A_WEEK and i % 5 == 0 else risk
        for name, score in (("sound", risk), ("broken", bad)):
            lines[name].append(f"v{i},{at.isoformat()},{score:.4f},{lactate:.2f}")
    for name, rows in lines.items():
        (folder / "data" / f"{name}.csv").write_text("\n".join(rows), encoding="utf-8")
    for name in names:
        text = MODEL.format(
            name=name, data="broken" if name == FAULTY else "sound", start=start,
            end=start + timedelta(weeks=REFERENCE),
        )  # fmt: skip
        (folder / "models" / f"{name}.yaml").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def host(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Everything up, and the models' schedules deployed: one that is gone since, and then the twenty."""
    made = Host(tmp_path_factory.mktemp("host"), int(conninfo_to_dict(postgres)["port"]))
    made.lay_out()
    made.secrets()
    where = conninfo_to_dict(postgres)
    first = {"PGHOST": where["host"], "PGPORT": where["port"], "POSTGRES_USER": where["user"]}
    subprocess.run(
        ["bash", str(made.folder / "docker-entrypoint-initdb.d/10-roles.sh")],
        env={**os.environ, **first, "SECRETS": str(made.folder / "secrets")}, check=True,
    )  # fmt: skip
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGPASSFILE", str(made.folder / "secrets/rounds.pgpass"))
        write_models(made.folder / "etc/rounds", ["gone"])
        made.all_up(stack, "mlflow", "prefect")
        assert made.once("deployments").startswith("1 deployments")
        (made.folder / "etc/rounds/models/gone.yaml").unlink()
        write_models(made.folder / "etc/rounds", NAMES)
        assert made.once("deployments").startswith("2 deployments")
        stack.enter_context(made.up("worker", 2))
        made.all_up(stack, "worker", "dashboards", "alertmanager", "prometheus")
        yield made


def asked(url: str, **more: Any) -> httpx.Response:
    return httpx.get(url, timeout=PATIENT, trust_env=False, **more)


def prefect(host: Host, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.post(
        f"{host.url('prefect')}/api{path}", json={}, timeout=PATIENT
    ).json()
    return found


def mlflow(host: Host, path: str, **wanted: Any) -> dict[str, Any]:
    answer = httpx.post(f"{host.url('mlflow')}/api/2.0/mlflow{path}", json=wanted, timeout=PATIENT)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def mlflow_runs(host: Host) -> list[dict[str, Any]]:
    """Every run of every experiment that is not deleted."""
    ids = [e["experiment_id"] for e in mlflow(host, "/experiments/search", max_results=100)["experiments"]]
    found: list[dict[str, Any]] = mlflow(host, "/runs/search", experiment_ids=ids, max_results=100)["runs"]
    return found


def test_each_role_has_a_database_of_its_own_and_no_other(host: Host) -> None:
    def signs_in(role: str, database: str, secret: str) -> bool:
        password = (host.folder / "secrets" / f"{secret}.password").read_text("utf-8")
        command = ["psql", "--no-psqlrc", "--host=127.0.0.1", f"--port={host.database}", f"--username={role}"]
        said = subprocess.run(
            [*command, f"--dbname={database}", "--command=SELECT 1"],
            env={**os.environ, "PGPASSWORD": password}, capture_output=True, check=False,
        )  # fmt: skip
        return said.returncode == 0

    assert signs_in("rounds", "rounds", "rounds")
    assert not signs_in("rounds", "mlflow", "rounds")
    assert not signs_in("rounds", "rounds", "mlflow")


def test_twenty_models_go_through_every_service_and_two_workers(host: Host) -> None:
    assert [pool["type"] for pool in prefect(host, "/work_pools/filter")] == ["process"]
    named = {each["name"] for each in prefect(host, "/deployments/filter")}
    assert named == {"ward-00-and-9-more", "ward-10-and-9-more"}, "what is gone since is forgotten"

    # Prefect and both workers: each model's window once, in PostgreSQL.
    url = host.environ("worker")["ROUNDS_LEDGER_URL"]
    ledger = Ledger(url, lambda: datetime.now(UTC))
    heads = wait(lambda: (found := ledger.heads()) and len(found) == MODELS and found)
    assert [head.model for head in heads] == NAMES
    assert len(ledger.entries("audit", bodies=False)) == MODELS, "each window once, whoever took it"
    assert all(ledger.get(WATCHED, name) for name in NAMES)
    wait(lambda: ledger.lacking("copied") == 0)
    ended = [run for run in prefect(host, "/flow_runs/filter") if run["name"].startswith("ward-")]
    assert {run["start_time"] is not None for run in ended} == {True}
    assert len(ended) == 2
    # And the runs to come are made: each schedule's, on a Monday at six.
    coming = wait(lambda: [run for run in prefect(host, "/flow_runs/filter") if run["auto_scheduled"]])
    assert {datetime.fromisoformat(run["expected_start_time"]).weekday() for run in coming} == {0}

    # MLflow: a run for each, with what people may see of the audit.
    held = mlflow_runs(host)
    tags = {tag["value"] for run in held for tag in run["data"]["tags"] if tag["key"] == "rounds.audit"}
    audits = {name: kept(ledger, ledger.audits(name)[0].audit) for name in NAMES}
    assert tags == {audit.digest for audit in audits.values()}

    # The page and the metrics, for those who may read them; Prometheus has a token of its own.
    token = (host.folder / "secrets/admin.token").read_text("utf-8")
    as_admin = {"Authorization": f"Bearer {token}"}
    page = asked(f"{host.url('dashboards')}/models/{FAULTY}", headers=as_admin)
    assert page.status_code == 200
    assert "The score was impossible" in page.text
    assert asked(f"{host.url('dashboards')}/models/{FAULTY}").status_code == 303
    assert asked(f"{host.url('dashboards')}/metrics").status_code == 401

    # Prometheus and Alertmanager: the one broken feed pages, and no other model does.
    query = {"query": 'rounds_finding_value{metric="invalid_score_share"} > rounds_finding_margin'}
    found = wait(
        lambda: asked(f"{host.url('prometheus')}/api/v1/query", params=query).json()["data"]["result"]
    )
    assert [(each["metric"]["model"], each["value"][1]) for each in found] == [(FAULTY, "0.2")]
    alerts = wait(lambda: [
        a for a in asked(f"{host.url('alertmanager')}/api/v2/alerts").json()
        if a["labels"]["alertname"] == "RoundsFindingBeyondMargin"
    ])  # fmt: skip
    assert {a["labels"]["model_id"] for a in alerts} == {FAULTY}
    assert "invalid_score_share" in {a["labels"]["metric"] for a in alerts}

    # The record, as one file.
    host.once("backup")
    (dump,) = (host.folder / "volumes/backups").glob("rounds-*.dump")
    listed = subprocess.run(["pg_restore", "--list", str(dump)], capture_output=True, text=True, check=True)
    assert "TABLE DATA public rounds_entries" in listed.stdout


def test_one_deployment_taken_twice_at_once_leaves_each_window_once(host: Host) -> None:
    ledger = Ledger(host.environ("worker")["ROUNDS_LEDGER_URL"], lambda: datetime.now(UTC))
    wait(lambda: len(ledger.heads()) == MODELS and ledger.lacking("copied") == 0)
    (taken,) = [each for each in prefect(host, "/deployments/filter") if each["name"].startswith(FAULTY)]
    monday = datetime.now(UTC).replace(hour=6, minute=0, second=0, microsecond=0)
    monday += timedelta(weeks=1, days=-monday.weekday())
    asked_for = {
        "parameters": {**taken["parameters"], "moment": utc(monday)},
        "state": {"type": "SCHEDULED"},
    }
    made = f"{host.url('prefect')}/api/deployments/{taken['id']}/create_flow_run"
    both = {httpx.post(made, json=asked_for, timeout=PATIENT).raise_for_status().json()["id"] for _ in "12"}

    def ended() -> list[dict[str, Any]]:
        runs = [run for run in prefect(host, "/flow_runs/filter") if run["id"] in both]
        return runs if all(run["end_time"] for run in runs) else []

    runs = wait(ended)
    assert {run["state_name"] for run in runs} == {"Completed"}
    assert len(runs) == 2
    wait(lambda: ledger.lacking("copied") == 0)
    audits = [(e.model, e.window, e.stage) for e in ledger.entries("audit", bodies=False)]
    many = len(taken["parameters"]["models"])
    assert len(audits) == len(set(audits)) == MODELS + many
    held = mlflow_runs(host)
    assert len(held) == MODELS + many, "and a run of MLflow for each, none of them twice"
    raised = [entry.key for entry in ledger.entries("alert", bodies=False)]
    assert len(raised) == len(set(raised))
    assert ledger.verify()
