"""The embedded engine, opened the same way everywhere: in UTC, drawing nothing, and telling how far it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakSet

import duckdb
import ibis

_EVERY = 0.5  # seconds
_LONG = 3.0  # seconds, of which a person would begin to ask
_opened: WeakSet[Any] = WeakSet()
_lock = threading.Lock()


def embedded(path: str | Path | None = None, **options: Any) -> Any:
    """An embedded DuckDB, in memory or of a file, as an Ibis backend.

    Its own progress bar would be drawn into notebooks and pipes, so it is never drawn; how far a
    statement is can be asked all the same.
    """
    backend: Any = ibis.duckdb.connect(*([path] if path is not None else []), **options)
    backend.raw_sql("SET TimeZone = 'UTC'")
    backend.raw_sql("SET enable_progress_bar = true")
    backend.raw_sql("SET enable_progress_bar_print = false")
    with _lock:
        _opened.add(backend)
    return backend


def shut(backend: Any) -> None:
    """Close an engine, whatever it is still doing; other engines are closed as they are.

    DuckDB waits on closing for what its threads are at, and a count that was given up with Ctrl-C may
    have hours to go: on a busy machine they do not notice by themselves.
    """
    if isinstance(backend.con, duckdb.DuckDBPyConnection):
        backend.con.interrupt()
    backend.disconnect()


def far() -> float | None:
    """How far the engine is with what it does now, in percent; None where it cannot say."""
    with _lock:
        held = list(_opened)
    parts = []
    for backend in held:
        try:
            parts.append(float(backend.con.query_progress()))
        except Exception:  # noqa: BLE001, S112  closed meanwhile; nothing may fail because of it
            continue
    return max((part for part in parts if part >= 0), default=None)


@contextmanager
def followed(line: Callable[[str], None], every: float = _EVERY) -> Iterator[Callable[[str], None]]:
    """A line of a terminal that goes on telling how far and how long, while one thing is done.

    For terminals alone: in a pipe or a log each of these would be a line of its own.
    """
    done, said = threading.Event(), _Said()

    def follow() -> None:
        while not done.wait(every):
            doing, seconds = said.now()
            if doing and (seconds >= _LONG or every < _EVERY):
                line(telling(doing, far(), seconds))

    def told(message: str) -> None:
        said.say(message)
        line(message)

    follower = threading.Thread(target=follow, name="rounds-progress", daemon=True)
    follower.start()
    try:
        yield told
    finally:
        done.set()
        follower.join()


def telling(doing: str, part: float | None, seconds: float) -> str:
    """One line.

    >>> telling("sepsis: 2 Feb 2026 to 9 Feb 2026", 41.7, 75.2)
    'sepsis: 2 Feb 2026 to 9 Feb 2026, 1:15, 42 % of a scan'
    """
    far = "" if part is None else f", {min(part, 100):.0f} % of a scan"
    return f"{doing}, {seconds // 60:.0f}:{seconds % 60:02.0f}{far}"


class _Said:
    """What was said last, and when."""

    def __init__(self) -> None:
        self._held = ("", time.monotonic())

    def say(self, message: str) -> None:
        """Begin to count anew."""
        self._held = (message, time.monotonic())

    def now(self) -> tuple[str, float]:
        """What is being done, and for how many seconds."""
        doing, since = self._held
        return doing, time.monotonic() - since
