"""The evidence page: every text with its status and date, "none yet" shown, and nothing called met."""

from __future__ import annotations

import re

import httpx


def test_every_text_says_its_status_and_when_it_was_looked_up(client: httpx.Client) -> None:
    html = client.get("/evidence").text
    assert html.count("last looked up 2026-0") == 10
    for said in (
        "none is kept here",
        "none yet",
        "partial",
        "Still a draft",
        "read as V2",
        "31 requirements",
    ):
        assert said in html
    assert not re.search(r"complian|fulfil|satisf|\bmeets\b", html)


def test_the_table_has_a_row_a_requirement_and_where_its_evidence_is(client: httpx.Client) -> None:
    rows = client.get("/api/evidence").json()
    assert len([r for r in rows if "170.315" in r["text"]]) == 31
    local = next(r for r in rows if r["requirement"] == "(8)(iv)")
    assert (local["mark"], local["where"], local["present"]) == ("V", "/", "partial")
    stated = next(r for r in rows if r["requirement"] == "(1)(ii)")
    assert (stated["evidence_for"], stated["present"]) == (None, "none yet")
    assert client.get("/api/evidence.csv").text.startswith("text,version,status")
