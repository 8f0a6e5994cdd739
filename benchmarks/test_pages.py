"""The pages over 500 models × 1 year of weeks: time to answer, bytes over the wire, memory, start."""

from __future__ import annotations

import json
import os
import re
import socket
import statistics
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from pytest_benchmark.fixture import BenchmarkFixture

from monitors import entry_table, glance, restated
from monitors.audit import Audit, Finding, Verdict
from monitors.canonical import canonical, digest
from monitors.chain import GENESIS, hashed
from monitors.ledger import Ledger
from monitors.release import RULES
from monitors.window import Window, utc
from tests.dashboards import ward

MODELS, WEEKS, COLUMNS = 500, 52, 30
WRITTEN = datetime(2026, 3, 3, tzinfo=UTC)
# As `rounds serve --no-schedules` does it, from the models' files, on the day after the last week.
SERVED = """
import sys
from datetime import datetime
from pathlib import Path
from commands._serving import serve_pages
from flows.home import Home
home = Home.of({"ROUNDS_LEDGER_URL": sys.argv[1]}, Path(sys.argv[3]))
now = datetime.fromisoformat("2026-03-04T09:00:00+00:00")
files = sorted(Path(sys.argv[3]).glob("*.yaml"))
serve_pages(home, files, "127.0.0.1", int(sys.argv[2]), schedules=False, as_of=now)
"""


def findings(model: int, week: int) -> Iterator[Finding]:
    """A quiet week, now and then not; 30 columns, and four of twenty sites."""
    yield from ward.usual(week)
    yield from ward.sites(**{f"Hospital {(model + place) % 20:02}": 150 for place in range(4)})
    for column in range(COLUMNS):
        bad = (model * 7 + week + column) % 97 == 0
        yield ward.finding(
            "wasserstein", "drift", Verdict.BEYOND if bad else Verdict.WITHIN, subject=f"column_{column}",
            unit="reference SD", value=0.31 if bad else 0.04, chance=0.12, margin=0.2, n=600,
        )  # fmt: skip


