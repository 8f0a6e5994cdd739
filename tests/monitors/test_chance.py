"""Chance: what is said of rare distances agrees with drawing very many of them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from scipy import stats

from monitors import chance
from monitors.chance import Distance, Null
from monitors.discovery import metrics
from monitors.histogram import Counts
from monitors.sway import Sway

REFERENCE: Counts = np.array([300, 700, 1500, 900, 400, 150, 50], dtype=np.int64)
AT = np.linspace(0, 3, len(REFERENCE))
MANY = 150_000


def distance(name: str) -> Distance:
    declared = metrics()[name]
    return partial(declared.compute, positions=AT) if declared.facts.ordered else declared.compute


def brute(name: str, n: int, seed: int) -> Any:
    """Distances without drift, the reference a sample too, drawn without any of our code."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(MANY // 15_000):
        truth = random.multinomial(REFERENCE.sum(), REFERENCE / REFERENCE.sum(), size=15_000)
        windows = random.multinomial(n, truth / truth.sum(axis=1, keepdims=True))
        found.append(distance(name)(REFERENCE, windows))
    return np.concatenate(found)


@pytest.mark.parametrize("name", ["wasserstein", "total_variation", "psi", "kolmogorov_smirnov"])
@pytest.mark.parametrize("n", [60, 800])
def test_the_fitted_tail_agrees_with_very_many_draws(name: str, n: int) -> None:
    all_of_them = brute(name, n, 11)
    null = chance.null(distance(name), REFERENCE, n, np.random.default_rng(5))
    for level, off in ((0.1, 0.05), (0.01, 0.06), (1e-3, 0.10)):
        assert null.quantile(level) == pytest.approx(np.quantile(all_of_them, 1 - level), rel=off)
    assert null.mean == pytest.approx(all_of_them.mean(), rel=0.05)
    for level in (0.02, 2e-3):
        reached = float(np.quantile(all_of_them, 1 - level))
        assert null.p(reached) == pytest.approx(level, rel=0.5)


def test_p_values_without_drift_are_spread_evenly() -> None:
    random = np.random.default_rng(3)
    ps = []
    for _ in range(300):
        reference = random.multinomial(5000, REFERENCE / REFERENCE.sum())
        null = chance.null(distance("wasserstein"), reference, 150, random, draws=500)
        window = random.multinomial(150, REFERENCE / REFERENCE.sum())
        ps.append(null.p(float(distance("wasserstein")(reference, window))))
    assert stats.kstest(ps, "uniform").pvalue > 0.01


@pytest.mark.parametrize("sway", [None, Sway(2.5, 7, 8, 1.2, 0.9)])
def test_p_and_quantile_are_each_others_inverse(sway: Sway | None) -> None:
    drawn = chance.null(distance("wasserstein"), REFERENCE, 200, np.random.default_rng(8))
    null = Null(drawn.distances, sway=sway)
    for level in (0.2, 0.05, 0.01, 1e-3, 1e-5):
        assert null.p(null.quantile(level)) == pytest.approx(level, rel=0.02, abs=3e-4)
    values = np.linspace(0, 2, 60)
    ps = [null.p(float(value)) for value in values]
    assert ps == sorted(ps, reverse=True)
    assert 0 < ps[-1] < ps[0] <= 1


def test_the_same_seed_draws_the_same() -> None:
    first, second = (
        chance.null(distance("psi"), REFERENCE, 90, np.random.default_rng(4)).distances for _ in range(2)
    )
    assert (first == second).all()


def test_a_cell_the_reference_left_empty_may_hold_something_in_truth() -> None:
    """One row in a new cell is no proof: chance puts it there once in a while."""
    reference = np.array([500, 500, 0], dtype=np.int64)
    null = chance.null(distance("total_variation"), reference, 1000, np.random.default_rng(1))
    window = np.array([500, 499, 1], dtype=np.int64)
    assert null.p(float(distance("total_variation")(reference, window))) > 0.5


@pytest.mark.parametrize("seed", range(5))
def test_the_level_over_many_checks_is_benjamini_and_hochbergs(seed: int) -> None:
    random = np.random.default_rng(seed)
    ps = [*random.uniform(size=40).tolist(), *random.uniform(0, 0.004, size=seed * 3).tolist()]
    level = chance.benjamini_hochberg(ps, 0.05)
    ours = [p <= level for p in ps]
    theirs = (stats.false_discovery_control(ps) <= 0.05).tolist()
    assert ours == theirs
    assert level >= 0.05 / len(ps)


def test_one_check_is_held_to_the_level_itself() -> None:
    assert chance.benjamini_hochberg([0.3], 0.01) == 0.01
    assert chance.benjamini_hochberg([], 0.01) == 0.01


@pytest.mark.parametrize("name", ["wasserstein", "total_variation", "psi"])
def test_windows_that_sway_by_themselves_widen_what_chance_may_do(name: str) -> None:
    random = np.random.default_rng(6)
    shares = REFERENCE / REFERENCE.sum()

    def blocks(sway: float) -> Counts:
        tilt = np.exp(random.normal(0, sway, size=(12, 1)) * (AT - AT.mean()))
        weights = shares * tilt
        return np.array([random.multinomial(333, w / w.sum()) for w in weights])

    null = chance.kept(name, distance(name), REFERENCE, 333, [1])
    still, swaying = (
        chance.widened(distance(name), REFERENCE, blocks(sway), null, 333) for sway in (0.0, 0.4)
    )
    assert swaying.quantile(0.01) > 1.5 * null.quantile(0.01)
    assert still.quantile(0.01) < 1.5 * null.quantile(0.01)
    assert chance.widened(distance(name), REFERENCE, blocks(0.4)[:1], null, 333) == null


def test_kept_draws_are_those_of_the_same_size_and_carried_to_one_nearby() -> None:
    held = chance.kept("w", distance("wasserstein"), REFERENCE, 1000, [2])
    again = chance.kept("w", distance("wasserstein"), REFERENCE, 1000, [2])
    assert (held.distances == again.distances).all()
    for n in (960, 1040):
        near = chance.kept("w", distance("wasserstein"), REFERENCE, n, [2])
        fresh = chance.null(distance("wasserstein"), REFERENCE, n, np.random.default_rng(9))
        assert near.quantile(0.01) == pytest.approx(fresh.quantile(0.01), rel=0.07)
