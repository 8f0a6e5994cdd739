"""Grafana's dashboard: it asks for series that exist, in expressions Prometheus can read."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.series import FAMILIES

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana"
BOARD: dict[str, Any] = json.loads((FOLDER / "dashboards/rounds.json").read_text(encoding="utf-8"))
EXPRESSIONS = [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]


def test_every_series_it_asks_for_is_exported() -> None:
    query = BOARD["templating"]["list"][0]["query"]["query"]
    asked = set(re.findall(r"\brounds_\w+", " ".join([query, *EXPRESSIONS])))
    assert asked
    assert asked <= set(FAMILIES)
    for expression in EXPRESSIONS:
        for name, matchers in re.findall(r"(rounds_\w+)\{([^}]*)\}", expression):
            assert set(re.findall(r"(\w+)=", matchers)) <= set(FAMILIES[name][0])


def test_every_panel_asks_the_source_that_is_provisioned() -> None:
    provisioned = yaml.safe_load((FOLDER / "provisioning/datasources/prometheus.yml").read_text("utf-8"))
    sources = {source["uid"] for source in provisioned["datasources"]}
    assert {panel["datasource"]["uid"] for panel in BOARD["panels"]} == sources
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(set(ids)) == len(ids)
    assert all(panel["title"] and panel["description"] for panel in BOARD["panels"])


def test_prometheus_reads_every_expression(tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        assert not os.environ.get("CI"), "CI installs Prometheus"
        pytest.skip("promtool is not installed")
    named = [e.replace("$model", ".*") for e in EXPRESSIONS]
    rules = [{"record": f"asked:{number}", "expr": expression} for number, expression in enumerate(named)]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "board", "rules": rules}]}), encoding="utf-8")
    read = subprocess.run(
        ["promtool", "check", "rules", str(file)], capture_output=True, text=True, timeout=60, check=False
    )
    assert read.returncode == 0, read.stderr
