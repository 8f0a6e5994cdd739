"""A night of a fleet: each model's daily window through Prefect to the ledger and a local MLflow server.

`python -m benchmarks.scale.night FOLDER MODELS` starts PostgreSQL, Prefect, MLflow and one worker, and
runs two nights: the first, on which every reference is counted too, and the one after it.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.scale import rows
from benchmarks.scale.tree import Watch, all_worked, tree, worked
from flows import beside
from flows.home import Home
from monitors.ledger import Ledger

ROOT = Path(__file__).parents[2]
TOGETHER, AT_ONCE = 167, 3  # models a run, which takes them one after the other; runs at once
PATIENCE = 4 * 3600  # seconds; a machine that others use takes long


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A PostgreSQL of its own on a socket, with a database for the ledger and one for Prefect."""
    beside_it = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))[-1].parent
    folder.mkdir()
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if user:
        for part in (folder, *list(folder.parents)[:3]):
            part.chmod(part.stat().st_mode | 0o011)
        shutil.chown(folder, "postgres")

    def run(name: str, *given: str) -> None:
        subprocess.run([*user, str(beside_it / name), *given], cwd=folder, check=True, capture_output=True)

    data, port = str(folder / "data"), str(beside._free_port())
    run("initdb", "--pgdata", data, "--encoding=UTF8", "--locale=C", "--auth=trust", "--username=postgres")
    started = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
    run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", started, "start")
    try:
        for name in ("ledger", "prefect"):
            run("createdb", "-h", str(folder), "-p", port, "-U", "postgres", name)
        yield port
    finally:
        run("pg_ctl", "-D", data, "-m", "immediate", "stop")


@contextmanager
def process(command: list[str], log: Path, env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Something that runs beside, what it says in a file."""
    with log.open("wb") as spoken:
        made = subprocess.Popen(command, env=dict(env), stdout=spoken, stderr=spoken, cwd=log.parent)
        try:
            yield made
        finally:
            beside.stop(made)


@contextmanager
def mlflow(folder: Path, env: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """An MLflow server with its own SQLite store; job runners off."""
    folder.mkdir()
    port = beside._free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    off = {**env, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with process(command, folder / "server.log", off) as made:
        beside._wait_for(f"http://127.0.0.1:{port}/health", made, folder / "server.log")
        yield f"http://127.0.0.1:{port}", made.pid


def ask(api: Mapping[str, str], path: str, body: Any, method: str = "POST") -> Any:
    """Prefect's API; None where it has nothing to say."""
    given = json.dumps(body).encode()
    said = {"Content-Type": "application/json"}
    request = urllib.request.Request(api["PREFECT_API_URL"] + path, given, said, method=method)
    word = base64.b64encode(api["PREFECT_API_AUTH_STRING"].encode()).decode()
    request.add_header("Authorization", f"Basic {word}")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"null")


def begin(api: Mapping[str, str], at: str) -> None:
    """A run of every deployment, for that moment: whatever the hour at which this is measured."""
    for each in ask(api, "/deployments/filter", {}):
        ask(api, f"/deployments/{each['id']}/create_flow_run", {
            "parameters": {**each["parameters"], "moment": at},
            "state": {"type": "SCHEDULED"},
        })  # fmt: skip


def over(api: Mapping[str, str], wanted: int) -> list[dict[str, Any]]:
    """Waits until so many runs have come to an end."""
    until = time.monotonic() + PATIENCE
    ended = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]}}}}
    while time.monotonic() < until:
        runs: list[dict[str, Any]] = ask(api, "/flow_runs/filter", {**ended, "limit": 200})
        if len(runs) >= wanted:
            return runs
        time.sleep(3)
    raise TimeoutError(f"{len(runs)} of {wanted} runs ended")


def measure(folder: Path, models: int) -> dict[str, Any]:
    """Both nights of a fleet of that size."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    today = datetime.now(UTC).date()
    files = rows.fleet(folder, models, today - timedelta(days=1), 2)
    home = Home.of({}, folder / "home").make()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "MLFLOW_", "ROUNDS_"))}
    found: dict[str, Any] = {"models": models}
    with ExitStack() as stack:
        port = stack.enter_context(postgres(folder / "pg"))
        database = f"postgresql+asyncpg://postgres@127.0.0.1:{port}/prefect"
        env = {**kept, "PYTHONPATH": str(ROOT), "PREFECT_API_DATABASE_CONNECTION_URL": database}
        api = stack.enter_context(beside.prefect_server(home, env, scheduling=True))
        tracking, served = stack.enter_context(mlflow(folder / "mlflow", {**env, **home.environment(env)}))
        ledger_url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/ledger"
        env |= {**api, **home.environment(env), "MLFLOW_TRACKING_URI": tracking}
        env |= {"ROUNDS_HOME": str(home.folder), "ROUNDS_LEDGER_URL": ledger_url}
        command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "rounds"]
        asked = ["deploy", str(files[0].parent), "--together", str(TOGETHER), "--at-once", str(AT_ONCE)]
        watch = stack.enter_context(Watch())
        begun, spent = time.monotonic(), all_worked()
        subprocess.run([sys.executable, str(ROOT / "rounds.py"), *asked], env=env, check=True, cwd=folder)
        found["deploy"] = {"wall_s": time.monotonic() - begun, "cpu_s": all_worked() - spent}
        for run in ask(api, "/flow_runs/filter", {}):  # of the moment at which they were deployed
            ask(api, f"/flow_runs/{run['id']}", {}, "DELETE")
        begin(api, f"{today}T06:00:00Z")
        env |= {"PREFECT_WORKER_QUERY_SECONDS": "5", "OMP_NUM_THREADS": "1"}
        made = [*command, "--type", "process", "--limit", str(AT_ONCE)]
        stack.enter_context(process(made, folder / "worker.log", env))
        ledger = Ledger(ledger_url, lambda: datetime.now(UTC))
        runs = -(-models // TOGETHER)
        for night in ("first", "later"):
            if night == "later":
                rows.arrive(folder, models, 1)
                begin(api, f"{today + timedelta(days=1)}T06:00:00Z")
            begun, spent, tracked = time.monotonic(), all_worked(), worked(tree(served))
            watch.peak = 0.0
            many = runs * (1 if night == "first" else 2)
            ended = over(api, many)
            audits, copies = len(ledger.heads()), len(ledger.entries("copied", bodies=False))
            found[night] = {
                "wall_s": round(time.monotonic() - begun, 1), "cpu_s": round(all_worked() - spent, 1),
                "mlflow_cpu_s": round(worked(tree(served)) - tracked, 1), "peak_mb": round(watch.peak),
                "runs": sorted({r["state_name"] for r in ended}), "audits": audits, "copies": copies,
                "made": audits - found.get("first", {}).get("audits", 0),
            }  # fmt: skip
            print(night, json.dumps(found[night]), file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    return found


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]))))
