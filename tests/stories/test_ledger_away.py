"""Told in days: the ledger's database goes away in the middle of a morning, or its disk fills."""

from __future__ import annotations

import os
import re
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from monitors.errors import LedgerUnavailable
from monitors.ledger import Entry, Ledger
from tests.stories.test_outages import Hospital


def before_writing(patch: pytest.MonkeyPatch, kind: str, does: Callable[[], None]) -> None:
    """Does it once, before the first entry of that kind is written."""
    append, done = Ledger.append, False

    def placed(self: Ledger, what: str, *given: Any, **named: Any) -> Entry:
        nonlocal done
        if what == kind and not done:
            done = True
            does()
        return append(self, what, *given, **named)

    patch.setattr(Ledger, "append", placed)


def made_up(hospital: Hospital) -> None:
    """Every day's window stands once, and the chain is whole."""
    starts = [window.start.day for window in hospital.windows()]
    assert starts == [13, 14, 15]
    audits = [(entry.window, entry.stage) for entry in hospital.ledger.entries("audit")]
    assert len(audits) == len(set(audits))
    assert hospital.ledger.verify() > 0


@pytest.mark.server
def test_a_postgres_that_restarts_in_the_middle_of_a_morning_costs_at_most_that_morning(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", "http://127.0.0.1:9/")
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE DATABASE away")
    parts = dict(re.findall(r"(\w+)=(\S+)", postgres))
    data = Path(parts["host"]) / "data"
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    pg_ctl = str(sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))[-1])
    options = (data / "postmaster.opts").read_text().partition(" ")[2].replace('"', "").partition("-c ")

    def server(*asked: str) -> None:
        subprocess.run([*user, pg_ctl, "-D", str(data), "-w", *asked], cwd=data.parent, check=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip

    def start() -> None:
        server("-l", str(data.parent / "log"), "-o", options[1] + options[2].strip(), "start")

    def restart() -> None:
        server("-m", "immediate", "stop")
        start()

    url = f"postgresql+psycopg://{parts['user']}@/away?host={parts['host']}&port={parts['port']}"
    hospital = Hospital(tmp_path, 8, monkeypatch, url)
    try:
        hospital.morning(1)
        with monkeypatch.context() as patch:
            before_writing(patch, "audit", restart)
            assert hospital.morning(2) == ["2026-01-14"], "back before anybody asked"
        with monkeypatch.context() as patch:
            before_writing(patch, "release", lambda: server("-m", "immediate", "stop"))
            with pytest.raises(LedgerUnavailable, match="cannot be read or written now") as away:
                hospital.morning(3)
        assert away.value.retryable
    finally:
        if subprocess.run([*user, pg_ctl, "-D", str(data), "status"], stdout=subprocess.DEVNULL).returncode:
            start()
    hospital.morning(3)
    made_up(hospital)


@contextmanager
def no_room(beyond: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (beyond, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_fills_in_the_middle_of_a_morning_breaks_nothing_that_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", "http://127.0.0.1:9/")
    hospital = Hospital(tmp_path, 8, monkeypatch)
    hospital.morning(1)
    hospital.morning(2)
    written = hospital.ledger.verify()
    with no_room(16_384), pytest.raises(LedgerUnavailable, match="disk"):
        hospital.morning(3)
    assert hospital.ledger.verify() >= written
    hospital.morning(3)
    made_up(hospital)
