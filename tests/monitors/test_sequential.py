"""The sum behind slow change: its threshold by two other ways, and what it finds in which window."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from monitors.sequential import ALLOWANCE, CLEAR, Seen, Sum, Way, delay, path, threshold, windows_between

ERROR = 0.1
START = Seen(0.0, 1e-4)  # a reference so large that it is the truth


def by_markov_chain(reach: float, states: int = 200) -> float:
    """Brook & Evans 1972: the sum's range cut into cells, absorbed above."""
    width = 2 * reach / (2 * states - 1)
    to = np.arange(states) * width
    moves = np.empty((states, states))
    for i, at in enumerate(to):
        upper = stats.norm.cdf(to + width / 2 - at + ALLOWANCE)
        moves[i] = np.diff(upper, prepend=0.0)
    return float(np.linalg.solve(np.eye(states) - moves, np.ones(states))[0])


def sums(
    residuals: list[float | None],
    reach: float = 4.0,
    ways: tuple[Way, ...] = ("up", "down"),
    start: Seen | None = START,
) -> list[Sum]:
    """Of windows that lie so many standard errors from where the reference is."""
    seen = [None if r is None else Seen(r * ERROR, ERROR) for r in residuals]
    return list(path(seen, reach, start=start, ways=ways))


def starts(found: list[Sum]) -> list[int]:
    """The windows in which a change began to stand."""
    stood = [False, *(s.standing for s in found)]
    return [i for i, (before, now) in enumerate(pairwise(stood)) if now and not before]


@pytest.mark.parametrize("windows", [50, 200, 1000])
def test_the_threshold_is_what_a_markov_chain_gives(windows: int) -> None:
    assert by_markov_chain(threshold(windows)) == pytest.approx(windows, rel=0.03)


def test_thresholds_rise_with_the_windows_between() -> None:
    reached = [threshold(w) for w in (10, 50, 200, 5000)]
    assert reached == sorted(reached)
    assert windows_between(threshold(77)) == pytest.approx(77)
    with pytest.raises(ValueError, match="at least 10 windows"):
        threshold(5)


def waits(blocks: int | None, sides: int, windows: int = 100, runs: int = 400) -> float:
    """Windows until the first false alarm, on average; `blocks` windows make the reference."""
    ways: tuple[Way, ...] = ("up", "down") if sides == 2 else ("up",)
    reach, waited, alarms = threshold(windows, 2 if sides == 2 else 1), 0, 0
    random = np.random.default_rng([7, blocks or 0, sides])
    for _ in range(runs):
        error = ERROR / np.sqrt(blocks) if blocks else None
        start = Seen(float(random.normal(0, error)), float(error)) if error else None
        seen = [Seen(float(v), ERROR) for v in random.normal(0, ERROR, 3 * windows)]
        first = next((i for i, s in enumerate(path(seen, reach, start=start, ways=ways)) if s.standing), None)
        alarms += first is not None
        waited += len(seen) if first is None else first + 1
    return waited / alarms


@pytest.mark.parametrize("blocks", [None, 2, 8, 26])
@pytest.mark.parametrize("sides", [1, 2])
def test_false_alarms_come_as_seldom_as_agreed_however_small_the_reference(
    blocks: int | None, sides: int
) -> None:
    """400 series of 3 times the interval: their number is known to 6 %, and so twice that is allowed."""
    assert waits(blocks, sides) == pytest.approx(100, rel=0.15)


def test_the_next_false_alarm_is_as_far_off_as_the_first() -> None:
    """After one is over the mean is what it would have been, or it would soon alarm again."""
    random = np.random.default_rng(9)
    alarms = quiet = 0
    for _ in range(100):
        start = Seen(float(random.normal(0, 1 / np.sqrt(8))), float(1 / np.sqrt(8)))
        seen = [Seen(float(v), 1.0) for v in random.normal(0, 1, 300)]
        stood = [False, *(s.standing for s in path(seen, threshold(50), start=start, ways=("up",)))]
        alarms += sum(now and not before for before, now in pairwise(stood))
        quiet += sum(not s for s in stood[:-1])
    assert quiet / alarms == pytest.approx(50, rel=0.12)


def test_a_slow_change_is_found_that_no_window_shows() -> None:
    """One standard error, lasting: half of the windows it takes are ordinary."""
    random = np.random.default_rng(2)
    took = []
    for _ in range(200):
        values = np.concatenate([random.standard_normal(30), random.normal(1.0, 1, 60)]).tolist()
        late = [i for i in starts(sums(values, threshold(200), ("up",))) if i >= 30]
        took.append(late[0] - 29 if late else 61)
    assert np.mean(took) < 10


