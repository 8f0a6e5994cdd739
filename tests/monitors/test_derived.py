"""Counts in disguise: for each number that is shown, how many counts an onlooker is left with."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.audit import Finding, Verdict
from monitors.derived import rounded, step, undisguised
from monitors.window import Window

MONTH = Window.parse("2026-01-01T00:00:00Z/2026-01-31T00:00:00Z")
LOSS = Finding(
    metric="miscalibration_loss", family="fairness", subject="race", unit="share of rows", group="a",
    verdict=Verdict.DIFFERENT, value=-0.05, low=-0.12, high=-0.01, level=-0.05, n=80, events=50, margin=0.1,
)  # fmt: skip
MIX = Finding(
    metric="total_variation", family="drift", subject="ward", unit="share of rows", verdict=Verdict.WITHIN,
    value=0.0123456, low=0.0, high=0.0654321, n=579, events=40, chance=0.0456789, p=0.123456, margin=0.1,
)  # fmt: skip


@given(st.integers(11, 2000), st.integers(-300, 300))
def test_a_loss_that_is_a_handful_of_people_keeps_its_verdict_and_not_its_number(n: int, people: int) -> None:
    (shown,) = undisguised([replace(LOSS, n=n, value=people / n, level=people / n)])
    assert shown.verdict is Verdict.DIFFERENT
    if abs(people) <= 10:
        assert {shown.value, shown.low, shown.high, shown.level, shown.baseline} == {None}
        assert shown.n == n
    else:
        assert shown.value == people / n


@given(st.integers(100, 5000), st.integers(0, 5000))
def test_a_rounded_figure_leaves_ten_counts_open(n: int, events: int) -> None:
    if events > n:
        return
    figure = replace(MIX, metric="scored_share", family="performance", subject="model", n=n, value=events / n)
    shown = rounded(figure, MONTH)
    alike = [k for k in range(n + 1) if rounded(replace(figure, value=k / n), MONTH).value == shown.value]
    assert len(alike) >= 10
    assert {shown.n, shown.events, shown.low, shown.high, shown.needs} == {None}
    assert step(n) * n >= 20 or step(n) == 0.01


def test_a_distance_is_told_to_three_digits_and_its_smallest_bar_not_at_all() -> None:
    (shown,) = undisguised([MIX])
    assert (shown.value, shown.high, shown.chance, shown.p) == (0.0123, 0.0654, 0.0457, 0.123)
    assert shown.events is None
    assert shown.n == 579


@pytest.mark.parametrize(("n", "value"), [(579, 0.0), (60, None)])
def test_a_distance_with_a_bar_of_a_handful_is_coarse_or_not_told(n: int, value: float | None) -> None:
    (shown,) = undisguised([replace(MIX, n=n, events=4)])
    assert shown.value == value
    assert {shown.low, shown.high, shown.chance, shown.p, shown.events} == {None}
    assert shown.verdict is Verdict.WITHIN


def test_a_spread_over_groups_is_withheld_with_any_of_them() -> None:
    spread = replace(LOSS, metric="between_group_spread", group=None, value=0.08, n=300, events=None)
    hidden = replace(LOSS, verdict=Verdict.WITHHELD, value=None, n=None)
    assert undisguised([spread])[0].value == 0.08
    assert undisguised([spread, hidden])[0].verdict is Verdict.WITHHELD
    assert undisguised([spread, hidden])[0].value is None


def test_rates_drawn_towards_all_are_coarse_where_some_are_withheld() -> None:
    drawn = replace(LOSS, metric="pooled_true_positive_rate", group="b", value=0.6234, reason="drawn 12 %")
    hidden = replace(drawn, group="c", verdict=Verdict.WITHHELD, value=None)
    assert undisguised([drawn])[0].value == 0.6234
    shown = undisguised([drawn, hidden])[0]
    assert shown.value == pytest.approx(0.6)
    assert "12" not in (shown.reason or "")
