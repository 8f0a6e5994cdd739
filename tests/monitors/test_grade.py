"""Precision to the digit: what makes an estimate A, B or C, what is too rough, and what is still needed."""

from __future__ import annotations

import math
from typing import Any

import pytest

from monitors import judge
from monitors.metric import Estimate, Metric


def metric(**facts: Any) -> Metric:
    given = {"name": "m", "family": "performance", "reads": "tally", "unit": "pure number", **facts}
    return Metric(zero="none", source="here", **given)


WIDTH, RATIO, SHARE = metric(widest=0.3), metric(widest_ratio=1.65), metric(unit="share of rows", widest=0.3)


@pytest.mark.parametrize(
    ("facts", "low", "high", "n", "grade"),
    [
        (WIDTH, 0.5, 0.75, 500, "B"),
        (WIDTH, -0.25, 0.0, 500, "B"),
        (WIDTH, 0.5, 0.5625, 500, "A"),
        (WIDTH, 0.5, 0.59, 29, "C"),
        (WIDTH, 0.5, 0.59, 30, "A"),
        (WIDTH, 0.5, 0.82, 500, "C"),
        (metric(widest=0.5), 0.25, 0.75, 500, "B"),  # as wide as may be
        (metric(widest=0.75), 0.25, 0.5, 500, "A"),  # a third of that
        (metric(widest=0.75), 0.25, 0.5078125, 500, "B"),
        (metric(name="auroc", widest=0.2), 0.625, 0.71875, 500, "A"),
        (metric(name="auroc", widest=0.2), 0.625, 0.75, 500, "B"),
        (metric(name="other", widest=0.2), 0.625, 0.71875, 500, "B"),
        (RATIO, 1.0, 1.21, 500, "A"),
        (RATIO, 0.5, 0.625, 500, "B"),
        (RATIO, 1.0, 1.7, 500, "C"),
        (RATIO, 0.0, 0.5, 500, "C"),
        (RATIO, -0.5, 0.5, 500, "C"),
        (RATIO, 1.0, 1.1, 29, "C"),
        (metric(widest=0.3, widest_ratio=1.65), 1.0, 1.7, 500, "C"),  # the ratio is asked first
        (metric(), 0.5, 0.6, 500, None),
    ],
)
def test_an_estimate_is_as_precise_as_its_interval(
    facts: Metric, low: float, high: float, n: int, grade: str | None
) -> None:
    assert judge.grade(facts, Estimate((low + high) / 2, low, high, n)) == grade


@pytest.mark.parametrize(
    ("facts", "grade"),
    [
        (SHARE, "A"),
        (metric(unit="share of rows"), "A"),
        (metric(reads="cube"), "A"),
        (metric(reads="cube", widest=0.3), "A"),
        (metric(widest=0.3), "C"),
        (metric(), None),
    ],
)
def test_a_share_and_a_measure_of_groups_go_by_their_counts(facts: Metric, grade: str | None) -> None:
    assert judge.grade(facts, Estimate(0.5, 0.1, 0.9, 1000, 500)) == grade


def test_a_measure_of_groups_without_counts_goes_by_its_width() -> None:
    assert judge.grade(metric(reads="cube", widest=0.3), Estimate(0.5, 0.45, 0.55, 1000)) == "B"
    assert judge.grade(SHARE, Estimate(0.5, 0.1, 0.9, 1000)) == "C"


@pytest.mark.parametrize(
    "estimate", [Estimate(None, 0.1, 0.2, 90), Estimate(0.1, None, 0.2, 90), Estimate(0.1, 0.1, None, 90)]
)
def test_without_an_interval_there_is_no_grade_and_nothing_is_too_rough(estimate: Estimate) -> None:
    assert judge.grade(WIDTH, estimate) is None
    if estimate.value is not None:
        assert judge.too_rough(WIDTH, estimate.low, estimate.high, 90, 30) is None


@pytest.mark.parametrize(
    ("events", "n", "grade"),
    [
        (0, 72, "C"),  # wider than .05, and wider than 1.3 times a share of nothing
        (0, 74, "A"),
        (15, 29, "C"),
        (15, 30, "C"),  # .33 wide
        (25, 60, "B"),
        (200, 400, "A"),
        (30, 1000, "A"),
        (3, 100, "C"),
    ],
)
def test_a_share_is_graded_by_nchss_rule(events: int, n: int, grade: str) -> None:
    assert judge.grade_of_share(events, n) == grade


