"""Draws kept between runs: the same verdicts for less work, and never an audit lost to a broken file."""

from __future__ import annotations

import logging
import sqlite3
from collections import OrderedDict
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from flows import shelf as shelves
from flows.shelf import Shelf
from monitors import chance
from tests.monitors.test_chance import REFERENCE, distance

TODAY = date(2026, 1, 5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chance.db"


def drawn(path: Path, monkeypatch: pytest.MonkeyPatch, today: date = TODAY) -> tuple[chance.Null, int]:
    """A null as a new process gets it, and how often it drew."""
    draws: list[int] = []

    def counted(*given: object) -> np.ndarray[object, np.dtype[np.int64]]:
        draws.append(1)
        return windows(*given)

    with monkeypatch.context() as patch:
        patch.setattr(chance, "_held", OrderedDict())
        windows = chance._windows
        patch.setattr(chance, "_windows", counted)
        shelf = Shelf(path, today)
        try:
            null = chance.kept("psi", distance("psi"), REFERENCE, 500, [1], 60, shelf)
        finally:
            shelf.close()
    return null, len(draws)


def test_a_second_process_draws_nothing_and_says_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first, once), (second, again) = (drawn(path, monkeypatch) for _ in range(2))
    assert (once, again) == (1, 0)
    assert first.distances.tobytes() == second.distances.tobytes()
    assert (first.power, second.power) == (2, 2)
    assert path.stat().st_mode & 0o077 == 0, "only its owner reads it"


@pytest.mark.parametrize("other", ["n", "seed", "draws", "reference", "name", "software"])
def test_whatever_decides_a_draw_names_it(path: Path, monkeypatch: pytest.MonkeyPatch, other: str) -> None:
    drawn(path, monkeypatch)
    asked = {"named": "psi", "reference": REFERENCE, "n": 500, "seed": [1], "draws": 60}
    changed = {
        "n": {"n": 900}, "seed": {"seed": [2]}, "draws": {"draws": 61}, "name": {"named": "kl"},
        "reference": {"reference": REFERENCE + 1},
    }  # fmt: skip
    if other == "software":
        monkeypatch.setattr(chance, "SOFTWARE", "rounds of tomorrow")
    asked |= changed.get(other, {})
    monkeypatch.setattr(chance, "_held", OrderedDict())
    shelf = Shelf(path, TODAY)
    before = len(rows(path))
    chance.kept(asked.pop("named"), distance("psi"), **asked, shelf=shelf)  # type: ignore[arg-type]
    shelf.close()
    assert len(rows(path)) == before + 1


def rows(path: Path) -> list[tuple[str, int]]:
    file = sqlite3.connect(path)
    try:
        return file.execute("SELECT key, day FROM draws").fetchall()
    finally:
        file.close()


def test_draws_that_are_not_what_was_put_are_drawn_anew(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh, _ = drawn(path, monkeypatch)
    file = sqlite3.connect(path)
    file.execute("UPDATE draws SET held = zeroblob(length(held))")
    file.commit()
    file.close()
    mended, times = drawn(path, monkeypatch)
    assert times == 1
    assert mended.distances.tobytes() == fresh.distances.tobytes()
    assert drawn(path, monkeypatch)[1] == 0


def test_a_broken_file_costs_a_line_in_the_log_and_no_audit(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(b"not a database, and long enough that SQLite looks at it twice" * 40)
    with caplog.at_level(logging.WARNING, "rounds"):
        null, times = drawn(path, monkeypatch)
    assert (len(null.distances), times) == (60, 1)
    assert [line for line in caplog.messages if "costs time only" in line and str(path) in line]
    assert len(caplog.messages) == 1


def test_what_was_put_long_ago_goes_when_something_new_comes(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn(path, monkeypatch)
    later = Shelf(path, TODAY + timedelta(days=shelves.DAYS + 1))
    later.put("new", np.array([1.0]))
    later.close()
    assert [key for key, _ in rows(path)] == ["new"]
