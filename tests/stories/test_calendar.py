"""Told in days: what everybody knew beforehand calls nobody, and is no part of what is normal."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dashboards.reading import Reading
from flows.planned import planned
from flows.source import read
from monitors.audit import Verdict
from monitors.calendar import Calendar, kept
from monitors.errors import ConfigError
from monitors.glance import keep
from monitors.reference import Reference
from monitors.window import Window, moment
from tests.channels.receivers import Heard
from tests.stories import killed
from tests.stories.test_outages import Hospital, heard, hospital

__all__ = ["heard", "hospital"]  # fixtures
LEFT_OUT = "changes: [{what: lab move, from: 2026-01-15, to: 2026-01-16, effect: exclude}]\n"


def pages(hospital: Hospital) -> list[str]:
    found = [e for e in hospital.ledger.entries("alert") if e.body["labels"]["metric"] == "missing_share"]
    return [f"{str(e.window)[:10]} {e.key.rpartition('|')[2]}" for e in found]


def test_a_day_that_is_left_out_is_audited_and_calls_nobody(hospital: Hospital, heard: Heard) -> None:
    (hospital.folder / "calendar.yaml").write_text(LEFT_OUT)
    for day in (1, 2, 3):
        hospital.morning(day)
    audit = hospital.ledger.audits("sepsis-alert")[-1].audit
    lost = next(f for f in audit.findings if f.metric == "missing_share" and f.subject == "lactate")
    assert lost.verdict is Verdict.BEYOND, "it is shown as it was"
    assert lost.severity == "info"
    assert str(lost.caution).endswith("lab move: this window is left out by the calendar, and calls nobody.")
    assert pages(hospital) == []
    glance = keep(hospital.ledger, "sepsis-alert")
    assert glance is not None
    assert not any(stands.windows for stands in glance.standing), "nor through Prometheus"
    assert glance.changed.endswith("planned: lab move")
    for day in (4, 5, 6):
        hospital.morning(day)
    assert pages(hospital) == ["2026-01-18 firing"], "the next broken day is nobody's plan"


def test_what_stood_before_a_day_that_is_left_out_stands_after_it(hospital: Hospital, heard: Heard) -> None:
    between = LEFT_OUT.replace("2026-01-15", "2026-01-16").replace("to: 2026-01-16", "to: 2026-01-17")
    between = between.replace("from: 2026-01-17", "from: 2026-01-16")
    (hospital.folder / "calendar.yaml").write_text(between)
    for day in (1, 2, 3, 4):
        hospital.morning(day)
    assert pages(hospital) == ["2026-01-15 firing"]  # the 16th was well, and says nothing
    hospital.morning(5)
    assert pages(hospital) == ["2026-01-15 firing", "2026-01-17 resolved"]


def test_a_reference_holds_nothing_of_what_is_left_out(hospital: Hospital, heard: Heard) -> None:
    hospital.morning(1)
    cut = LEFT_OUT.replace("2026-01-15", "2026-01-06").replace("2026-01-16", "2026-01-08")
    (hospital.folder / "calendar.yaml").write_text(cut)
    hospital.morning(2)
    entries = sorted(hospital.ledger.entries("reference"), key=lambda e: e.seq)
    whole, less = (Reference.read(entry.body) for entry in entries)
    assert (whole.profile.rows, less.profile.rows) == (8 * killed.A_DAY, 6 * killed.A_DAY)
    assert less.profile.lasted == timedelta(days=6)
    assert (len(whole.blocks), len(less.blocks)) == (8, 6)
    audit = hospital.ledger.audits("sepsis-alert")[-1].audit
    volume = next(f for f in audit.findings if f.metric == "rows")
    assert (volume.value, volume.baseline) == (killed.A_DAY, killed.A_DAY)


def test_charts_and_pages_know_it_from_the_ledger(hospital: Hospital, heard: Heard) -> None:
    both = "changes: [{what: flu, from: 2026-01-14, to: 2026-02-01}, {what: other, from: 2026-01-14, "
    (hospital.folder / "calendar.yaml").write_text(f"{both}to: 2026-02-01, models: [another]}}]\n")
    hospital.morning(1)
    hospital.morning(3)
    config = read(hospital.model)
    reading = Reading(hospital.ledger, {config.model: config}, lambda audit: audit, lambda: killed.day(3))
    windows = [each.outline for each in reading.listed(config.model)]
    (turn,) = [turn for turn in reading.turns(config.model, windows) if turn.kind == "planned"]
    assert (str(turn.window)[:10], turn.short) == ("2026-01-14", "flu")
    # A calendar that goes back to what it was is kept as it is now.
    (hospital.folder / "calendar.yaml").unlink()
    hospital.morning(4)
    assert kept(hospital.ledger, config.model) == Calendar()
    (raised,) = [e for e in hospital.ledger.entries("alert") if e.body["labels"]["metric"] == "missing_share"
                 and e.key.endswith("|firing")]  # fmt: skip
    assert raised.body["annotations"]["last_change"].endswith("planned: flu")


def test_local_times_are_the_models_own_and_ranges_that_touch_are_one() -> None:
    made = [
        {"what": "a", "from": "2026-03-29T01:00", "to": "2026-03-29T05:00", "effect": "exclude"},
        {"what": "b", "from": "2026-03-29T05:00", "to": "2026-03-30", "effect": "exclude"},
        {"what": "c", "from": "2026-04-02", "to": "2026-04-03"},
    ]
    calendar = Calendar.model_validate({"changes": made})
    april = Window(moment("2026-03-01"), moment("2026-05-01"))
    (part,) = calendar.excluded("m", april, ZoneInfo("Europe/Berlin"))
    assert str(part) == "2026-03-29T00:00:00Z/2026-03-29T22:00:00Z"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("changes: [{what: x, from: 2026-01-02, to: 2026-01-01}]", "must end after it begins"),
        ("changes: [{what: x, from: soon, to: 2026-01-01}]", "must be a date or a date and time"),
        ("changes: [{what: x, from: 2026-01-01, to: 2026-01-02, effect: hide}]", "'annotate' or 'exclude'"),
        ("changes: [{from: 2026-01-01, to: 2026-01-02}]", "changes.1.what"),
        ("change: []", "change"),
        ("changes: [", "not YAML"),
    ],
)
def test_a_mistake_is_told_by_its_place(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "calendar.yaml").write_text(text)
    with pytest.raises(ConfigError) as raised:
        planned(tmp_path / "m.yaml", {})
    assert str(raised.value).startswith("calendar.yaml: ")
    assert said in str(raised.value)
    with pytest.raises(ConfigError, match="ROUNDS_CALENDAR names a file that is not there"):
        planned(tmp_path / "m.yaml", {"ROUNDS_CALENDAR": str(tmp_path / "none.yaml")})