def test_a_change_begins_where_the_sum_last_stood_at_zero() -> None:
    up = sums([0.0] * 10 + [2.0] * 5)
    assert starts(up) == [12]
    assert (up[-1].began, up[-1].way, up[-1].standing) == (10, "up", True)
    assert up[-1].moved == pytest.approx(2 * ERROR, rel=0.01)
    down = sums([0.0] * 10 + [-2.0] * 5)
    assert (starts(down), down[-1].way, down[-1].began) == ([12], "down", 10)
    assert down[12].value < -4
    assert starts(sums([0.0] * 10 + [-2.0] * 9, ways=("up",))) == []


def test_a_change_that_lasts_never_becomes_the_new_normal() -> None:
    """Also where the first windows are all there is to compare with."""
    for start in (START, None):
        found = sums([0.0] * 20 + [3.0] * 200, start=start)
        assert [s.standing for s in found[25:]] == [True] * 195


def test_what_has_healed_is_over_soon_and_summed_anew() -> None:
    found = sums([0.0] * 20 + [3.0] * 50 + [0.0] * 12)
    over = next(i for i, s in enumerate(found) if i >= 70 and not s.standing)
    assert over <= 74
    assert found[over].value == 0.0
    assert abs(found[over - 1].value) >= CLEAR * 4.0


def test_a_window_that_cannot_tell_neither_adds_nor_takes() -> None:
    values: list[float | None] = [2.0, None, None, 2.0, None, 2.0]
    found = sums(values)
    assert starts(found) == [5]
    assert [s.value for s in found[1:3]] == [found[0].value] * 2
    assert [s.told_now for s in found] == [v is not None for v in values]
    assert sums([None, None, 2.0], start=None)[-1].value == 0.0  # the first that tells is the baseline


def test_one_outlier_is_not_slow() -> None:
    assert starts(sums([0.0] * 5 + [40.0] + [0.0] * 20)) == []


def test_what_is_too_little_to_matter_never_adds_up() -> None:
    """Three standard errors, for ever, of a change that is under half of the margin."""
    seen = [Seen(3 * ERROR, ERROR)] * 200
    assert any(s.standing for s in path(seen, 4.0, start=START))
    assert not any(s.standing for s in path(seen, 4.0, start=START, tolerance=3.1 * ERROR))
    slight = [Seen(3 * ERROR, ERROR, slight=True)] * 200
    assert not any(s.standing for s in path(slight, 4.0, start=START))


def test_the_wait_for_a_change_is_about_what_is_said() -> None:
    random = np.random.default_rng(5)
    for change in (1.0, 2.0, 3.0):
        took = []
        for _ in range(150):
            seen = [Seen(float(v), 1.0) for v in random.normal(change, 1, 60)]
            found = path(seen, 4.16, start=Seen(0.0, 1e-3), tolerance=change / 2)
            took.append(next((i + 1 for i, s in enumerate(found) if s.standing), 60))
        assert np.mean(took) == pytest.approx(delay(4.16, change), abs=1.5)


RESIDUALS = st.lists(st.one_of(st.none(), st.floats(-6, 6, allow_nan=False)), min_size=1, max_size=40)


@settings(max_examples=150, deadline=None)
@given(RESIDUALS, st.integers(0, 40))
def test_windows_that_cannot_tell_change_nothing_wherever_they_lie(
    residuals: list[float | None], place: int
) -> None:
    """Neither fires nor heals: with one more blind window everything after it is as without."""
    at = min(place, len(residuals))
    plain = sums(residuals)
    blind = sums([*residuals[:at], None, *residuals[at:]])
    without = [*blind[:at], *blind[at + 1 :]]
    assert [(s.value, s.standing) for s in without] == [(s.value, s.standing) for s in plain]
    if at:
        assert (blind[at].value, blind[at].standing) == (plain[at - 1].value, plain[at - 1].standing)


@settings(max_examples=150, deadline=None)
@given(RESIDUALS)
def test_up_and_down_are_alike(residuals: list[float | None]) -> None:
    mirrored = [None if r is None else -r for r in residuals]
    there, back = sums(residuals), sums(mirrored)
    assert [s.standing for s in there] == [s.standing for s in back]
    assert [s.value for s in there] == pytest.approx([-s.value for s in back])


@settings(max_examples=150, deadline=None)
@given(RESIDUALS)
def test_it_begins_above_its_threshold_and_is_over_only_below_80_percent(
    residuals: list[float | None],
) -> None:
    stood = False
    for each in sums(residuals, reach=3.0):
        if each.standing and not stood:
            assert abs(each.value) > 3.0
        if each.standing:
            assert abs(each.value) >= CLEAR * 3.0
        stood = each.standing
