"""Freshness and duration: silence is never health, and a blind window neither heals nor counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dashboards.freshness import freshness, outcomes_due
from monitors.audit import Audit, Verdict
from monitors.window import Length, Window
from monitors.worst import running
from tests.dashboards.ward import LAST, config, finding

WEEK = timedelta(weeks=1)
LIVE = config("m")


def last(weeks_ago: int) -> Window:
    return Window(LAST - WEEK * (weeks_ago + 1), LAST - WEEK * weeks_ago)


@pytest.mark.parametrize(
    ("weeks_ago", "hours_on", "state", "missed"),
    [
        (0, 1, "current", 0),
        (0, 7 * 24 - 1, "current", 0),
        (0, 7 * 24 + 1, "due", 1),  # closed an hour ago: its audit may still come
        (0, 7 * 24 + 47, "due", 1),
        (0, 7 * 24 + 49, "stale", 1),  # it runs at six; a quarter of the window later it has not come
        (1, 1, "due", 1),
        (3, 1, "stale", 3),
    ],
)
def test_a_model_that_is_not_heard_in_time_is_stale(
    weeks_ago: int, hours_on: int, state: str, missed: int
) -> None:
    found = freshness(LIVE, last(weeks_ago), LAST + timedelta(hours=hours_on))
    assert (found.state, found.missed) == (state, missed)
    assert found.loud is (state == "stale")


@pytest.mark.parametrize(
    ("length", "schedule", "due"),
    [
        ("P1D", "0 6 * * *", "Tue 12:00"),  # a quarter of the window after the run, not after midnight
        ("P1D", "0 6 * * 4", "Thu 12:00"),  # daily windows looked at once a week are not late all week
        ("PT1H", "5 * * * *", "Mon 02:05"),
        ("PT1H", "*/10 * * * *", "Mon 02:00"),
    ],
)
def test_an_audit_is_due_after_the_run_that_makes_it(length: str, schedule: str, due: str) -> None:
    spec = LIVE.window.model_copy(update={"length": Length.parse(length)})
    model = LIVE.model_copy(update={"window": spec, "schedule": schedule})
    found = freshness(model, model.grid.ending_by(LAST), LAST + timedelta(minutes=1))
    assert found.due is not None
    assert f"{found.due:%a %H:%M}" == due


def test_outcomes_are_due_after_the_run_that_counts_them() -> None:
    seldom = LIVE.model_copy(update={"schedule": "0 6 15 * *"})
    assert outcomes_due(seldom, LAST) == datetime(2026, 4, 15, 6, tzinfo=UTC) + timedelta(hours=42)


def test_a_first_audit_is_due_by_a_day_that_stays_where_it_is() -> None:
    due = {freshness(LIVE, None, LAST + WEEK * n, since=LAST + timedelta(hours=1)).due for n in range(9)}
    assert due == {LAST + timedelta(hours=6 + 42)}


def test_a_model_whose_schedule_nobody_runs_is_due_already() -> None:
    for hours in (1, 40, 100, 167):
        found = freshness(LIVE, None, LAST + timedelta(hours=hours))
        assert found.loud
        assert found.due == LAST


def test_a_model_without_a_schedule_is_run_by_hand_and_says_how_long_ago() -> None:
    manual = LIVE.model_copy(update={"schedule": None})
    found = freshness(manual, last(3), LAST + timedelta(hours=1))
    assert (found.state, found.due, found.missed, found.loud) == ("manual", None, 3, False)


def test_nothing_is_expected_of_a_paused_or_undeclared_model() -> None:
    assert freshness(config("m", lifecycle="paused"), last(9), LAST).state == "resting"
    assert freshness(None, last(9), LAST).state == "undeclared"


@pytest.mark.parametrize(
    ("said", "windows"),
    [
        ("WBB", 2),
        ("BBB", 3),
        ("BWB", 1),
        ("BB?", 2),  # cannot tell: what stood before it still stands
        ("B?B", 2),
        ("BBW", 0),
        ("B D", 0),
        ("???", 0),
    ],
)
def test_only_windows_that_could_tell_are_counted(said: str, windows: int) -> None:
    verdicts = {"W": Verdict.WITHIN, "B": Verdict.BEYOND, "?": Verdict.CANNOT_TELL, "D": Verdict.DIFFERENT}
    history = [
        Audit(
            model="m",
            version="1",
            window=last(len(said) - i),
            stage="scored",
            rows=9,
            config="",
            reference="",
            profile="",
            software="",
            findings=(finding("psi", "drift", verdicts[s]),) if s in verdicts else (),
        )
        for i, s in enumerate(said)
    ]
    found = running(history, ("psi", "model", None))
    assert found.windows == windows
    assert (found.since is None) is (windows == 0)
