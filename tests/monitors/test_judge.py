"""Verdicts by hand: what an interval says against a margin, and that little evidence is never `within`."""

from __future__ import annotations

import math
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors import judge
from monitors.discovery import metrics
from monitors.interval import wilson

Worse = Literal["higher", "lower", "either"]
OPPOSITE: dict[Worse, Worse] = {"higher": "lower", "lower": "higher", "either": "either"}
NUMBER = st.floats(-2, 2)
WORSE = st.sampled_from(["higher", "lower", "either"])


@pytest.mark.parametrize(
    ("low", "high", "worse", "verdict"),
    [
        (-0.05, 0.05, "either", "within"),
        (0.02, 0.09, "either", "within"),  # it moved, and certainly less than agreed
        (0.11, 0.20, "either", "beyond"),
        (-0.20, -0.11, "either", "beyond"),
        (0.02, 0.15, "either", "different"),
        (-0.15, -0.02, "either", "different"),
        (-0.02, 0.15, "either", "cannot_tell"),
        (-0.30, 0.30, "either", "cannot_tell"),
        (0.11, 0.20, "higher", "beyond"),
        (-0.20, -0.11, "higher", "within"),  # better by any amount is no alarm
        (-0.20, 0.05, "higher", "within"),
        (0.11, 0.20, "lower", "within"),
        (-0.20, -0.11, "lower", "beyond"),
        (-0.20, -0.05, "lower", "different"),
        (-0.20, 0.05, "lower", "cannot_tell"),
        (0.10, 0.20, "either", "different"),  # a margin just reached is not passed
        (0.0, 0.10, "either", "cannot_tell"),  # and one that touches it is not inside it
        (-0.10, 0.10, "either", "cannot_tell"),
    ],
)
def test_a_change_is_judged_by_where_its_interval_lies(
    low: float, high: float, worse: Worse, verdict: str
) -> None:
    assert judge.change(low, high, 0.1, worse=worse, n=100).verdict.value == verdict


@given(NUMBER, NUMBER, st.floats(1e-6, 1), WORSE)
def test_within_is_said_only_of_an_interval_inside_the_margin(
    a: float, b: float, margin: float, worse: Worse
) -> None:
    low, high = min(a, b), max(a, b)
    said = judge.change(low, high, margin, worse=worse, n=50)
    inside = (high < margin or worse == "lower") and (low > -margin or worse == "higher")
    assert (said.verdict == "within") == inside
    if said.verdict in ("different", "cannot_tell"):
        assert said.reason
        assert said.needs is not None
        assert said.needs["windows"] >= 1


@given(NUMBER, NUMBER, st.floats(1e-6, 1), WORSE)
def test_a_mirrored_change_gets_the_mirrored_verdict(a: float, b: float, margin: float, worse: Worse) -> None:
    low, high = min(a, b), max(a, b)
    here = judge.change(low, high, margin, worse=worse, n=50)
    there = judge.change(-high, -low, margin, worse=OPPOSITE[worse], n=50)
    assert here.verdict == there.verdict


@given(NUMBER, st.floats(0.001, 1), st.floats(0.001, 1), st.floats(0.01, 1), WORSE)
def test_a_narrower_interval_never_takes_a_clear_verdict_back(
    middle: float, half: float, part: float, margin: float, worse: Worse
) -> None:
    wide = judge.change(middle - half, middle + half, margin, worse=worse, n=10).verdict
    narrow = judge.change(middle - half * part, middle + half * part, margin, worse=worse, n=10).verdict
    if wide in ("within", "beyond"):
        assert narrow == wide


def test_what_is_needed_would_decide_it() -> None:
    """With the rows asked for, the interval is no wider than the margin on either side."""
    said = judge.change(-0.14, 0.16, 0.1, worse="either", n=40)
    assert said.needs in tuple({"n": n, "more": n - 40, "windows": 3} for n in (90, 91))
    half = 0.15 * math.sqrt(40 / 90)
    assert half <= 0.1 + 1e-12


@pytest.mark.parametrize(
    ("value", "chance", "noise", "verdict"),
    [
        (0.30, 0.10, 0.06, "beyond"),
        (0.30, 0.35, 0.20, "cannot_tell"),  # past the margin, and chance alone goes as far
        (0.05, 0.10, 0.06, "cannot_tell"),  # so is less: noise may hide a true 0.2
        (0.05, 0.04, 0.03, "within"),
        (0.15, 0.10, 0.06, "different"),  # moved for certain, how far is not
        (0.12, 0.10, 0.05, "within"),
        (0.20, 0.10, 0.06, "different"),  # just at the margin is not past it
    ],
)
def test_a_distance_has_to_pass_both_the_margin_and_chance(
    value: float, chance: float, noise: float, verdict: str
) -> None:
    margin = 0.2 if value != 0.05 or chance != 0.10 else 0.1
    assert judge.distance(value, margin, chance, noise, 100).verdict.value == verdict


@given(st.floats(0, 2), st.floats(0.01, 1), st.floats(0, 2), st.floats(0, 2))
def test_a_distance_chance_reaches_is_never_beyond(
    value: float, margin: float, chance: float, noise: float
) -> None:
    verdict = judge.distance(value, margin, chance, noise, 100).verdict
    assert (verdict == "beyond") == (value > margin and value > chance)
    if verdict == "within":
        assert value + noise <= margin


def test_an_estimate_too_rough_says_why() -> None:
    facts = {name: declared.facts for name, declared in metrics().items()}
    rough = judge.too_rough
    assert rough(facts["true_positive_rate"], 0.4, 0.6, 29, 30) == "29 rows where 30 are needed"
    assert rough(facts["true_positive_rate"], 0.4, 0.6, 30, 30) is None
    assert "0.35 wide" in (rough(facts["true_positive_rate"], 0.4, 0.75, 30, 30) or "")
    assert "0.25 wide" in (rough(facts["auroc"], 0.6, 0.85, 500, 30) or "")
    assert "from 0.50 to 1.50" in (rough(facts["observed_expected_ratio"], 0.5, 1.5, 500, 30) or "")
    assert "from 0.00 to 1.50" in (rough(facts["observed_expected_ratio"], 0.0, 1.5, 500, 30) or "")
    assert rough(facts["observed_expected_ratio"], 0.9, 1.2, 500, 30) is None


@given(st.integers(0, 600), st.integers(1, 600))
def test_a_grade_falls_with_fewer_people_and_never_rises(events: int, n: int) -> None:
    events = min(events, n)
    grade, more = judge.grade_of_share(events, n), judge.grade_of_share(4 * events, 4 * n)
    assert more <= grade  # "A" comes before "B"
    low, high = wilson(events, n)
    if n < 30 or high - low > 0.30:
        assert grade == "C"
