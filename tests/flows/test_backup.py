"""A backup is taken while Rounds writes, is whole, and stands in for a ledger that is gone."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.backup import backup, restore
from flows.home import Home
from monitors.errors import LedgerError
from monitors.ledger import Ledger


def now() -> datetime:
    return datetime(2026, 1, 5, tzinfo=UTC)


def filled(home: Home, entries: int) -> Ledger:
    ledger = Ledger(home.make().ledger_url, now)
    for number in range(entries):
        ledger.append("note", str(number), {"said": "x" * 200})
    return ledger


def test_what_is_lost_is_brought_back_entry_by_entry(tmp_path: Path) -> None:
    home, kept = Home.of({}, tmp_path / "home"), tmp_path / "safe" / "monday.db"
    head = filled(home, 20).head()
    assert backup(home, kept, now) == 20
    assert [file.name for file in kept.parent.iterdir()] == ["monday.db"]
    assert kept.stat().st_mode & 0o077 == 0, "nobody else may read it"
    for file in home.folder.glob("ledger.db*"):
        file.unlink()
    assert restore(home, kept, now) == 20
    again = Ledger(home.ledger_url, now)
    assert (again.head(), again.verify()) == (head, 20)
    assert again.append("note", "20", {}).seq == 21
    assert kept.is_file()


def test_a_backup_that_is_taken_while_others_write_holds(tmp_path: Path) -> None:
    home = Home.of({}, tmp_path / "home")
    ledger = filled(home, 5)
    stop = threading.Event()

    def write() -> None:
        number = 100
        while not stop.is_set():
            ledger.append("note", str(number), {})
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        counts = [backup(home, tmp_path / f"{number}.db", now) for number in range(3)]
    finally:
        stop.set()
        writer.join()
    assert counts == sorted(counts)
    assert counts[0] >= 5


def test_nothing_is_written_over_and_nothing_broken_is_taken_back(tmp_path: Path) -> None:
    home = Home.of({}, tmp_path / "home")
    with pytest.raises(LedgerError, match="no ledger yet"):
        backup(home, tmp_path / "a.db", now)
    filled(home, 3)
    backup(home, tmp_path / "a.db", now)
    with pytest.raises(LedgerError, match="is there already"):
        backup(home, tmp_path / "a.db", now)
    with pytest.raises(LedgerError, match="a ledger stands there"):
        restore(home, tmp_path / "a.db", now)
    other = Home.of({}, tmp_path / "other")
    (tmp_path / "b.db").write_bytes(b"not a database, but long enough to look like one" * 100)
    with pytest.raises(LedgerError, match="no backup of a ledger"):
        restore(other, tmp_path / "b.db", now)
    with pytest.raises(LedgerError, match="is not there"):
        restore(other, tmp_path / "c.db", now)
    broken = bytearray((tmp_path / "a.db").read_bytes())
    place = broken.find(b'"note"') if b'"note"' in broken else broken.find(b"note")
    broken[place : place + 4] = b"nope"
    (tmp_path / "d.db").write_bytes(bytes(broken))
    with pytest.raises(LedgerError):
        restore(other, tmp_path / "d.db", now)
    assert not list(other.folder.glob("*ledger.db*"))
    server = Home.of({"ROUNDS_LEDGER_URL": "postgresql+psycopg://db/rounds"}, tmp_path / "server")
    with pytest.raises(LedgerError, match="pg_dump"):
        backup(server, tmp_path / "e.db", now)
