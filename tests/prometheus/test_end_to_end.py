"""The whole way: an audit in the ledger, a scrape, a rule, and an alert at a receiver."""

from __future__ import annotations

import http.server
import json
import os
import random
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from dashboards import series
from dashboards.app import create_app
from flows import run as runs
from flows import source as sources
from flows.home import Home
from monitors import slow
from monitors.acting import silence
from monitors.audit import Verdict
from monitors.plan import DEFAULT_PLAN
from tests.conftest import free_port
from tests.dashboards import ward
from tests.dashboards.conftest import served
from tests.flows.test_telling import FIELDS, LABELS

pytestmark = pytest.mark.server
CONFIGS = Path(__file__).parents[2] / "configs"
WAIT = 300.0
START = datetime(2026, 1, 5, tzinfo=UTC)
LONG = '‮\u200b{x}\\n"' + "x" * 10_000
MODEL = """\
model: sepsis-alert
version: "2"
source: {kind: files, path: scores.csv}
columns: {time: at, id: visit, score: risk, numeric: [lactate]}
window: P7D
schedule: "0 6 * * 1"
reference: {from: 2026-01-05, to: 2026-03-02}
evidently: {report: never}
"""


SAID = FIELDS - {"plan"}  # under which plan an audit asked is said by Rounds' own channels alone
# What the ward's models and Rounds itself have to say, beside findings.
CHAINED = (
    "RoundsAuditOverdue", "RoundsCheckFailed", "RoundsCopiesOwed", "RoundsOutcomesOverdue",
    "RoundsPagesUntold", "RoundsScoresStopped", "RoundsSilenced", "RoundsWatchdog",
)  # fmt: skip


def of_findings() -> list[str]:
    """Runbooks of what a plan can find."""
    own = {rule.runbook for rule in DEFAULT_PLAN if rule.runbook and rule.severity != "info"}
    return sorted({*own, slow.RUNBOOK})


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


def chain(stack: ExitStack, folder: Path, site: str, hook: int) -> tuple[int, int]:
    """Alertmanager and Prometheus as we ship them, with shorter waits; gives back their ports."""
    manager, prometheus = free_port(), free_port()

    routes = yaml.safe_load((CONFIGS / "alertmanager/alertmanager.yml").read_text(encoding="utf-8"))
    for part in (routes["route"], *routes["route"]["routes"]):
        part |= {"group_wait": "1s", "group_interval": "1s"}
    for way in routes["receivers"]:
        way["webhook_configs"][0]["url"] = f"http://127.0.0.1:{hook}/{way['name']}"
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(routes), encoding="utf-8")

    rules = yaml.safe_load((CONFIGS / "prometheus/rounds.rules.yml").read_text(encoding="utf-8"))
    for rule in (rule for group in rules["groups"] for rule in group["rules"] if "for" in rule):
        if rule["alert"] != "RoundsMonitoringStale":  # which would mute what the ward's models find
            rule["for"] = "10s"  # what takes half a night otherwise
    (folder / "rounds.rules.yml").write_text(yaml.safe_dump(rules), encoding="utf-8")
    scraping = yaml.safe_load((CONFIGS / "prometheus/prometheus.yml").read_text(encoding="utf-8"))
    scraping["global"] |= {"scrape_interval": "1s", "evaluation_interval": "1s"}
    scraping["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{manager}"]
    job = scraping["scrape_configs"][0]
    job |= {"scrape_interval": "1s", "scrape_timeout": "1s"}
    job["static_configs"][0]["targets"] = [site.removeprefix("http://")]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(scraping), encoding="utf-8")

    stack.enter_context(started(
        "prometheus-alertmanager", folder, "--config.file=alertmanager.yml", "--storage.path=am",
        f"--web.listen-address=127.0.0.1:{manager}", "--cluster.listen-address=",
    ))  # fmt: skip
    stack.enter_context(started(
        "prometheus", folder, "--config.file=prometheus.yml", "--storage.tsdb.path=data",
        f"--web.listen-address=127.0.0.1:{prometheus}", "--rules.alert.resend-delay=1s",
    ))  # fmt: skip
    return manager, prometheus


