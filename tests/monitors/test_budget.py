"""The alert budget: what follows from it for one window, held against counting drawn windows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.alert import AT_ONCE, USUAL, Debounce
from monitors.budget import LEVEL, Budget, alerts, level, one_window, windows_a_quarter
from monitors.config_file import parse
from monitors.errors import ConfigError
from monitors.window import Length

TEXT = """
model: sepsis
version: "1"
source: {kind: files, path: a.csv}
columns: {time: at, score: risk}
window: P7D
reference: {from: 2026-01-05, to: 2026-03-02}
"""


def test_alerts_after_debouncing_are_what_counting_windows_gives() -> None:
    random = np.random.default_rng(4)
    beyond = random.random(200_000) < 0.05
    earlier = beyond[1:-1] | beyond[:-2]
    assert alerts(0.05, Debounce(2, 3)) == pytest.approx(float((beyond[2:] & earlier).mean()), rel=0.05)


@given(st.floats(1e-6, 0.1), st.sampled_from([AT_ONCE, USUAL]))
def test_a_share_of_windows_gives_the_alerts_it_was_made_for(wanted: float, rule: Debounce) -> None:
    assert alerts(one_window(wanted, rule), rule) == pytest.approx(wanted, rel=1e-6)


@given(st.floats(0.01, 100), st.sampled_from(["PT5M", "PT1H", "P1D", "P7D", "P1M", "P90D"]))
def test_a_level_keeps_the_budget_whatever_the_window(agreed: float, length: str) -> None:
    budget, held = Budget(page=agreed), Length.parse(length)
    found = level(budget, held)
    assert 0 < found <= LEVEL
    assert alerts(found, USUAL) * windows_a_quarter(held) <= min(agreed, 1.0) * (1 + 1e-6)


def test_windows_of_minutes_are_held_to_less_than_one_percent() -> None:
    lengths = ["P7D", "P1D", "PT1H", "PT5M"]
    levels = [level(Budget(), Length.parse(length)) for length in lengths]
    assert levels[:3] == [LEVEL] * 3
    assert levels[3] < LEVEL / 2
    assert level(Budget(page=0.001), Length.parse("P1D")) < LEVEL / 2


def test_a_year_without_drift_keeps_the_budget_it_was_drawn_for() -> None:
    """Windows of five minutes, each showing some drift as often as the level allows."""
    random = np.random.default_rng(7)
    windows = round(windows_a_quarter(Length.parse("PT5M")))
    told = []
    for _ in range(60):
        beyond = random.random(windows) < level(Budget(), Length.parse("PT5M"))
        near = beyond[2:] & (beyond[1:-1] | beyond[:-2])
        told.append(int(near.sum()))
    assert np.mean(told) <= 1.3  # one false alert a quarter, known to a sixth


def test_the_default_is_one_false_page_a_model_and_quarter() -> None:
    budget = parse(TEXT, "sepsis.yaml").budget
    assert (budget.page, budget.ticket, budget.committee) == (1, 1, 1)
    assert budget.of("info") == float("inf")


def test_a_budget_is_a_models_own_and_changes_its_digest() -> None:
    asked = parse(TEXT + "budget: {page: 0.25}", "sepsis.yaml")
    assert (asked.budget.page, asked.budget.tightest) == (0.25, 0.25)
    assert asked.digest != parse(TEXT, "sepsis.yaml").digest


@pytest.mark.parametrize(
    ("said", "told"),
    [("{page: 0}", "budget.page: must be above 0"), ("{pages: 1}", "budget.pages: is not a known key")],
)
def test_a_budget_that_is_none_is_refused(said: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        parse(f"{TEXT}budget: {said}", "sepsis.yaml")
