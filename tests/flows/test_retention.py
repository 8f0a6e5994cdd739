"""Retention: hours become days, what the rule lets go is named first, and nothing else ever goes."""

from __future__ import annotations

import itertools
import re
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows import retention
from flows.home import Home
from flows.owing import repair
from flows.retention import read, retain, rule_for
from flows.source import read as read_model
from monitors import removal, rollup
from monitors.audit import Audit, Finding, Verdict
from monitors.canonical import digest
from monitors.copies import COPIED
from monitors.entry_table import REMOVED
from monitors.errors import ConfigError, LedgerError, Removed
from monitors.governance.matters import REPORT
from monitors.histogram import NumericBins
from monitors.ledger import Ledger
from monitors.profile import Profile
from monitors.reference import Reference
from monitors.release import keep
from monitors.retention import RETAINED, done
from monitors.rollup import standing_for
from monitors.window import Length, Window, moment
from tests.monitors.test_config import says
from tests.monitors.test_rollup import Row, counted

BAD = sorted((Path(__file__).parents[1] / "configs_bad" / "retention").glob("*.yaml"))
MODEL = """\
model: sepsis
version: "2"
source: {kind: files, path: none.csv}
columns: {time: at, score: risk, numeric: [lactate]}
window: PT6H
reference: {from: 2026-01-05, to: 2026-02-02}
"""
RULE = "roll_up: {after: P7D}\n"
SUMMED = "roll_up after P7D into P1D"
KEEP = "keep: {profiles: P6M, audits: P1Y}\n"
START = moment("2026-03-27")
DAYS = 4  # of four windows; of the sixteen the last twelve stay
LATER = moment("2026-04-20")
BINS = NumericBins((0.0, 1.0, 2.0), (0.5, 1.5), 0.5)
ROW: Row = (61, "f", 1, 1, 0.5)


class Kept:
    """A home with a model of four windows a day, audited, released, copied and weighed."""

    def __init__(self, folder: Path, rule: str = RULE, ledger: bytes = b"", url: str = "") -> None:
        self.folder, self.model = folder, folder / "sepsis.yaml"
        self.model.write_text(MODEL)
        (folder / "retention.yaml").write_text(rule)
        self.home = Home.of({"ROUNDS_LEDGER_URL": url} if url else {}, folder / "home").make()
        self.file = self.home.folder / "ledger.db"
        if ledger:
            self.file.write_bytes(ledger)
        self.ledger = Ledger(self.home.ledger_url, lambda: LATER)
        self.config = read_model(self.model)
        self.reference = self.compared("2026-02-01")

    def compared(self, day: str) -> Reference:
        """A reference of that day, kept."""
        window = Window(moment(day), moment(day) + timedelta(days=1))
        made = Reference(counted([ROW], window, window), ())
        given = {"model": "sepsis", "version": "2", "window": str(window)}
        self.ledger.append("reference", day, made.payload(), **given)
        return made

    def windows(self, days: int, first: int = 0) -> list[Window]:
        """So many days of windows of six hours, from a day on."""
        start = START + timedelta(days=first)
        return list(self.config.grid.inside(start, start + timedelta(days=days)))

    def record(self, window: Window, profile: Profile | None = None, *, done: bool = True) -> Audit:
        """An audited window; `done`, and nobody is owed anything of it."""
        profile = profile or counted([ROW], window, window)
        audit = Audit(
            model="sepsis", version="2", window=window, stage="scored", rows=profile.rows, config="sha256:c",
            reference=self.reference.digest, profile=profile.digest, software="0", findings=(FOUND,),
        )  # fmt: skip
        self.ledger.record(audit, profile)
        if done:
            keep(self.ledger, audit)
            for kind in (COPIED, "weighed"):
                self.ledger.append(kind, audit.digest, {"run_id": "r"}, model="sepsis", window=str(window))
        return audit

    def retain(self, at: datetime = LATER, **given: Any) -> retention.Retained:
        return retain([self.model], self.home, at, **given)

    def there(self, kind: str) -> set[str]:
        """Windows whose body of a kind is still there."""
        return {str(e.window)[:13] for e in self.ledger.entries(kind) if not e.gone}


