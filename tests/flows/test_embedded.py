"""How far a long count is, is told to a terminal and to nobody else."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from commands._auditing import progress
from flows.embedded import embedded, far, followed, shut

LONG = "SELECT sum(a.range * b.range) FROM range(10000) a, range(10000) b"


def test_a_long_statement_tells_how_far_it_is() -> None:
    backend: Any = embedded()
    heard: list[str] = []
    with followed(heard.append, every=0.02) as told:
        told("sepsis: 2 Feb 2026")
        for _ in range(1000):  # on any machine one of them takes long enough to be asked how far it is
            backend.raw_sql(LONG).fetchall()
            if any("of a scan" in line for line in heard):
                break
    assert heard[0] == "sepsis: 2 Feb 2026"
    assert all(line.startswith("sepsis: 2 Feb 2026, 0:") for line in heard[1:])
    assert any(line.endswith("% of a scan") for line in heard)
    assert not [thread for thread in threading.enumerate() if thread.name == "rounds-progress"]
    shut(backend)
    assert far() is None


def test_a_pipe_hears_each_thing_once(capfd: pytest.CaptureFixture[str]) -> None:
    with progress(quiet=False) as told:
        told("counting")
        assert not [thread for thread in threading.enumerate() if thread.name == "rounds-progress"]
    heard = capfd.readouterr()
    assert (heard.out, heard.err) == ("", "  counting\n")
