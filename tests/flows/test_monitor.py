"""One window from source to ledger: which windows are due, which stage, and what is kept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from flows.monitor import due, reference_key, refuse_overlap, stage_at, step
from monitors.config import ModelConfig
from monitors.errors import ConfigError
from monitors.window import Window, moment
from tests.flows import rows as w

SOUND = pa.Table.from_pylist(w.ward())


def config(**declared: Any) -> ModelConfig:
    return w.config(**declared)


@pytest.mark.parametrize(
    ("at", "stage"),
    [("2026-02-09", "scored"), ("2026-02-11T23:59", "scored"), ("2026-02-12", "outcome")],
)
def test_outcomes_count_once_the_last_of_the_window_has_matured(at: str, stage: str) -> None:
    assert stage_at(config(), w.WINDOW, moment(at)) == stage


def test_without_outcomes_a_window_stays_scored() -> None:
    declared = w.config({"outcome": None}, outcome=None)
    assert stage_at(declared, w.WINDOW, moment("2030-01-01")) == "scored"
    assert due(declared, moment("2026-03-16T06:00")) == [
        (Window(moment("2026-03-09"), moment("2026-03-16")), "scored")
    ]


def test_due_are_the_last_window_and_the_last_that_matured() -> None:
    declared = config(outcome={"matures_after": "P14D"})
    windows = [(str(window)[:10], stage) for window, stage in due(declared, moment("2026-03-02T06:00"))]
    assert windows == [("2026-02-09", "outcome"), ("2026-02-23", "scored")]
    early = [(str(window)[:10], stage) for window, stage in due(declared, moment("2026-02-16T06:00"))]
    assert early == [("2026-02-09", "scored")]  # what matured by now is the reference itself
    assert due(config(outcome={"matures_after": "PT1H"}), moment("2026-02-16T06:00")) == [
        (Window(moment("2026-02-09"), moment("2026-02-16")), "outcome")
    ]


def test_a_window_that_only_touches_its_reference_is_apart_from_it() -> None:
    refuse_overlap(config(), w.WINDOW)
    with pytest.raises(ConfigError, match="overlaps the window"):
        refuse_overlap(config(), Window(w.WINDOW.start - timedelta(seconds=1), w.WINDOW.end))


def test_a_trailing_reference_never_meets_its_window() -> None:
    declared = config(reference={"trailing": "P28D", "offset": "P7D"})
    for index in range(2925, 2935):
        refuse_overlap(declared, declared.grid.window(index))


def test_a_reference_is_counted_once_and_kept(tmp_path: Path) -> None:
    kept = w.ledger(tmp_path)
    told: list[str] = []
    first = step(config(), w.WINDOW, SOUND, stage="scored", ledger=kept, told=told.append)
    assert [word for word in told if "counting the reference 05 Jan 2026 to 02 Feb 2026" in word]
    told.clear()
    # Other numbers in the same reference weeks: what was frozen stays frozen.
    other = pa.Table.from_pylist(w.spoilt(w.ward(), lambda row: not w.last_week(row), lactate=99.0))
    again = step(config(), w.WINDOW, other, stage="scored", ledger=kept, told=told.append)
    assert told == []
    assert again == first
    assert len(kept.entries("reference")) == 1


def test_margins_and_owners_leave_a_reference_as_it_is() -> None:
    period = config().reference_window(w.WINDOW)
    plan = [{"measure": "psi", "margin": 0.3, "owner": "someone"}]
    assert reference_key(config(plan=plan), period) == reference_key(config(), period)
    assert reference_key(w.config({"numeric": ["age"]}), period) != reference_key(config(), period)


def test_without_a_ledger_nothing_is_kept_and_the_audit_is_the_same(tmp_path: Path) -> None:
    kept = step(config(), w.WINDOW, SOUND, stage="scored", ledger=w.ledger(tmp_path))
    assert step(config(), w.WINDOW, SOUND, stage="scored") == kept


def test_an_audit_says_what_it_was_computed_from(tmp_path: Path) -> None:
    kept = w.ledger(tmp_path)
    audit = step(config(), w.WINDOW, SOUND, ledger=kept)
    profile = kept.profile(audit.profile)
    assert profile is not None
    assert (profile.rows, profile.window) == (audit.rows, w.WINDOW)
    assert audit.config == config().digest
    (reference,) = kept.entries("reference")
    assert reference.digest == audit.reference
    assert audit.stage == "outcome"
