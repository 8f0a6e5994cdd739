"""Told in months: a ward's hours become days, its past is let go by a rule, and every reader says so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

import httpx
import pytest

from dashboards.app import create_app
from dashboards.terminal_status import show_status
from flows import home as homes
from flows import run
from flows.backfill import backfill
from flows.retention import retain
from flows.source import read
from flows.telling import channels_for, weigh
from monitors.assess import assess
from monitors.copies import COPIED
from monitors.errors import LedgerError, Removed
from monitors.release import releases
from monitors.suppression import published
from monitors.window import Window
from tests.stories import killed
from tests.stories.test_outages import Hospital

MODEL = """\
model: sepsis-alert
version: "2"
source: {kind: files, path: scores.csv}
columns: {time: at, id: visit, score: risk, numeric: [lactate]}
window: PT6H
reference: {from: 2026-01-05, to: 2026-01-13}
evidently: {report: never}
"""
RULE = "roll_up: {after: P7D}\nkeep: {profiles: P6M, audits: P1Y}\n"
FIRST = killed.START + timedelta(days=killed.REFERENCE)
DAYS = 4


def clock(at: datetime) -> None:
    """What every clock says from now on."""
    for module in (run, homes):
        module.now = lambda: at  # type: ignore[assignment]


@pytest.fixture(scope="module")
def patched() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (run, homes):
            patch.setattr(module, "now", module.now)  # put back at the end
        patch.setenv("HOOK", "http://127.0.0.1:9/")
        yield patch


@pytest.fixture(scope="module")
def ward(patched: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Hospital:
    """Sixteen windows, audited and copied; the chapters below follow one another."""
    made = Hospital(tmp_path_factory.mktemp("ward"), DAYS + 1, patched)
    made.model.write_text(MODEL)
    (made.folder / "retention.yaml").write_text(RULE)
    (made.folder / "channels.yaml").unlink()
    at = FIRST + timedelta(days=DAYS, hours=1)
    clock(at)
    done = backfill(made.model, made.home, FIRST, FIRST + timedelta(days=DAYS), at, copy=False)
    assert sum(each.new for each in done) == 4 * DAYS
    for head in made.ledger.heads("sepsis-alert"):
        given = {"model": "sepsis-alert", "version": "2", "window": head.window}
        made.ledger.append(COPIED, head.digest, {"run_id": "r"}, **given)
    return made


def on(ward: Hospital, at: datetime) -> dict[str, int]:
    """A night's run of retention; what it let go."""
    clock(at)
    return dict(retain([ward.model], ward.home, at).removed)


class Pages:
    """The pages, asked without a network."""

    def __init__(self, ward: Hospital) -> None:
        self.app = create_app(
            ward.ledger, {"sepsis-alert": read(ward.model)}, published=published, now=homes.now
        )

    def get(self, path: str) -> httpx.Response:
        return asyncio.run(self._get(path))

    async def _get(self, path: str) -> httpx.Response:
        way = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=way, base_url="http://127.0.0.1") as client:
            return await client.get(path)


def page(day: int) -> str:
    """The first window of that day, one column."""
    start = FIRST + timedelta(days=day)
    return f"/models/sepsis-alert/features/lactate?window={Window(start, start + timedelta(hours=6))}"


def test_1_after_a_week_hours_are_days_and_an_audit_of_whole_days_says_the_same(ward: Hospital) -> None:
    config, ledger = read(ward.model), ward.ledger
    spans = FIRST, FIRST + timedelta(days=2)
    before = assess(ledger, config, *spans, "restricted")
    assert "removed" not in Pages(ward).get(page(0)).text
    assert on(ward, FIRST + timedelta(days=20)) == {"roll_up after P7D into P1D": 4}
    after = assess(ledger, config, *spans, "restricted")
    assert after.profile.digest == before.profile.digest
    assert after.audit.payload() == before.audit.payload()
    assert [str(part.window)[:13] for part in after.parts] == [
        "2026-01-13T00", "2026-01-14T00", "2026-01-14T06", "2026-01-14T12", "2026-01-14T18"
    ]  # fmt: skip
    with pytest.raises(LedgerError, match="are kept as one sum; choose a period that holds all of it"):
        assess(ledger, config, FIRST + timedelta(hours=6), spans[1], "restricted")


def test_2_the_page_of_a_window_whose_counts_went_says_so_and_keeps_its_findings(ward: Hospital) -> None:
    told = Pages(ward).get(page(0))
    assert told.status_code == 200
    assert "Not drawn: the counts of sepsis-alert 2026-01-13T00:00:00Z/2026-01-13T06:00:00Z" in told.text
    assert "under the retention rule `roll_up after P7D into P1D`" in told.text
    assert "too few people" not in told.text
    assert "What was found" in told.text


def test_3_after_a_year_findings_go_but_for_the_last_and_every_reader_says_so(
    ward: Hospital, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = on(ward, FIRST + timedelta(days=400))
    assert gone["audits P1Y"] == 4 * 3
    pages = Pages(ward)
    told = pages.get(page(0))
    assert told.status_code == 410
    assert "The findings of sepsis-alert 2026-01-13T00:00:00Z" in told.text
    assert "under the retention rule `audits P1Y`" in told.text
    assert pages.get(page(1)).status_code == 200, "the oldest of the last twelve, beside those that went"
    assert pages.get("/models/sepsis-alert").status_code == 200
    listed = pages.get("/api/models/sepsis-alert/windows.csv").text
    assert listed.count("2026-01-13") >= 4, "it is still in the list of windows"
    assert pages.get("/api/health").json()["retention"]["bodies"] == 4 + sum(gone.values())
    assert "rounds_retention_removed_bodies" in pages.get("/metrics").text
    assert len(releases(ward.ledger, "sepsis-alert")) == 12
    show_status(ward.ledger, homes.now(), as_json=False, configs={})
    assert "Retention was last done" in capsys.readouterr().out
    config = read(ward.model)
    with pytest.raises(Removed, match="findings of sepsis-alert"):
        assess(ward.ledger, config, FIRST, FIRST + timedelta(days=1), "restricted")


def test_4_nothing_that_went_is_counted_a_second_time_and_new_windows_go_on(ward: Hospital) -> None:
    at = homes.now()
    before = len(ward.ledger.entries("audit", bodies=False))
    with pytest.raises(Removed, match="under the retention rule `audits P1Y`"):
        list(backfill(ward.model, ward.home, FIRST, FIRST + timedelta(hours=6), at, copy=False))
    assert len(ward.ledger.entries("audit", bodies=False)) == before
    fifth = FIRST + timedelta(days=DAYS)
    done = list(backfill(ward.model, ward.home, fifth, fifth + timedelta(days=1), at, copy=False))
    assert [each.new for each in done] == [True] * 4
    assert weigh(read(ward.model), ward.ledger, channels_for(ward.model)) == 0, "what they changed is weighed"
    assert ward.ledger.verify()
