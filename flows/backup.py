"""Backup: the embedded ledger as one file that was checked, and back from it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

from flows.home import Home
from monitors.errors import LedgerError
from monitors.ledger import Ledger

EMBEDDED = "sqlite:///"


def backup(home: Home, to: Path, now: Callable[[], datetime]) -> int:
    """Copy the ledger while others may be writing to it, check the copy's chain; returns its entries.

    The file appears whole or not at all. What is in MLflow and in Prefect can be made again from it.

    Raises LedgerError where the ledger is not a file of this home, or the copy does not hold.
    """
    ledger = _file(home)
    if to.exists():
        raise LedgerError(f"{to}: is there already; give the backup a name of its own")
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _copied(f"file:{ledger}?mode=ro", to, now)
    except sqlite3.Error as error:
        raise LedgerError(f"{to}: the ledger could not be copied: {error}") from None


def restore(home: Home, of: Path, now: Callable[[], datetime]) -> int:
    """Put a backup in the place of a ledger that is gone, once its chain was checked; returns its entries.

    Raises LedgerError where a ledger stands there, or the backup does not hold: nothing is changed then.
    """
    ledger = _file(home, there=False)
    if ledger.exists():
        raise LedgerError(f"{ledger}: a ledger stands there; move it away first, nothing is written over")
    if not of.is_file():
        raise LedgerError(f"{of}: is not there")
    home.make()
    try:
        return _copied(f"file:{of.absolute()}?mode=ro&immutable=1", ledger, now)
    except sqlite3.Error as error:
        raise LedgerError(f"{of}: is no backup of a ledger: {error}") from None


def _copied(held_at: str, place: Path, now: Callable[[], datetime]) -> int:
    """Copy a ledger beside its place and put it there once its chain was checked; returns its entries."""
    part = place.with_name(f".{place.name}.part")
    try:
        part.touch(mode=0o600)
        with closing(sqlite3.connect(held_at, uri=True)) as held, closing(sqlite3.connect(part)) as made:
            held.backup(made)
        entries = Ledger(f"{EMBEDDED}{part.absolute()}", now).verify()
        part.replace(place)
    finally:
        for left in part.parent.glob(f"{part.name}*"):
            left.unlink()
    return entries


def _file(home: Home, *, there: bool = True) -> Path:
    if not home.ledger_url.startswith(EMBEDDED):
        raise LedgerError("ROUNDS_LEDGER_URL names a database server; back it up with its own tool (pg_dump)")
    file = Path(home.ledger_url.removeprefix(EMBEDDED))
    if there and not file.is_file():
        raise LedgerError(f"{file}: there is no ledger yet")
    return file
