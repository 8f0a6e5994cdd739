"""The page server stays light: whatever is looked at, no engine and no library of statistics is loaded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from monitors.audit import Audit
from monitors.release import keep
from tests.dashboards import ward

ROOT = Path(__file__).parent.parent.parent
HEAVY = {
    "scipy", "pandas", "sklearn", "fairlearn", "mlflow", "evidently", "prefect", "ibis", "duckdb", "pyarrow",
    "polars", "sqlglot", "uvloop", "websockets", "rich", "fastapi", "cryptography", "alembic", "numpy",
    "greenlet", "watchfiles",
}  # fmt: skip
# `rounds serve` as it starts, and a reader in a thread of it who opens every page and then tells.
PROGRAM = """
import json, os, socket, sys, threading, time, urllib.error, urllib.request
from pathlib import Path
from commands._serving import serve_pages
from flows.home import Home

folder, files, paths = Path(sys.argv[1]), [Path(sys.argv[2])], json.loads(sys.argv[3])
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]

def answered(path):
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}{path}").status
    except urllib.error.HTTPError as error:
        return error.code
    except urllib.error.URLError:
        return 0

def look():
    while not answered("/healthz"):
        time.sleep(0.02)
    statuses = {path: answered(path) for path in paths}
    print(json.dumps([statuses, sorted({name.partition(".")[0] for name in sys.modules})]), flush=True)
    os._exit(0)

threading.Thread(target=look, daemon=True).start()
serve_pages(Home.of({}, folder), files, "127.0.0.1", port, schedules=False)
"""


@pytest.mark.server
def test_no_page_loads_what_a_run_needs(tmp_path: Path) -> None:
    ledger, _ = ward.build(tmp_path)
    for entry in ledger.entries("audit"):
        keep(ledger, Audit.read(entry.body, entry.digest))  # as a run does once it has recorded an audit
    # Their tools are declared by the ward's configs, and one model alone is served here.
    # How far the readers of a review agree is worked out with arrays, which no other page needs.
    declared = ("fall-risk", "?tool=", "/review")
    paths = [p for p in ward.PAGES.values() if not any(name in p for name in declared)]
    paths += ["/metrics", "/api/models"]
    # Its columns are derived by the engine, so reading it whole would load one.
    model = ROOT / "configs" / "models" / "support-survival.yaml"
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), str(model), json.dumps(paths)],
        cwd=ROOT, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    statuses, loaded = json.loads(run.stdout.splitlines()[-1])
    assert {path: status for path, status in statuses.items() if status != 200} == {
        ward.PAGES["missing"]: 404
    }
    assert set(loaded) & HEAVY == set()
