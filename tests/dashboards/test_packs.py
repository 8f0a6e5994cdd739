"""The committee's pack: what waits stands first, the period is kept to, and paper says what text says."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from dashboards import packs
from monitors.governance import deciding, inventory
from monitors.governance.pack import Pack, pack, period_of
from monitors.governance.registration import approve, register
from monitors.ledger import Ledger
from monitors.release import keep
from tests.dashboards import ward
from tests.monitors.governance.test_registration import PERIOD, plan

MODEL = "sepsis-early-warning"


class Clock:
    """The ledger's clock, moved by hand."""

    at = datetime(2025, 11, 3, 9, tzinfo=UTC)


@pytest.fixture
def made(tmp_path: Path) -> tuple[Ledger, Pack]:
    """A quarter with one of everything, after an earlier one with a decision."""
    clock = Clock()
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: clock.at)
    old = deciding.bring(ledger, MODEL, "An old question?", "Ada").key
    deciding.sign(ledger, old, "Ada", "privacy", "approve", "none")
    deciding.decide(ledger, old, "continue", "an old reason", "Cleo", "chair")
    deciding.owe(ledger, old, "recalibrate", "Bea", date(2026, 1, 15), "O/E within .15")
    deciding.owe(ledger, old, "tell the ward", "Dan", date(2026, 1, 15), "a note")
    clock.at = ward.NOW
    keep(ledger, ward.record(ledger, MODEL, 9, ward.sick(9)))
    register(ledger, plan(), PERIOD, [])
    approve(ledger, "sepsis-bias", 1, "Ada", "chair", "agreed")
    deciding.bring(ledger, MODEL, "Does it miss some groups?", "Ada")
    deciding.close(ledger, f"{old}-A2", "Dan", "done", "yes")
    inventory.record(ledger, "note-taker", {"tier": "low"}, "Ada")
    inventory.move(ledger, {}, "note-taker", "silent", "Ada", "to see", ward.NOW, despite=True)
    inventory.report(ledger, f"Chatty {ward.HOSTILE}", {}, "Nurse N")
    ward.raised(ledger, ward.notice(MODEL), "2026-02-23T00:00:00Z/2026-03-02T00:00:00Z")
    return ledger, pack(ledger, {MODEL: ward.config(MODEL)}, "2026-Q1", ward.NOW)


def rows(made: Pack, title: str) -> list[tuple[str, ...]]:
    (part,) = [part for part in made.parts if part.title == title]
    return [tuple(row) for row in part.rows]


def test_what_waits_stands_on_the_agenda(made: tuple[Ledger, Pack]) -> None:
    items = {row[1]: row[2] for row in rows(made[1], "Agenda")}
    assert items == {
        "Decide": "1",
        "Ask about actions that are overdue": "1",
        "Look again at tools whose review is due": "1",
        "Say what was seen in use": "1",
    }
    assert made[1].parts[0].title == "Agenda"


def test_what_is_overdue_says_by_how_much_and_who_hears(made: tuple[Ledger, Pack]) -> None:
    ((key, what, owner, due, days, hears, _),) = rows(made[1], "Actions")
    assert (what, owner, due, days, hears) == ("recalibrate", "Bea", "2026-01-15", "48", "executive sponsor")
    assert key.endswith("-A1")


def test_a_period_holds_what_happened_in_it_and_nothing_else(made: tuple[Ledger, Pack]) -> None:
    ledger, now = made
    assert rows(now, "Decisions of the period") == []
    before = pack(ledger, {}, "2025-Q4", ward.NOW)
    assert [row[4] for row in rows(before, "Decisions of the period")] == ["an old reason"]
    assert [row[1] for row in rows(now, "What earlier actions came to")] == ["tell the ward"]
    assert [(row[1], row[2]) for row in rows(now, "Inventory")] == [
        ("Chatty " + ward.HOSTILE, "seen in use"),
        ("note-taker", "moved to silent"),
        ("note-taker", "recorded"),
    ]  # fmt: skip
    assert rows(before, "Inventory") == []
    (audited,) = rows(now, "Audits")
    assert audited[:3] == (MODEL, "1", str(sum(f.verdict == "beyond" for f in ward.sick(9))))
    assert rows(before, "Audits")[0][-1] == "no window of the period was audited"
    assert next(row[4] for row in rows(now, "Plans")).startswith("approved")
    assert [row[2] for row in rows(now, "Alerts")] == ["1"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026", "2026-01-01T00:00:00Z/2027-01-01T00:00:00Z"),
        ("2026-Q4", "2026-10-01T00:00:00Z/2027-01-01T00:00:00Z"),
        ("2026-12", "2026-12-01T00:00:00Z/2027-01-01T00:00:00Z"),
        ("2026-02", "2026-02-01T00:00:00Z/2026-03-01T00:00:00Z"),
    ],
)
def test_a_period_is_a_year_a_quarter_or_a_month(text: str, said: str) -> None:
    assert str(period_of(text)) == said


@pytest.mark.parametrize("text", ["2026-Q5", "2026-13", "26-Q1", "", "2026-Q1 ", "0001"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a year, quarter or month"):
        period_of(text)


def test_an_empty_house_has_a_whole_pack_that_says_so(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: ward.NOW)
    said = packs.markdown(pack(ledger, {}, "2026", ward.NOW))
    for words in (
        "Nothing waits for the committee.",
        "Nothing was decided.",
        "No alert was raised.",
        "0 tools",
    ):
        assert words in said


def test_markdown_has_every_part_and_keeps_names_as_text(made: tuple[Ledger, Pack]) -> None:
    said = packs.markdown(made[1])
    for number, part in enumerate(made[1].parts, start=1):
        assert f"## {number}. {part.title}" in said
    assert "\\<script\\>" in said
    assert said.rstrip().endswith(f"Ledger head: `{made[1].head}`")


def test_the_pdf_is_the_same_bytes_again_and_says_the_period(made: tuple[Ledger, Pack]) -> None:
    once = packs.pdf(made[1])
    assert once.startswith(b"%PDF-1.7")
    time.sleep(1.1)  # an identifier made from the clock would be the same within a second
    assert packs.pdf(made[1]) == once
    assert b"pdfuaid" in once
    assert packs.pdf(replace(made[1], period="2026-Q2")) != once


def test_the_same_period_again_has_the_same_hash_whenever_it_is_made(made: tuple[Ledger, Pack]) -> None:
    ledger, now = made
    ledger.append("export", "x", {"what": "pack"})
    again = pack(ledger, {MODEL: ward.config(MODEL)}, "2026-Q1", ward.NOW)
    assert again.digest == now.digest
    assert again.head != now.head
