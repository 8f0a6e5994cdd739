"""A page that is asked while a run works out a release waits for the run."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from dashboards.awaited import PAUSES, RECENT, published
from monitors.audit import Audit
from monitors.ledger import Ledger
from monitors.release import keep
from tests.dashboards import ward


def written(folder: Path) -> tuple[Ledger, Audit]:
    ledger, _ = ward.build(folder)
    entry = ledger.entries("audit")[-1]
    return ledger, Audit.read(entry.body, entry.digest)


def test_a_release_that_comes_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, audit = written(tmp_path)
    shown = ward.published(audit)
    paused: list[float] = []

    def pause(seconds: float) -> None:
        paused.append(seconds)
        if len(paused) == 3:
            keep(ledger, audit)
            monkeypatch.delattr("monitors.release._worked_out")  # from here on nobody may work it out

    at = ledger.entries("audit", last=1)[0].at
    assert published(ledger, lambda: at + RECENT / 2, pause)(audit).findings == shown.findings
    assert len(paused) == 3
    assert published(ledger, lambda: at, pause)(audit).findings == shown.findings
    assert len(paused) == 3


def test_what_no_run_is_at_any_more_is_worked_out_at_once(tmp_path: Path) -> None:
    ledger, audit = written(tmp_path)
    paused: list[float] = []
    at = ledger.entries("audit", last=1)[0].at
    found = published(ledger, lambda: at + RECENT + timedelta(seconds=1), paused.append)(audit)
    assert (found.digest, paused) == (keep(ledger, audit).digest, [])


def test_a_run_that_never_ends_is_not_waited_for_long(tmp_path: Path) -> None:
    ledger, audit = written(tmp_path)
    paused: list[float] = []
    at = ledger.entries("audit", last=1)[0].at
    assert published(ledger, lambda: at, paused.append)(audit).digest == keep(ledger, audit).digest
    assert len(paused) == PAUSES