def test_an_audit_in_the_ledger_reaches_the_pager_within_seconds(tmp_path: Path) -> None:
    ledger, configs = ward.build(tmp_path)
    long = ward.finding("psi", "drift", Verdict.BEYOND, subject=LONG, value=0.4, margin=0.1, runbook=LONG)
    for week in (ward.WEEKS - 2, ward.WEEKS - 1):
        ward.record(ledger, "long-names", week, (long,))
    for number, page in enumerate(of_findings()):
        trouble = ward.finding("psi", "quality", Verdict.BEYOND, value=0.4, margin=0.1, runbook=page)
        for week in (ward.WEEKS - 2, ward.WEEKS - 1):
            ward.record(ledger, f"model-{number}", week, (trouble,))
    ward.record(ledger, "nobody-scored", ward.WEEKS - 1, (), rows=0)
    now = datetime.now(UTC)
    silence(ledger, "readmission-30d", "Ada", "upgrade", now + timedelta(days=1), now)
    app = create_app(
        ledger, configs, published=ward.published, now=lambda: datetime.now(UTC), oncall=ward.ONCALL
    )
    with ExitStack() as stack:
        site = stack.enter_context(served(app))
        hook, told = stack.enter_context(receiver())
        _, prometheus = chain(stack, tmp_path, site, hook)

        page = wait(lambda: next((a for a in told if a["to"] == "/page" and a["labels"].get("family")), None))
        check = page["labels"].pop("check")
        assert page["labels"] == {
            "alertname": "RoundsFindingBeyondMargin", "service": "rounds", "severity": "page",
            "model_id": "sepsis-early-warning", "site": "all", "environment": "prod", "risk_tier": "high",
            "family": "performance", "monitor_kind": "functionality", "metric": "observed_expected_ratio",
            "subject": "model", "owner_team": "clinical-ml", "runbook": "calibration",
        }  # fmt: skip
        said = page["annotations"]
        assert set(said) == SAID
        assert all(said.values())
        assert not [name for name, text in said.items() if "unknown" in text or "error" in text]
        assert said["description"].endswith("3 window(s) running; value 1.46, margin 0.2.")
        assert said["runbook_url"] == "http://127.0.0.1:8321/runbooks/calibration"
        assert (said["value"], said["interval"], said["margin"]) == ("1.46", "1.29 to 1.66", "0.2")
        assert said["safe_fallback"] == "Use NEWS2; hide the tile."
        assert said["escalates_to"] == "the second on call"
        assert said["since"] == "2026-02-09T00:00:00Z"
        assert said["report_url"].endswith("/models/sepsis-early-warning?window=2026-02-23#evidence")
        assert not {text for text in page["labels"].values() if text in (said["value"], said["since"])}
        wait(lambda: [a for a in told if a["to"] == "/dead-man"])

        query = f"http://127.0.0.1:{prometheus}/api/v1/query"
        asked = {
            "query": "rounds_finding_value > rounds_finding_margin and rounds_finding_beyond_windows > 0"
        }
        joined = wait(lambda: httpx.get(query, params=asked).json()["data"]["result"])
        assert {r["metric"]["model"] for r in joined} >= {"sepsis-early-warning"}

        # Names that try to break out of labels, links and words, and one of ten thousand letters.
        for model, subject in (("odd-one", ward.HOSTILE), ("long-names", series.name(LONG))):
            odd = wait(lambda m=model: [a for a in told if a["labels"].get("model_id") == m])
            assert subject in {a["labels"]["subject"] for a in odd}
            assert all(" " not in a["annotations"]["runbook_url"] for a in odd)
            assert all("<script>" not in a["annotations"]["runbook_url"] for a in odd)
        assert check

        # Each runbook that a rule of the plan names is linked from its alert, and is served.
        for page in of_findings():
            mine = wait(lambda p=page: [a for a in told if a["labels"].get("runbook") == p])
            link = mine[0]["annotations"]["runbook_url"].removeprefix("http://127.0.0.1:8321")
            assert httpx.get(f"{site}{link}").status_code == 200
        # What watches Rounds itself and the schedule: checks that failed, models overdue, copies owed.
        for name in CHAINED:
            wait(lambda n=name: [a for a in told if a["labels"]["alertname"] == n])

        ward.record(ledger, "sepsis-early-warning", ward.WEEKS, tuple(ward.usual(1)))
        better = {"query": 'rounds_findings{model="sepsis-early-warning",verdict="beyond"} == 0'}
        wait(lambda: httpx.get(query, params=better).json()["data"]["result"])
        assert not [a for a in told if a["to"] == "/page" and a["labels"]["severity"] != "page"]
        # What healed is over at once: the look back is for a Rounds that does not answer.
        wait(lambda: [a for a in told if a["status"] == "resolved" and a["labels"].get("check") == check])


