"""The inventory page: what is known and seen, and steps that take our own form and the right role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from dashboards.app import create_app
from monitors.governance import inventory
from monitors.governance.tools import tools
from monitors.ledger import Ledger
from tests.dashboards import ward
from tests.dashboards.conftest import served
from tests.dashboards.test_sign_in import enter, guarded, written


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(f"sqlite:///{tmp_path}/ledger.db", lambda: ward.NOW)


@pytest.fixture
def person(ledger: Ledger) -> Iterator[httpx.Client]:
    app = create_app(ledger, {}, published=ward.published, now=lambda: ward.NOW)
    with served(app) as site, httpx.Client(base_url=site, trust_env=False) as made:
        yield made


def token(person: httpx.Client) -> str:
    found = re.search(r'name="token" value="([^"]*)"', person.get("/inventory").text)
    return found[1] if found else ""


def test_a_tool_goes_from_seen_to_known_to_silent_on_the_page(person: httpx.Client, ledger: Ledger) -> None:
    sent = {"token": token(person), "by": "Nurse N"}
    person.post("/inventory", data={**sent, "action": "report_use", "name": "Scribe", "vendor": "Acme"})
    assert "Seen in use, not known (1)" in person.get("/inventory").text
    (seen,) = inventory.queue(ledger, {})
    settled = {"action": "settle", "key": seen.key, "outcome": "a new tool", "as": "", "reason": "on 3 wards"}
    assert person.post("/inventory", data={**sent, **settled}).status_code == 303
    at = {**sent, "tool": "Scribe"}
    early = {"action": "move", "to": "silent", "reason": "to see", "despite": "no"}
    refused = person.post("/inventory", data={**at, **early})
    assert refused.status_code == 422
    assert "somebody answers for it in care: nothing recorded" in refused.text
    facts = {"purpose": "writes notes", "clinical_owner": "Dr. A", "tier": "low"}
    assert person.post("/inventory", data={**at, "action": "record", **facts}).status_code == 303
    assert person.post("/inventory", data={**at, **early}).status_code == 303
    assert tools(ledger, {})["Scribe"].lifecycle == "silent"
    html = person.get("/inventory?tool=Scribe").text
    for said in ("no: nothing about it is measured here", "<bdi>Acme</bdi>", "<b>Silent</b>", "to see"):
        assert said in html


def test_a_viewer_may_tell_of_a_tool_and_no_more(tmp_path: Path) -> None:
    app = guarded(written(tmp_path, "tokens: t.tokens"), tmp_path)
    with served(app) as site, httpx.Client(base_url=site, trust_env=False) as vera:
        enter(vera, "Vera")
        sent = {"token": token(vera), "by": "Mallory"}
        told = vera.post("/inventory", data={**sent, "action": "report_use", "name": "Chatty"})
        assert told.status_code == 303
        for action in ("settle", "record", "move"):
            assert (
                vera.post("/inventory", data={**sent, "action": action, "tool": "note-taker"}).status_code
                == 403
            )
        html = vera.get("/inventory").text
    assert "by <bdi>Vera</bdi>" in html
    assert "Mallory" not in html


def test_what_is_not_accepted_writes_nothing(person: httpx.Client, ledger: Ledger) -> None:
    before = ledger.verify()
    for sent in ({"action": "erase"}, {"action": "report_use", "name": "", "by": "x"}):
        assert person.post("/inventory", data={"token": token(person), **sent}).status_code == 422
    assert person.post("/inventory", data={"token": "0", "action": "record"}).status_code == 403
    assert person.get("/inventory?tool=nothing").status_code == 404
    assert ledger.verify() == before


def test_the_tables_say_what_the_page_says(client: httpx.Client) -> None:
    found = {row["name"]: row for row in client.get("/api/inventory").json()}
    assert found["sepsis-early-warning"]["monitored"] == "yes"
    assert found["fall-risk"]["monitored"] == "declared"
    assert (found["note-taker"]["lifecycle"], found["note-taker"]["monitored"]) == ("silent", "no")
    (seen,) = client.get("/api/sightings").json()
    assert seen["outcome"] is None
    assert client.get("/api/inventory.csv").text.startswith("name,lifecycle,monitored")
