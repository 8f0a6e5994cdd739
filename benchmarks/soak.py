"""Soak: 2,000 daily windows through `rounds serve`, pages asked all the while, and what grows with them.

`python -m benchmarks.soak [WINDOWS] [MINUTES]` writes docs/soak.md, after so many minutes at the latest. The
service is the real one: pages, scheduler, Prefect's server and the run's own process. It is started as after
an outage of 2,000 days, and makes up for all of them.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from flows import source
from flows.beside import stop
from flows.home import Home, open_ledger, quiet
from flows.owing import enrol
from tests.conftest import free_port

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/soak.md"
REFERENCE, A_DAY, EVERY = 8, 100, 20
PAUSE = 1.0  # seconds between looks at the pages
FLAT = 5.0  # MB in 1,000 windows that are no growth: of a process of 200 MB, nothing in five years of days
ASKED = ("/metrics", "/", "/models/sepsis-alert")
# What a process is, by a word of its command line.
ROLES = {  # the first that fits
    "scheduler": "flows.beside",
    "pages": "rounds.py serve",
    "the run": "prefect.engine",
    "Prefect's server": "prefect",
}
MODEL = """\
model: sepsis-alert
version: "2"
source: {{kind: files, path: scores.parquet}}
columns: {{time: at, id: visit, score: risk, numeric: [lactate, age], sensitive: [sex]}}
window: P1D
schedule: "0 6 * * *"
reference: {{from: {start:%Y-%m-%d}, to: {end:%Y-%m-%d}}}
arrival: {{recount: 0}}
evidently: {{report: never}}
"""


def rows(start: datetime, days: int) -> pa.Table:
    """A ward of 100 predictions a day; one day in thirty a fifth of the lactates are lost."""
    draw, n = np.random.default_rng(1), days * A_DAY
    lost = (np.repeat(np.arange(days), A_DAY) % 30 == 29) & (draw.random(n) < 0.2)
    first = np.datetime64(start.replace(tzinfo=None), "ms")
    at = first + (np.arange(n) * 86_400_000 // A_DAY).astype("timedelta64[ms]")
    return pa.table({
        "at": pa.array(at, pa.timestamp("ms", "UTC")), "visit": [f"v{i}" for i in range(n)],
        "risk": draw.beta(2, 4, n), "age": draw.integers(18, 95, n),
        "lactate": pa.array(draw.lognormal(0.5, 0.5, n), mask=lost), "sex": draw.choice(["f", "m"], n),
    })  # fmt: skip


def tree(pid: int) -> dict[int, str]:
    """A process and all below it, each with its command line."""
    below: dict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                said = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                below[int(said[1])].append(int(entry.name))
    found, left = {}, [pid]
    while left:
        one = left.pop()
        with contextlib.suppress(OSError):
            found[one] = Path(f"/proc/{one}/cmdline").read_text(encoding="utf-8").replace("\0", " ")
        left += below[one]
    return found


def held(pid: int) -> dict[str, float]:
    """What each process of the service takes now."""
    found: dict[str, float] = defaultdict(float)
    for one, line in tree(pid).items():
        role = next((role for role, word in ROLES.items() if word in line), None)
        if role is None:
            continue
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{one}/status").read_text(encoding="utf-8")
            told = dict(each.split(":", 1) for each in status.splitlines() if ":" in each)
            files = len(list(Path(f"/proc/{one}/fd").iterdir()))
            found[f"{role}, MB"] += int(told["VmRSS"].split()[0]) / 1024
            found[f"{role}, files"] += files
            found[f"{role}, threads"] += int(told["Threads"])
    return found


def stored(home: Home) -> Iterator[tuple[str, float]]:
    """What lies on disk, in kB."""
    places = {
        "ledger": home.folder.glob("ledger.db*"),
        "MLflow": home.mlflow.rglob("*"),
        "Prefect": home.prefect.glob("*.db*"),
        "access log": (home.folder / "access").rglob("*"),
    }
    for name, files in places.items():
        with contextlib.suppress(OSError):
            yield f"{name}, kB", sum(f.stat().st_size for f in files if f.is_file()) / 1024


def soak(windows: int, minutes: float = float("inf")) -> dict[str, Any]:
    """Start the service with that many days to make up for, and look at it until they are audited."""
    folder = Path(tempfile.mkdtemp(prefix="rounds-soak-"))
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start = today - timedelta(days=REFERENCE + windows)
    pq.write_table(rows(start, REFERENCE + windows + 2), folder / "scores.parquet", row_group_size=20_000)
    model = folder / "sepsis.yaml"
    model.write_text(MODEL.format(start=start, end=start + timedelta(days=REFERENCE)), encoding="utf-8")
    home = Home.of({}, folder / "home").make()
    ledger = open_ledger(home)
    enrol(source.read(model), ledger, start + timedelta(days=REFERENCE + 1, hours=6))
    port = free_port()
    command = [sys.executable, str(ROOT / "rounds.py"), "serve", "--config", str(folder), "--port", str(port)]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "MLFLOW_", "ROUNDS_"))}
    environ = {**kept, **quiet({}), "ROUNDS_HOME": str(home.folder), "PYTHONPATH": str(ROOT)}
    began, told = time.monotonic(), list[dict[str, float]]()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=600) as client:
            done = 0
            while done < windows and time.monotonic() < began + minutes * 60:
                assert process.poll() is None, (folder / "log").read_text(errors="replace")
                time.sleep(PAUSE)
                with contextlib.suppress(httpx.ConnectError):
                    for path in ASKED if done else ("/metrics",):
                        assert client.get(path).status_code == 200, path
                done = len(ledger.places("sepsis-alert"))
                if done // EVERY > (told[-1]["windows"] // EVERY if told else 0):
                    told.append({"windows": done, **held(process.pid), **dict(stored(home))})
                    if done // 100 > (told[-2]["windows"] // 100 if len(told) > 1 else 0):
                        print({name: round(value, 1) for name, value in told[-1].items()}, flush=True)
    finally:
        stop(process)
    audits = ledger.entries("audit", bodies=False)
    assert len({(entry.window, entry.stage) for entry in audits}) == len(audits), "each window once"
    took = time.monotonic() - began
    return {
        "owed": windows,
        "told": told,
        "entries": ledger.verify(),
        "hours": took / 3600,
        "slopes": slopes(told),
    }


def slopes(told: list[dict[str, float]]) -> dict[str, tuple[float, float, float]]:
    """The last value of each, and by how much it grows in 1,000 windows over the second half, and its error.

    Least squares; the error is the slope's standard error.
    """
    later, found = told[len(told) // 2 :], {}
    for name in dict.fromkeys(name for each in later for name in each if name != "windows"):
        at = np.array([t["windows"] for t in later if name in t]) / 1000
        values = np.array([t[name] for t in later if name in t])
        if len(at) < 3:
            continue
        (slope, _), around = (
            np.polyfit(at, values, 1, cov=True) if len(at) > 4 else (np.polyfit(at, values, 1), None)
        )
        error = float(np.sqrt(around[0, 0])) if around is not None else float("nan")
        found[name] = float(values[-1]), float(slope), error
    return found


def page(found: Mapping[str, Any]) -> str:
    """What was found, as docs/soak.md."""
    owed, windows = found["owed"], int(found["told"][-1]["windows"])
    half = int(found["told"][len(found["told"]) // 2]["windows"])
    head = f"""\
