"""The whole way: an audit in the ledger, a scrape, a rule, and an alert at a receiver."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from dashboards.app import create_app
from tests.conftest import free_port
from tests.dashboards import ward
from tests.dashboards.conftest import served

pytestmark = pytest.mark.server
CONFIGS = Path(__file__).parents[2] / "configs"
WAIT = 60.0


@contextmanager
def started(name: str, folder: Path, *arguments: str) -> Iterator[None]:
    """A program of the machine, ended by its own handle."""
    found = shutil.which(name)
    if found is None:
        assert not os.environ.get("CI"), f"CI installs {name}"
        pytest.skip(f"{name} is not installed")
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen([found, *arguments], cwd=folder, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def receiver() -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """A webhook on the loopback; what it was sent, with the path it was sent to."""
    told: list[dict[str, Any]] = []

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.extend({"to": self.path, **alert} for alert in body["alerts"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, told
    server.shutdown()
    server.server_close()


def wait(for_: Callable[[], Any]) -> Any:
    until = time.monotonic() + WAIT
    while time.monotonic() < until:
        try:
            if found := for_():
                return found
        except httpx.TransportError:
            pass
        time.sleep(0.3)
    raise AssertionError("it did not come in time")


def test_an_audit_in_the_ledger_reaches_the_pager_within_seconds(tmp_path: Path) -> None:
    ledger, configs = ward.build(tmp_path)
    app = create_app(ledger, configs, published=ward.published, now=lambda: datetime.now(UTC))
    with ExitStack() as stack:
        site = stack.enter_context(served(app))
        hook, told = stack.enter_context(receiver())
        manager, prometheus = free_port(), free_port()

        routes = yaml.safe_load((CONFIGS / "alertmanager/alertmanager.yml").read_text(encoding="utf-8"))
        for part in (routes["route"], *routes["route"]["routes"]):
            part |= {"group_wait": "1s", "group_interval": "1s"}
        for way in routes["receivers"]:
            way["webhook_configs"][0]["url"] = f"http://127.0.0.1:{hook}/{way['name']}"
        (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(routes), encoding="utf-8")

        shutil.copy(CONFIGS / "prometheus/rounds.rules.yml", tmp_path)
        scraping = yaml.safe_load((CONFIGS / "prometheus/prometheus.yml").read_text(encoding="utf-8"))
        scraping["global"] |= {"scrape_interval": "1s", "evaluation_interval": "1s"}
        scraping["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{manager}"]
        job = scraping["scrape_configs"][0]
        job |= {"scrape_interval": "1s", "scrape_timeout": "1s"}
        job["static_configs"][0]["targets"] = [site.removeprefix("http://")]
        (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(scraping), encoding="utf-8")

        stack.enter_context(started(
            "prometheus-alertmanager", tmp_path, "--config.file=alertmanager.yml", "--storage.path=am",
            f"--web.listen-address=127.0.0.1:{manager}", "--cluster.listen-address=",
        ))  # fmt: skip
        stack.enter_context(started(
            "prometheus", tmp_path, "--config.file=prometheus.yml", "--storage.tsdb.path=data",
            f"--web.listen-address=127.0.0.1:{prometheus}", "--rules.alert.resend-delay=1s",
        ))  # fmt: skip

        page = wait(lambda: next((a for a in told if a["to"] == "/page" and a["labels"].get("family")), None))
        assert page["labels"] == {
            "alertname": "RoundsFindingBeyondMargin", "service": "rounds", "severity": "page",
            "model": "sepsis-early-warning", "family": "performance", "metric": "observed_expected_ratio",
            "subject": "model", "runbook": "calibration",
        }  # fmt: skip
        assert page["annotations"]["description"].endswith("3 window(s) running; value 1.46, margin 0.2.")
        assert page["annotations"]["runbook_url"] == "http://127.0.0.1:8321/runbooks/calibration"
        wait(lambda: [a for a in told if a["to"] == "/dead-man"])

        query = f"http://127.0.0.1:{prometheus}/api/v1/query"
        asked = {
            "query": "rounds_finding_value > rounds_finding_margin and rounds_finding_beyond_windows > 0"
        }
        joined = wait(lambda: httpx.get(query, params=asked).json()["data"]["result"])
        assert {r["metric"]["model"] for r in joined} >= {"sepsis-early-warning"}

        ward.record(ledger, "sepsis-early-warning", ward.WEEKS, tuple(ward.usual(1)))
        better = {"query": 'rounds_findings{model="sepsis-early-warning",verdict="beyond"} == 0'}
        wait(lambda: httpx.get(query, params=better).json()["data"]["result"])
        assert not [a for a in told if a["to"] == "/page" and a["labels"]["severity"] != "page"]
