"""Grafana's dashboards: what the code writes, in Grafana's own types, asking what Prometheus answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.app import create_app
from dashboards.series import FAMILIES
from monitors.retention import RETAINED
from scripts.grafana_boards import BOARDS
from tests.dashboards import ward
from tests.dashboards.conftest import served
from tests.prometheus.test_end_to_end import chain, wait

ROOT = Path(__file__).parents[2]
FILES = {
    path.stem: json.loads(path.read_text("utf-8")) for path in (ROOT / "dashboards/grafana").glob("*.json")
}
EXPRESSIONS = sorted({t["expr"] for board in FILES.values() for p in board["panels"] for t in p["targets"]})


def test_every_dashboard_is_written_and_no_other_is_there() -> None:
    assert set(FILES) == set(BOARDS)
    assert {board["uid"] for board in FILES.values()} == {f"rounds-{name}" for name in BOARDS}


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_survives_grafanas_own_types(name: str) -> None:
    read = Dashboard.from_json(FILES[name])
    assert json.loads(json.dumps(read, cls=JSONEncoder)) == FILES[name]
    panels = FILES[name]["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["title"] and panel["description"] for panel in panels)
    taken = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in panels]
    assert len(set(taken)) == len(taken), "no panel hides another"


@pytest.mark.parametrize("name", BOARDS)
def test_every_panel_asks_the_source_that_is_provisioned(name: str) -> None:
    folder = ROOT / "deploy/grafana/provisioning"
    provisioned = yaml.safe_load((folder / "datasources/prometheus.yml").read_text("utf-8"))
    sources = {source["uid"] for source in provisioned["datasources"]}
    assert {panel["datasource"]["uid"] for panel in FILES[name]["panels"]} == sources
    provider = yaml.safe_load((folder / "dashboards/rounds.yml").read_text("utf-8"))["providers"][0]
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    mounts = compose["services"]["grafana"]["volumes"]
    assert f"./dashboards/grafana:{provider['options']['path']}:ro" in mounts
    assert provider["allowUiUpdates"] is False


def test_every_series_and_label_it_asks_for_is_exported() -> None:
    asked = set(re.findall(r"\brounds_\w+", " ".join(EXPRESSIONS)))
    assert asked <= set(FAMILIES)
    assert set(FAMILIES) - asked == {"rounds_escalation_info"}, "all that is exported is shown somewhere"
    for expression in EXPRESSIONS:
        for name, matchers in re.findall(r"(rounds_\w+)\{([^}]*)\}", expression):
            assert set(re.findall(r"(\w+)[=!]", matchers)) <= set(FAMILIES[name][0])


def test_nothing_in_a_dashboard_comes_from_data() -> None:
    """Its one variable is a model's name, which a configuration lets be letters, digits and dashes only."""
    for board in FILES.values():
        (variable,) = board["templating"]["list"]
        assert variable["name"] == "model"
        used = re.findall(r"\$\{?\w+", json.dumps([p["targets"] for p in board["panels"]]))
        assert set(used) <= {"$model"}
        assert all('=~"$model"' in e or "$model" not in e for e in EXPRESSIONS), "Grafana escapes it there"


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A live Prometheus with our rules that has scraped the ward."""
    folder = tmp_path_factory.mktemp("grafana")
    ledger, configs = ward.build(folder)
    sites = ward.config("by-site")
    columns = sites.columns.model_copy(update={"site": "site"})
    configs["by-site"] = sites.model_copy(update={"columns": columns})
    north = ward.finding("scored_share", "fairness", subject="site", group="north", value=0.9, n=120)
    ward.record(ledger, "by-site", ward.WEEKS - 1, (north, *ward.usual(1)))
    ledger.append(RETAINED, "2026-03-02", {}, summary={"removed": 40, "bytes": 90_000})
    app = create_app(
        ledger, configs, published=ward.published, now=lambda: datetime.now(UTC), oncall=ward.ONCALL,
        certificate_ends=datetime.now(UTC) + timedelta(days=90),
    )  # fmt: skip
    with ExitStack() as stack:
        site = stack.enter_context(served(app))
        _, port = chain(stack, folder, site, hook=9)
        base = f"http://127.0.0.1:{port}"
        wait(lambda: httpx.get(f"{base}/-/ready").status_code == 200)
        wait(lambda: answer(base, 'ALERTS{alertname="RoundsFindingBeyondMargin"}'))
        yield base


def answer(base: str, expression: str) -> list[Any]:
    got = httpx.get(f"{base}/api/v1/query", params={"query": expression}).json()
    assert got["status"] == "success", (expression, got)
    found: list[Any] = got["data"]["result"]
    return found


@pytest.mark.server
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_prometheus_answers_every_expression(prometheus: str, expression: str) -> None:
    assert answer(prometheus, expression.replace("$model", ".*"))


@pytest.mark.server
def test_the_variable_offers_every_model_and_one_of_them_can_be_picked(prometheus: str) -> None:
    names = httpx.get(
        f"{prometheus}/api/v1/label/model/values", params={"match[]": "rounds_model_info"}
    ).json()["data"]
    assert {"sepsis-early-warning", "readmission-30d", ward.HOSTILE} <= set(names)
    picked = [e.replace("$model", "sepsis-early-warning") for e in EXPRESSIONS if "$model" in e]
    found = [answer(prometheus, expression) for expression in picked]
    models = {r["metric"].get("model", "sepsis-early-warning") for got in found for r in got}
    assert models == {"sepsis-early-warning"}
