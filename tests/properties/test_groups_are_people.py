"""Counting first and measuring then is measuring the people themselves."""

from __future__ import annotations

import warnings

import numpy as np
from fairlearn.metrics import (
    MetricFrame,
    false_positive_rate,
    mean_prediction,
    selection_rate,
    true_positive_rate,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import precision_score, roc_auc_score

from monitors.cube import UNKNOWN, Cube
from monitors.disaggregate import by_group

RATES = {
    "selection_rate": selection_rate,
    "true_positive_rate": true_positive_rate,
    "false_positive_rate": false_positive_rate,
    "positive_predictive_value": precision_score,
}
Columns = tuple[list[str | None], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]


@st.composite
def people(draw: st.DrawFn) -> Columns:
    """Group (or none recorded), outcome, decision and score of up to 120 people."""
    n = draw(st.integers(1, 120))
    groups = draw(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=n, max_size=n))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    score = np.round(random.beta(*draw(st.sampled_from([(1, 1), (2, 5), (0.3, 0.3)])), n), 6)
    outcome = (random.random(n) < draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))).astype(np.int64)
    decision = (score >= draw(st.sampled_from([0.0, 0.3, 0.9, 2.0]))).astype(np.int64)
    return groups, outcome, decision, score


def counted(rows: Columns, cells: int) -> Cube:
    groups, outcome, decision, score = rows
    place = np.minimum((score * cells).astype(int), cells - 1)
    columns = zip(groups, outcome, decision, place, np.round(score * 1e6), strict=True)
    return Cube.of("g", [(g or UNKNOWN, int(y), int(d), int(c), -1, 1, int(s)) for g, y, d, c, s in columns])


@given(people())
@settings(max_examples=60, deadline=None)
def test_rates_are_fairlearns_on_people_to_the_last_bit(rows: Columns) -> None:
    groups, outcome, decision, _ = rows
    named = np.array([group or UNKNOWN for group in groups])
    seen = by_group(counted(rows, 10), RATES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what raw Fairlearn warns of is what we do not ask it
        raw = MetricFrame(metrics=RATES, y_true=outcome, y_pred=decision, sensitive_features=named.tolist())
    for name in RATES:
        for group in sorted(set(named)):
            for found, inside in ((seen.group, named == group), (seen.rest, named != group)):
                y, d = outcome[inside], decision[inside]
                denominator = {
                    "selection_rate": len(y),
                    "true_positive_rate": (y == 1).sum(),
                    "false_positive_rate": (y == 0).sum(),
                    "positive_predictive_value": (d == 1).sum(),
                }[name]
                value = found[name, group]
                assert (value is None) == (denominator == 0)
                if value is not None:
                    assert value == RATES[name](y, d)
            if (value := seen.group[name, group]) is not None:
                assert value == raw.by_group[name][group]
        if seen.everyone[name] is not None:
            assert seen.everyone[name] == raw.overall[name]


@given(people())
@settings(max_examples=60, deadline=None)
def test_area_is_scikit_learns_on_people_where_each_score_has_its_cell(rows: Columns) -> None:
    groups, outcome, _, score = rows
    named = np.array([group or UNKNOWN for group in groups])
    seen = by_group(counted(rows, 1_000_000), ["auroc", "observed_expected_ratio"])
    for group in sorted(set(named)):
        inside = named == group
        area = seen.group["auroc", group]
        if area is None:
            assert len(set(outcome[inside])) == 1
        else:
            assert abs(area - roc_auc_score(outcome[inside], score[inside])) < 1e-12
        ratio = seen.group["observed_expected_ratio", group]
        if ratio is None:
            assert score[inside].sum() == 0
        else:
            expected = mean_prediction(outcome[inside], score[inside])
            assert abs(ratio - outcome[inside].mean() / expected) <= 1e-9 * max(1.0, ratio)


@given(st.integers(0, 2**32 - 1), st.sampled_from([(1.0, 1.0), (2.0, 5.0), (5.0, 2.0), (0.5, 3.0)]))
@settings(max_examples=25, deadline=None)
def test_two_hundred_quantile_cells_cost_less_than_a_thousandth(
    seed: int, shape: tuple[float, float]
) -> None:
    random = np.random.default_rng(seed)
    reference = random.beta(*shape, 5000)
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, 201)))
    score = np.round(random.beta(*shape, 3000), 6)
    outcome = (random.random(3000) < score).astype(np.int64)
    cell = np.clip(np.searchsorted(edges, score, side="right") - 1, 0, len(edges) - 2)
    rows = zip(outcome, cell, np.round(score * 1e6), strict=True)
    cube = Cube.of("", [("", int(y), -1, int(c), -1, 1, int(s)) for y, c, s in rows])
    area = by_group(cube, ["auroc"]).everyone["auroc"]
    assert area is not None
    assert abs(area - roc_auc_score(outcome, score)) < 1e-3