# What grows with the years

Written by `make soak`: `rounds serve` was started as after an outage of {owed:,} days and made up for
{windows:,} of them, one after another, in one run; meanwhile `/metrics`, the fleet's page and a model's page
were asked every second, and every {EVERY} windows each process and file was looked at. A model with three
columns, one grouping and {A_DAY} predictions a day. The slopes are least squares over windows {half:,} to
{windows:,}, with their standard errors. Flat means at most {FLAT:g} MB in 1,000 windows.

| memory | at the end | in 1,000 windows | |
|---|--:|--:|---|"""
    lines = [head]
    for name, (last, slope, error) in found["slopes"].items():
        if name.endswith(", MB"):
            verdict = "flat" if slope <= FLAT else "**grows**"
            lines.append(f"| {name[:-4]} | {last:.0f} MB | {slope:+.1f} ± {error:.1f} MB | {verdict} |")
    lines += ["", "| handles | at the end | in 1,000 windows |", "|---|--:|--:|"]
    for name, (last, slope, error) in found["slopes"].items():
        if name.endswith((", files", ", threads")):
            lines.append(f"| {name} | {last:.0f} | {slope:+.1f} ± {error:.1f} |")
    lines += ["", "| on disk | at the end | a window |", "|---|--:|--:|"]
    for name, (last, slope, _) in found["slopes"].items():
        if name.endswith(", kB"):
            lines.append(f"| {name[:-4]} | {last / 1024:.1f} MB | {slope / 1000:.1f} kB |")
    lines.append(f"""
The ledger's {found["entries"]:,} entries were verified at the end, and each window stands in it once. It
took {found["hours"]:.1f} hours on two cores that others used as well. Not shown here: years of Prefect's own
runs, since an outage is made up for in one; on a schedule each window is a run of its own, in a process
that ends.
""")
    return "\n".join(lines)


if __name__ == "__main__":
    os.environ["TZ"] = "UTC"
    given = [float(word) for word in sys.argv[1:]]
    found = soak(int(given[0]) if given else 2000, *given[1:])
    PAGE.write_text(page(found), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))
