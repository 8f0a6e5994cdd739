"""Measures of groups and of calibration, from counts, are those of the people themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fairlearn.metrics import true_positive_rate
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from monitors.cube import Cube
from monitors.discovery import metrics
from monitors.metric import Estimate
from monitors.performance._smooth import basis, curve

Columns = tuple[NDArray[np.str_], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]


@st.composite
def people(draw: st.DrawFn) -> Columns:
    """Group, outcome (-1 not known), decision and score of up to 200 people."""
    n = draw(st.integers(1, 200))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    group = random.choice(list("abc"), n, p=draw(st.sampled_from([(0.4, 0.4, 0.2), (0.9, 0.1, 0.0)])))
    score = np.round(random.beta(2, 3, n), draw(st.sampled_from([1, 6])))
    outcome = (random.random(n) < score ** draw(st.sampled_from([0.5, 1, 2]))).astype(np.int64)
    outcome[random.random(n) < draw(st.sampled_from([0.0, 0.3, 1.0]))] = -1
    return group, outcome, (score >= 0.4).astype(np.int64), score


def counted(rows: Columns) -> Cube:
    """One cell for each score, so that nothing is lost."""
    columns = zip(*rows[:3], np.round(rows[3] * 1e6).astype(int), strict=True)
    return Cube.of("g", [(str(g), int(y), int(d), int(s), -1, 1, int(s)) for g, y, d, s in columns])


def of(name: str, rows: Columns) -> dict[str | None, Estimate]:
    return dict(metrics()[name].compute(counted(rows)))


@given(people())
@settings(max_examples=30, deadline=None)
def test_the_xauc_gap_is_two_areas_of_scikit_learn(rows: Columns) -> None:
    group, y, _, score = rows
    for name, found in of("xauc_gap", rows).items():
        mine = group == name
        areas = []
        for ones, zeros in ((mine, ~mine), (~mine, mine)):
            both = (ones & (y == 1)) | (zeros & (y == 0))
            one_sided = not (ones & (y == 1)).any() or not (zeros & (y == 0)).any()
            areas.append(None if one_sided else roc_auc_score(y[both], score[both]))
        if None in areas:
            assert found.value is None
        else:
            assert found.value == pytest.approx(areas[0] - areas[1], abs=1e-12)


@given(people())
@settings(max_examples=30, deadline=None)
def test_the_ascertainment_ratio_is_of_known_outcomes(rows: Columns) -> None:
    group, y, *_ = rows
    known = y >= 0
    for name, found in of("ascertainment_ratio", rows).items():
        mine = group == name
        if min(known[mine].sum(), known[~mine].sum()) < 5:
            assert found.value is None
        else:
            assert found.value == pytest.approx(known[mine].mean() / known[~mine].mean())
            assert found.low < found.value < found.high or known.all()


@given(people())
@settings(max_examples=30, deadline=None)
def test_the_worst_group_lies_between_its_own_rate_and_everyones(rows: Columns) -> None:
    group, y, d, _ = rows
    found = of("worst_group_true_positive_rate", rows)[None]
    had = [name for name in set(group) if (y[group == name] == 1).any()]
    if len(had) < 2:
        assert found.value is None
        return
    known = y >= 0
    raw = [
        true_positive_rate(y[known & (group == name)], d[known & (group == name)], pos_label=1)
        if len(set(y[known & (group == name)])) > 1
        else d[known & (group == name)].mean()
        for name in had
    ]
    everyone = d[y == 1].mean()
    assert found.n == (y == 1).sum()
    # A half added to each side and the pull towards all both raise the lowest; never past everyone's.
    assert min(raw) - 1e-9 <= found.value or min(raw) > 0.5
    assert found.value <= max(everyone, max(raw), 0.5) + 0.5 / min((y == 1).sum(), 10)
    assert found.low <= found.value <= found.high


@given(people())
@settings(max_examples=20, deadline=None)
def test_the_distances_from_the_curve_are_those_of_people(rows: Columns) -> None:
    _, y, _, score = rows
    tally = counted(rows).tally()
    found = {name: metrics()[name].compute(tally) for name in ("e50", "e90", "integrated_calibration_index")}
    if len(set(y[y >= 0])) < 2:
        assert all(estimate.value is None for estimate in found.values())
        return
    design = basis(tally)
    risk = curve(design, tally.positives[None], (tally.positives + tally.negatives)[None])[0]
    by_score = dict(zip(np.round(tally.score, 6), risk, strict=True))
    off = np.array([abs(by_score[round(s, 6)] - s) for s in score[y >= 0]])
    assert found["integrated_calibration_index"].value == pytest.approx(off.mean(), abs=1e-9)
    for name, share in (("e50", 0.5), ("e90", 0.9)):
        wanted = np.quantile(off, share, method="inverted_cdf")
        assert math.isclose(found[name].value, wanted, abs_tol=1e-9)
