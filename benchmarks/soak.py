"""Soak: 2,000 daily windows audited while pages and /metrics are asked, and what grows with them.

`python -m benchmarks.soak [WINDOWS]` prints the slopes over the second half, and writes soak.json.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import uvicorn

from dashboards.access import AccessLog
from dashboards.app import create_app
from flows import run, source
from flows.home import Home, open_ledger
from monitors.release import kept
from tests.conftest import free_port

START = datetime(2020, 1, 6, tzinfo=UTC)
REFERENCE, A_DAY, EVERY = 8, 100, 20
MODEL = """\
model: sepsis-alert
version: "2"
source: {kind: files, path: scores.parquet}
columns: {time: at, id: visit, score: risk, numeric: [lactate, age], sensitive: [sex]}
window: P1D
reference: {from: 2020-01-06, to: 2020-01-14}
arrival: {recount: 0}
evidently: {report: never}
"""


def rows(days: int) -> pa.Table:
    """A ward of 100 predictions a day; one day in thirty a fifth of the lactates are lost."""
    draw, n = np.random.default_rng(1), days * A_DAY
    risk = draw.beta(2, 4, n)
    day = np.repeat(np.arange(days), A_DAY)
    lost = (day % 30 == 29) & (draw.random(n) < 0.2)
    at = np.datetime64("2020-01-06") + (np.arange(n) * 86_400_000 // A_DAY).astype("timedelta64[ms]")
    return pa.table({
        "at": pa.array(at, pa.timestamp("ms", "UTC")), "visit": [f"v{i}" for i in range(n)], "risk": risk,
        "age": draw.integers(18, 95, n),
        "lactate": pa.array(draw.lognormal(0.5, 0.5, n), mask=lost), "sex": draw.choice(["f", "m"], n),
    })  # fmt: skip


def now_held(home: Home) -> dict[str, float]:
    """What this process and its files take now."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    memory = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    files = [f for f in home.folder.glob("ledger.db*") if f.exists()]
    return {
        "memory_mb": int(memory.split()[1]) / 1024,
        "files": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
        "ledger_kb": sum(f.stat().st_size for f in files) / 1024,
        "cpu_s": time.process_time(),
    }


def soak(windows: int) -> dict[str, Any]:
    """Audit that many days, each as a schedule would, with a scrape and two pages after each."""
    folder = Path(tempfile.mkdtemp(prefix="rounds-soak-"))
    pq.write_table(rows(REFERENCE + windows), folder / "scores.parquet", row_group_size=20_000)
    model = folder / "sepsis.yaml"
    model.write_text(MODEL, encoding="utf-8")
    home = Home.of({}, folder / "home").make()
    clock = [START]
    config, ledger = source.read(model), open_ledger(home)
    app = create_app(
        ledger, {config.model: config}, published=lambda audit: kept(ledger, audit), now=lambda: clock[0],
        accesses=AccessLog(folder / "access", lambda: clock[0]),
    )  # fmt: skip
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical", ws="none", lifespan="off"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    told = []
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=600) as client:
        for number in range(windows):
            clock[0] = START + timedelta(days=REFERENCE + number + 1, hours=6)
            done = list(run.run(model, home, None, clock[0], copy=False, patient=True))
            assert any(each.new for each in done), clock[0]
            for path in ("/metrics", "/", "/models/sepsis-alert"):
                assert client.get(path).status_code == 200, path
            if number % EVERY == EVERY - 1:
                told.append({"windows": number + 1, **now_held(home)})
                if (number + 1) % 100 == 0:
                    print(told[-1], flush=True)
    server.should_exit = True
    entries = ledger.verify()
    return {"told": told, "entries": entries, "slopes": slopes(told), "windows": windows}


def slopes(told: list[dict[str, float]]) -> dict[str, float]:
    """By how much each grows per 1,000 windows over the second half, by least squares."""
    later = told[len(told) // 2 :]
    at = np.array([t["windows"] for t in later]) / 1000
    return {
        name: float(np.polyfit(at, [t[name] for t in later], 1)[0])
        for name in ("memory_mb", "files", "threads", "ledger_kb", "cpu_s")
    }


if __name__ == "__main__":
    os.environ["TZ"] = "UTC"
    found = soak(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
    Path("soak.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    print(json.dumps({name: value for name, value in found.items() if name != "told"}, indent=1))
