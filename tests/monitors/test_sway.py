"""Sway: a model that lies still is believed, one column that does not is held to itself."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from monitors.sway import Sway, moderated


def drawn(random: np.random.Generator, ratios: list[float], windows: int) -> list[Sway]:
    """What normal columns whose windows vary by so much more than sampling show of it."""
    seen = [r * random.chisquare(windows - 1) / (windows - 1) for r in ratios]
    return [Sway(s, windows - 1, windows, 2.0, 1.0) for s in seen]


def wrong(windows: int, truth: float, level: float, columns: int = 1, still: int = 0) -> float:
    """How often a normal column that sways so much passes what chance reaches at a level."""
    random, found = np.random.default_rng([windows, columns, still]), []
    sampling = stats.norm.isf(level / 2) ** 2
    for _ in range(4000):
        sways = moderated(drawn(random, [truth] * columns + [1.0] * still, windows))
        reach = np.sqrt(sways[0].widen(sampling, 1.0, level))
        found.append(2 * stats.norm.sf(reach / np.sqrt(truth)))
    return float(np.mean(found))


@pytest.mark.parametrize("windows", [3, 5, 8, 26])
@pytest.mark.parametrize("truth", [1.0, 1.5, 3.0, 20.0])
def test_however_much_a_column_sways_a_level_is_kept(windows: int, truth: float) -> None:
    for level in (0.01, 0.0005):
        assert wrong(windows, truth, level) < 1.6 * level


@pytest.mark.parametrize("windows", [8, 26])
def test_a_column_that_sways_among_still_ones_is_held_to_itself(windows: int) -> None:
    assert wrong(windows, 6.0, 0.01, columns=1, still=19) < 0.025


def test_where_everything_sways_nobodys_calm_is_believed() -> None:
    assert wrong(8, 3.0, 0.01, columns=20) < 0.015


def test_the_calm_of_a_whole_model_is_evidence() -> None:
    random = np.random.default_rng(4)
    sways = drawn(random, [1.0] * 20, 8)
    assert all(s.freedom == 28 for s in moderated(sways) if s.ratio < 1.5)
    assert moderated(sways[:1]) == sways[:1]
    assert moderated([]) == []


def test_a_window_smaller_than_the_references_is_widened_less() -> None:
    small, large = (Sway(1.0, 7, 8, 2.0, share).widen(1.0, 0.15, 0.01) for share in (0.1, 1.0))
    assert 1.0 < small < 1.1 < large
