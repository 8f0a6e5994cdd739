"""The shelf: draws behind chance kept from one run to the next, in one file that may be deleted at any time.

A fixed reference is drawn from again every night, and the draws are the same each time: a quarter of what
an audit costs. A run is a process of its own, so they are kept beside it.
"""

from __future__ import annotations

import logging
import sqlite3
from datetime import date
from hashlib import blake2b
from pathlib import Path

import numpy as np

from monitors.histogram import Floats

log = logging.getLogger("rounds")
DAYS = 60  # what is older is drawn anew: a reference that nobody compares with any more leaves no trace
_PATIENCE = 5.0  # seconds another run may be writing
_TABLE = "CREATE TABLE IF NOT EXISTS draws (key TEXT PRIMARY KEY, day INTEGER, mark BLOB, held BLOB)"


class Shelf:
    """Draws by their keys, in a SQLite file that is made when the first are put.

    A file that cannot be read or written costs time and never an audit: a line in the log says so, and
    everything is drawn. What is not what was put, to the byte, is as if it were not there.

    Args:
        path: of the file.
        today: the day of what is put now; what is older than `DAYS` is let go.

    >>> import tempfile
    >>> shelf = Shelf(Path(tempfile.mkdtemp()) / "chance.db", date(2026, 1, 5))
    >>> shelf.put("psi of lactate", np.array([0.01, 0.02]))
    >>> shelf.get("psi of lactate"), shelf.get("psi of age")
    (array([0.01, 0.02]), None)
    >>> shelf.close()
    """

    def __init__(self, path: Path, today: date) -> None:
        self._path, self._today = path, today.toordinal()
        self._opened: sqlite3.Connection | None = None
        self._broken = self._swept = False

    def get(self, key: str) -> Floats | None:
        """What was put under a key, or None; its memory may not be written to."""
        try:
            if self._broken or (self._opened is None and not self._path.exists()):
                return None
            found = self._file.execute("SELECT mark, held FROM draws WHERE key = ?", (key,)).fetchone()
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)
            return None
        if found is None or blake2b(found[1]).digest() != found[0]:
            return None
        return np.frombuffer(found[1], dtype="<f8")

    def put(self, key: str, draws: Floats) -> None:
        """Keep draws; what has been here for long goes, once in a run that puts any."""
        held = np.asarray(draws, dtype="<f8").tobytes()
        try:
            if self._broken:
                return
            if not self._swept:
                self._swept = True
                self._file.execute("DELETE FROM draws WHERE day < ?", (self._today - DAYS,))
            row = (key, self._today, blake2b(held).digest(), held)
            self._file.execute("INSERT OR REPLACE INTO draws VALUES (?, ?, ?, ?)", row)
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)

    def close(self) -> None:
        """Let the file go."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    @property
    def _file(self) -> sqlite3.Connection:
        if self._opened is None:
            self._path.touch(mode=0o600)
            self._opened = sqlite3.connect(
                self._path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )
            self._opened.execute("PRAGMA journal_mode=WAL")
            self._opened.execute("PRAGMA synchronous=NORMAL")
            self._opened.execute(_TABLE)
        return self._opened

    def _give_up(self, error: Exception) -> None:
        self._broken = True
        self.close()
        log.warning("%s: draws are not kept between runs, which costs time only: %s", self._path, error)
