"""The decisions page: what is open and owed, and steps that only our own form and the right role can take."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from dashboards.app import create_app
from monitors.governance.matters import matters
from monitors.ledger import Ledger
from tests.dashboards import ward
from tests.dashboards.conftest import served
from tests.dashboards.test_sign_in import enter, guarded, written

OPEN = "/decisions?matter=R-2026-02"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: ward.NOW)
    ward.before_committee(made)
    return made


@pytest.fixture
def person(ledger: Ledger) -> Iterator[httpx.Client]:
    app = create_app(ledger, {}, published=ward.published, now=lambda: ward.NOW)
    with served(app) as site, httpx.Client(base_url=site, trust_env=False) as made:
        yield made


def token(person: httpx.Client, page: str = OPEN) -> dict[str, str]:
    found = re.search(r'name="token" value="([^"]*)"', person.get(page).text)
    return {"token": found[1] if found else "", "matter": page.partition("matter=")[2]}


def test_a_matter_goes_from_open_to_decided_to_done_on_the_page(person: httpx.Client, ledger: Ledger) -> None:
    steps = (
        {"action": "sign", "by": "Bea", "role": "privacy", "vote": "abstain", "conflict": "none",
         "comment": "not my field"},
        {"action": "decide", "by": "Cleo", "role": "executive sponsor", "reason": "votes",
         "decision": "continue with conditions", "conditions": "a weekly look", "recheck": "2026-06-01"},
        {"action": "owe", "what": "look weekly", "owner": "Dan", "due": "2026-04-01", "check": "a note"},
        {"action": "close", "key": "R-2026-02-A1", "by": "Dan", "outcome": "done", "worked": "yes"},
    )  # fmt: skip
    for step in steps:
        answer = person.post("/decisions", data={**token(person), **step})
        assert (answer.status_code, answer.headers.get("location")) == (303, OPEN), answer.text
    html = person.get(OPEN).text
    for said in (
        "Continue with conditions",
        "a weekly look",
        "Dissent, <bdi>Bea</bdi>",
        "closed; worked: yes",
    ):
        assert said in html
    (matter,) = [m for m in matters(ledger) if m.key == "R-2026-02"]
    assert matter.decision is not None
    assert str(matter.decision.recheck) == "2026-06-01"


def test_what_is_open_and_overdue_stands_first_and_says_since_when(person: httpx.Client) -> None:
    html = person.get("/decisions").text
    assert html.index("Open (2)") < html.index("Decided")
    assert "open for 0 days" in html
    assert "overdue by 31 days; the executive sponsor hears of it" in html
    assert "Decided without a vote of: statistician outside" in html


def test_what_is_not_accepted_says_why_and_writes_nothing(person: httpx.Client, ledger: Ledger) -> None:
    before = ledger.verify()
    for step, said in (
        (
            {"action": "sign", "by": "", "role": "privacy", "vote": "approve", "conflict": "none"},
            "say &#39;by",
        ),
        ({"action": "owe", "what": "x", "owner": "y", "due": "soon", "check": "z"}, "say which day"),
        ({"action": "erase"}, "say what to do"),
    ):
        answer = person.post("/decisions", data={**token(person), **step})
        assert answer.status_code == 422
        assert said in answer.text
    assert person.get("/decisions?matter=nothing").status_code == 404
    assert ledger.verify() == before


def test_a_form_from_elsewhere_decides_nothing(person: httpx.Client, ledger: Ledger) -> None:
    before = ledger.verify()
    sent = {**token(person), "action": "bring", "model": "m", "question": "q", "by": "x"}
    assert person.post("/decisions", data={**sent, "token": "0" * 64}).status_code == 403
    assert person.post("/decisions", data=sent, headers={"Origin": "https://evil.example"}).status_code == 403
    assert ledger.verify() == before


def test_a_viewer_reads_and_an_auditor_signs_under_their_own_name(tmp_path: Path) -> None:
    app = guarded(written(tmp_path, "tokens: t.tokens"), tmp_path)
    step = {"action": "sign", "by": "Mallory", "role": "privacy", "vote": "approve", "conflict": "none"}
    with served(app) as site:
        with httpx.Client(base_url=site, trust_env=False) as vera:
            enter(vera, "Vera")
            assert "Sign off" not in vera.get(OPEN).text
            assert vera.post("/decisions", data={**token(vera, "/alerts"), **step}).status_code == 403
        with httpx.Client(base_url=site, trust_env=False) as aude:
            enter(aude, "Aude")
            assert aude.post("/decisions", data={**token(aude), **step}).status_code == 303
            html = aude.get(OPEN).text
    assert "<bdi>Aude</bdi>" in html
    assert "Mallory" not in html


def test_a_pause_stands_on_the_models_page_until_a_later_decision(client: httpx.Client) -> None:
    html = client.get("/models/readmission-30d").text
    assert "The committee recommended to pause this model" in html
    assert "whoever runs the tool pauses it" in html
    assert "recommended to pause" not in client.get("/models/sepsis-early-warning").text


def test_the_tables_say_what_the_page_says(client: httpx.Client) -> None:
    found = {row["matter"]: row for row in client.get("/api/decisions").json()}
    assert found["R-2025-11"]["decision"] == "pause"
    assert found["R-2026-02"]["standing"] == "open for 0 days"
    (action,) = client.get("/api/actions").json()
    assert (action["owner"], action["days_overdue"]) == ("Bea", 31)
    assert client.get("/api/actions.csv").text.startswith("action,matter,model")
