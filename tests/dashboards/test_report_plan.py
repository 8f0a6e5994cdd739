"""A report of a period that an approved plan covers: it cites the plan and what was asked beforehand."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboards.report import formats, issue
from dashboards.report.model import Report
from monitors.assess import assess
from monitors.assessed import Edition
from monitors.governance.audit_plan import AuditPlan
from monitors.governance.matters import matters
from monitors.governance.registration import approve, register
from monitors.governance.resolving import Flag
from monitors.window import moment
from tests.dashboards import committee
from tests.dashboards.test_report import SMALL, tables

PLAN = AuditPlan.model_validate({
    "plan": "ward-bias", "model": "ward-risk", "question": "Are some groups missed more often?",
    "period": {"from": "2026-01-05", "to": "2026-04-06"},
    "questions": [{"measure": "true_positive_rate", "by": "race", "margin": 0.1, "people": "10 more of 100",
                   "reason": "A case missed is worse than a visit."}],
    "exclusions": [{"what": "transfers", "reason": "they are counted elsewhere"}],
})  # fmt: skip


def written(folder: Path, edition: Edition, *, planned: bool = True) -> tuple[Report, str | None]:
    config = committee.declared("ward-risk", "race")
    ledger = committee.ledger_of(folder, config, "race", SMALL)
    if planned:
        flag = Flag("true_positive_rate by race", "c", 0.1, None)
        register(ledger, PLAN, committee.WINDOW, [flag])
        approve(ledger, "ward-bias", 1, "Ada Example", "chair of the committee", "agreed")
    made = issue.issue(ledger, assess(ledger, config, edition=edition), moment("2026-05-01"))
    (matter,) = matters(ledger)
    return made, matter.facts.get("plan")


def test_a_report_cites_its_plan_and_shows_the_registered_questions(tmp_path: Path) -> None:
    report, cited = written(tmp_path, "restricted")
    control = dict(report.control)
    assert control["Plan"].startswith(f"ward-bias v1 {PLAN.digest}, approved after 1 window")
    assert cited == f"ward-bias v1 {PLAN.digest}"
    asked = tables(report)["registered"]
    (row,) = asked.rows
    assert row[1:5] == ("every group", "everyone else", "± 10 points", "primary")
    assert row[5:] == ("10 more of 100. A case missed is worse than a visit.", "c")
    assert "transfers" in asked.note
    said = str(next(s for s in report.sections if s.number == "3").blocks[0])
    assert "by Ada Example, chair of the committee" in said


def test_page_1_answers_what_was_asked_first_and_marks_the_rest(tmp_path: Path) -> None:
    report, _ = written(tmp_path, "restricted")
    page = report.page
    assert page.question == "Are some groups missed more often?"
    assert [row[0] for row in page.verdicts.rows] == [
        "Are people who go on to have the outcome found as often? By race"
    ]
    assert page.besides is not None
    assert "Exploratory" in page.besides.title
    assert "comparisons asked for beforehand" in page.answer[-1]
    assert "approved after 1 window" in page.unchecked[0]
    letters = [row[0][0] for row in tables(report)["t4"].rows]
    assert letters == sorted(letters, key="PSE".index)
    assert letters.count("P") == 3
    log = tables(report)["log"].rows
    assert ("2026-05-01", "the plan", "ward-bias v1 was approved by Ada Example, chair of the committee") in {
        r[:3] for r in log
    }


def test_without_a_plan_page_1_says_that_nobody_asked_beforehand(tmp_path: Path) -> None:
    report, _ = written(tmp_path, "shareable", planned=False)
    assert report.page.besides is None
    assert report.page.unchecked[0].startswith("No question was agreed on before anyone looked")
    assert {row[0][0] for row in tables(report)["t4"].rows} == {"E"}


def test_the_shareable_edition_names_the_role_alone(tmp_path: Path) -> None:
    report, _ = written(tmp_path, "shareable")
    assert "Ada Example" not in report.json()
    assert "chair of the committee" in report.json()
    for form in ("html", "pdf"):
        assert formats.FORMATS[form](report)


@pytest.mark.parametrize("edition", ["shareable", "restricted"])
def test_a_report_without_a_plan_says_that_none_is_shown(tmp_path: Path, edition: Edition) -> None:
    report, cited = written(tmp_path, edition, planned=False)
    assert cited is None
    assert "Plan" not in dict(report.control)
    assert "registered" not in tables(report)
    assert "It is not shown here that it was registered" in report.json()
