"""The shipped inpatients: what their NOTICE says of them holds."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from pathlib import Path

import pytest

from monitors.config_file import read
from scripts import rebuild_support2 as support2

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with gzip.open(support2.SHIPPED, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_rebuilding_from_its_own_columns_changes_nothing(rows: list[dict[str, str]]) -> None:
    raw = "\n".join(
        [
            ",".join(support2.HEADER),
            *(",".join(row[c] for c in support2.HEADER) for row in rows),
        ]
    )
    assert gzip.decompress(support2.SHIPPED.read_bytes()).decode() == support2.rebuilt(raw)


def test_phases_and_sites_are_as_published(rows: list[dict[str, str]]) -> None:
    assert Counter(row["phase"] for row in rows) == {"I": 4301, "II": 4804}
    assert {row["site"] for row in rows} == set("12345")


def test_urine_was_not_collected_in_phase_i(rows: list[dict[str, str]]) -> None:
    assert {row["urine"] for row in rows if row["phase"] == "I"} == {""}
    starts = [n for n, (_, phase) in support2.FIRST_ROW.items() if phase == "II"]
    assert len(starts) == 5


def test_estimated_days_lie_inside_their_phase_and_in_order(rows: list[dict[str, str]]) -> None:
    for phase, (first, last) in support2.ENROLMENT.items():
        days = [row["admit_date_est"] for row in rows if row["phase"] == phase]
        assert first.isoformat() <= min(days) <= max(days) <= last.isoformat()
    for site, phase, start, count in support2.stretches(len(rows)):
        part = rows[start - 1 : start - 1 + count]
        assert {(row["site"], row["phase"]) for row in part} == {(site, phase)}
        assert [row["admit_date_est"] for row in part] == sorted(row["admit_date_est"] for row in part)


def test_the_model_file_reads_columns_that_are_there(rows: list[dict[str, str]]) -> None:
    config = read(ROOT / "configs/models/support-survival.yaml")
    assert set(config.columns.read()) - set(config.source.derive) <= set(rows[0])


def test_its_reference_is_phase_i_and_its_windows_phase_ii(rows: list[dict[str, str]]) -> None:
    config = read(ROOT / "configs/models/support-survival.yaml")
    first = config.grid.window(0)
    inside = config.reference_window(first)
    days = {row["phase"]: [] for row in rows}  # type: dict[str, list[str]]
    for row in rows:
        days[row["phase"]].append(row["admit_date_est"])
    assert inside.start.date().isoformat() <= min(days["I"])
    assert max(days["I"]) < inside.end.date().isoformat() <= min(days["II"])
    assert first.start.date().isoformat() == min(days["II"])
