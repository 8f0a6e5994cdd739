"""Outcomes drawn by risks: one law, whichever way is the quicker."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from monitors.outcomes import outcomes

DRAWS = 20_000


def chance(seed: int = 7) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    ("n", "risk"),
    [(1, 0.3), (3, 0.02), (7, 0.5), (12, 0.93), (64, 0.4), (65, 0.4), (5, 0.99995)],
    ids=["one", "rare", "even", "likely", "the most together", "one more", "nearly sure"],
)
def test_every_number_of_outcomes_is_as_frequent_as_it_must_be(n: int, risk: float) -> None:
    drawn = outcomes(np.array([n]), np.full((DRAWS, 1), risk), chance())
    found = np.bincount(drawn[:, 0].astype(int), minlength=n + 1)
    law = np.array([comb(n, x) * risk**x * (1 - risk) ** (n - x) for x in range(n + 1)])
    assert len(found) == n + 1
    assert np.abs(np.cumsum(found) / DRAWS - np.cumsum(law)).max() < 1.95 / np.sqrt(DRAWS)  # Kolmogorov, .999


@pytest.mark.parametrize("people", [4, 100], ids=["few", "many"])
def test_each_draw_and_cell_has_a_risk_of_its_own(people: int) -> None:
    risk = np.array([[0.0, 0.2], [0.9, 0.0]]).repeat(DRAWS, axis=0)
    drawn = outcomes(np.array([people, people]), risk, chance())
    first, second = drawn[:DRAWS].mean(axis=0), drawn[DRAWS:].mean(axis=0)
    assert [first[0], second[1]] == [0, 0]
    assert first[1] == pytest.approx(0.2 * people, abs=5 * np.sqrt(0.16 * people / DRAWS))
    assert second[0] == pytest.approx(0.9 * people, abs=5 * np.sqrt(0.09 * people / DRAWS))


def test_neighbours_and_draws_know_nothing_of_each_other() -> None:
    drawn = outcomes(np.array([6, 9, 2]), np.full((DRAWS, 3), 0.3), chance())
    bonds = np.corrcoef(drawn.T)[np.triu_indices(3, 1)]
    onward = np.corrcoef(drawn[:-1, 0], drawn[1:, 0])[0, 1]
    assert np.abs([*bonds, onward]).max() < 4 / np.sqrt(DRAWS)


def test_an_empty_cell_has_no_outcome_and_no_cell_is_no_trouble() -> None:
    assert not outcomes(np.array([0, 0]), np.full((5, 2), 0.5), chance()).any()
    assert outcomes(np.array([], dtype=np.int64), np.empty((5, 0)), chance()).shape == (5, 0)


def test_a_cell_never_has_more_outcomes_than_people() -> None:
    class Highest(np.random.Generator):
        def random(self, shape: tuple[int, ...]) -> np.ndarray:  # type: ignore[override]
            return np.full(shape, 1 - 2.0**-53)

    drawn = outcomes(np.arange(1, 64), np.full((3, 63), 1 / 3), Highest(np.random.PCG64(1)))
    assert (drawn <= np.arange(1, 64)).all()
