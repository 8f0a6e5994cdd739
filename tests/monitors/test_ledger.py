"""The ledger: one entry whatever races or repeats, and no byte of it changes unnoticed."""

from __future__ import annotations

import multiprocessing
import re
import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitors.audit import Audit, Finding, Stage, Verdict
from monitors.cube import Cube
from monitors.errors import LedgerError, LedgerUnavailable
from monitors.heads import without
from monitors.ledger import GENESIS, Ledger
from monitors.profile import Profile
from monitors.window import Window, moment

START = datetime(2026, 1, 5, tzinfo=UTC)
NOW = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)


def now() -> datetime:
    return NOW


def week(index: int) -> Window:
    return Window(START + timedelta(days=7 * index), START + timedelta(days=7 * index + 7))


def profile(index: int = 0, rows: int = 40) -> Profile:
    return Profile(week(index), rows, 0, None, None, {}, {"": Cube.of("", [("", 1, 1, 3, -1, rows, 9)])})


def audit(index: int = 0, rows: int = 40, stage: Stage = "scored", model: str = "sepsis") -> Audit:
    finding = Finding(
        metric="rows",
        family="quality",
        subject="rows",
        unit="rows per day",
        verdict=Verdict.WITHIN,
        value=rows / 7,
        severity="page",
    )
    return Audit(
        model=model,
        version="2",
        window=week(index),
        stage=stage,
        rows=rows,
        config="sha256:c",
        reference="sha256:r",
        profile=profile(index, rows).digest,
        software="0",
        findings=(finding,),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Ledger:
    return Ledger(f"sqlite:///{path}", now)


# --- appending ---


def test_an_entry_comes_back_as_it_went(ledger: Ledger) -> None:
    body = {"said": "grüß dich", "n": [1, None, 0.1], "none": None}
    written = ledger.append("note", "a", body, model="sepsis", window=str(week(0)), stage="scored")
    found = ledger.get("note", "a")
    assert found == written
    assert found is not None
    assert (found.body, found.at, found.previous) == (body, NOW, GENESIS)
    assert found.window_end == "2026-01-12T00:00:00Z"


def test_the_same_again_changes_nothing(ledger: Ledger) -> None:
    first = ledger.append("note", "a", {"n": 1})
    head = ledger.head()
    assert ledger.append("note", "a", {"n": 1}) == first
    assert ledger.head() == head
    assert ledger.verify() == 1


def test_another_body_under_a_taken_key_is_refused(ledger: Ledger) -> None:
    ledger.append("note", "a", {"n": 1})
    with pytest.raises(LedgerError, match="note 'a' is already in the ledger with another body"):
        ledger.append("note", "a", {"n": 2})
    assert ledger.append("alert", "a", {"n": 2}).seq == 2  # a key belongs to its kind


def test_nothing_is_found_where_nothing_is(ledger: Ledger) -> None:
    assert ledger.get("note", "a") is None
    assert ledger.entries("note") == []
    assert ledger.audits("sepsis") == []
    assert ledger.models() == []
    assert ledger.profile("sha256:0") is None
    assert ledger.head() == GENESIS
    assert ledger.verify() == 0


def test_each_entry_holds_the_hash_of_the_one_before(ledger: Ledger) -> None:
    entries = [ledger.append("note", str(i), {"n": i}) for i in range(5)]
    assert [e.seq for e in entries] == [1, 2, 3, 4, 5]
    assert [e.previous for e in entries] == [GENESIS, *(e.hash for e in entries[:-1])]
    assert ledger.head() == entries[-1].hash
    assert [ledger.place(e.hash) for e in entries] == [1, 2, 3, 4, 5]
    assert ledger.place("sha256:other") is None


def test_an_entry_is_found_by_what_it_says(ledger: Ledger) -> None:
    first = ledger.append("note", "a", {"n": 1})
    ledger.append("note", "b", {"n": 1})
    assert ledger.find("note", first.digest) == first
    assert ledger.find("alert", first.digest) is None


def test_a_number_that_is_none_never_reaches_the_ledger(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="cannot carry nan"):
        ledger.append("note", "a", {"n": float("nan")})
    assert ledger.verify() == 0


def test_a_ledger_opened_again_goes_on(path: Path) -> None:
    Ledger(f"sqlite:///{path}", now).append("note", "a", {})
    again = Ledger(f"sqlite:///{path}", now)
    assert again.append("note", "b", {}).seq == 2
    assert again.verify() == 2


def test_a_ledger_that_cannot_be_opened_says_where(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable, match=r"nowhere/ledger\.db: the ledger cannot be opened"):
        Ledger(f"sqlite:///{tmp_path}/nowhere/ledger.db", now)


# --- races ---


def append_many(url: str, worker: int) -> None:
    ledger = Ledger(url, now)
    for i in range(12):
        ledger.append("note", f"shared {i}", {"n": i})
        ledger.append("note", f"{worker} {i}", {"n": i})


def record_one(url: str, rows: int) -> int:
    recorded, _ = Ledger(url, now).record(audit(rows=rows), profile(rows=rows))
    return recorded.revision


@pytest.fixture(scope="module")
def workers() -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(3, mp_context=context) as pool:
        yield pool


def open_new(url: str) -> int:
    return Ledger(url, now).verify()


def test_a_new_ledger_opens_while_another_writes_the_file(path: Path) -> None:
    # What two that open a new file at once do to each other now and then.
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE theirs (n)")
    other.execute("BEGIN IMMEDIATE")
    leaving = threading.Timer(0.3, other.close)
    leaving.start()
    assert Ledger(f"sqlite:///{path}", now).verify() == 0
    leaving.join()


def test_those_that_open_a_new_ledger_at_once_all_open_it(
    tmp_path: Path, workers: ProcessPoolExecutor
) -> None:
    for i in range(10):
        assert list(workers.map(open_new, [f"sqlite:///{tmp_path}/{i}.db"] * 3)) == [0, 0, 0]


def test_racing_writers_leave_one_whole_chain(path: Path, workers: ProcessPoolExecutor) -> None:
    url = f"sqlite:///{path}"
    list(workers.map(append_many, [url] * 3, range(3)))
    ledger = Ledger(url, now)
    assert ledger.verify() == 12 + 3 * 12
    assert {entry.key for entry in ledger.entries("note")} == {
        *(f"shared {i}" for i in range(12)),
        *(f"{worker} {i}" for worker in range(3) for i in range(12)),
    }


def test_racing_workers_record_one_audit(path: Path, workers: ProcessPoolExecutor) -> None:
    url = f"sqlite:///{path}"
    assert list(workers.map(record_one, [url] * 6, [40] * 6)) == [1] * 6
    assert len(Ledger(url, now).entries("audit")) == 1


def test_racing_workers_that_counted_differently_leave_a_revision_each(
    path: Path, workers: ProcessPoolExecutor
) -> None:
    url = f"sqlite:///{path}"
    assert sorted(workers.map(record_one, [url] * 3, [40, 41, 42])) == [1, 2, 3]
    (standing,) = Ledger(url, now).audits("sepsis")
    assert standing.revision == 3
    assert Ledger(url, now).verify() == 6


def test_what_reads_waits_for_nobody_who_writes(ledger: Ledger, path: Path) -> None:
    ledger.append("note", "a", {})
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert ledger.verify() == 1
        assert [entry.key for entry in ledger.entries("note")] == ["a"]
    with ledger._reading() as reading:
        reading.exec_driver_sql("SELECT 1")
        assert not reading.connection.dbapi_connection.in_transaction  # type: ignore[union-attr]


# --- audits ---


def test_an_audit_and_its_profile_are_recorded_once(ledger: Ledger) -> None:
    recorded, new = ledger.record(audit(), profile())
    again, new_again = ledger.record(audit(), profile())
    assert (new, new_again) == (True, False)
    assert again == recorded
    assert ledger.verify() == 2
    kept = ledger.profile(recorded.audit.profile)
    assert kept is not None
    assert kept.payload() == profile().payload()


def test_a_restated_window_supersedes_and_keeps_what_was_said(ledger: Ledger) -> None:
    ledger.record(audit(rows=40), profile(rows=40))
    restated, new = ledger.record(audit(rows=44), profile(rows=44))
    assert (new, restated.revision) == (True, 2)
    (standing,) = ledger.audits("sepsis")
    assert standing.audit.rows == 44
    assert [e.summary["rows"] for e in ledger.entries("audit")] == [40, 44]


def test_counts_that_return_to_an_earlier_state_are_a_new_revision(ledger: Ledger) -> None:
    for rows in (40, 44, 40):
        ledger.record(audit(rows=rows), profile(rows=rows))
    (standing,) = ledger.audits("sepsis")
    assert (standing.revision, standing.audit.rows) == (3, 40)
    again, new = ledger.record(audit(rows=40), profile(rows=40))
    assert (again.revision, new) == (3, False)


def test_the_outcome_stage_stands_over_the_scored_one_whatever_came_last(ledger: Ledger) -> None:
    ledger.record(audit(stage="outcome"), profile())
    ledger.record(audit(stage="scored", rows=41), profile(rows=41))
    (standing,) = ledger.audits("sepsis")
    assert standing.audit.stage == "outcome"


def test_the_oldest_window_without_outcomes_is_the_one_that_waits(ledger: Ledger) -> None:
    assert ledger.awaiting("sepsis") is None
    for index in (1, 0, 2):
        ledger.record(audit(index), profile(index))
    ledger.record(audit(0, model="other"), profile(0))
    ledger.record(audit(0, stage="outcome"), profile(0))
    assert ledger.awaiting("sepsis") == week(1).end
    ledger.record(audit(0, rows=41), profile(0, rows=41))  # scored again: its outcomes still stand
    assert ledger.awaiting("sepsis") == week(1).end
    for index in (1, 2):
        ledger.record(audit(index, stage="outcome"), profile(index))
    assert ledger.awaiting("sepsis") is None


def test_history_means_before_this_window(ledger: Ledger) -> None:
    for index in (2, 0, 1):  # as a backfill might write them
        ledger.record(audit(index), profile(index))
    assert [r.audit.window for r in ledger.audits("sepsis")] == [week(0), week(1), week(2)]
    assert [r.audit.window for r in ledger.audits("sepsis", before=week(2).start)] == [week(0), week(1)]
    assert ledger.audits("sepsis", before=week(0).start) == []
    assert [r.audit.window for r in ledger.audits("sepsis", last=2)] == [week(1), week(2)]


def test_a_late_revision_of_an_old_window_stays_in_its_place(ledger: Ledger) -> None:
    for index in range(3):
        ledger.record(audit(index), profile(index))
    ledger.record(audit(0, rows=77), profile(0, rows=77))
    assert [r.audit.rows for r in ledger.audits("sepsis")] == [77, 40, 40]


def test_models_are_kept_apart(ledger: Ledger) -> None:
    for model in ("sepsis", "aki"):
        ledger.record(audit(model=model), profile())
    assert ledger.models() == ["aki", "sepsis"]
    assert [r.audit.model for r in ledger.audits("aki")] == ["aki"]
    assert [e.model for e in ledger.heads()] == ["aki", "sepsis"]


def test_versions_of_a_model_have_a_head_each(ledger: Ledger) -> None:
    ledger.record(audit(), profile())
    ledger.record(replace(audit(), version="3"), profile())
    assert sorted(head.version or "" for head in ledger.heads("sepsis")) == ["2", "3"]


def test_audits_without_a_mark_are_those_that_stand_oldest_first(ledger: Ledger) -> None:
    for index in (2, 0, 1):
        ledger.record(audit(index), profile(index))
    ledger.record(audit(0, rows=77), profile(0, rows=77))  # restated: the first no longer stands
    ledger.record(audit(model="aki"), profile())
    ledger.record(replace(audit(1), version="3"), profile(1))

    def unmarked() -> list[int]:
        marked = {entry.key for entry in ledger.entries("copied")}
        heads = [head for head in ledger.heads("sepsis") if head.digest not in marked]
        found = [head.seq for head in heads]
        assert without(ledger.engine, "copied", "sepsis") == sorted(
            found, key=lambda seq: (str(ledger.those([seq])[0].window_end), seq)
        )
        assert ledger.lacking("copied") == len(found) + 1, "and one of the other model"
        return found

    assert len(unmarked()) == 4
    for head in ledger.heads("sepsis")[1:3]:
        ledger.append("copied", head.digest, {"run_id": "a"}, model="sepsis")
    assert len(unmarked()) == 2


@pytest.mark.parametrize("few", [0, 200])
def test_few_or_many_that_lack_a_mark_are_counted(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr("monitors.heads._FEW", few)
    assert ledger.lacking("copied") == 0
    for index in range(3):
        ledger.record(audit(index), profile(index))
    ledger.record(audit(0, rows=77), profile(0, rows=77))  # restated: the first no longer stands
    ledger.record(replace(audit(1), stage="outcome"), profile(1))  # likewise
    assert ledger.lacking("copied") == 3
    for head in ledger.heads("sepsis")[:2]:
        ledger.append("copied", head.digest, {"run_id": "a"}, model="sepsis")
    assert ledger.lacking("copied") == 1


def test_a_head_says_in_short_what_the_audit_found(ledger: Ledger) -> None:
    ledger.record(audit(), profile())
    (head,) = ledger.heads("sepsis")
    assert head.body is None
    assert head.summary["worst"] == "within"
    assert head.summary["families"]["quality"]["within"] == 1


# --- tampering ---


def altered(path: Path, change: Callable[[sqlite3.Connection], object]) -> None:
    """Change the file as someone with the file in hands would: the guard dropped first."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for verb in ("UPDATE", "DELETE"):
            connection.execute(f"DROP TRIGGER IF EXISTS rounds_entries_{verb}")
        change(connection)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rounds_entries SET summary = '{}'",
        "DELETE FROM rounds_entries WHERE seq = 2",
    ],
)
def test_the_database_itself_refuses_to_change_an_entry(ledger: Ledger, path: Path, statement: str) -> None:
    ledger.record(audit(), profile())
    with (
        closing(sqlite3.connect(path)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="the ledger is append-only"),
    ):
        connection.execute(statement)
    assert ledger.verify() == 2


@pytest.mark.parametrize("place", [0, 1, 2, 9, -5, -1])
@pytest.mark.parametrize("seq", [1, 2, 3])
def test_one_changed_byte_of_a_body_is_found(ledger: Ledger, path: Path, seq: int, place: int) -> None:
    for index in range(2):
        ledger.append("note", str(index), {"n": index, "said": "x" * 40})
    ledger.record(audit(), profile())

    def flip(connection: sqlite3.Connection) -> None:
        (body,) = connection.execute("SELECT body FROM rounds_entries WHERE seq = ?", (seq,)).fetchone()
        body = bytearray(body)
        body[place] ^= 1
        connection.execute("UPDATE rounds_entries SET body = ? WHERE seq = ?", (bytes(body), seq))

    altered(path, flip)
    with pytest.raises(LedgerError, match=f"entry {seq} .* was altered"):
        ledger.verify()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "2026-03-02T06:30:00Z"),
        ("kind", "alert"),
        ("key", "another"),
        ("model", "aki"),
        ("version", "9"),
        ("window", str(week(5))),
        ("window_end", "2027-01-01T00:00:00Z"),
        ("stage", "outcome"),
        ("summary", '{"worst":"within"}'),
        ("body", zlib.compress(b'{"n":2}')),
        ("digest", "sha256:" + "1" * 64),
        ("previous", "sha256:" + "2" * 64),
        ("hash", "sha256:" + "3" * 64),
    ],
)
def test_a_changed_field_is_found(ledger: Ledger, path: Path, column: str, value: object) -> None:
    ledger.append(
        "note",
        "a",
        {"n": 1},
        model="m",
        version="1",
        window=str(week(0)),
        stage="scored",
        summary={"worst": "x"},
    )
    ledger.append("note", "b", {"n": 1})
    altered(path, lambda c: c.execute(f"UPDATE rounds_entries SET {column} = ? WHERE seq = 1", (value,)))
    with pytest.raises(LedgerError, match=r"entry 1 \(.*\) was altered"):
        ledger.verify()


def test_a_body_that_cannot_be_read_is_told_as_an_altered_entry(ledger: Ledger, path: Path) -> None:
    ledger.append("note", "a", {"n": 1})
    altered(path, lambda c: c.execute("UPDATE rounds_entries SET body = x'00'"))
    with pytest.raises(LedgerError, match=r"entry 1 \(note a\) was altered"):
        ledger.get("note", "a")


def test_an_entry_taken_out_of_the_middle_is_found(ledger: Ledger, path: Path) -> None:
    for i in range(4):
        ledger.append("note", str(i), {"n": i})
    altered(path, lambda c: c.execute("DELETE FROM rounds_entries WHERE seq = 2"))
    with pytest.raises(LedgerError, match="entry 3"):
        ledger.verify()


def test_two_entries_that_changed_places_are_found(ledger: Ledger, path: Path) -> None:
    for i in range(3):
        ledger.append("note", str(i), {"n": i})

    def swap(connection: sqlite3.Connection) -> None:
        for before, after in ((2, 9), (3, 2), (9, 3)):
            connection.execute("UPDATE rounds_entries SET seq = ? WHERE seq = ?", (after, before))

    altered(path, swap)
    with pytest.raises(LedgerError, match="entry 2"):
        ledger.verify()


def test_a_cut_off_tail_shows_against_the_head_that_was_noted(ledger: Ledger, path: Path) -> None:
    for i in range(3):
        ledger.append("note", str(i), {"n": i})
    noted = ledger.head()
    altered(path, lambda c: c.execute("DELETE FROM rounds_entries WHERE seq = 3"))
    assert ledger.verify() == 2  # a chain alone cannot know how long it was
    assert ledger.place(noted) is None


def test_opening_a_ledger_puts_its_guard_back(ledger: Ledger, path: Path) -> None:
    ledger.append("note", "a", {})
    altered(path, lambda c: None)
    Ledger(f"sqlite:///{path}", now)
    with (
        closing(sqlite3.connect(path)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        connection.execute("DELETE FROM rounds_entries")


# --- PostgreSQL ---


@pytest.mark.server
def test_the_same_holds_in_postgresql(postgres: str, workers: ProcessPoolExecutor) -> None:
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE DATABASE ledger")
    parts = dict(re.findall(r"(\w+)=(\S+)", postgres))
    url = f"postgresql+psycopg://{parts['user']}@/ledger?host={parts['host']}&port={parts['port']}"
    ledger = Ledger(url, now)
    recorded, new = ledger.record(audit(), profile())
    assert new
    assert ledger.record(audit(), profile()) == (recorded, False)
    with pytest.raises(LedgerError, match="with another body"):
        ledger.append("profile", recorded.audit.profile, {"n": 2})

    list(workers.map(append_many, [url] * 3, range(3)))
    assert ledger.verify() == 2 + 12 + 3 * 12

    made = "SELECT xmin::text FROM pg_trigger WHERE tgname LIKE 'rounds_entries_%' ORDER BY tgname"
    with psycopg.connect(postgres.replace("dbname=postgres", "dbname=ledger")) as connection:
        first = connection.execute(made).fetchall()
        connection.commit()
        Ledger(url, now)
        assert connection.execute(made).fetchall() == first, "nobody who writes is made to wait for guards"
        connection.execute("DROP TRIGGER rounds_entries_guard ON rounds_entries")
        connection.commit()
        Ledger(url, now)
        for statement in ("UPDATE rounds_entries SET summary = '{}'", "DELETE FROM rounds_entries"):
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                connection.execute(statement)
            connection.rollback()
    assert [r.audit.window for r in ledger.audits("sepsis", before=moment("2026-02-01"))] == [week(0)]