@pytest.mark.parametrize(
    ("facts", "low", "high", "n", "said"),
    [
        (WIDTH, 0.25, 0.5, 29, "29 rows where 30 are needed"),
        (WIDTH, 0.25, 0.5, 30, None),
        (metric(widest=0.25), 0.25, 0.5, 30, None),
        (WIDTH, 0.25, 0.75, 30, "the interval is 0.50 wide; 0.3 is the widest to judge by"),
        (RATIO, 1.0, 1.5, 30, None),
        (metric(widest_ratio=1.5), 1.0, 1.5, 30, None),
        (RATIO, 1.0, 2.0, 30, "too few events: the interval runs from 1.00 to 2.00"),
        (metric(), 0.0, 9.0, 30, None),
    ],
)
def test_what_is_too_rough_says_how(facts: Metric, low: float, high: float, n: int, said: str | None) -> None:
    assert judge.too_rough(facts, low, high, n, 30) == said


@pytest.mark.parametrize(
    ("low", "high", "n", "needs"),
    [
        (-0.25, 0.25, 100, {"n": 625, "more": 525, "windows": 7}),
        (-0.25, 0.75, 100, {"n": 2500, "more": 2400, "windows": 25}),
        (-0.05, 0.15, 100, {"n": 100, "more": 0, "windows": 1}),
        (-0.25, 0.25, 0, {"n": 0, "more": 0, "windows": 1}),
        (-0.25, 0.25, 1, {"n": 7, "more": 6, "windows": 7}),
    ],
)
def test_what_a_change_still_needs_grows_with_the_square_of_its_width(
    low: float, high: float, n: int, needs: dict[str, int]
) -> None:
    said = judge.change(low, high, 0.1, worse="either", n=n)
    assert said.verdict.value == "cannot_tell"
    assert said.reason == "the interval reaches across the margin"
    assert said.needs == needs


@pytest.mark.parametrize(
    ("value", "margin", "chance", "noise", "verdict"),
    [
        (0.3, 0.25, 0.125, 0.0625, "beyond"),
        (0.25, 0.25, 0.125, 0.0625, "different"),
        (0.1875, 0.25, 0.125, 0.0625, "within"),
        (0.25, 0.125, 0.25, 0.125, "cannot_tell"),
        (0.25, 0.125, 0.2, 0.125, "beyond"),
        (0.2, 0.25, 0.2, 0.125, "cannot_tell"),
    ],
)
def test_a_distance_is_beyond_only_past_both(
    value: float, margin: float, chance: float, noise: float, verdict: str
) -> None:
    assert judge.distance(value, margin, chance, noise, 100).verdict.value == verdict


@pytest.mark.parametrize(
    ("value", "chance", "n", "needs"),
    [
        (0.2, 0.5, 100, {"n": 400, "windows": 4}),
        (0.2, 0.5, 101, {"n": 404, "windows": 4}),
        (0.25, 0.2, 100, {"n": 100, "windows": 1}),
        (0.2, 0.5, 0, {"n": 0, "windows": 1}),
        (0.2, math.sqrt(2) / 4, 100, {"n": 200, "windows": 2}),
    ],
)
def test_what_a_distance_still_needs_brings_chance_inside_the_margin(
    value: float, chance: float, n: int, needs: dict[str, int]
) -> None:
    said = judge.distance(value, 0.25, chance, 0.2, n)
    assert said.needs is not None
    assert abs(said.needs["n"] - needs["n"]) <= 1
    assert said.needs["more"] == said.needs["n"] - n
    assert abs(said.needs["windows"] - needs["windows"]) <= (1 if chance == math.sqrt(2) / 4 else 0)
    moved = value > chance
    assert said.reason == (
        "it moved, less than the margin as far as one can see" if moved
        else "at this many rows chance alone reaches as far"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(-0.2, -0.1, "different"), (-0.1, 0.05, "cannot_tell"), (-0.2, 0.0, "cannot_tell")],
)
def test_a_margin_just_reached_downwards_is_not_passed(low: float, high: float, verdict: str) -> None:
    assert judge.change(low, high, 0.1, worse="either", n=100).verdict.value == verdict


def test_what_moved_by_an_unclear_amount_says_so_and_what_it_needs() -> None:
    said = judge.change(0.05, 0.25, 0.1, worse="either", n=150)
    assert (said.reason, said.needs) == (
        "it moved; the interval reaches across the margin", {"n": 150, "more": 0, "windows": 1},
    )  # fmt: skip


def test_of_a_single_row_as_many_windows_are_needed_as_rows() -> None:
    assert judge.distance(0.2, 0.25, 0.5, 0.2, 1).needs == {"n": 4, "more": 3, "windows": 4}


def test_rows_of_the_same_patients_are_graded_as_fewer() -> None:
    apart, together = Estimate(0.5, 0.47, 0.53, 1000, 500), Estimate(0.5, 0.4, 0.6, 1000, 500, design=20.0)
    assert judge.grade(SHARE, apart) == "A"
    assert judge.grade(SHARE, together) == "B"


def test_a_rare_share_is_rough_where_its_interval_is_wider_than_itself() -> None:
    assert judge.grade_of_share(5, 100) == "C"  # 1.8 times itself
