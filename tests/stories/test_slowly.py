"""Weeks in which nothing breaks and something moves: what a window shows, and what the weeks add up to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from monitors.alert import Alert, changes, standing
from monitors.audit import Audit, Finding
from tests.flows import rows
from tests.flows.rows import Row, found
from tests.stories.ward import A_DAY, QUIET, Ward

WINDOW, SLOW = "wasserstein of lactate", "slow change in wasserstein of lactate"
SD = 0.95  # of the ward's lactate, about
PLAN = [{"measure": "wasserstein", "columns": ["lactate"], "margin": 0.2, "slow_change": 200}]


def ward(folder: Path, **declared: object) -> Ward:
    made: dict[str, Any] = {"plan": PLAN, "outcome": {"matures_after": "P90D"}, **declared}
    on = Ward(folder, **made)
    on.sound = rows.ward(QUIET + 12, a_day=A_DAY, seed=8)
    on.rows = [row for row in on.sound if on.week(row) <= 0]
    return on


def moved(by: Callable[[int], float]) -> Callable[[Row], Row]:
    """Lactate higher by so many standard deviations, told the week."""
    return lambda row: row | {"lactate": round(row["lactate"] + SD * by(Ward.week(row)), 3)}


def heard(on: Ward, weeks: int, by: Callable[[int], float]) -> dict[str, int]:
    """The week in which each check of lactate was first told to begin."""
    told: dict[str, int] = {}
    for week in range(1, weeks + 1):
        on.arrives(week, moved(by))
        before = [r.audit for r in on.ledger.audits("sepsis")]
        for alert in changes(standing(before), on.on_monday(week)):
            if alert.state == "began" and alert.finding.subject == "lactate":
                told.setdefault(alert.finding.name, week)
    return told


def slow(audit: Audit) -> Finding:
    return found(audit, "slow:wasserstein", "lactate")


def test_a_drift_of_a_twentieth_a_week_is_found_by_its_sum_and_not_by_a_window(tmp_path: Path) -> None:
    """It stops at 0.15 standard deviations, which the margin of 0.2 allows and nobody would see."""
    on = ward(tmp_path)
    told = heard(on, 7, lambda week: 0.05 * min(week, 3))
    assert WINDOW not in told
    assert 3 <= told[SLOW] <= 7
    last = on.ledger.audits("sepsis")[-1].audit
    assert (str(slow(last).verdict), slow(last).severity) == ("beyond", "ticket")
    assert slow(last).since is not None
    assert slow(last).since <= "2026-03-23"
    assert 0.08 < (slow(last).shift or 0.0) < 0.22


def test_a_jump_is_found_by_both(tmp_path: Path) -> None:
    told = heard(ward(tmp_path), 5, lambda week: 0.6 if week > 3 else 0.0)
    assert told == {WINDOW: 5, SLOW: 5}


def test_weeks_in_which_nothing_moves_are_told_of_by_neither(tmp_path: Path) -> None:
    on = ward(tmp_path)
    assert heard(on, 8, lambda week: 0.0) == {}
    assert str(slow(on.ledger.audits("sepsis")[-1].audit).verdict) == "within"


def test_a_new_version_begins_the_sum_anew_and_ends_its_alert(tmp_path: Path) -> None:
    on = ward(tmp_path)
    assert SLOW in heard(on, 7, lambda week: 0.05 * min(week, 3))
    before = [r.audit for r in on.ledger.audits("sepsis")]
    on.config = ward(tmp_path, version="2").config
    on.arrives(8)
    first = on.on_monday(8)
    said: tuple[Alert, ...] = changes(standing(before), first)
    assert [(a.state, a.finding.name, a.why) for a in said] == [
        ("ceased", SLOW, "its sum begins anew: the version or the plan changed")
    ]
    assert (str(slow(first).verdict), slow(first).since) == ("cannot_tell", None)


def test_another_margin_begins_the_sum_anew(tmp_path: Path) -> None:
    on = ward(tmp_path)
    heard(on, 2, lambda week: 0.0)
    on.config = ward(tmp_path, plan=[{**PLAN[0], "margin": 0.3}]).config
    on.arrives(3)
    assert str(slow(on.on_monday(3)).reason).startswith("1 of the ")


def test_a_backfill_finds_what_the_live_runs_found(tmp_path: Path) -> None:
    """History is what ended before a window: with later weeks in the ledger a rerun says the same."""
    on = ward(tmp_path)
    heard(on, 4, lambda week: 0.05 * week)
    live = [r.audit.digest for r in on.ledger.audits("sepsis")]
    entries = on.ledger.verify()
    again = [on.on_monday(week).digest for week in range(1, 5)]
    assert again == live
    assert on.ledger.verify() == entries


def test_a_week_that_is_restated_counts_as_it_stands_now(tmp_path: Path) -> None:
    on = ward(tmp_path)
    heard(on, 5, lambda week: 0.1 * week)
    fifth = on.ledger.audits("sepsis")[-1].audit
    assert str(slow(fifth).verdict) == "beyond"
    mended = {2: 0.0, 3: 0.0, 4: 0.0}  # those weeks were sent again, in the right unit
    on.rows = [row for row in on.rows if Ward.week(row) not in mended]
    for week in mended:
        on.arrives(week)
        on.on_monday(week)
    after = on.on_monday(5)
    assert abs(slow(after).value or 0.0) < abs(slow(fifth).value or 0.0)
    assert [r.revision for r in on.ledger.audits("sepsis")] == [1, 2, 2, 2, 2]


def test_an_empty_week_neither_adds_nor_takes(tmp_path: Path) -> None:
    on = ward(tmp_path)
    heard(on, 3, lambda week: 0.1)
    third = on.ledger.audits("sepsis")[-1].audit
    empty = on.on_monday(4)
    assert empty.rows == 0
    assert str(slow(empty).verdict) == "cannot_tell"
    on.arrives(5, moved(lambda week: 0.1))
    fifth = on.on_monday(5)
    assert (slow(fifth).value or 0.0) > (slow(third).value or 0.0)
