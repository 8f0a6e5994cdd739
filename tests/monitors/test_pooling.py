"""Partial pooling and the smooth calibration curve, against simulation and by other ways."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, special

from monitors.checks import Check
from monitors.cube import Cube, Tally
from monitors.discovery import metrics
from monitors.gaps import of_target
from monitors.performance.integrated_calibration_index import integrated_calibration_index
from monitors.plan import Rule
from monitors.pooling import pooled
from monitors.words.sentences import sentence

SEED = 20260105


def test_groups_alike_are_drawn_together() -> None:
    found = pooled([30, 60, 15, 7], [100, 200, 50, 23])
    assert found.drawn == pytest.approx(1)
    assert found.value == pytest.approx(112.5 / 373, abs=0.01)


def test_a_rate_lies_as_far_along_as_it_was_drawn() -> None:
    found = pooled([12, 60, 30], [20, 70, 90])
    own = special.logit(np.array([12.5, 60.5, 30.5]) / np.array([21, 71, 91]))
    left = special.logit(found.value) - own * (1 - found.drawn)
    assert left / found.drawn == pytest.approx(left[0] / found.drawn[0])  # one centre for all
    assert own.min() < left[0] / found.drawn[0] < own.max()


def test_the_smaller_a_group_the_further_it_is_drawn() -> None:
    found = pooled([14, 60, 300, 1000], [20, 100, 500, 2000])
    assert (np.diff(found.drawn) < 0).all()
    assert found.drawn[0] > 0.5 > 0.2 > found.drawn[-1]
    assert (found.low < found.value).all()
    assert (found.value < found.high).all()


def test_nobody_and_everybody_flagged_are_rates_too() -> None:
    found = pooled([0, 5, 400], [5, 5, 800])
    assert np.isfinite(found.value).all()
    assert 0 < found.value[0] < 0.5 < found.value[1] < 1


def test_one_group_alone_is_left_where_it_is() -> None:
    found = pooled([30], [40])
    assert found.value[0] == pytest.approx(30.5 / 41)


def test_pooled_rates_are_nearer_the_truth_and_their_limits_hold_it() -> None:
    random = np.random.default_rng(SEED)
    n = np.array([8, 12, 20, 30, 45, 60, 90, 150, 200, 300])
    own, near, held = [], [], []
    for _ in range(400):
        truth = special.expit(random.normal(0.8, 0.5, len(n)))
        events = random.binomial(n, truth)
        found = pooled(events, n)
        own.append((events / n - truth) ** 2)
        near.append((found.value - truth) ** 2)
        held.append((found.low <= truth) & (truth <= found.high))
    assert np.mean(near) < 0.6 * np.mean(own)
    assert 0.90 <= np.mean(held) <= 0.97


def scored(seed: int, n: int, slope: float = 1.0, bend: float = 0.0) -> Tally:
    random = np.random.default_rng(seed)
    at = random.normal(-1, 1.2, n)
    outcome = random.random(n) < special.expit(slope * at + bend * np.maximum(at + 1, 0) ** 2)
    score = np.round(1e6 * special.expit(at)).astype(int)
    parts = zip(outcome.astype(int).tolist(), (score // 5000).tolist(), score.tolist(), strict=True)
    return Cube.of("", [("", y, -1, c, -1, 1, s) for y, c, s in parts]).tally()


def test_scores_that_are_right_have_an_index_near_0() -> None:
    assert integrated_calibration_index(scored(1, 40_000)).value < 0.006


def test_a_line_that_is_off_has_the_index_of_its_distance() -> None:
    random = np.random.default_rng(2)
    at = random.normal(-1, 1.2, 200_000)
    truth = np.abs(special.expit(0.6 * at) - special.expit(at)).mean()
    found = integrated_calibration_index(scored(30, 30_000, slope=0.6))
    assert found.value == pytest.approx(truth, abs=0.008)
    assert found.low < truth < found.high


def test_the_curve_is_the_spline_that_a_general_optimiser_finds() -> None:
    tally = scored(5, 6000, bend=-0.3)
    people = tally.positives + tally.negatives
    x = special.logit(tally.score)
    k1, k2, k3 = np.repeat(x, people)[[600, 3000, 5400]]

    def bent(at: np.ndarray) -> np.ndarray:
        cube = [np.maximum(at - k, 0) ** 3 for k in (k1, k2, k3)]
        return cube[0] - cube[1] * (k3 - k1) / (k3 - k2) + cube[2] * (k2 - k1) / (k3 - k2)

    def misfit(line: np.ndarray) -> float:
        at = line[0] + line[1] * x + line[2] * bent(x)
        return float(-(tally.positives @ special.log_expit(at) + tally.negatives @ special.log_expit(-at)))

    fit = optimize.minimize(misfit, [0.0, 1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9}).x
    risk = special.expit(fit[0] + fit[1] * x + fit[2] * bent(x))
    want = (people @ np.abs(risk - tally.score)) / people.sum()
    assert integrated_calibration_index(tally).value == pytest.approx(want, abs=1e-4)


def test_scores_all_alike_are_off_by_what_everyone_is() -> None:
    rows = [("", 1, -1, 3, -1, 40, 8_000_000), ("", 0, -1, 3, -1, 60, 12_000_000)]
    assert integrated_calibration_index(Cube.of("", rows).tally()).value == pytest.approx(0.2)


def test_a_finding_holds_a_groups_own_rate_the_pooled_one_and_how_far_it_was_drawn() -> None:
    people = {"f × a": (120, 200), "f × b": (160, 200), "m × a": (130, 200), "m × b": (2, 12)}
    rows = [
        (group, 1, decision, -1, -1, k, 0)
        for group, (flagged, n) in people.items()
        for decision, k in ((1, flagged), (0, n - flagged))
    ]
    cube = Cube.of("sex × race", rows)
    rule = Rule(measure="pooled_true_positive_rate", by="intersections", against="target")
    check = Check("plan.1", rule, metrics()[rule.measure].facts, "sex × race", attribute="sex × race")
    found = {f.group: f for f in of_target(check, cube)}
    few, many = found["m × b"], found["f × b"]
    assert (few.level, many.level) == (2 / 12, 0.8)
    assert few.drawn is not None
    assert many.drawn is not None
    assert few.drawn > 2 * many.drawn
    assert few.value is not None
    assert few.level is not None
    assert few.value > few.level
    told = sentence(few)
    assert told.startswith("Pooled true positive rate was ")
    assert told.endswith("of the way from its own 17\xa0% towards all groups'.")
