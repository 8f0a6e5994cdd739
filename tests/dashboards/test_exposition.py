"""What Prometheus scrapes: names, labels, budget, and that it never fails."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from dashboards.exposition import Exposition
from dashboards.reading import Reading
from dashboards.scrape import Scrape
from dashboards.series import FAMILIES, LONGEST
from monitors.acting import silence
from monitors.audit import Verdict
from monitors.ledger import Ledger
from monitors.plan import Rule
from tests.dashboards import ward


def reading(folder: Path) -> Reading:
    ledger, configs = ward.build(folder)
    return Reading(ledger, configs, ward.published, lambda: ward.NOW)


def samples(text: bytes | str) -> list[Any]:
    told = text.decode() if isinstance(text, bytes) else text
    return [sample for family in text_string_to_metric_families(told) for sample in family.samples]


def of(found: list[Any], name: str, **labels: str) -> list[Any]:
    return [s for s in found if s.name == name and labels.items() <= s.labels.items()]


def test_promtool_finds_nothing_to_say(client: httpx.Client) -> None:
    found = shutil.which("promtool")
    if found is None:
        assert not os.environ.get("CI"), "CI installs promtool"
        pytest.skip("promtool is not installed")
    run = subprocess.run(
        [found, "check", "metrics"], input=client.get("/metrics").content, capture_output=True, timeout=600
    )
    assert (run.returncode, run.stdout + run.stderr) == (0, b"")


def test_value_margin_and_duration_join_on_the_same_labels(client: httpx.Client) -> None:
    found = samples(client.get("/metrics").text)
    parts = ("rounds_finding_value", "rounds_finding_margin", "rounds_finding_beyond_windows")
    value, margin, windows = (
        {frozenset(s.labels.items()): s.value for s in of(found, name, model="sepsis-early-warning")}
        for name in parts
    )
    assert set(margin) <= set(value) <= set(windows)
    one = next(labels for labels in margin if ("metric", "observed_expected_ratio") in labels)
    assert (value[one], margin[one], windows[one]) == (1.46, 0.2, 3.0)
    assert dict(one)["severity"] == "page"
    assert dict(one)["runbook"] == "calibration"


def test_a_model_has_at_most_twenty_series(client: httpx.Client) -> None:
    counts = Counter(s.labels["model"] for s in samples(client.get("/metrics").text) if "model" in s.labels)
    assert counts["sepsis-early-warning"] == 19  # what alerts rest on first, then figures
    assert max(counts.values()) <= 20


def test_each_family_says_how_many_are_beyond_the_worst_and_the_middle_one(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: ward.NOW)
    said = [(0.9, Verdict.BEYOND), (0.2, Verdict.WITHIN), (0.4, Verdict.BEYOND), (0.1, Verdict.WITHIN)]
    found = [
        ward.finding("psi", "drift", verdict, subject=f"c{n}", value=value, margin=0.2)
        for n, (value, verdict) in enumerate(said)
    ]
    unseen = ward.finding("psi", "drift", Verdict.WITHHELD, subject="c9", value=9.0, margin=0.2)
    good = ward.finding("auroc", "performance", subject="model", value=0.79, baseline=0.8, margin=0.05)
    ward.record(ledger, "m", ward.WEEKS - 1, (*found, unseen, good))
    told = samples(Exposition(Reading(ledger, {}, ward.published, lambda: ward.NOW)).text())
    (beyond,) = of(told, "rounds_family_beyond")  # where there are none, rounds_findings says 0
    assert (beyond.labels["family"], beyond.value) == ("drift", 2)
    worst = {s.labels["family"]: round(s.value, 6) for s in of(told, "rounds_family_worst_ratio")}
    assert worst == {"drift": 4.5, "performance": 0.2}
    middle = {s.labels["family"]: round(s.value, 6) for s in of(told, "rounds_family_median_ratio")}
    assert middle == {"drift": 1.5, "performance": 0.2}


def test_samples_have_no_time_of_their_own_and_moments_are_values(client: httpx.Client) -> None:
    text = client.get("/metrics").text
    found = samples(text)
    assert all(s.timestamp is None for s in found)
    (end,) = of(found, "rounds_window_end_timestamp_seconds", model="readmission-30d")
    assert end.value == ward.LAST.timestamp()
    (due,) = of(found, "rounds_window_due_timestamp_seconds", model="deterioration-index")
    assert due.value < ward.NOW.timestamp(), "a silent model is overdue"
    assert of(found, "rounds_last_success_timestamp_seconds", model="readmission-30d", job="audit")
    assert not of(found, "rounds_window_due_timestamp_seconds", model="no-show"), "paused: nothing is due"
    seldom = {"rounds_silenced_until_timestamp_seconds"}
    seldom |= {name for name in FAMILIES if "retention" in name}  # where a site has a rule
    seldom |= {"rounds_certificate_expires_timestamp_seconds"}  # where Rounds speaks TLS itself
    assert set(FAMILIES) - seldom == set(re.findall(r"^# TYPE (\w+) gauge$", text, re.MULTILINE))


def test_withheld_groups_have_no_series(client: httpx.Client) -> None:
    groups = {s.labels.get("group") for s in samples(client.get("/metrics").text)}
    assert "black" in groups
    assert not groups & {"other", "Unknown"}


def test_hostile_names_survive_the_round_trip(client: httpx.Client) -> None:
    found = samples(client.get("/metrics").text)
    assert of(found, "rounds_model_info", model=ward.HOSTILE)
    assert of(found, "rounds_finding_value", subject=ward.HOSTILE)


def test_a_window_that_cannot_tell_does_not_heal(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: ward.NOW)
    held = Reading(ledger, {}, ward.published, lambda: ward.NOW)
    said = (Verdict.BEYOND, Verdict.BEYOND, Verdict.CANNOT_TELL, Verdict.WITHIN)
    windows = []
    for week, verdict in enumerate(said, start=ward.WEEKS - len(said)):
        finding = ward.finding("auroc", "performance", verdict, value=0.7, baseline=0.8, margin=0.05)
        ward.record(ledger, "m", week, (finding,))
        (series,) = of(samples(Exposition(held).text()), "rounds_finding_beyond_windows")
        windows.append(series.value)
    assert windows == [1.0, 2.0, 2.0, 0.0]


def test_too_many_models_are_counted_as_dropped_whole(tmp_path: Path) -> None:
    found = samples(Exposition(reading(tmp_path), cap=50).text())
    assert len(found) <= 50
    (dropped,) = of(found, "rounds_series_dropped")
    whole = samples(Exposition(reading(tmp_path)).text())
    assert len(found) + dropped.value == len(whole)


def test_a_scrape_that_fails_says_so_and_stays_a_scrape(tmp_path: Path) -> None:
    held = reading(tmp_path)

    def torn(_: object) -> Any:
        raise OSError("disk")

    held.published = torn
    assert [(s.name, s.value) for s in samples(Exposition(held).text())] == [("rounds_up", 0.0)]


def test_whatever_a_label_or_a_number_is_prometheus_reads_it_back() -> None:
    hostile = ('a "b"', "back\\slash\\n", "two\nlines", "{x=1} # ä", "")
    numbers = (0.0, -1.5, 1e300, 1772000000.0, math.inf, -math.inf)
    said = [((label, "x"), number) for label in hostile for number in numbers]
    scrape = Scrape({"a_b": (("one", "two"), "What\nit \\ is."), "none": ((), "No sample."), "c": ((), "C.")})
    scrape.add(("a_b", *each) for each in said)
    scrape.add([("c", (), math.nan)])
    read, unknown = text_string_to_metric_families(scrape.text().decode())
    assert (read.name, read.type, read.documentation) == ("a_b", "gauge", "What\nit \\ is.")
    assert [((s.labels["one"], s.labels["two"]), s.value) for s in read.samples] == said
    assert math.isnan(unknown.samples[0].value)


def test_a_scrape_written_in_parts_says_each_family_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def told() -> bytes:
        scrape = Scrape({"a": (("model",), "What\nit is."), "b": (("model",), "Another.")})
        for model in "xyz":
            scrape.add([("b", (model,), 1.0), ("a", (model,), 2.0)])
        return scrape.text()

    whole = told()
    monkeypatch.setattr("dashboards.scrape.TOGETHER", 2)
    assert told() == whole
    assert whole.count(b"# TYPE") == 2


def test_what_is_owed_is_counted(client: httpx.Client, tmp_path: Path) -> None:
    held = reading(tmp_path)
    (copies,) = of(samples(Exposition(held).text()), "rounds_copies_owed")
    assert copies.value == len(held.ledger.heads())
    audit = held.ledger.heads("readmission-30d")[0]
    held.ledger.append("copied", audit.digest, {"run_id": "r"}, model="readmission-30d")
    (left,) = of(samples(Exposition(held).text()), "rounds_copies_owed")
    assert left.value == copies.value - 1
    (untold,) = of(samples(Exposition(held).text()), "rounds_pages_untold")
    assert untold.value == 1, "one page is open, one over, and the others are no pages"
    key = ward.notice("sepsis-early-warning").key
    held.ledger.append("told", f"{key}|firing|log", {"channel": "log", "message": "m"})
    (none,) = of(samples(Exposition(held).text()), "rounds_pages_untold")
    assert none.value == 0


def test_outcomes_are_due_once_a_run_after_they_have_matured_could_have_counted_them(tmp_path: Path) -> None:
    held = reading(tmp_path)
    (due,) = of(
        samples(Exposition(held).text()), "rounds_outcomes_due_timestamp_seconds", model="readmission-30d"
    )
    first = ward.LAST - timedelta(weeks=ward.WEEKS - 1)
    expected = first + timedelta(days=30) + timedelta(weeks=1) + timedelta(days=7) / 4
    assert due.value == expected.timestamp()
    for week in range(ward.WEEKS):
        ward.record(held.ledger, "readmission-30d", week, tuple(ward.usual(week)), stage="outcome")
    assert not of(
        samples(Exposition(held).text()), "rounds_outcomes_due_timestamp_seconds", model="readmission-30d"
    )


def test_a_name_of_any_length_can_be_scraped_and_stays_its_own(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: ward.NOW)
    names = ["x" * 10_000, "x" * 9_999, "‮evil‬ \u200b\u2066", ward.HOSTILE]
    for number, name in enumerate(names):
        finding = ward.finding("auroc", "performance", Verdict.BEYOND, subject=name, value=0.7, action=name)
        ward.record(ledger, f"m{number}", ward.WEEKS - 1, (finding,))
    found = samples(Exposition(Reading(ledger, {}, ward.published, lambda: ward.NOW)).text())
    said = [s.labels["subject"] for s in of(found, "rounds_finding_value")]
    assert len(set(said)) == len(names)
    assert set(names[2:]) <= set(said)
    assert max(len(v.encode()) for s in found for v in s.labels.values()) <= LONGEST
    assert max(len(s.labels) for s in found) <= 28, "label_limit of the scrape, with job and instance"


def test_what_was_silenced_is_said_so_that_alertmanager_can_mute_it(tmp_path: Path) -> None:
    held = reading(tmp_path)
    alert = ward.notice("sepsis-early-warning")
    until = ward.NOW + timedelta(days=1)
    silence(held.ledger, "readmission-30d", "Ada", "upgrade", until, ward.NOW)
    later = ward.NOW + timedelta(hours=1)
    silence(held.ledger, "deterioration-index", "Ada", "planned", until, ward.NOW, later)
    silence(held.ledger, alert.key, "Ada", "known", until, ward.NOW)
    found = of(samples(Exposition(held).text()), "rounds_silenced_until_timestamp_seconds")
    assert [(s.labels["model"], s.labels["check"], s.value) for s in found] == [
        ("readmission-30d", "", until.timestamp())
    ], "a change that is planned for later mutes nothing yet"


def test_outcomes_that_came_late_are_not_hidden_by_the_last_window(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: ward.NOW)
    worse = ward.finding("auroc", "performance", Verdict.BEYOND, value=0.6, baseline=0.8, margin=0.05)
    feed = ward.finding("freshness", "quality", subject="rows", value=0.01, margin=0.5)
    for week in (5, 6):
        ward.record(ledger, "m", week, (worse, feed), stage="outcome")
    for week in (7, 8, 9):
        ward.record(ledger, "m", week, (feed,))
    found = samples(Exposition(Reading(ledger, {}, ward.published, lambda: ward.NOW)).text())
    (series,) = of(found, "rounds_finding_beyond_windows", metric="auroc")
    assert series.value == 2


def test_a_rule_on_trial_pages_nobody_through_prometheus_either(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: ward.NOW)
    worse = ward.finding("auroc", "performance", Verdict.BEYOND, severity="page", rule="plan.1", value=0.6)
    ward.record(ledger, "readmission-30d", ward.WEEKS - 1, (worse,))
    trying = (Rule(measure="auroc", margin=0.05, severity="page", silent=True),)
    config = ward.config("readmission-30d").model_copy(update={"plan": trying})
    held = Reading(ledger, {config.model: config}, ward.published, lambda: ward.NOW)
    (series,) = of(samples(Exposition(held).text()), "rounds_finding_beyond_windows")
    assert series.labels["severity"] == "trial"
