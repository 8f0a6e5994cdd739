"""How far a long count is, is told to a terminal and to nobody else."""

from __future__ import annotations

import threading
from typing import Any

import duckdb
import pytest

from commands._auditing import progress
from flows.embedded import embedded, far, followed

ENDLESS = "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b"


def test_a_long_statement_tells_how_far_it_is_until_it_is_stopped() -> None:
    """The query has no end: the first line that says how far it is stops it."""
    backend: Any = embedded()
    heard: list[str] = []

    def line(message: str) -> None:
        heard.append(message)
        if "of a scan" in message:
            backend.con.interrupt()

    with followed(line, every=0.02) as told:
        told("sepsis: 2 Feb 2026")
        with pytest.raises(duckdb.InterruptException):
            backend.raw_sql(ENDLESS).fetchall()
    assert heard[0] == "sepsis: 2 Feb 2026"
    assert heard[-1].startswith("sepsis: 2 Feb 2026, 0:")
    assert heard[-1].endswith("% of a scan")
    assert not [thread for thread in threading.enumerate() if thread.name == "rounds-progress"]
    backend.disconnect()
    assert far() is None


def test_a_pipe_hears_each_thing_once(capfd: pytest.CaptureFixture[str]) -> None:
    with progress(quiet=False) as told:
        told("counting")
        assert not [thread for thread in threading.enumerate() if thread.name == "rounds-progress"]
    heard = capfd.readouterr()
    assert (heard.out, heard.err) == ("", "  counting\n")
