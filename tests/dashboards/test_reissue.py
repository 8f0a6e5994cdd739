"""A report once the committee has decided: votes, dissent, conditions and what is owed stand in it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from dashboards.pages import reports
from dashboards.report import formats, issue
from dashboards.report.model import Report, Text
from monitors.assess import assess
from monitors.assessed import Edition
from monitors.governance import deciding
from monitors.governance.matters import matters
from monitors.governance.signature import make_key, private_key, sign
from monitors.ledger import Ledger
from monitors.window import moment
from tests.dashboards import committee
from tests.dashboards.test_report import SMALL, SPOKEN, tables

CONFIG = committee.declared("ward-risk", "race", timezone="America/New_York")


def issued(ledger: Ledger, edition: Edition = "restricted", at: str = "2026-05-01") -> Report:
    return issue.issue(ledger, assess(ledger, CONFIG, edition=edition), moment(at))


def decide(ledger: Ledger, key: str) -> None:
    deciding.sign(ledger, key, "Ada", "clinical owner", "approve", "none")
    deciding.sign(
        ledger, key, "Bea", "ethics or equity lead", "reject", "sits on the vendor's board", "too early"
    )
    deciding.decide(
        ledger, key, "continue with conditions", "the gap is watched", "Cleo", "chair",
        ["a weekly look"], date(2026, 8, 3),
    )  # fmt: skip
    deciding.owe(ledger, key, "recalibrate for b", "Dan", date(2026, 6, 1), "O/E within .15")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return committee.ledger_of(tmp_path, CONFIG, "race", SMALL)


def words(report: Report) -> str:
    section = next(s for s in report.sections if s.id == "decision")
    return " ".join(p for b in section.blocks if isinstance(b, Text) for p in b.paragraphs)


def test_a_report_that_nobody_decided_says_open(ledger: Ledger) -> None:
    report = issued(ledger)
    assert words(report).startswith("This audit is open: no decision is recorded for it.")
    assert (report.status, report.page.decided, report.page.chosen) == ("for decision", "", "")
    deciding.sign(ledger, report.id, "Ada", "clinical owner", "approve", "none")
    assert issued(ledger) == report, "a vote decides nothing"


def test_the_report_issued_anew_holds_votes_dissent_conditions_and_what_is_owed(
    ledger: Ledger, tmp_path: Path
) -> None:
    first = issued(ledger)
    decide(ledger, first.id)
    make_key(tmp_path / "ada.pem")
    vote = min(ledger.entries("report_signed"), key=lambda e: e.seq)
    sign(ledger, vote, private_key(tmp_path / "ada.pem"), "approve, as clinical owner")
    report = issued(ledger, at="2026-05-20")
    assert (report.id, report.status) == (f"{first.id}-2", "decided")
    assert report.page.chosen == "Continue with conditions"
    assert report.page.decided == (
        "Decided on 1 May 2026: continue with conditions, on 1 condition (section 14). "
        "1 of 2 votes rejected or abstained. Looked at again on 3 Aug 2026."
    )
    said = words(report)
    for held in (
        "Reason: the gap is watched",
        "On condition: a weekly look.",
        "ethics or equity lead (reject): too early",
        "privacy",
    ):
        assert held in said, held
    signed = {row[0]: row for row in tables(report)["t10"].rows}
    ada, bea = signed["Clinical owner"], signed["Ethics or equity lead"]
    assert ada[1:5] == ("Ada", "yes", "none", "approve")
    assert ada[6] == "2026-05-01 00:00 UTC, 20:00 EDT"
    assert ada[7] == "approve, as clinical owner"
    assert ada[8].startswith("ed25519:")
    assert bea[3:6] == ("sits on the vendor's board", "reject", "too early")
    assert signed["Privacy"][4] == "did not vote"
    log = {row[0]: row for row in tables(report)["t9"].rows}
    assert log["F1"][5] == "see D1"
    assert log["D1"][5:8] == ("continue with conditions: a weekly look", "the gap is watched", "Cleo, chair")
    assert log["A1"][1] == "recalibrate for b"
    assert log["A1"][7:12] == ("Dan", "1 Jun 2026", "O/E within .15", "–", "open")


def test_its_figures_are_those_that_were_decided_on_and_the_first_stays(ledger: Ledger) -> None:
    first = issued(ledger)
    decide(ledger, first.id)
    report = issued(ledger, at="2026-05-20")
    assert report.audit == first.audit
    assert [s for s in report.sections if s.id != "decision"] == [
        s for s in first.sections if s.id != "decision"
    ]
    assert issued(ledger, at="2027-01-01") == report, "issued once for one decision"
    assert dict(report.control)["Supersedes"] == f"{first.id}, {first.digest}, because it was decided"
    kept = ledger.get(issue.KIND, first.id)
    assert kept is not None
    assert Report.read(kept.body) == first
    assert [m.key for m in matters(ledger)] == [first.id], "no matter of its own"
    assert ledger.verify() > 6


def test_what_came_of_an_action_and_a_later_decision_are_issued_again(ledger: Ledger) -> None:
    first = issued(ledger)
    decide(ledger, first.id)
    issued(ledger)
    deciding.close(ledger, f"{first.id}-A1", "Dan", "O/E is 1.02", "yes")
    closed = issued(ledger)
    assert closed.id == f"{first.id}-3"
    assert {r[0]: r for r in tables(closed)["t9"].rows}["A1"][11] == "closed 1 May 2026; worked: yes"
    deciding.decide(ledger, closed.id, "pause", "two more cases", "Cleo", "chair")  # as its page names it
    last = issued(ledger)
    assert (last.id, last.page.chosen) == (f"{first.id}-4", "Pause")
    log = {r[0]: r for r in tables(last)["t9"].rows}
    assert (log["D1"][11], log["D2"][11]) == ("superseded", "stands")


def test_the_shareable_edition_has_roles_and_no_names(ledger: Ledger) -> None:
    first = issued(ledger, "shareable")
    decide(ledger, first.id)
    report = issued(ledger, "shareable")
    made = report.json()
    assert not [name for name in ("Ada", "Bea", "Cleo", "Dan") if name in made]
    assert "ethics or equity lead (reject): too early" in made


def test_a_decision_on_the_other_edition_is_told_without_its_words(ledger: Ledger) -> None:
    shared, kept = issued(ledger, "shareable"), issued(ledger)
    decide(ledger, kept.id)
    report = issued(ledger, "shareable")
    assert report.id == f"{shared.id}-2"
    assert report.page.chosen == "Continue with conditions"
    assert kept.id in words(report)
    for said in (
        "Ada",
        "too early",
        "the gap is watched",
        "a weekly look",
        "recalibrate for b",
        "vendor's board",
    ):
        assert said not in str(report.sections), said


def test_every_file_of_it_can_be_written(ledger: Ledger) -> None:
    first = issued(ledger)
    decide(ledger, first.id)
    report = issued(ledger)
    page = formats.FORMATS["html"](report).decode()
    assert "<b>Continue with conditions</b> (chosen)" in page
    assert SPOKEN.findall(page) == []
    assert len(formats.FORMATS["pdf"](report)) > 10_000


def test_the_list_of_reports_says_which_is_superseded_and_what_was_decided(ledger: Ledger) -> None:
    first = issued(ledger, "shareable")
    reading = SimpleNamespace(ledger=ledger, now=lambda: committee.NOW)
    request = SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(reading=reading)))
    assert "open for 0 days" in bytes(reports.reports(request).body).decode()  # type: ignore[arg-type]
    decide(ledger, first.id)
    report = issued(ledger, "shareable")
    html = bytes(reports.reports(request).body).decode()  # type: ignore[arg-type]
    assert f'superseded by <a href="/reports/{report.id}">{report.id}</a>, because it was decided' in html
    assert "decided: continue with conditions" in html
