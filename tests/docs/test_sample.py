"""The sample report in docs/sample: what `make` would write now, in the words and the form agreed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from dashboards.report import formats
from dashboards.report.model import Report
from tests.architecture.test_words import said

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "docs" / "sample"
AGAIN = "write it again: python -m scripts.sample_report"


@pytest.fixture(scope="module")
def report() -> Report:
    return Report.read(json.loads((SAMPLE / "report.json").read_text(encoding="utf-8")))


def test_it_is_what_the_committed_schema_says() -> None:
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8"))
    held = json.loads((SAMPLE / "report.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(held)


@pytest.mark.parametrize("kind", formats.FORMATS)
def test_each_rendering_is_of_this_report_to_the_byte(report: Report, kind: str) -> None:
    assert formats.FORMATS[kind](report) == (SAMPLE / f"report.{kind}").read_bytes(), AGAIN


def test_no_word_in_it_says_more_than_was_measured() -> None:
    page = (SAMPLE / "report.html").read_text(encoding="utf-8")
    assert re.findall(r"\b(fair|unbiased|passed|compliant)\b", page, re.IGNORECASE) == []
    assert said(page) == []


def test_it_looks_at_phase_two_by_every_registered_attribute(report: Report) -> None:
    assert report.period == "7 Jan 1992 to 6 Jan 1994"
    told = {f["subject"] for f in report.audit["findings"] if f["group"] is not None}
    assert told >= {"race", "sex", "income", "age", "race × sex"}


def test_no_figure_in_it_hangs_on_the_version_of_numpy(report: Report) -> None:
    """numpy 2.5, which the lock has from Python 3.12 on, draws other multinomials than 2.4."""
    assert [f["metric"] for f in report.audit["findings"] if f["chance"] is not None] == []


def test_no_count_of_1_to_10_stands_in_its_figures(report: Report) -> None:
    counts = [
        f[name]
        for f in report.audit["findings"]
        for name in ("n", "events", "reference_n")
        if f[name] is not None
    ]
    assert len(counts) > 300
    assert not [n for n in counts if 0 < n < 11]