FOUND = Finding(
    metric="rows", family="quality", subject="rows", unit="rows per day", verdict=Verdict.WITHIN, value=1.0,
    severity="page",
)  # fmt: skip


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A ledger of so many days, as a file."""
    made = Kept(tmp_path_factory.mktemp("filled"))
    for window in made.windows(DAYS):
        made.record(window)
    with closing(sqlite3.connect(made.file)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return made.file.read_bytes()


@pytest.fixture
def held(tmp_path: Path, filled: bytes) -> Kept:
    return Kept(tmp_path, ledger=filled)


@pytest.fixture
def old(tmp_path: Path, filled: bytes) -> Kept:
    """The same under a rule of half a year and a year."""
    return Kept(tmp_path, KEEP, filled)


# --- hours become days ---


def test_windows_become_days_and_their_own_counts_go_but_for_the_last(held: Kept) -> None:
    before = {str(e.window): e.body["rows"] for e in held.ledger.entries("profile")}
    done = held.retain()
    days = held.ledger.entries(rollup.KIND)
    assert [str(day.window)[:10] for day in days] == ["2026-03-27", "2026-03-28", "2026-03-29", "2026-03-30"]
    assert done.summed == {"sepsis": 4}
    assert done.removed == {SUMMED: 4}
    there = held.there("profile")
    assert (len(there), min(there)) == (12, "2026-03-28T00")
    assert held.ledger.checked().removed == done.removed
    for day in days:
        first = str(day.window)[:10]
        parts = [e.digest for e in held.ledger.entries("profile") if str(e.window)[:10] == first]
        assert day.body["parts"] == parts
        assert day.body["profile"]["rows"] == sum(n for w, n in before.items() if w[:10] == first)


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"], ids=["23 hours", "25 hours"])
def test_what_stands_for_hours_is_the_day_as_if_counted_at_once(tmp_path: Path, day: str) -> None:
    held = Kept(tmp_path)
    held.model.write_text(MODEL.replace("PT6H", "PT1H") + "timezone: Europe/Berlin\n")
    config = read_model(held.model)
    start = moment(day, config.zone)
    whole = Window(start, moment(f"{day[:8]}{int(day[8:]) + 1}", config.zone))
    rows: list[Row] = [(n * 37 % (23 * 60), "fm"[n % 2], n % 3 - 1, n % 2, n % 4 / 2) for n in range(60)]
    for hour in config.grid.inside(whole.start, whole.end):
        last = held.record(hour, counted(rows, whole, hour), done=False)
    (found,) = rollup.sums(held.ledger, config, Length.parse("P1D"), whole.end)
    rollup.keep(held.ledger, config, found)
    stands = standing_for(held.ledger, last)
    assert stands is not None
    assert stands.profile is not None
    assert stands.profile.digest == counted(rows, whole, whole).digest
    assert len(stands.parts) == whole.duration / timedelta(hours=1)


def test_a_day_that_lacks_a_window_keeps_the_others(held: Kept) -> None:
    first, second, _, last = held.windows(1, first=-1)
    for window in (first, second, last):
        held.record(window)
    done = held.retain()
    assert done.summed == {"sepsis": 4}
    (why,) = done.waiting["sepsis"]
    assert why.startswith("nothing was counted from 2026-03-26T12:00:00Z")
    assert {str(w)[:13] for w in (first, second, last)} <= held.there("profile")


# --- what never goes, and what goes first ---


def test_what_a_report_cites_stays(held: Kept) -> None:
    cited = Window(START, START + timedelta(hours=12))
    held.ledger.append(REPORT, "R-1", {"said": "a report"}, model="sepsis", window=str(cited))
    assert held.retain().removed == {SUMMED: 2}
    assert {"2026-03-27T00", "2026-03-27T06"} <= held.there("profile")


def test_what_is_old_goes_by_kind_and_what_people_said_never(old: Kept) -> None:
    said = ("report", "decision_recorded", "alert", "told", "plan_registered", "config")
    for kind in said:
        old.ledger.append(kind, "old", {"said": kind}, model="sepsis", window=str(old.windows(1)[-1]))
    assert old.retain(START + timedelta(days=180)).removed == {}
    # A report cites the fourth window; the twelve after it are the last.
    assert old.retain(START + timedelta(days=200)).removed == {"profiles P6M": 3}
    assert len(old.there("audit")) == len(old.there("release")) == 16
    assert old.retain(START + timedelta(days=400)).removed == {"audits P1Y": 3 * 3}
    assert {len(old.there(kind)) for kind in ("profile", "audit", "release", "weighed")} == {13}
    assert all(old.there(kind) for kind in (*said, COPIED))
    assert old.ledger.checked().removed == {"profiles P6M": 3, "audits P1Y": 9}


def test_findings_that_mlflow_or_somebody_on_call_is_owed_stay(old: Kept) -> None:
    owed = old.windows(1, first=-1)[0]
    old.record(owed, done=False)
    assert old.retain(START + timedelta(days=400)).removed == {"profiles P6M": 5, "audits P1Y": 3 * 4}
    assert str(owed)[:13] in old.there("audit")


def test_windows_whose_outcomes_are_awaited_stay_and_are_not_added_up(held: Kept) -> None:
    columns = "columns: {time: at, score: risk, numeric: [lactate]}"
    awaited = (
        columns.replace("score: risk", "score: risk, outcome: sepsis") + "\noutcome: {matures_after: P3D}"
    )
    held.model.write_text(MODEL.replace(columns, awaited))
    (held.folder / "retention.yaml").write_text(RULE + KEEP)
    done = held.retain(START + timedelta(days=400))
    assert (done.summed, done.removed) == ({}, {})


def test_a_reference_goes_when_no_kept_window_was_compared_with_it(old: Kept) -> None:
    stays, old.reference = old.reference, old.compared("2026-02-02")
    old.record(old.windows(1, first=-1)[0])
    assert old.retain(START + timedelta(days=200)).removed == {"profiles P6M": 5 + 1}
    gone, there = (old.ledger.find("reference", each.digest) for each in (old.reference, stays))
    assert there is not None
    assert not there.gone
    assert gone is not None
    words = (
        "the counts of the reference of sepsis .* were removed on .* under the retention rule `profiles P6M`"
    )
    with pytest.raises(Removed, match=words):
        Reference.read(gone.body)


# --- repeated, interrupted, twice at once ---


def file_of(ledger: Ledger) -> str:
    return ledger.url.removeprefix("sqlite:///")


def bodies(ledger: Ledger) -> list[tuple[str, str, bool]]:
    with closing(sqlite3.connect(file_of(ledger))) as read:
        return read.execute(
            "SELECT kind, digest, length(body) > 0 FROM rounds_entries WHERE kind != 'retained' ORDER BY seq"
        ).fetchall()


def test_again_changes_nothing(held: Kept) -> None:
    first = held.retain()
    before = bodies(held.ledger)
    assert held.retain(LATER + timedelta(minutes=1)).removed == {}
    assert bodies(held.ledger) == before
    assert len(held.ledger.entries(RETAINED)) == 2
    told = done(held.ledger)
    assert told is not None
    assert (told.bodies, told.bytes) == (4, first.freed)


def test_what_would_go_at_once_is_not_added_up_before(old: Kept) -> None:
    (old.folder / "retention.yaml").write_text(RULE + KEEP)
    at = START + timedelta(days=200)
    said = old.retain(at, dry=True)
    assert (said.summed, said.removed) == ({}, {"profiles P6M": 4})
    assert old.retain(at) == said


def test_the_glance_of_a_model_that_is_paused_stays_whoever_wrote_it(old: Kept) -> None:
    for number in range(2):  # as an older Rounds wrote it, without its window
        old.ledger.append("glance", f"sepsis|{number}", {"said": number}, model="sepsis")
    old.retain(LATER + timedelta(days=4000))
    assert [e.gone for e in sorted(old.ledger.entries("glance"), key=lambda e: e.seq)] == [True, False]


def test_a_run_after_a_backfill_that_went_again_finds_nothing_to_repair(old: Kept) -> None:
    old.record(old.windows(1, first=-900)[0])  # the last that was written, and the oldest window
    old.retain(START + timedelta(days=400))
    repair(old.config, old.ledger)


def test_a_dry_run_says_what_a_run_does_and_changes_nothing(held: Kept) -> None:
    head = held.ledger.head()
    said = held.retain(dry=True)
    assert held.ledger.head() == head
    assert held.retain() == said


class Crash(Exception):
    """The power went."""


def test_a_crash_at_any_step_is_repaired_by_the_next_run(
    held: Kept, filled: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    held.retain()
    wanted = set(bodies(held.ledger))
    for step in itertools.count(1):
        for left in held.file.parent.glob("ledger.db*"):
            left.unlink()
        held.file.write_bytes(filled)
        taken = itertools.count(1)

        def stepping(call: Callable[..., Any], taken: Any = taken, step: int = step) -> Callable[..., Any]:
            def stepped(*given: Any, **named: Any) -> Any:
                if next(taken) == step:
                    raise Crash
                return call(*given, **named)

            return stepped

        with monkeypatch.context() as patch:
            patch.setattr(Ledger, "append", stepping(Ledger.append))
            patch.setattr(retention, "blank", stepping(removal.blank))
            patch.setattr(retention, "give_back", stepping(removal.give_back))
            try:
                held.retain()
            except Crash:
                assert held.ledger.verify(), "a ledger that was left half way holds"
            else:
                break
        held.retain(LATER + timedelta(minutes=1))
        assert set(bodies(held.ledger)) == wanted
        assert held.ledger.checked().removed == {SUMMED: 4}
    assert step > 8  # the rule, four sums, what goes, emptying it, the space, the end


def test_two_at_once_do_no_more_than_one(held: Kept) -> None:
    failed: list[BaseException] = []

    def one() -> None:
        try:
            held.retain()
        except BaseException as error:  # noqa: BLE001  told below
            failed.append(error)

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert held.ledger.checked().removed == {SUMMED: 4}
    assert len(held.there("profile")) == 12


def test_the_space_is_given_back(old: Kept) -> None:
    for n in range(8):  # as large as real ones
        noise = {"said": [digest([n, i]) for i in range(600)]}
        old.ledger.append("weighed", f"w{n}", noise, model="sepsis", window=str(old.windows(1)[0]))
    before = old.file.stat().st_size
    with closing(sqlite3.connect(old.file)) as file:
        (body,) = file.execute("SELECT body FROM rounds_entries WHERE key = 'w0'").fetchone()
    needle = body[1000:1100]
    assert needle in b"".join(part.read_bytes() for part in old.file.parent.glob("ledger.db*"))
    done = old.retain(START + timedelta(days=400))
    assert done.freed > 150_000
    assert old.file.stat().st_size < before - 0.8 * done.freed
    kept = b"".join(part.read_bytes() for part in old.file.parent.glob("ledger.db*"))
    assert needle not in kept


# --- nobody else may ---


def emptied(ledger: Ledger, where: str, *, guarded: bool) -> None:
    """Empty bodies by hand, as somebody with the file would; the guard taken away first, or not."""
    with closing(sqlite3.connect(file_of(ledger))) as file, file:
        if not guarded:
            file.execute("DROP TRIGGER rounds_entries_UPDATE")
        file.execute(f"UPDATE rounds_entries SET body = x'' WHERE {where}")


def test_a_body_that_no_entry_names_cannot_be_emptied_and_is_missed(held: Kept) -> None:
    held.retain()
    last = "kind = 'profile' AND length(body) > 0"
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        emptied(held.ledger, last, guarded=True)
    held.ledger.verify()
    emptied(held.ledger, f"seq = (SELECT max(seq) FROM rounds_entries WHERE {last})", guarded=False)
    with pytest.raises(
        LedgerError, match="was altered: its body is gone, and no entry says that a rule let it go"
    ):
        held.ledger.verify()
    gone = next(e for e in held.ledger.entries("profile")[::-1] if e.gone)
    with pytest.raises(LedgerError, match="was altered"):
        Profile.read(gone.body)


def test_an_entry_that_names_what_never_goes_lets_nothing_go(held: Kept) -> None:
    report = held.ledger.append(REPORT, "R-1", {"said": "no"}, model="sepsis", window=str(held.windows(1)[0]))
    named = {"rule": "profiles P6M", "by": "sha256:0", "entries": [[report.seq, "report", report.digest]]}
    said = {"rule": "profiles P6M", "entries": [report.seq]}
    held.ledger.append(
        REMOVED, "forged", named, model="sepsis", window=str(held.windows(DAYS)[-1]), summary=said
    )
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        emptied(held.ledger, f"seq = {report.seq}", guarded=True)
    emptied(held.ledger, f"seq = {report.seq}", guarded=False)
    with pytest.raises(LedgerError, match=r"entry \d+ \(report R-1\) was altered"):
        held.ledger.verify()


def test_a_body_that_may_go_cannot_be_exchanged(held: Kept) -> None:
    held.retain()
    for change in ("body = x'00'", "body = x'', summary = '{}'", "body = NULL"):
        with (
            closing(sqlite3.connect(held.file)) as file,
            pytest.raises(sqlite3.IntegrityError),
        ):
            file.execute(f"UPDATE rounds_entries SET {change} WHERE kind = 'profile'")
    held.ledger.verify()


@pytest.mark.server
def test_postgresql_lets_go_of_the_same_and_of_nothing_else(
    postgres: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE DATABASE retention")
    parts = dict(re.findall(r"(\w+)=(\S+)", postgres))
    url = f"postgresql+psycopg://{parts['user']}@/retention?host={parts['host']}&port={parts['port']}"
    held = Kept(tmp_path, url=url)
    caplog.clear()
    for window in held.windows(DAYS):
        held.record(window)
    done = held.retain()
    assert (done.summed, done.removed) == ({"sepsis": 4}, {SUMMED: 4})
    assert done.freed > 0
    assert not caplog.records, "the table was vacuumed"
    assert held.ledger.checked().removed == {SUMMED: 4}
    assert len(held.there("profile")) == 12
    first = "seq = (SELECT max(seq) FROM rounds_entries WHERE kind = 'profile')"
    for change in (f"body = '' WHERE {first}", f"body = 'x' WHERE {first}", "summary = '{}' WHERE seq = 1"):
        with (
            psycopg.connect(postgres.replace("dbname=postgres", "dbname=retention")) as connection,
            pytest.raises(psycopg.errors.RaiseException, match="append-only"),
        ):
            connection.execute(f"UPDATE rounds_entries SET {change}".encode())
    assert held.retain(LATER + timedelta(minutes=1)).removed == {}


# --- the rule's file ---


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_mistake_in_the_rule_is_told_in_these_words(path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(path)
    assert says(path)
    assert list(caught.value.problems) == says(path)


def test_without_a_rule_nothing_is_removed(held: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    (held.folder / "retention.yaml").unlink()
    head = held.ledger.head()
    assert held.retain() == retention.Retained()
    assert held.ledger.head() == head
    with pytest.raises(ConfigError, match="ROUNDS_RETENTION names a file that is not there"):
        rule_for(held.model, {"ROUNDS_RETENTION": str(held.folder / "none.yaml")})