def scored(week: int, fault: str) -> list[str]:
    """A week's predictions: as ever, with scores that shifted, or those and then none from Tuesday on."""
    made = random.Random(week)
    lines = []
    for number in range(900):  # enough that a quiet week can be told from chance
        spread = 0.2 if fault == "stopped" else 1.0
        at = START + timedelta(weeks=week, seconds=made.random() * spread * 7 * 86400)
        risk = made.betavariate(2, 6) if fault == "" else made.betavariate(6, 2)
        lines.append(f"w{week}n{number},{at.isoformat()},{risk:.4f},{made.lognormvariate(0.5, 0.4):.2f}\n")
    return lines


def test_a_planted_fault_goes_from_the_flow_to_the_pager_and_heals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weeks = {9: "shifted", 10: "shifted", 11: "stopped"}
    rows = [line for week in range(14) for line in scored(week, weeks.get(week, ""))]
    (tmp_path / "scores.csv").write_text("visit,at,risk,lactate\n" + "".join(rows))
    model = tmp_path / "sepsis-alert.yaml"
    model.write_text(MODEL)
    home = Home.of({}, tmp_path / "home")
    with ExitStack() as stack:
        hook, told = stack.enter_context(receiver())
        monkeypatch.setenv("HOOK", f"http://127.0.0.1:{hook}/rounds")
        (tmp_path / "channels.yaml").write_text("channels: {own: {kind: webhook, url_env: HOOK}}\n")

        def audited(week: int) -> None:
            at = START + timedelta(weeks=week + 1)
            list(runs.run(model, home, runs.last_complete, at, copy=False))

        def own(metric: str) -> list[dict[str, Any]]:
            return [a for a in told if a["to"] == "/rounds" and a["labels"]["metric"] == metric]

        for week in (8, 9, 10):
            audited(week)
        (page,) = own("wasserstein")
        assert set(page["labels"]) >= LABELS
        assert set(page["annotations"]) == FIELDS
        assert all(page["annotations"].values())

        ledger, config = runs.open_ledger(home), sources.read(model)
        app = create_app(
            ledger, {config.model: config}, published=ward.published, oncall=ward.ONCALL,
            now=lambda: START + timedelta(weeks=14, hours=1),
        )  # fmt: skip
        with served(app) as site:
            manager, _ = chain(stack, tmp_path, site, hook)

            def paged(status: str, **labels: str) -> list[dict[str, Any]]:
                found = (a for a in told if a["to"] == "/page" and a["status"] == status)
                return [a for a in found if labels.items() <= a["labels"].items()]

            def held(family: str) -> list[dict[str, Any]]:
                known = httpx.get(f"http://127.0.0.1:{manager}/api/v2/alerts").json()
                return [a for a in known if a["labels"].get("family") == family]

            wait(lambda: paged("firing", metric="wasserstein", subject="score"))
            audited(11)  # the feed breaks as well
            wait(lambda: paged("firing", family="quality"))
            assert own("freshness")[0]["status"] == "firing"
            # Alertmanager has the shift still, and says that the broken feed mutes it.
            wait(lambda: [a for a in held("drift") if a["status"]["inhibitedBy"]])
            for week in (12, 13):
                audited(week)
            wait(lambda: paged("resolved", family="quality"))
            assert [a["status"] for a in own("wasserstein")] == ["firing", "resolved"]
            assert [a["status"] for a in own("freshness")][-1] == "resolved"
            wait(lambda: not [a for a in held("drift") if a["labels"]["severity"] == "page"])
        wait(lambda: paged("firing", alertname="RoundsAbsent"))  # the exporter is gone
