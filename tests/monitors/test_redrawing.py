"""People drawn again: one law, whichever way is the quicker."""

from __future__ import annotations

import numpy as np
import pytest

from monitors.redrawing import A_BINOMIAL, redrawn

DRAWS = 20_000
COUNTS = np.array([30, 0, 5, 1, 12, 2])


def chance(seed: int = 7) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("n", [25, 50, 5 * A_BINOMIAL + 1], ids=["fewer", "as many", "a cell at a time"])
def test_means_spreads_and_bonds_are_those_of_a_multinomial_draw(n: int) -> None:
    drawn = redrawn(COUNTS, n, DRAWS, chance())
    share = COUNTS / COUNTS.sum()
    law = n * (np.diag(share) - np.outer(share, share))
    assert (drawn.sum(axis=1) == n).all()
    assert np.abs(drawn.mean(axis=0) - n * share).max() < 5 * np.sqrt(law.max() / DRAWS)
    off = np.sqrt((np.outer(np.diag(law), np.diag(law)) + law**2) / DRAWS)  # of a sampled covariance
    assert (np.abs(np.cov(drawn.T) - law) <= 6 * off + 1e-12).all()
    assert not drawn[:, 1].any()


def test_every_outcome_of_three_people_is_as_frequent_as_it_must_be() -> None:
    ones = redrawn(np.array([2, 1]), 3, DRAWS, chance())[:, 1]
    law = np.array([8, 12, 6, 1]) / 27  # binomial, n = 3, p = 1/3
    found = np.bincount(ones, minlength=4)
    assert ((found - DRAWS * law) ** 2 / (DRAWS * law)).sum() < 16.3  # chi-square, 3 degrees, .999


def test_a_place_of_many_cells_is_drawn_in_parts_that_join() -> None:
    counts = np.full(2_000, 3)
    drawn = redrawn(counts, 6_000, 7, chance())
    assert drawn.shape == (7, 2_000)
    assert (drawn.sum(axis=1) == 6_000).all()
    assert len(np.unique(drawn, axis=0)) == 7


def test_so_many_people_that_two_bytes_do_not_tell_them_apart_are_drawn_as_well() -> None:
    counts = np.full(40_000, 2)
    drawn = redrawn(counts, 80_000, 2, chance())
    assert drawn.sum(axis=1).tolist() == [80_000, 80_000]
    assert drawn[:, 39_000:].sum() == pytest.approx(2 * 2_000, rel=0.1)
