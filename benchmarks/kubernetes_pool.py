"""The pool of Kubernetes jobs up to the cluster's door: `python -m benchmarks.kubernetes_pool`.

There is no cluster here. A real Prefect server takes the pool from `rounds deploy --jobs`; Prefect's own
Kubernetes worker, installed beside from requirements-kubernetes.lock, makes of a run the job it would hand to
the cluster; the cluster's own model of a job reads it; and what the job's container would start is started
as a process, which audits the model.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows.beside import prefect_server
from flows.home import Home
from monitors.ledger import Ledger
from tests.flows.test_schedule import environ, table

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "deploy/kubernetes-jobs/job-template.json"
# Run with the worker's own packages: prints the job of the first run that waits, as the worker makes it.
WORKER = """
import asyncio, json
from kubernetes_asyncio.client import ApiClient
from prefect.client.orchestration import get_client
from prefect_kubernetes.worker import KubernetesWorkerJobConfiguration as Job

async def made():
    async with get_client() as client:
        run = (await client.read_flow_runs())[0]
        held = await client.read_deployment(run.deployment_id)
        pool = await client.read_work_pool("rounds-jobs")
        job = await Job.from_template_and_values(pool.base_job_template, held.job_variables, client=client)
        job.prepare_for_flow_run(run, held)
        class Answer:
            data = json.dumps(job.job_manifest)
        async with ApiClient() as api:
            read = api.deserialize(Answer, "V1Job")
            back = api.sanitize_for_serialization(read)
    print(json.dumps({"made": job.job_manifest, "read": back}))

asyncio.run(made())
"""


def beside(folder: Path) -> Path:
    """What the worker needs more than Rounds does, by its hashes, in a folder of its own."""
    locks = [(ROOT / f"requirements{name}.lock").read_text("utf-8") for name in ("", "-kubernetes")]
    plain, more = (dict(re.findall(r"(?ms)^([a-z0-9-]+==\S+)(.*?)(?=^[a-z0-9]|\Z)", text)) for text in locks)
    wanted = "".join(name + more[name] for name in more if name not in plain)
    (folder / "more.lock").write_text(wanted, "utf-8")
    into = folder / "worker"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    subprocess.run([*command, "--target", str(into), "-r", str(folder / "more.lock")], check=True)
    return into


def said(job: dict[str, Any]) -> None:
    """The lines of it that confine it."""
    spec = job["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    for name in ("command", "args", "image", "resources", "securityContext"):
        print(f"  {name}: {json.dumps(container[name])}")
    print(f"  pod: {json.dumps({k: spec[k] for k in ('securityContext', 'automountServiceAccountToken')})}")
    print(f"  settings: {', '.join(sorted(each['name'] for each in container['env']))}")


def main() -> None:
    """From the file of the pool to an audit in the ledger."""
    with tempfile.TemporaryDirectory(prefix="rounds-pool-") as made:
        folder = Path(made)
        more, home = beside(folder), Home.of({}, folder / "home").make()
        file = table(folder)
        with prefect_server(home, environ(), scheduling=True) as reached:
            known = {**environ(), **reached, "ROUNDS_HOME": str(home.folder)}
            rounds = [sys.executable, str(ROOT / "rounds.py")]
            deploy = ["deploy", str(file), "--pool", "rounds-jobs", "--jobs", str(TEMPLATE)]
            subprocess.run([*rounds, *deploy], check=True, env=known)
            path = {"PYTHONPATH": f"{ROOT}{os.pathsep}{more}"}
            came = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", WORKER],
                env=known | path,
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
            held = json.loads(came.stdout.splitlines()[-1])
            said(held["made"])
            (container,) = held["read"]["spec"]["template"]["spec"]["containers"]
            (mine,) = held["made"]["spec"]["template"]["spec"]["containers"]
            lost = {name for name in mine if mine[name] != container.get(name)}
            print(f"  what the cluster's own model of a job does not hold: {sorted(lost) or 'nothing'}")
            # The names of the cluster's services stand for this machine's.
            told = {e["name"]: e["value"] for e in container["env"] if e.get("value") is not None}
            here = {"ROUNDS_LEDGER_URL": home.ledger_url, "MLFLOW_TRACKING_URI": home.mlflow_uri}
            found = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            env = known | told | reached | here | {"ROUNDS_HOME": str(home.folder), "PATH": found}
            subprocess.run([*container["command"], *container["args"]], check=True, env=env)
        ledger = Ledger(home.ledger_url, lambda: datetime.now(UTC))
        print(f"audits in the ledger: {len(ledger.heads('sepsis'))}")


if __name__ == "__main__":
    main()
