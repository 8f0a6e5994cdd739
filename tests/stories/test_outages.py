"""Told in days: Rounds, its source or its clock is away for a while, and every window is made up for."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dashboards.exposition import Exposition
from dashboards.reading import Reading
from flows import home as homes
from flows import run
from flows.backfill import backfill
from flows.home import Home
from flows.source import read
from monitors.audit import Audit
from monitors.config import ModelConfig
from monitors.errors import RoundsError
from monitors.ledger import Ledger
from monitors.window import Window, moment
from tests.channels.receivers import Heard, http_receiver
from tests.stories import killed

BERLIN = """\
model: sepsis-alert
version: "2"
source: {kind: files, path: scores.csv}
columns: {time: at, id: visit, score: risk, numeric: [lactate]}
window: P1D
timezone: Europe/Berlin
schedule: "0 6 * * *"
reference: {from: 2026-01-05, to: 2026-01-13}
evidently: {report: never}
"""


def clock(patch: pytest.MonkeyPatch, at: datetime) -> None:
    """What every clock says from now on."""
    for module in (run, homes):
        patch.setattr(module, "now", lambda: at)


class Hospital:
    """A model's feed and its mornings; the clock says what the day says."""

    def __init__(self, folder: Path, days: int, patch: pytest.MonkeyPatch, ledger: str | None = None) -> None:
        self.folder, self.patch = folder, patch
        self.model = killed.write(folder, days)
        self.home = Home.of({"ROUNDS_LEDGER_URL": ledger} if ledger else {}, folder / "home")
        self.ledger = Ledger(self.home.make().ledger_url, lambda: run.now())

    def morning(self, number: int, late: timedelta = timedelta(0)) -> list[str]:
        """The run of that morning; which windows it audited anew, by their day."""
        at = killed.day(number) + late
        clock(self.patch, at)
        done = list(run.run(self.model, self.home, None, at, copy=False, patient=True))
        return [each.window[:10] for each in done if each.new]

    def due(self) -> datetime:
        """By when Prometheus is told that the next audit ought to be there."""
        reading = Reading(self.ledger, {"sepsis-alert": read(self.model)}, lambda audit: audit, run.now)
        (said,) = re.findall(r"^rounds_window_due_timestamp_seconds\{.*\} (\S+)$", _scraped(reading), re.M)
        return datetime.fromtimestamp(float(said), UTC)

    def windows(self) -> list[Window]:
        return [Window.parse(str(head.window)) for head in self.ledger.heads("sepsis-alert")]


def _scraped(reading: Reading) -> str:
    return Exposition(reading).text().decode()