@pytest.fixture(scope="session")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A year of 500 models; takes minutes to write. ROUNDS_BENCH_LEDGER names one to keep."""
    kept = os.environ.get("ROUNDS_BENCH_LEDGER")
    file = Path(kept) if kept else tmp_path_factory.mktemp("year") / "ledger.db"
    url = f"sqlite:///{file}"
    if file.exists():
        return url
    made = Ledger(url, lambda: WRITTEN)
    write(made)
    for model in range(MODELS):
        glance.keep(made, f"model-{model:03}", "hospital")
    return url


def write(ledger: Ledger) -> None:
    """All audits and their releases in one transaction, chained as the ledger chains them."""
    rows: list[dict[str, object]] = []
    previous = GENESIS
    for model, week in product(range(MODELS), range(ward.WEEKS - WEEKS, ward.WEEKS)):
        start = ward.LAST + timedelta(weeks=week - ward.WEEKS)
        audit = Audit(
            model=f"model-{model:03}", version="3.2", window=Window(start, start + timedelta(weeks=1)),
            stage="scored", rows=600, config="c", reference="r", profile="p", software="rounds",
            findings=tuple(findings(model, week % 5)),
        )  # fmt: skip
        body, name = zlib.compress(canonical(audit.payload()).encode(), 6), digest(audit.payload())
        stem = f"{audit.model}|{audit.version}|{audit.window}|{audit.stage}"
        # Nothing in it is too few to show, so the release is the audit: no need to work it out.
        for kind, key, summary in (
            ("audit", f"{stem}|1", canonical(restated.of_audit(audit, 1, None))),
            ("release", f"{name}|{RULES}", "{}"),
        ):
            row: dict[str, object] = {
                "seq": len(rows) + 1, "at": utc(WRITTEN), "kind": kind, "key": key, "model": audit.model,
                "version": audit.version, "window": str(audit.window), "window_end": utc(audit.window.end),
                "stage": audit.stage, "summary": summary, "body": body, "digest": name, "previous": previous,
            }  # fmt: skip
            row["hash"] = previous = hashed(row)
            rows.append(row)
    with ledger._engine.begin() as connection:
        connection.execute(sa.insert(entry_table.entries), rows)


def held(pid: int) -> dict[str, float]:
    """Megabytes in memory: all pages (`rss_mb`), shared ones in part (`pss_mb`), its own (`own_mb`)."""
    told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = {name: int(kb) / 1000 for name, kb in re.findall(r"^(\w+):\s+(\d+) kB", told, re.MULTILINE)}
    return {"rss_mb": found["Rss"], "pss_mb": found["Pss"], "own_mb": found["Anonymous"]}


ONCE = (
    "/alerts", "/decisions", "/inventory", "/evidence", "/health", "/runbooks", "/runbooks/calibration",
    "/glossary", "/reports", "/metrics", "/api/models", "/api/openapi.json", "/models/model-017/features",
    "/api/models/model-017/windows.csv",
)  # fmt: skip


def worked(pid: int) -> float:
    """Seconds of processor time the process has used."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def test_pages(benchmark: BenchmarkFixture, ledger: str, tmp_path: Path) -> None:
    for model in range(int(os.environ.get("ROUNDS_BENCH_DECLARED", MODELS))):
        (tmp_path / f"model-{model:03}.yaml").write_text(ward.declared(f"model-{model:03}"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    began = time.perf_counter()
    server = subprocess.Popen([sys.executable, "-c", SERVED, ledger, str(port), str(tmp_path)])
    found: dict[str, object] = {}
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=120) as client:
            while True:
                try:
                    client.get("/healthz")
                    break
                except httpx.TransportError:
                    time.sleep(0.01)
            found["start_s"] = round(time.perf_counter() - began, 2)
            found["start_cpu_s"] = worked(server.pid)
            found["start"] = held(server.pid)
            for name, path in {
                "fleet": "/",
                "fleet, filtered": "/?q=model-1",
                "fleet, one site": "/?site=Hospital+07",
                "model": "/models/model-017",
                "groups": "/models/model-017/groups",
                "feature": "/models/model-017/features/lactate",
                "window": "/models/model-017/window",
            }.items():
                cold, spent = time.perf_counter(), worked(server.pid)
                client.get(path)
                cold, spent = time.perf_counter() - cold, worked(server.pid) - spent
                times, size, began = [], 0, worked(server.pid)
                for _ in range(60):
                    at = time.perf_counter()
                    with client.stream("GET", path) as answer:
                        size = sum(len(part) for part in answer.iter_raw())
                    assert answer.status_code == 200
                    times.append((time.perf_counter() - at) * 1000)
                found[name] = {
                    "cold_ms": round(cold * 1000),
                    "cold_cpu_ms": round(spent * 1000),
                    "cpu_ms": round((worked(server.pid) - began) / 60 * 1000),
                    "p50_ms": round(statistics.median(times)),
                    "p95_ms": round(sorted(times)[56]),
                    "kB": round(size / 1000, 1),
                }
            found["after"] = held(server.pid)
            times, began = [], worked(server.pid)
            for model in range(100, 160):
                at = time.perf_counter()
                assert client.get(f"/models/model-{model}").status_code == 200
                times.append((time.perf_counter() - at) * 1000)
            found["models opened first"] = {
                "cpu_ms": round((worked(server.pid) - began) / 60 * 1000),
                "p50_ms": round(statistics.median(times)),
                "p95_ms": round(sorted(times)[56]),
            }
            for path in ONCE:
                at, spent = time.perf_counter(), worked(server.pid)
                assert client.get(path).status_code == 200
                found[path] = {
                    "cold_ms": round((time.perf_counter() - at) * 1000),
                    "cold_cpu_ms": round((worked(server.pid) - spent) * 1000),
                }
            found["after every page"] = held(server.pid)
    finally:
        server.terminate()
        server.wait(20)
    benchmark.pedantic(lambda: None, rounds=1)
    benchmark.extra_info |= found
    print("\n" + json.dumps(found, indent=1))
