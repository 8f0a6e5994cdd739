"""Rules and routes: checked by Prometheus' and Alertmanager's own tools, and each leads somewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.prometheus.test_end_to_end import CHAINED, SAID, of_findings

ROOT = Path(__file__).parents[2]
RULES = ROOT / "configs" / "prometheus" / "rounds.rules.yml"
SEVERITIES = {"page", "ticket", "committee", "info", "none"}


def tool(name: str, *arguments: str, given: str | None = None) -> str:
    """Run promtool or amtool; skipped where it is not installed, but never on CI."""
    found = shutil.which(name)
    if found is None:
        assert not os.environ.get("CI"), f"CI installs {name}"
        pytest.skip(f"{name} is not installed")
    run = subprocess.run(
        [found, *arguments], cwd=RULES.parent, input=given, capture_output=True, text=True, timeout=600
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout or run.stderr


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def names() -> list[str]:
    return [rule["alert"] for rule in rules()]


def test_prometheus_accepts_the_configuration_and_its_rules() -> None:
    assert "FAILED" not in tool("promtool", "check", "config", "prometheus.yml")
    tool("promtool", "check", "rules", "--lint=all", "--lint-fatal", "rounds.rules.yml")


def test_every_rule_fires_and_clears() -> None:
    assert "SUCCESS" in tool("promtool", "test", "rules", "rules.test.yml")


def test_every_rule_has_a_test_that_expects_it_and_one_that_does_not() -> None:
    told = yaml.safe_load((RULES.parent / "rules.test.yml").read_text(encoding="utf-8"))
    expected = [test for case in told["tests"] for test in case.get("alert_rule_test", [])]
    fires = {test["alertname"] for test in expected if test["exp_alerts"]}
    clears = {test["alertname"] for test in expected if not test["exp_alerts"]}
    assert fires == set(names())
    assert clears == set(names()) - {"RoundsWatchdog"}  # which never clears


def rehearsed() -> set[str]:
    """Runbooks whose rule promtool sees fire."""
    told = yaml.safe_load((RULES.parent / "rules.test.yml").read_text(encoding="utf-8"))["tests"]
    alerts = [a for case in told for test in case.get("alert_rule_test", []) for a in test["exp_alerts"]]
    linked = {a["exp_annotations"]["runbook_url"].rpartition("/")[2] for a in alerts}
    asked = [test for case in told for test in case.get("promql_expr_test", [])]
    counted = [s["labels"] for test in asked for s in test["exp_samples"] if s["value"] and "labels" in s]
    return linked | {name for text in counted for name in re.findall(r'^{runbook="([\w-]+)"}$', text)}


@pytest.mark.parametrize("path", sorted((ROOT / "docs/runbooks").glob("*.md")), ids=lambda path: path.stem)
def test_a_runbook_has_a_date_only_where_its_rule_was_seen_to_fire(path: Path) -> None:
    links = {
        rule["alert"]: rule["annotations"]["runbook_url"].rpartition("/runbooks/")[2] for rule in rules()
    }
    chained = {*of_findings(), *(links[name] for name in (*CHAINED, "RoundsAbsent"))}
    text = path.read_text(encoding="utf-8")
    found = re.search(r"Last tested: (\d{4}-\d\d-\d\d) \((.+?)\)", text)
    if found is None:  # a pack's: no shipped plan raises it
        assert "Last tested: not yet;" in text, "say when, and what of it"
        assert path.stem not in {*chained, *rehearsed()}, "its rule was tested: say when"
        return
    day, what = found.groups()
    assert date.fromisoformat(day)
    how = {"its rule, with promtool": rehearsed(), "its rule, from the ledger to the pager": chained}
    assert path.stem in how[what] & rehearsed()


@pytest.mark.parametrize("rule", rules(), ids=names())
def test_a_rule_says_what_is_wrong_who_acts_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert rule["alert"].startswith("Rounds")
    assert set(rule["annotations"]) == SAID
    assert set(rule["labels"]) >= {"service", "model_id", "monitor_kind", "environment", "risk_tier"}
    assert all(rule["annotations"].values())
    assert "{{" not in rule["annotations"]["summary"], "a summary heads a group, so it does not vary"
    assert rule["labels"]["service"] == "rounds"
    severity = rule["labels"].get("severity")
    assert severity in SEVERITIES or "severity" in rule["expr"], "the severity comes from the finding"
    page = rule["annotations"]["runbook_url"].rpartition("/runbooks/")[2]
    assert page.startswith("{{ $labels.runbook |") or (ROOT / "docs" / "runbooks" / f"{page}.md").is_file()


def test_a_new_metric_or_another_margin_changes_no_rule() -> None:
    text = RULES.read_text(encoding="utf-8")
    for rule in rules():
        assert "metric=" not in rule["expr"], "rules are generic"
    assert not re.search(r"rounds_finding_value[^)]*[<>]=? *[\d.-]", text), "margins live in plans"


def test_alertmanager_accepts_its_configuration() -> None:
    assert "SUCCESS" in tool("amtool", "check-config", "../alertmanager/alertmanager.yml")


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ("severity=page", "page"),
        ("severity=ticket", "ticket"),
        ("severity=committee", "committee"),
        ("severity=none", "dead-man"),
        ("severity=info", "digest"),
    ],
)
def test_an_alert_reaches_who_acts_on_it(labels: str, receiver: str) -> None:
    route = ("config", "routes", "test", "--config.file=../alertmanager/alertmanager.yml")
    assert tool("amtool", *route, labels, "alertname=Rounds").strip() == receiver


def test_every_mute_stays_within_one_model_and_only_what_pages_mutes_all_of_it() -> None:
    config = yaml.safe_load((ROOT / "configs/alertmanager/alertmanager.yml").read_text(encoding="utf-8"))
    for rule in config["inhibit_rules"]:
        assert rule["equal"][0] == "model_id", "without it, all models would be muted by one"
        if any("ticket" in matcher for matcher in rule["source_matchers"]):
            assert rule["equal"] == ["model_id", "subject"]
            assert 'severity=~"ticket|committee"' in rule["target_matchers"], "a ticket never mutes a page"
