"""Notes with names and numbers in them are watched, and not a word of them is found anywhere after."""

from __future__ import annotations

import contextlib
import csv
import logging
import os
import shutil
import sqlite3
import subprocess
import tempfile
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from dashboards.app import create_app
from dashboards.pages import tables
from dashboards.report import formats, issue
from flows import run as runs
from flows import source
from flows.home import Home
from monitors.assess import assess
from monitors.errors import RoundsError
from monitors.release import kept
from monitors.window import moment
from tests.dashboards.conftest import served

PLANTED = ("Roe-Winterbottom", "MRN 00998877", "555-867-5309", "zebrafinch", "1951-03-04")
CONFIG = """
model: scribe
version: "1"
source: {kind: files, path: notes.csv}
columns:
  time: signed_at
  id: id
  decision: edited
  text: [note, signed]
  numeric: [note.words, note.numbers, note.repetition, note.readability, note~signed.kept,
            note~signed.edit_distance, note~signed.rouge_l, note~signed.added_numbers,
            note~signed.added_negations]
  categorical: [note.empty, note.truncated, note.refusal, note.template, note.identifiers,
                note.near_duplicate, note~signed.rewritten, note~signed.added_drugs,
                note~signed.added_quantities, note~signed.changed_quantities]
  sensitive: [language]
window: P7D
timezone: UTC
reference: {from: 2025-12-01, to: 2026-01-05}
plan:
  - {measure: total_variation, columns: [note.refusal, note.template, note.identifiers], margin: 0.05}
  - {measure: selection_rate, by: sensitive, against: rest, margin: 0.1}
"""
AT = moment("2026-02-01")


def note(i: int, *, bad: bool) -> str:
    said = f"Assessment: day {i % 9}. {'He said zebrafinch. ' if i % 3 else ''}Plan: {i % 5 + 1} g."
    if not bad:
        return said
    return (
        f"Patient Roe-Winterbottom, MRN 00998877, DOB 1951-03-04, call 555-867-5309. {said}"
        if i % 2
        else "I'm sorry, but I cannot assist with that."
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("scribe")
    (folder / "scribe.yaml").write_text(CONFIG, encoding="utf-8")
    start = datetime(2025, 12, 1, tzinfo=UTC)
    with (folder / "notes.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "signed_at", "edited", "note", "signed", "language"])
        for i in range(2_450):
            at = start + timedelta(minutes=30 * i)
            writer.writerow(
                [
                    i,
                    at.isoformat(),
                    i % 4 == 0,
                    note(i, bad=at >= moment("2026-01-12")),
                    note(i + i % 2, bad=at >= moment("2026-01-12")),
                    "es" if i % 3 else "en",
                ]
            )
    return Home.of({}, folder / "home")


def found(folder: Path) -> dict[str, bytes]:
    """Everything written: files as they are, and what the ledger's entries hold."""
    held = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for path in folder.rglob("*.db"):
        store = sqlite3.connect(path)
        tables = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for n, row in enumerate(store.execute(f'SELECT * FROM "{table}"')):
                held[f"{path}:{table}:{n}"] = b"\n".join(map(_plain, row))
        store.close()
    return held


def _plain(value: object) -> bytes:
    if isinstance(value, bytes):
        with contextlib.suppress(zlib.error):
            return zlib.decompress(value)
        return value
    return str(value).encode()


def told_by(pdf: bytes, folder: Path) -> bytes:
    """The text of a PDF, in which it is packed."""
    if shutil.which("pdftotext") is None:
        assert not os.environ.get("CI"), "CI installs pdftotext"
        return b""
    (folder / "report.pdf").write_bytes(pdf)
    done = subprocess.run(["pdftotext", str(folder / "report.pdf"), "-"], capture_output=True, check=True)
    assert b"scribe" in done.stdout
    return done.stdout


def planted(written: dict[str, bytes]) -> dict[str, str]:
    """By place, a planted word that is there."""
    return {place: word for place, held in written.items() for word in PLANTED if word.encode() in held}


@pytest.mark.server
def test_refusals_and_identifiers_are_found_and_no_word_of_a_note_is_anywhere(
    home: Home, caplog: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # where rows are kept while they are counted
    model = home.folder.parent / "scribe.yaml"
    with caplog.at_level(logging.DEBUG):
        done = list(
            runs.run(model, home, runs.span(moment("2026-01-05"), moment("2026-01-19")), AT, copy=True)
        )
    assert [r.worst for r in done][-1] == "beyond"
    ledger, config = runs.open_ledger(home), source.read(model)
    shown = kept(ledger, ledger.audits("scribe")[-1].audit)
    beyond = {f.subject for f in shown.findings if f.verdict == "beyond" and f.metric == "total_variation"}
    assert beyond >= {"note.refusal", "note.identifiers"}
    assert not list(tmp_path.rglob("*.parquet"))
    app = create_app(ledger, {"scribe": config}, published=lambda audit: kept(ledger, audit), now=lambda: AT)
    pages = [route.path for route in app.routes if "GET" in (getattr(route, "methods", None) or ())]
    pages = [path for path in pages if not path.startswith("/sign-in")]  # nobody signs in here
    pages = [path.replace("{model}", "scribe") for path in pages]
    pages = [
        p.replace("{table}", table) for p in pages for table in (tables.MADE if "{table}" in p else ("",))
    ]
    pages = [path.replace("{column}", "note.words") for path in pages]
    pages = [path for path in pages if "{" not in path]
    assert len(pages) > 45
    columns = ("note.words", "note.refusal", "note~signed.rouge_l", "note.near_duplicate")
    pages += [f"/models/scribe/features/{column}" for column in columns]
    report = issue.issue(ledger, assess(ledger, config, edition="restricted"), AT)
    written = found(home.folder) | found(tmp_path) | {"the log": caplog.text.encode()}
    written |= {f"report.{kind}": make(report) for kind, make in formats.FORMATS.items()}
    written["the text of report.pdf"] = told_by(written["report.pdf"], tmp_path)
    with served(app) as site, httpx.Client(base_url=site, trust_env=False, timeout=600) as client:
        for path in pages:
            answer = client.get(path)
            assert answer.status_code == 200, path
            written[path] = answer.content
    assert len(written) > 20
    assert planted(written) == {}


def test_a_column_that_cannot_be_measured_is_told_without_its_text(home: Home, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(CONFIG.replace("edited", "note_that_is_not_there"), encoding="utf-8")
    (tmp_path / "notes.csv").write_bytes((home.folder.parent / "notes.csv").read_bytes())
    with pytest.raises(RoundsError) as raised:
        list(
            runs.run(
                tmp_path / "bad.yaml", Home.of({}, tmp_path / "home"), runs.last_complete, AT, copy=False
            )
        )
    assert not [word for word in PLANTED if word in str(raised.value)]
