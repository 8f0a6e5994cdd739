"""`rounds audit`: three files from the ledger alone, the same each time, and clear words where none is."""

from __future__ import annotations

import json

from tests.cli.conftest import Place

SPAN = ("--from", "2026-03-02", "--to", "2026-03-16")


def test_an_audit_is_written_from_what_the_ledger_holds_and_again_the_same(place: Place) -> None:
    place.rounds("backfill", place.model, *SPAN)
    made = []
    for name in ("one", "two"):
        out = place.folder / name
        done = place.rounds("audit", place.model, *SPAN, "--at", "2026-05-01", "--out", str(out))
        assert "shareable edition" in done.stdout
        made.append({f.name: f.read_bytes() for f in sorted(out.iterdir())})
    assert set(made[0]) == {"report.html", "report.pdf", "report.json"}
    assert made[0] == made[1]
    report = json.loads(made[0]["report.json"])
    assert report["audit"]["window"] == "2026-03-02T00:00:00Z/2026-03-16T00:00:00Z"
    assert report["status"] == "for decision"


def test_without_audits_it_says_what_to_run(place: Place) -> None:
    done = place.rounds("audit", place.model, status=1)
    assert "run `rounds backfill` first" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_format_that_is_none_is_refused(place: Place) -> None:
    done = place.rounds("audit", place.model, "--format", "docx", status=2)
    assert "name some of html, pdf, json (got 'docx')" in done.stderr
