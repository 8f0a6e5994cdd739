"""What mutes what: alerts given to the real Alertmanager, which says by which it holds each back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.conftest import free_port
from tests.prometheus.test_end_to_end import CONFIGS, started, wait

pytestmark = pytest.mark.server
NOW = datetime.now(UTC)
BEYOND = "RoundsFindingBeyondMargin"


def alert(name: str, model: str, **labels: str) -> dict[str, Any]:
    """As Prometheus sends it."""
    return {
        "labels": {"alertname": name, "model_id": model, "service": "rounds", **labels},
        "startsAt": NOW.isoformat(),
        "endsAt": (NOW + timedelta(hours=1)).isoformat(),
    }


def finding(model: str, family: str, severity: str, subject: str = "model", **labels: str) -> dict[str, Any]:
    return alert(BEYOND, model, family=family, severity=severity, subject=subject, **labels)


# By model: what stands, and which of the others that holds back.
CASES: dict[str, tuple[list[dict[str, Any]], set[str]]] = {
    "a feed that pages mutes what is computed from it": (
        [
            finding("m1", "quality", "page", "rows"),
            finding("m1", "drift", "page", "score"),
            finding("m1", "performance", "page"),
            finding("m1", "fairness", "committee", "race", attribute="race"),
            finding("m1", "quality", "ticket", "urine"),
        ],
        {"drift", "performance", "fairness"},
    ),
    "a column's lasting ticket mutes its own shift and nothing else": (
        [
            finding("m2", "quality", "ticket", "urine"),
            finding("m2", "drift", "ticket", "urine"),
            finding("m2", "performance", "ticket"),
            finding("m2", "fairness", "committee", "race", attribute="race"),
        ],
        {"drift"},
    ),
    "an attribute that went missing mutes the gaps between its own groups": (
        [
            finding("m3", "quality", "ticket", "race"),
            finding("m3", "fairness", "committee", "race", attribute="race"),
            finding("m3", "performance", "page"),
        ],
        {"fairness"},
    ),
    "one site's feed mutes the gaps between sites": (
        [
            finding("m4", "quality", "page", "site", metric="silent_groups"),
            finding("m4", "fairness", "committee", "site", attribute="site", site="south"),
            finding("m4", "performance", "page"),
        ],
        {"fairness"},
    ),
    "performance that pages mutes gaps": (
        [
            finding("m5", "performance", "page"),
            finding("m5", "fairness", "committee", "race", attribute="race"),
            finding("m5", "drift", "ticket", "age"),
        ],
        {"fairness"},
    ),
    "scores that stopped mute what no score can tell": (
        [
            alert("RoundsScoresStopped", "m6", severity="page"),
            finding("m6", "performance", "page"),
            alert("RoundsCheckFailed", "m6", severity="ticket", family="failed"),
        ],
        {"performance", "failed"},
    ),
    "a model nobody watches says that alone": (
        [
            alert("RoundsMonitoringStale", "m7", severity="page"),
            alert("RoundsAuditOverdue", "m7", severity="ticket", family="overdue"),
            finding("m7", "drift", "ticket", "age"),
        ],
        {"overdue", "drift"},
    ),
    "a planned change mutes the model": (
        [
            alert("RoundsSilenced", "m8", severity="info"),
            finding("m8", "quality", "page", "rows"),
            alert("RoundsAuditOverdue", "m8", severity="ticket", family="overdue"),
        ],
        {"quality", "overdue"},
    ),
    "a silence of one check mutes that check": (
        [
            alert("RoundsSilenced", "m9", severity="info", check="c1"),
            finding("m9", "performance", "ticket", check="c1"),
            finding("m9", "drift", "ticket", "age", check="c2"),
        ],
        {"performance"},
    ),
    "another model is never muted": ([finding("m10", "fairness", "committee", "race")], set()),
}


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, Any]]]:
    """Every case's alerts at once, as Alertmanager holds them."""
    folder, port = tmp_path_factory.mktemp("alertmanager"), free_port()
    arguments = (
        f"--config.file={CONFIGS / 'alertmanager/alertmanager.yml'}", "--storage.path=am",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
    )  # fmt: skip
    with started("prometheus-alertmanager", folder, *arguments):
        url = f"http://127.0.0.1:{port}/api/v2/alerts"
        every = [each for given, _ in CASES.values() for each in given]
        wait(lambda: httpx.post(url, json=every).status_code == 200)
        yield wait(lambda: (found := httpx.get(url).json()) and len(found) == len(every) and found)


@pytest.mark.parametrize("case", CASES)
def test_what_is_held_back(held: list[dict[str, Any]], case: str) -> None:
    given, muted = CASES[case]
    model = given[0]["labels"]["model_id"]
    found = {
        a["labels"]["family"] for a in held if a["labels"]["model_id"] == model and a["status"]["inhibitedBy"]
    }
    assert found == muted
