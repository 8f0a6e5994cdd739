"""What changed between windows, and what changes slowly, on the page, in JSON, in status and in /metrics."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from dashboards.app import create_app
from dashboards.terminal_status import show_status
from monitors.audit import Audit, Finding, Verdict
from monitors.config import ModelConfig
from monitors.config_file import parse
from monitors.ledger import Ledger
from monitors.profile import Profile
from monitors.slow import slow_findings, watched
from monitors.suppression import published
from monitors.turns import declared
from monitors.window import Window
from tests.dashboards.conftest import served
from tests.dashboards.ward import ONCALL

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
WEEKS, TURNED = 14, 4
NOW = MONDAY + timedelta(weeks=WEEKS, hours=9)


def config(version: str, threshold: float) -> ModelConfig:
    return parse(
        f"""
model: sepsis
version: "{version}"
source: {{kind: files, path: a.csv}}
columns: {{time: at, score: risk, decision: {{score_at_least: {threshold}}}}}
window: P7D
reference: {{from: 2025-01-06, to: 2025-09-01}}
plan: [{{measure: wasserstein, columns: score, margin: 0.2, slow_change: 200}}]
""",
        "sepsis.yaml",
    )


FIRST, SECOND = config("1", 0.5), config("2", 0.4)


def week(index: int) -> Audit:
    """From the eighth week on the score creeps up, by less than its margin."""
    start = MONDAY + timedelta(weeks=index)
    model = SECOND if index >= TURNED else FIRST
    moved = 0.15 if index >= 8 else 0.0
    score = Finding(
        metric="wasserstein", family="drift", subject="score", unit="reference SD", verdict=Verdict.WITHIN,
        value=0.03 + moved, low=0.0, high=0.06 + moved, n=400, reference_n=13_600, margin=0.2, p=0.3,
        shift=moved, shift_error=0.05, severity="page", rule="plan.1",
    )  # fmt: skip
    return Audit(
        model="sepsis", version=model.version, window=Window(start, start + timedelta(weeks=1)), rows=400,
        stage="scored", config=model.digest, reference="r", profile="p", software="rounds 0.1.0",
        findings=(score,),
    )  # fmt: skip


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    made = Ledger(f"sqlite:///{tmp_path_factory.mktemp('turned')}/ledger.db", lambda: NOW)
    history: list[Audit] = []
    for each in (FIRST, SECOND):
        made.append("config", each.digest, declared(each), model=each.model, version=each.version)
    for index in range(WEEKS):
        audit = week(index)
        whole = audit.with_findings(
            (*audit.findings, *slow_findings(audit, history, watched(SECOND.rules())))
        )
        made.record(whole, Profile(audit.window, 400, 0, None, None, {}, {}))
        history.append(audit)
    return made


@pytest.fixture(scope="module")
def client(ledger: Ledger) -> Iterator[httpx.Client]:
    app = create_app(ledger, {"sepsis": SECOND}, published=published, now=lambda: NOW, oncall=ONCALL)
    with served(app) as address, httpx.Client(base_url=address, trust_env=False) as made:
        yield made


def test_the_page_says_what_changed_and_draws_it(client: httpx.Client) -> None:
    html = client.get("/models/sepsis").text
    assert "<b>2 Feb 2026</b>: version 1 became 2." in html
    assert "<b>2 Feb 2026</b>: the threshold 0.5 became 0.4." in html
    assert 'class="turn"' in html
    assert "version 2, from 0.4" in html


def test_the_page_says_since_when_the_score_creeps_and_draws_its_sum(client: httpx.Client) -> None:
    html = client.get("/models/sepsis").text
    said = "The score has drifted slowly upward since 2 Mar 2026, by 0.1"
    assert said in html
    assert 'class="crept"' in html
    assert "Slow change: Shift (Wasserstein)" in html


def test_the_windows_as_json_name_what_changed_before_each(client: httpx.Client) -> None:
    rows = client.get("/api/models/sepsis/windows").json()
    changed = [row["changed"] for row in rows]
    assert changed[TURNED] == "version 1 became 2; the threshold 0.5 became 0.4"
    assert [c for i, c in enumerate(changed) if i != TURNED] == [None] * (WEEKS - 1)
    audit = client.get(rows[-1]["href"]).json()
    (slow,) = (f for f in audit["findings"] if f["metric"] == "slow:wasserstein")
    assert (slow["verdict"], slow["since"], slow["severity"]) == ("beyond", "2026-03-02T00:00:00Z", "ticket")


def test_status_says_it_to_people_and_to_programs(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    show_status(ledger, NOW, as_json=True, configs={})
    line = json.loads(capsys.readouterr().out)
    (slow,) = line["slow_changes"]
    assert (slow["way"], slow["since"]) == ("up", "2026-03-02T00:00:00Z")
    show_status(ledger, NOW, as_json=False, configs={})
    assert "has drifted slowly upward since 2 Mar 2026" in " ".join(capsys.readouterr().out.split())


def test_metrics_carries_it_among_the_worst_and_no_more_than_its_share(client: httpx.Client) -> None:
    text = client.get("/metrics").text
    mine = [line for line in text.splitlines() if 'model="sepsis"' in line]
    assert any('metric="slow:wasserstein"' in line and "beyond_windows" in line for line in mine)
    assert len(mine) <= 20


def test_a_run_keeps_what_was_declared(tmp_path: Path) -> None:
    from tests.flows import rows

    kept = rows.ledger(tmp_path)
    first = rows.audit(tmp_path, rows.ward(), kept=kept)
    rows.audit(tmp_path, kept=kept)
    (entry,) = kept.entries("config", model="sepsis")
    assert entry.key == first.config
    assert entry.body["decision"] == {"score_at_least": 0.5}
