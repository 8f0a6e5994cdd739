"""Whether data could carry a model: what is wrong in them is named, for whom, and nothing else is."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.readiness import ready
from monitors.errors import ConfigError, SourceInvalid
from monitors.readiness.report import Readiness, Reason
from monitors.told import small
from tests.flows.rows import Row, write

AT = datetime(2026, 5, 4, tzinfo=UTC)
START = datetime(2026, 1, 5, tzinfo=UTC)
DECLARED: dict[str, Any] = {
    "source": {"kind": "files", "path": "ward.csv"},
    "columns": {
        "time": "at", "recorded": "sent", "id": "visit", "patient": "who", "outcome": "sepsis",
        "numeric": ["creatinine", "weight", "pulse", "marker", "temp"],
        "categorical": ["unit"], "sensitive": ["language", {"age": [18, 65]}], "site": "hospital",
    },
    "fresh_within": "P7D",
    "recorded_within": "P1D",
}  # fmt: skip


def hospital(rows: int = 3000, seed: int = 1) -> list[Row]:
    """Visits to three hospitals over 17 weeks that nothing is wrong with."""
    draw = random.Random(seed)
    made = []
    for i in range(rows):
        at = START + timedelta(days=119 * (i + draw.random()) / rows)
        made.append(
            {
                "visit": f"v{i}",
                "who": f"p{i % (rows - 200)}",
                "at": at.isoformat(),
                "sent": (at + timedelta(hours=draw.uniform(0, 20))).isoformat(),
                "hospital": draw.choices(["north", "south", "valley"], [5, 3, 2])[0],
                "language": draw.choices(["English", "Spanish", "Navajo"], [78, 21, 1])[0],
                "age": draw.randrange(1, 99),
                "creatinine": round(draw.lognormvariate(0, 0.4), 2),
                "weight": round(draw.gauss(78, 14), 1),
                "pulse": round(draw.gauss(85, 15)),
                "marker": round(draw.lognormvariate(2, 0.5), 3),
                "temp": round(draw.gauss(37, 0.6), 1),
                "unit": draw.choice(["icu", "ed", "ward"]),
                "sepsis": int(draw.random() < 0.1),
            }
        )
    return made


def spoilt(where: Callable[[Row], bool], **values: Callable[[Row], Any]) -> Callable[[Row], Row]:
    return lambda row: row | {k: v(row) for k, v in values.items()} if where(row) else row


def number(row: Row) -> int:
    return int(str(row["visit"])[1:])


def graded(folder: Path, rows: Iterable[Row], **declared: Any) -> Readiness:
    write(folder / "ward.csv", rows)
    (folder / "ready.yaml").write_text(yaml.safe_dump(DECLARED | declared))
    return ready(folder / "ready.yaml", AT)


def serious(report: Readiness) -> list[Reason]:
    return [reason for reason in report.reasons if reason.effect != "note"]


@pytest.mark.parametrize("seed", range(3))
def test_sound_data_are_ready_and_nothing_is_held_against_them(tmp_path: Path, seed: int) -> None:
    report = graded(tmp_path, hospital(seed=seed))
    assert [reason.said for reason in serious(report)] == []
    assert (report.grade, report.rows, report.absent) == ("A", 3000, ())
    assert report.verdict.startswith("ready: nothing was found")


FAULTS: dict[str, tuple[Callable[[Row], Row], str, str, str, tuple[str, str] | None]] = {
    "a unit at one site": (
        spoilt(lambda r: r["hospital"] == "valley", creatinine=lambda r: round(r["creatinine"] * 88.42, 1)),
        "units", "repair", "creatinine: looks to be in µmol/L at hospital valley and in mg/dL elsewhere",
        ("hospital", "valley"),
    ),
    "a unit no name tells": (
        spoilt(lambda r: r["hospital"] == "south", marker=lambda r: r["marker"] * 10),
        "units", "repair", "marker: at hospital south every quartile is 10 times", ("hospital", "south"),
    ),
    "two units side by side": (
        spoilt(lambda r: number(r) % 20 == 0, temp=lambda r: round(r["temp"] * 1.8 + 32, 1)),
        "units", "repair", "temp: 5.0 % of rows look to be in °F, the others in °C", None,
    ),
    "a value missing for one group": (
        spoilt(lambda r: r["language"] == "Spanish" and number(r) % 3 > 0, weight=lambda r: ""),
        "completeness", "repair", "weight: no value in 6", ("language", "Spanish"),
    ),
    "a code for nothing": (
        spoilt(lambda r: number(r) % 50 == 0, marker=lambda r: 9999),
        "validity", "repair", "marker: 9999 stands in 2.0 % of rows, far from every other value", None,
    ),
    "text among numbers": (
        spoilt(lambda r: number(r) % 30 == 0, creatinine=lambda r: "<0.5"),
        "validity", "repair", "creatinine: text that is no number in 3.3 % of rows", None,
    ),
    "a number no patient has": (
        spoilt(lambda r: number(r) % 100 == 0, pulse=lambda r: 850),
        "validity", "limit", "pulse: no heart rate a patient can have in 1.0 % of rows", None,
    ),
    "a category spelt twice": (
        spoilt(lambda r: r["unit"] == "icu" and number(r) % 2 == 0, unit=lambda r: "ICU"),
        "validity", "limit", "unit: one category spelt several ways ('ICU' = 'icu')", None,
    ),
    "a third outcome": (
        spoilt(lambda r: number(r) % 40 == 0, sepsis=lambda r: 2),
        "validity", "repair", "sepsis: an outcome other than 0 and 1 in 2.5 % of rows", None,
    ),
    "ids that come again": (
        spoilt(lambda r: number(r) % 50 == 0, visit=lambda r: f"v{number(r) + 1}"),
        "duplicates", "limit", "an id seen before in 2.0 % of rows", None,
    ),
    "a site that stopped": (
        spoilt(
            lambda r: r["hospital"] == "valley" and r["at"] > "2026-04-10",
            hospital=lambda r: "south",
        ),
        "timeliness", "limit", "no row of hospital valley after 9 Apr 2026", ("hospital", "valley"),
    ),
    "records that come late": (
        spoilt(
            lambda r: r["hospital"] == "south",
            sent=lambda r: (datetime.fromisoformat(r["at"]) + timedelta(days=5)).isoformat(),
        ),
        "timeliness", "repair", "recorded late: 29 % of rows", None,
    ),
    "rows from the future": (
        spoilt(lambda r: number(r) % 100 == 0, at=lambda r: "2062-01-05T00:00:00+00:00"),
        "validity", "limit", "time: a time that cannot be in 1.0 % of rows", None,
    ),
    "another code at one site": (
        spoilt(lambda r: r["hospital"] == "south", unit=lambda r: f"W-{r['unit']}"),
        "agreement", "repair", "unit: at least", ("hospital", "south"),
    ),
    "outcomes nobody looked for": (
        spoilt(lambda r: r["hospital"] == "north" and number(r) % 2 == 0, sepsis=lambda r: ""),
        "completeness", "repair", "sepsis: no outcome in 5", ("hospital", "north"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_its_effect_its_place_and_a_remedy(tmp_path: Path, fault: str) -> None:
    change, dimension, effect, said, place = FAULTS[fault]
    report = graded(tmp_path, map(change, hospital()))
    found = [reason for reason in serious(report) if reason.said.startswith(said)]
    assert found, [reason.said for reason in serious(report)]
    assert (found[0].dimension, found[0].effect) == (dimension, effect)
    if place is not None:
        assert (found[0].attribute, found[0].group) == place
        held = next(d for d in report.dimensions if d.name == dimension)
        assert report.mark(held, *place) == {"limit": "B", "repair": "C"}[effect]
    assert report.grade == max({"limit": "B", "repair": "C"}[reason.effect] for reason in serious(report))
    assert ";" in found[0].said or "while others came" in found[0].said


def test_a_silence_of_everyone_is_told_once_and_weekends_are_habit(tmp_path: Path) -> None:
    def weekday(row: Row) -> bool:
        return datetime.fromisoformat(row["at"]).weekday() < 5

    clinic = [row for row in hospital(6000) if weekday(row)]
    assert serious(graded(tmp_path, clinic)) == []
    quiet = [row for row in clinic if not "2026-02-10" <= row["at"] < "2026-02-24"]
    (reason,) = serious(graded(tmp_path, quiet))
    assert reason.effect == "repair"
    assert reason.said.startswith("no row from 10 Feb 2026 to 23 Feb 2026: 14 days, where chance and habit")


def test_a_source_that_grew_old_is_named(tmp_path: Path) -> None:
    old = [row for row in hospital() if row["at"] < "2026-04-01"]
    (reason,) = serious(graded(tmp_path, old))
    assert reason.said.startswith("the latest row is 33 days old, where P7D was declared")


def test_what_was_declared_is_what_is_judged(tmp_path: Path) -> None:
    expect = {"marker": {"low": 0, "high": 20, "unit": "U/L"}, "unit": {"values": ["icu", "ed"]},
              "creatinine": {"unit": "µmol/L"}}  # fmt: skip
    said = [reason.said for reason in serious(graded(tmp_path, hospital(), expect=expect))]
    assert any(text.startswith("marker: a number beyond what was declared in U/L in 2") for text in said)
    assert any(text.startswith("unit: a category that was not declared in 3") for text in said)
    assert any(text.startswith("creatinine: declared in µmol/L, and half of it lies as") for text in said)


def test_what_cannot_be_asked_is_said_and_not_called_well(tmp_path: Path) -> None:
    bare = {"time": "at", "categorical": ["unit"]}
    report = graded(tmp_path, hospital(), columns=bare, recorded_within=None, fresh_within=None)
    assert {d.name: d.absent for d in report.absent} == {
        "duplicates": "neither `id` nor `patient` is named, so no row can be known again",
        "units": "no numeric column is named",
        "agreement": "no `site` is named",
    }
    assert report.verdict.endswith("3 of 6 questions could be asked.")
    assert report.payload()["dimensions"]["units"]["grade"] is None
    assert report.grade == "B"  # no outcome is named


def test_a_model_s_file_and_bare_data_are_sources_too(tmp_path: Path) -> None:
    rows = [row | {"risk": i % 97 / 96, "outcome": row["sepsis"]} for i, row in enumerate(hospital())]
    write(tmp_path / "ward.csv", rows)
    report = ready(tmp_path / "ward.csv", AT)
    assert (report.grade, report.rows) == ("A", 3000)
    assert set(report.groups) >= {"hospital", "language", "age"}
    (tmp_path / "model.yaml").write_text(
        yaml.safe_dump(
            {
                "model": "sepsis", "version": "1", "source": DECLARED["source"], "window": "P7D",
                "columns": {"time": "at", "score": "risk", "id": "visit", "sensitive": ["language"]},
                "reference": {"from": "2026-01-05", "to": "2026-02-02"},
            }
        )
    )  # fmt: skip
    model = ready(tmp_path / "model.yaml", AT)
    assert model.rows == 3000
    completeness = next(d for d in model.dimensions if d.name == "completeness")
    assert {share.subject for share in completeness.shares} == {"risk"}


def test_small_counts_are_withheld_and_so_is_what_would_tell_them(tmp_path: Path) -> None:
    few = spoilt(lambda r: r["language"] == "Navajo" and number(r) > 600, language=lambda r: "English")
    few_missing = spoilt(lambda r: number(r) in {1, 2, 3, 4} or number(r) % 90 == 0, weight=lambda r: "")
    report = graded(tmp_path, map(few_missing, map(few, hospital())))
    assert small(sum(1 for row in map(few, hospital()) if row["language"] == "Navajo"))
    assert report.groups["language"]["Navajo"] is None
    assert list(report.groups["language"].values()).count(None) >= 2
    completeness = next(d for d in report.dimensions if d.name == "completeness")
    told = [s for s in completeness.shares if (s.subject, s.attribute) == ("weight", "language")]
    weights = {s.group: s.share for s in told}
    assert weights["Navajo"] is None
    assert list(weights.values()).count(None) >= 2
    payload = json.dumps(report.payload())
    assert "v1" not in payload
    assert '"p1' not in payload


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"colums": {}}, "ready.yaml: colums: is not a known key"),
        ({"source": {"kind": "excel"}}, "ready.yaml: source.kind: must be one of"),
        ({"columns": {"id": "visit"}}, "ready.yaml: columns.time: is required"),
        ({"expect": {"mark": {"low": 1}}}, "ready.yaml: expect: ['mark'] are not among numeric"),
        ({"expect": {"marker": {"low": 3, "high": 3}}}, "ready.yaml: expect.marker: low must be below high"),
        ({"expect": {"unit": {"low": 3}}}, "ready.yaml: expect.unit.low: goes with a numeric column"),
        ({"expect": {"marker": {"values": ["a"]}}}, "ready.yaml: expect.marker.values: goes with a"),
        ({"columns": {"time": "at"}}, "ready.yaml: `recorded_within` needs `columns.recorded`"),
        ({"timezone": "Mars"}, "ready.yaml: timezone: must be an IANA time zone"),
        ({"fresh_within": "soon"}, "ready.yaml: fresh_within: must be an ISO 8601 duration"),
    ],
)  # fmt: skip
def test_a_mistake_in_what_is_declared_is_named_with_its_remedy(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError) as error:
        graded(tmp_path, hospital(300), **change)
    assert str(error.value).startswith(said)


def test_data_that_cannot_be_read_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SourceInvalid, match=r"ward\.csv: no column 'hart'"):
        graded(tmp_path, hospital(300), columns={"time": "at", "numeric": ["hart"]}, recorded_within=None)
    (tmp_path / "later.csv").write_text("at,creatinine\n")
    with pytest.raises(SourceInvalid, match=r"later\.csv: it has a header and no row"):
        ready(tmp_path / "later.csv", AT)