@pytest.fixture
def hospital(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hospital:
    return Hospital(tmp_path, 14, monkeypatch)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    with http_receiver() as told:
        monkeypatch.setenv("HOOK", f"http://127.0.0.1:{told.port}/")
        yield told


def test_after_an_outage_every_day_is_audited_oldest_first_and_nobody_is_called_for_what_is_over(
    hospital: Hospital, heard: Heard
) -> None:
    hospital.morning(1)
    # Nobody runs for nine days. On days 3, 6 and 9 most lactates were lost; on day 10 they are back.
    assert hospital.morning(10) == [f"2026-01-{day}" for day in (13, *range(14, 23))]
    raised = [
        e.key for e in hospital.ledger.entries("alert") if e.body["labels"]["metric"] == "missing_share"
    ]
    assert sum(key.endswith("|firing") for key in raised) == 3
    assert sum(key.endswith("|resolved") for key in raised) == 3
    called = [a for body in heard.bodies for a in body["alerts"] if a["labels"]["metric"] == "missing_share"]
    assert [a["status"] for a in called if a["status"] == "firing"] == []
    # On day 12 it is broken again, and Rounds was away on day 11: that page is still true.
    hospital.morning(12)
    called = [a for body in heard.bodies for a in body["alerts"] if a["labels"]["metric"] == "missing_share"]
    assert [a["startsAt"][:10] for a in called if a["status"] == "firing"] == ["2026-01-24"]


def test_a_source_that_is_away_for_three_days_is_made_up_for_when_it_is_back(
    hospital: Hospital, heard: Heard
) -> None:
    hospital.morning(1)
    scores = hospital.folder / "scores.csv"
    scores.rename(hospital.folder / "away.csv")
    for day in (2, 3, 4):
        with pytest.raises(RoundsError, match=r"scores\.csv"):
            hospital.morning(day)
        # RoundsAuditOverdue fires on this, hours after the first run that failed, until it is made up for.
        assert hospital.due() == killed.day(2) + timedelta(hours=6)
    (hospital.folder / "away.csv").rename(scores)
    assert hospital.morning(5) == ["2026-01-13", "2026-01-14", "2026-01-15", "2026-01-16", "2026-01-17"]
    assert [w.duration for w in hospital.windows()] == [timedelta(days=1)] * 5
    assert hospital.due() == killed.day(6) + timedelta(hours=6)


def test_a_first_run_that_failed_is_made_up_for_too(hospital: Hospital, heard: Heard) -> None:
    (hospital.folder / "scores.csv").rename(hospital.folder / "away.csv")
    with pytest.raises(RoundsError):
        hospital.morning(1)
    (hospital.folder / "away.csv").rename(hospital.folder / "scores.csv")
    assert hospital.morning(2) == ["2026-01-13", "2026-01-14"]


def test_a_clock_an_hour_off_looks_at_the_same_windows(hospital: Hospital, heard: Heard) -> None:
    hospital.morning(1)
    assert hospital.morning(2, timedelta(hours=-1)) == ["2026-01-14"]
    assert hospital.morning(2, timedelta(hours=1)) == []
    # An hour slow at half past midnight: the day that has just ended is not over by that clock.
    assert hospital.morning(3, timedelta(hours=-6, minutes=-30)) == []
    assert hospital.morning(3) == ["2026-01-15"]
    assert len(set(hospital.windows())) == len(hospital.windows()) == 3


@pytest.mark.parametrize(
    ("first", "hours"), [("2026-03-28", [24, 23, 24]), ("2026-10-24", [24, 25, 24])], ids=["spring", "autumn"]
)
def test_when_the_clocks_change_no_hour_is_lost_and_none_counted_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, heard: Heard, first: str, hours: list[int]
) -> None:
    hospital = Hospital(tmp_path, 300, monkeypatch)
    hospital.model.write_text(BERLIN)
    zone = read(hospital.model).zone
    start = moment(first, zone)
    for day in range(1, 4):  # six o'clock on the wall, whatever the hour in UTC
        morning = (start.astimezone(zone).replace(tzinfo=None) + timedelta(days=day, hours=6)).replace(
            tzinfo=zone
        )
        clock(monkeypatch, morning)
        list(run.run(hospital.model, hospital.home, None, morning, copy=False, patient=True))
    windows = hospital.windows()
    assert [w.duration // timedelta(hours=1) for w in windows] == hours
    assert windows[0].start == start
    assert all(one.end == two.start for one, two in itertools.pairwise(windows))
    rows = [head.summary["rows"] for head in hospital.ledger.heads("sepsis-alert")]
    assert abs(sum(rows) - killed.A_DAY * sum(hours) / 24) < 1


def _work(model: Path, home: Path, start: multiprocessing.synchronize.Event) -> None:
    start.wait()
    run.now = homes.now = lambda: killed.day(4)  # type: ignore[assignment]
    list(run.run(model, Home.of(os.environ, home), None, killed.day(4), copy=False, patient=True))


def test_two_workers_on_one_deployment_leave_one_audit_each(hospital: Hospital, heard: Heard) -> None:
    hospital.morning(1)
    fresh = multiprocessing.get_context("spawn")
    start = fresh.Event()
    both = [fresh.Process(target=_work, args=(hospital.model, hospital.home.folder, start)) for _ in range(2)]
    for worker in both:
        worker.start()
    start.set()
    for worker in both:
        worker.join(240)
    assert [worker.exitcode for worker in both] == [0, 0]
    audits = [(entry.window, entry.stage) for entry in hospital.ledger.entries("audit")]
    assert len(audits) == len(set(audits))
    assert len(hospital.windows()) == 4
    raised = [e.key for e in hospital.ledger.entries("alert")]
    assert len(raised) == len(set(raised))
    assert hospital.ledger.verify()


def test_rows_that_come_a_day_late_restate_their_window_and_say_what_changed(
    hospital: Hospital, heard: Heard
) -> None:
    hospital.model.write_text(hospital.model.read_text().replace("recount: 0", "recount: 2"))
    scores = hospital.folder / "scores.csv"
    whole = scores.read_text()
    lines = whole.splitlines(keepends=True)
    late = {line for line in lines if line.startswith("v9-") and not line.startswith("v9-1")}
    scores.write_text("".join(line for line in lines if line not in late))
    hospital.morning(1)
    assert hospital.morning(2) == ["2026-01-14"]
    assert hospital.morning(3) == ["2026-01-15"], "the same rows again are no news"
    scores.write_text(whole)
    # The first day's outcomes have matured by then, which is another stage of it.
    assert hospital.morning(4) == ["2026-01-13", "2026-01-14", "2026-01-16"]
    (_, again) = [e for e in hospital.ledger.entries("audit") if str(e.window).startswith("2026-01-14")]
    assert again.summary["revision"] == 2
    assert again.summary["restated"]
    hospital.morning(9)
    scores.write_text(
        "".join(line for line in whole.splitlines(keepends=True) if not line.startswith("v8-1"))
    )
    assert "2026-01-13" not in hospital.morning(10), "that window is past being counted again"


def test_a_window_waits_for_its_delay_and_its_marker(hospital: Hospital, heard: Heard) -> None:
    text = hospital.model.read_text()
    hospital.model.write_text(text.replace("{recount: 0}", "{recount: 0, delay: PT8H}"))
    assert hospital.morning(2) == ["2026-01-13"], "at six the window of yesterday is six hours old"
    assert hospital.morning(2, timedelta(hours=2)) == ["2026-01-14"]
    hospital.model.write_text(
        text.replace("{recount: 0}", '{recount: 0, marker: "done/{start:%Y-%m-%d}.ok"}')
    )
    assert hospital.morning(3) == []
    (hospital.folder / "done").mkdir()
    (hospital.folder / "done" / "2026-01-15.ok").touch()
    assert hospital.morning(3) == ["2026-01-15"]


def test_a_window_waits_for_its_rows_and_a_quiet_one_is_a_finding_in_the_end(
    hospital: Hospital, heard: Heard
) -> None:
    text = hospital.model.read_text()
    hospital.model.write_text(text.replace("{recount: 0}", "{recount: 0, rows: 0.5, patience: PT8H}"))
    scores = hospital.folder / "scores.csv"
    whole = scores.read_text().splitlines(keepends=True)
    lost = [line for line in whole if line.startswith("v11-")]  # the day before the fourth morning
    scores.write_text("".join(line for line in whole if line not in lost[3:]))
    for number in (1, 2, 3):
        hospital.morning(number)
    assert hospital.morning(4) == ["2026-01-13"], "of three rows it is not said that the ward is quiet"
    scores.write_text("".join(whole))
    assert hospital.morning(4, timedelta(hours=3)) == ["2026-01-16"], "its rows came at nine"
    scores.write_text("".join(line for line in whole if not line.startswith("v12-")))
    assert hospital.morning(5) == ["2026-01-14"]
    assert hospital.morning(5, timedelta(hours=3)) == ["2026-01-17"], "nobody waits for ever"
    (quiet,) = [r.audit for r in hospital.ledger.audits("sepsis-alert") if r.audit.rows == 0]
    assert [f.verdict for f in quiet.findings if f.metric == "rows"] == ["beyond"]


def test_a_backfill_that_was_interrupted_goes_on_where_it_stopped(
    hospital: Hospital, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []
    step = run.step

    def counting(config: ModelConfig, window: Window, *given: Any, **named: Any) -> Audit:
        counted.append(str(window)[:10])
        return step(config, window, *given, **named)

    monkeypatch.setattr(run, "step", counting)
    said: list[str] = []

    def filled(days: int) -> Iterator[run.Round]:
        clock(monkeypatch, killed.day(10))
        return backfill(
            hospital.model, hospital.home, killed.day(0), killed.day(days), killed.day(10), copy=False,
            told=said.append,
        )  # fmt: skip

    going = filled(6)
    first = [next(going).window[:10] for _ in range(3)]
    going.close()  # the power went
    scores = hospital.folder / "scores.csv"
    scores.write_text(scores.read_text() + "late-1,2026-01-26T10:00:00Z,0.5,0,2.0\n")
    days = [each.window[:10] for each in filled(6)]
    assert (days[:3], len(days)) == (first, 5)
    assert counted == days, "each once, though the feed has grown since"
    assert said[-1].endswith("(5 of 5)")
    entries = len(hospital.ledger.entries("audit"))
    assert [each.new for each in filled(6)] == [False] * 5
    assert counted[5:] == days[:3], "what was counted from the feed as it was is counted again, once"
    again = len(counted)
    assert [each.new for each in filled(6)] == [False] * 5
    assert len(counted) == again, "and no third time"
    assert len(hospital.ledger.entries("audit")) == entries
