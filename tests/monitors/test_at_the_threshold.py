"""Net benefit, calibration near the threshold, and what groups as a whole show: by hand or another way."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from monitors import judge
from monitors.cube import Cube, Tally
from monitors.discovery import metrics
from monitors.fairness.between_group_spread import between_group_spread
from monitors.fairness.equalized_odds import equalized_odds
from monitors.interval import difference, observed_expected, wilson
from monitors.metric import Estimate
from monitors.performance.calibration_near_threshold import calibration_near_threshold
from monitors.performance.false_omission_rate import false_omission_rate
from monitors.performance.negative_predictive_value import negative_predictive_value
from monitors.performance.net_benefit import net_benefit
from monitors.performance.net_benefit_over_default import net_benefit_over_default
from monitors.performance.scaled_brier import scaled_brier

SEED = 20260105


def confusion(tp: int, fp: int, fn: int, tn: int) -> Tally:
    rows = [("", 1, 1, 9, -1, tp, 0), ("", 0, 1, 9, -1, fp, 0), ("", 1, 0, 1, -1, fn, 0)]
    return Cube.of("", [*rows, ("", 0, 0, 1, -1, tn, 0)]).tally()


def scored(*parts: tuple[float, int, int]) -> Tally:
    """(score, with the outcome, without) for each cell."""
    rows = [
        ("", y, -1, cell, -1, n, round(n * score * 1e6))
        for cell, (score, ones, zeros) in enumerate(parts)
        for y, n in ((1, ones), (0, zeros))
        if n
    ]
    return Cube.of("", rows).tally()


def test_net_benefit_by_hand() -> None:
    # 40 found of 60, 90 false alarms among 1,000: at a risk of .1 an alarm costs a ninth.
    tally = confusion(40, 90, 20, 850)
    assert net_benefit(tally, threshold=0.1).value == pytest.approx((40 - 90 / 9) / 1000)
    over = net_benefit_over_default(tally, threshold=0.1)
    everybody = (60 - 940 / 9) / 1000
    assert everybody < 0
    assert over.value == net_benefit(tally, threshold=0.1).value
    at_low = net_benefit_over_default(tally, threshold=0.01)
    everybody = (60 - 940 / 99) / 1000
    assert at_low.value == pytest.approx((40 - 90 / 99) / 1000 - everybody)
    assert at_low.value < 0  # flagging everybody finds 20 more at this price


def test_the_cell_that_a_net_benefit_gives_away_is_its_events() -> None:
    assert net_benefit(confusion(40, 7, 3, 850), threshold=0.1).events == 7
    assert net_benefit(confusion(40, 0, 3, 850), threshold=0.1).events == 40
    assert net_benefit_over_default(confusion(40, 7, 3, 850), threshold=0.1).events == 3


def test_a_tool_that_is_worth_less_than_none_is_told_so() -> None:
    found = net_benefit_over_default(confusion(10, 900, 50, 4000), threshold=0.3)
    assert found.value == pytest.approx((10 - 900 * 3 / 7) / 4960)
    assert found.high < 0


@pytest.mark.parametrize("threshold", [0.02, 0.15, 0.5])
@pytest.mark.parametrize("shares", [(0.06, 0.12, 0.04), (0.01, 0.02, 0.03), (0.3, 0.3, 0.1)])
def test_net_benefit_covers_the_truth(threshold: float, shares: tuple[float, float, float]) -> None:
    random = np.random.default_rng(SEED)
    tp, fp, fn = shares
    truth = tp - fp * threshold / (1 - threshold)
    held = 0
    for draw in random.multinomial(200, [tp, fp, fn, 1 - tp - fp - fn], size=1500):
        found = net_benefit(confusion(*map(int, draw)), threshold=threshold)
        held += found.low <= truth <= found.high
    assert held / 1500 >= 0.92


def test_silence_and_its_complement_agree() -> None:
    tally = confusion(40, 90, 20, 850)
    silent, right = false_omission_rate(tally), negative_predictive_value(tally)
    assert silent.value == pytest.approx(1 - right.value)
    assert (silent.low, silent.high) == (pytest.approx(1 - right.high), pytest.approx(1 - right.low))


def test_near_the_threshold_only_those_near_it_count() -> None:
    tally = scored((0.13, 10, 90), (0.14, 20, 80), (0.2, 30, 70), (0.3, 33, 67), (0.31, 90, 10))
    found = calibration_near_threshold(tally, threshold=0.2)  # .1333 to .3
    assert (found.n, found.events) == (300, 83)
    assert found.value == pytest.approx(83 / 64)
    assert (found.low, found.high) == pytest.approx(observed_expected(83, 64.0, 300))


def test_scaled_brier_is_scikit_learns_beside_the_mean_risk() -> None:
    parts = ((0.1, 12, 88), (0.3, 25, 75), (0.7, 66, 34))
    y = np.concatenate([np.repeat([1, 0], [ones, zeros]) for _, ones, zeros in parts])
    s = np.repeat([score for score, _, _ in parts], 100)
    want = 1 - brier_score_loss(y, s) / brier_score_loss(y, np.full(300, y.mean()))
    found = scaled_brier(scored(*parts))
    assert found.value == pytest.approx(want)
    random, drawn = np.random.default_rng(SEED), []
    for _ in range(2000):
        i = random.integers(0, 300, 300)
        rate = y[i].mean()
        drawn.append(1 - ((s[i] - y[i]) ** 2).mean() / (rate * (1 - rate)))
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * np.std(drawn), rel=0.08)


def flagged(groups: dict[str, tuple[int, int, int, int]]) -> Cube:
    """By group: tp, fn, fp, tn."""
    rows = []
    for name, (tp, fn, fp, tn) in groups.items():
        for y, d, n in ((1, 1, tp), (1, 0, fn), (0, 1, fp), (0, 0, tn)):
            rows += [(name, y, d, 5 + d, -1, n, n * (100_000 + d * 500_000))] * (n > 0)
    return Cube.of("race", rows)


def test_groups_alike_have_no_detectable_spread_however_many_and_small() -> None:
    random = np.random.default_rng(SEED)
    values, lows = [], []
    for _ in range(40):
        found = {}
        for name in "abcdefg":
            tp = int(random.binomial(60, 0.7))
            found[name] = (tp, 60 - tp, 20, 180)
        spread = between_group_spread(flagged(found))[None]
        rates = [tp / 60 for tp, *_ in found.values()]
        assert spread.value < np.std(rates, ddof=1)
        values.append(spread.value)
        lows.append(spread.low)
    assert np.median(values) < 0.02
    assert np.mean([low > 0 for low in lows]) <= 0.1


def test_a_planted_spread_is_found() -> None:
    random = np.random.default_rng(SEED)
    found, truth = {}, np.array([0.5, 0.6, 0.7, 0.8, 0.9])
    for name, rate in zip("abcde", truth, strict=True):
        tp = int(random.binomial(400, rate))
        found[name] = (tp, 400 - tp, 50, 950)
    spread = between_group_spread(flagged(found))[None]
    assert spread.low < truth.std(ddof=1) < spread.high
    assert spread.low > 0.1


def test_limits_of_a_spread_hold_it() -> None:
    random, truth = np.random.default_rng(SEED), np.array([0.6, 0.65, 0.7, 0.75, 0.8])
    lows, highs = [], []
    for _ in range(60):
        found = {}
        for name, rate in zip("abcde", truth, strict=True):
            tp = int(random.binomial(100, rate))
            found[name] = (tp, 100 - tp, 50, 950)
        spread = between_group_spread(flagged(found))[None]
        lows.append(spread.low)
        highs.append(spread.high)
    wanted = truth.std(ddof=1)
    assert np.mean(np.array(lows) <= wanted) >= 0.95
    assert np.mean(np.array(highs) >= wanted) >= 0.95
    # Of groups this small nothing is certain: half of all audits leave open that there is none.
    assert np.median(lows) < 0.02


def test_equalized_odds_is_the_larger_part_and_its_limits_hold_both() -> None:
    both = equalized_odds(flagged({"a": (300, 100, 90, 910), "b": (200, 200, 300, 700)}))
    found, other = both["a"], both["b"]
    # Of two groups one's gap is the other's turned round.
    assert (found.value, found.low, found.high) == pytest.approx((other.value, other.low, other.high))
    tpr, fpr = 300 / 400 - 200 / 400, 90 / 1000 - 300 / 1000
    assert found.value == pytest.approx(max(abs(tpr), abs(fpr)))
    low, high = difference(0.75, *wilson(300, 400), 0.5, *wilson(200, 400))
    assert found.low < low
    assert found.high > high
    assert found.low > 0.15
    assert (found.n, found.events) == (1000, 90)  # the arm of the group's smallest cell


def test_equal_odds_have_a_lower_limit_of_nothing() -> None:
    found = equalized_odds(flagged({"a": (300, 100, 100, 900), "b": (150, 50, 40, 360)}))
    assert {e.low for e in found.values()} == {0.0}
    assert all(e.value < 0.01 < e.high for e in found.values())


@pytest.mark.parametrize(
    ("name", "low", "high", "n", "want"),
    [
        ("auroc", 0.70, 0.79, 900, "A"),
        ("auroc", 0.70, 0.89, 900, "B"),
        ("auroc", 0.70, 0.95, 900, "C"),
        ("observed_expected_ratio", 0.95, 1.14, 900, "A"),
        ("observed_expected_ratio", 0.80, 1.30, 900, "B"),
        ("observed_expected_ratio", 0.60, 1.30, 900, "C"),
        ("observed_expected_ratio", 0.0, 1.30, 900, "C"),
        ("calibration_slope", 0.9, 1.09, 900, "A"),
        ("calibration_slope", 0.9, 1.4, 900, "B"),
        ("calibration_slope", 0.9, 1.6, 900, "C"),
        ("auroc", 0.70, 0.71, 29, "C"),
        ("net_benefit", 0.0, 0.01, 900, None),
    ],
)
def test_a_grade_is_the_width_of_the_interval(
    name: str, low: float, high: float, n: int, want: str | None
) -> None:
    facts = metrics()[name].facts
    assert judge.grade(facts, Estimate((low + high) / 2, low, high, n)) == want


@pytest.mark.parametrize(
    ("events", "n", "want"),
    [(20, 29, "C"), (20, 30, "C"), (30, 60, "B"), (50, 100, "B"), (200, 500, "A"), (3, 100, "C"),
     (5, 500, "A"), (0, 100, "A"), (0, 60, "C")],
)  # fmt: skip
def test_a_share_is_graded_by_its_width_and_beside_itself(events: int, n: int, want: str) -> None:
    assert judge.grade_of_share(events, n) == want
