"""Draws over cells: the law of drawing people again, and limits that hold for many at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monitors.bootstrap import Places, deviation, simultaneous
from monitors.cube import Cube
from monitors.drawn import rates, recalibrated, reflagged, risks
from monitors.interval import quantile

SEED = 20260105


def people(seed: int, n: int, slope: float = 1.0, shift: float = 0.0, threshold: float = 0.3) -> np.ndarray:
    """Rows of (outcome, decision, score in millionths), scores off by a line on the log-odds."""
    random = np.random.default_rng(seed)
    at = random.normal(-1.5, 1.2, n)
    outcome = random.random(n) < 1 / (1 + np.exp(-(shift + slope * at)))
    score = np.round(1e6 / (1 + np.exp(-at))).astype(int)
    return np.column_stack([outcome, score >= threshold * 1e6, score]).astype(int)


def counted(groups: dict[str, np.ndarray]) -> Cube:
    rows = [
        (name, y, d, s // 10_000, -1, 1, s) for name, whole in groups.items() for y, d, s in whole.tolist()
    ]
    return Cube.of("race", rows)


CUBE = counted({"a": people(1, 2500, 0.8, 0.4), "b": people(2, 900), "Unknown": people(3, 400)})


def test_a_place_parts_a_cell_at_the_threshold() -> None:
    places = Places.of(CUBE)
    high = np.where(places.people > 0, places.score, np.nan)
    assert places.groups == ("a", "b", "Unknown")
    assert np.nanmin(high[:, places.flagged]) >= 0.3 > np.nanmax(high[:, ~places.flagged])
    assert places.people.sum(-1).tolist() == [2500, 900, 400]


def test_a_draw_is_what_drawing_people_gives() -> None:
    places = Places.of(CUBE)
    drawn = places.draw(4000, SEED)
    assert (drawn.people.sum(-1) == places.people.sum(-1)).all()
    mean, whole = drawn.positives.mean(0), places.positives
    share = whole / places.people.sum(-1, keepdims=True)
    sd = np.sqrt(whole * (1 - share))
    assert np.abs(mean - whole).max() < 6 * sd.max() / np.sqrt(4000)
    assert drawn.positives.std(0).sum() == pytest.approx(sd.sum(), rel=0.02)
    # People are drawn one by one, with replacement, and each measured: the same spread.
    rows, random = people(2, 900), np.random.default_rng(5)
    by_hand = []
    for _ in range(4000):
        y, d, _ = rows[random.integers(0, 900, 900)].T
        by_hand.append(d[y == 1].mean())
    spread = deviation(rates(drawn, drawn.flagged)["true_positive_rate"])
    assert spread[1] == pytest.approx(np.std(by_hand), rel=0.06)


def test_the_same_seed_gives_the_same_draws_and_another_others() -> None:
    places = Places.of(CUBE)
    first = places.draw(5, 1)
    assert (first.positives == places.draw(5, 1).positives).all()
    assert (first.positives != places.draw(5, 2).positives).any()


def test_a_million_people_in_a_cell_are_drawn_as_people_not_as_a_row() -> None:
    rows = [("a", y, 1, 7, -1, 500_000, 500_000 * 700_000) for y in (0, 1)]
    drawn = Places.of(Cube.of("race", rows)).draw(500)
    assert drawn.positives.std() == pytest.approx(500, rel=0.15)  # √(n p q)


@pytest.mark.parametrize("name", ["a", "b"])
def test_measures_of_draws_are_those_of_a_tally(name: str) -> None:
    from monitors.discovery import metrics

    places, tally = Places.of(CUBE), CUBE.tally(name)
    found = rates(places, places.flagged, 0.3) | risks(places)
    for measure, values in found.items():
        declared = metrics()[measure]
        told = {"threshold": 0.3} if declared.facts.threshold else {}
        exact = 1e-12 if measure not in ("auroc", "brier", "scaled_brier") else 5e-4  # a tally's cells
        want = declared.compute(tally, **told).value
        assert values[places.groups.index(name)] == pytest.approx(want, abs=exact)


def test_measures_of_many_draws_are_those_of_each() -> None:
    places = Places.of(CUBE)
    drawn = places.draw(4)
    whole = rates(drawn, drawn.flagged, 0.3) | risks(drawn)
    for i in range(4):
        one = replace(drawn, negatives=drawn.negatives[i], positives=drawn.positives[i])
        for measure, values in (rates(one, one.flagged, 0.3) | risks(one)).items():
            assert whole[measure][i] == pytest.approx(values, rel=1e-12)


def test_a_group_recalibrates_as_by_the_one_group_fit() -> None:
    from monitors.calibration import recalibrate

    places = Places.of(CUBE)
    a, b, drawn_a, drawn_b = recalibrated(places, places.draw(300))
    for g, name in enumerate(places.groups):
        line = recalibrate(CUBE.tally(name))
        assert (a[g], b[g]) == pytest.approx((line.intercept, line.slope), abs=0.01)
    assert a[0] == pytest.approx(0.4, abs=3 * drawn_a[:, 0].std())
    assert b[0] == pytest.approx(0.8, abs=3 * drawn_b[:, 0].std())
    assert 0.03 < drawn_b[:, 0].std() < 0.12


def test_every_draw_is_fitted_to_the_top_of_its_likelihood() -> None:
    places = Places.of(CUBE)
    drawn = places.draw(300)
    _, _, a, b = recalibrated(places, drawn)
    for g, x in enumerate(places.logit):
        risk = 1 / (1 + np.exp(-(a[:, g, None] + b[:, g, None] * x)))
        away = drawn.positives[:, g] - drawn.people[:, g] * risk
        people = drawn.people[:, g].sum(axis=1)
        assert np.abs(away.sum(axis=1) / people).max() < 1e-5
        assert np.abs(away @ x / people).max() < 1e-5


def test_few_events_move_the_intercept_alone() -> None:
    from monitors.calibration import recalibrate

    cube = counted({"few": people(4, 120)})
    events = cube.tally().events
    assert 5 < events < 50
    a, b, _, drawn_b = recalibrated(Places.of(cube), Places.of(cube).draw(50))
    assert b.tolist() == [1.0]
    assert (drawn_b == 1).all()
    assert a[0] == pytest.approx(recalibrate(cube.tally(), slope=False).intercept, abs=1e-3)


def test_parted_outcomes_are_fitted_without_running_away() -> None:
    from monitors.calibration import recalibrate

    rows = [("a", y, y, 9 * y, -1, 60, 60 * (20_000 + 960_000 * y)) for y in (0, 1)]
    cube = Cube.of("race", rows)
    a, b, _, drawn_b = recalibrated(Places.of(cube), Places.of(cube).draw(50))
    line = recalibrate(cube.tally())
    # Firth's log-odds are those of half a person more on either side: ln 121 over logit .98.
    assert line.slope == pytest.approx(np.log(121) / np.log(49), abs=1e-6)
    assert (a[0], b[0]) == pytest.approx((0.0, line.slope), abs=1e-4)
    assert drawn_b == pytest.approx(line.slope, rel=0.2)


def test_a_line_that_changes_nothing_flags_whom_it_flagged() -> None:
    places = Places.of(CUBE)
    again = reflagged(places, np.zeros(3), np.ones(3), 0.3)
    held = places.people > 0
    assert (again[held] == np.broadcast_to(places.flagged, again.shape)[held]).all()


def test_limits_of_many_hold_together() -> None:
    random = np.random.default_rng(SEED)
    n, p, groups, tries = 2000, 0.3, 8, 800
    held = 0
    for _ in range(tries):
        seen = random.binomial(n, p, groups) / n
        drawn = random.binomial(n, seen, size=(400, groups)) / n
        limits = simultaneous(seen, drawn)
        held += bool(((limits.low <= p) & (p <= limits.high)).all())
    assert 0.92 <= held / tries <= 0.98


def test_limits_are_never_narrower_than_for_one_alone() -> None:
    few = np.array([[0.0], [1.0], [-1.0], [0.1]])
    assert simultaneous(np.zeros(1), few).reach >= quantile(0.95)


def test_who_is_outside_the_family_widens_nobody() -> None:
    random = np.random.default_rng(SEED)
    drawn = random.normal(size=(3000, 6))
    drawn[:, 5] = random.standard_t(2, 3000)  # a tiny group's heavy tail
    within = np.array([True] * 5 + [False])
    value = np.zeros(6)
    assert simultaneous(value, drawn, within).reach == simultaneous(value[:5], drawn[:, :5]).reach
    assert simultaneous(value, drawn).reach > simultaneous(value, drawn, within).reach


def test_draws_without_a_value_are_left_out() -> None:
    drawn = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]])
    assert deviation(drawn).tolist() == [pytest.approx(np.sqrt(2)), 0.0]
    limits = simultaneous(np.array([2.0, np.nan]), drawn)
    assert limits.low[0] < 2 < limits.high[0]
    assert np.isnan(limits.low[1])
