"""Deciding: nothing is decided without votes, dissent stays, what is owed ages, and nothing is rewritten."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from monitors.acting import NotAccepted
from monitors.governance import deciding
from monitors.governance.matters import ROLES, actions, matters, paused, working_days
from monitors.ledger import Ledger

START = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday
KEY = "R-2026-03"
PERIOD = "2025-12-01T00:00:00Z/2026-03-01T00:00:00Z"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: START)
    made.append("report", KEY, {"id": KEY}, model="sepsis", window=PERIOD, summary={"edition": "restricted"})
    return made


def voted(ledger: Ledger, vote: str = "approve", comment: str = "", role: str = "clinical owner") -> None:
    deciding.sign(ledger, KEY, "Ada", role, vote, "none", comment)


def decided(ledger: Ledger, decision: str = "continue") -> None:
    deciding.decide(ledger, KEY, decision, "as the votes say", "Cleo", "chair")


def test_a_report_without_a_decision_is_open_and_ages(ledger: Ledger) -> None:
    (matter,) = matters(ledger)
    assert matter.open
    assert matter.days(START + timedelta(days=9)) == 9
    ages = [matter.hears(START + timedelta(days=d)) for d in (4, 7, 28)]
    assert ages == [None, "chair", "executive sponsor"]


def test_a_report_is_a_matter_by_being_written(ledger: Ledger) -> None:
    (matter,) = matters(ledger)
    said = "Bias audit of sepsis, 1 Dec 2025 to 1 Mar 2026, restricted edition"
    assert (matter.key, matter.model, matter.question) == (KEY, "sepsis", said)


def test_a_decision_rests_on_votes_and_names_the_roles_that_did_not(ledger: Ledger) -> None:
    with pytest.raises(NotAccepted, match="nobody has voted"):
        decided(ledger)
    voted(ledger)
    decided(ledger)
    (matter,) = matters(ledger)
    assert not matter.open
    assert matter.decision is not None
    assert matter.decision.absent == ROLES[1:]
    with pytest.raises(NotAccepted, match="was decided already"):
        voted(ledger, role="privacy")


def test_a_vote_against_gives_its_reason_and_is_kept_as_dissent(ledger: Ledger) -> None:
    with pytest.raises(NotAccepted, match="say 'comment'"):
        voted(ledger, "reject")
    voted(ledger, "reject", "two groups are missed")
    (matter,) = matters(ledger)
    assert [v.comment for v in matter.votes if v.dissents] == ["two groups are missed"]


def test_nobody_votes_twice_in_one_role_nor_without_declaring_interests(ledger: Ledger) -> None:
    voted(ledger)
    with pytest.raises(NotAccepted, match="has voted on R-2026-03 as clinical owner already"):
        voted(ledger, "reject", "on second thoughts")
    with pytest.raises(NotAccepted, match="say 'conflict'"):
        deciding.sign(ledger, KEY, "Bea", "privacy", "approve", " ")
    with pytest.raises(NotAccepted, match="'vote' is one of"):
        deciding.sign(ledger, KEY, "Bea", "privacy", "yes", "none")


def test_conditions_that_are_promised_have_to_be_named(ledger: Ledger) -> None:
    voted(ledger)
    with pytest.raises(NotAccepted, match="name the conditions"):
        decided(ledger, "continue with conditions")
    deciding.decide(ledger, KEY, "continue with conditions", "x", "Cleo", "chair", ["weekly look", " "])
    assert matters(ledger)[0].decisions[0].conditions == ("weekly look",)


def test_a_later_decision_stands_and_the_earlier_remains(ledger: Ledger) -> None:
    voted(ledger)
    decided(ledger, "pause")
    assert paused(ledger, "sepsis") is not None
    assert paused(ledger, "aki") is None
    decided(ledger, "continue")
    (matter,) = matters(ledger)
    assert [d.decision for d in matter.decisions] == ["pause", "continue"]
    assert paused(ledger, "sepsis") is None
    assert ledger.verify() == 4


def test_an_action_is_owed_by_somebody_until_it_is_closed(ledger: Ledger) -> None:
    deciding.owe(ledger, KEY, "recalibrate", "Bea", date(2026, 3, 9), "O/E within .15")
    (action,) = actions(matters(ledger))
    assert [action.overdue(START + timedelta(days=d)) for d in (0, 7, 8, 20)] == [0, 0, 1, 13]
    assert action.hears(START + timedelta(days=8)) is None
    assert action.hears(START + timedelta(days=14)) == "chair"
    deciding.close(ledger, action.key, "Bea", "done, O/E is 1.02", "yes")
    (closed,) = actions(matters(ledger))
    assert closed.overdue(START + timedelta(days=90)) == 0
    assert (closed.worked, closed.outcome) == ("yes", "done, O/E is 1.02")
    with pytest.raises(NotAccepted, match="closed already, by Bea"):
        deciding.close(ledger, action.key, "Bea", "again", "yes")


def test_what_is_longest_overdue_comes_first_and_what_is_closed_last(ledger: Ledger) -> None:
    for day in (9, 4, 6):
        deciding.owe(ledger, KEY, f"due on {day}", "Bea", date(2026, 3, day), "seen")
    deciding.close(ledger, f"{KEY}-A2", "Bea", "done", "cannot tell")
    assert [a.what for a in actions(matters(ledger))] == ["due on 6", "due on 9", "due on 4"]


def test_what_is_not_there_is_named(ledger: Ledger) -> None:
    with pytest.raises(NotAccepted, match="there is no matter 'R-9'"):
        deciding.find(ledger, "R-9")
    with pytest.raises(NotAccepted, match="there is no action 'R-9-A1'"):
        deciding.close(ledger, "R-9-A1", "Bea", "x", "yes")
    with pytest.raises(NotAccepted, match="at most 500"):
        deciding.bring(ledger, "sepsis", "x" * 501, "Ada")


def test_a_matter_that_somebody_brings_is_open_too(ledger: Ledger) -> None:
    brought = deciding.bring(ledger, "aki", "The vendor changed the version without notice.", "Ada")
    assert [m.key for m in matters(ledger)] == [brought.key, KEY]
    assert [m.key for m in matters(ledger, "aki")] == [brought.key]


def test_working_days_leave_out_saturdays_and_sundays() -> None:
    friday = date(2026, 3, 6)
    assert [working_days(friday, friday + timedelta(days=d)) for d in range(9)] == [0, 0, 0, 1, 2, 3, 4, 5, 5]
    assert working_days(friday, friday - timedelta(days=3)) == 0
