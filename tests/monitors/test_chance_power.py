"""What chance lets through and what it finds, over drawn windows; and that keeping draws changes nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from monitors import chance
from monitors.discovery import metrics
from monitors.drift.wasserstein import wasserstein

Counts = NDArray[np.int64]

EDGES = stats.norm.ppf(np.linspace(0, 1, 21))
EDGES[0], EDGES[-1] = -3.5, 3.5
MASS = np.diff(stats.norm.cdf(EDGES))
AT = np.array([-3.5, *(-np.diff(stats.norm.pdf(EDGES)) / MASS), 3.5]) + 3.5
distance = partial(wasserstein, positions=AT)


def shares(shift: float) -> NDArray[np.float64]:
    """Of a normal column, shifted by so many standard deviations."""
    return np.diff(stats.norm.cdf(np.array([-np.inf, *EDGES, np.inf]) - shift))


def drawn(random: np.random.Generator, shift: float, n: int, windows: int) -> Counts:
    return random.multinomial(n, shares(shift), size=windows)


@pytest.mark.parametrize("n", [30, 100, 1000])
def test_undrifted_windows_reach_a_level_as_often_as_it_says(n: int) -> None:
    random = np.random.default_rng([1, n])
    found = []
    for _ in range(40):
        reference = drawn(random, 0, 5000, 1)[0]
        null = chance.null(distance, reference, n, random)
        found.append(distance(reference, drawn(random, 0, n, 500)) > null.quantile(0.01))
    assert np.mean(found) == pytest.approx(0.01, abs=0.004)


def test_a_shift_is_found_nearly_as_often_as_a_test_made_for_shifts_finds_it() -> None:
    """Paired with the two-sided z test on the same references, whose power is known."""
    random = np.random.default_rng(2)
    ours: dict[float, list[float]] = {0.3: [], 0.5: []}
    for _ in range(40):
        reference = drawn(random, 0, 5000, 1)[0]
        reach = chance.null(distance, reference, 100, random).quantile(0.01)
        for shift, found in ours.items():
            # Up and down, so that a reference that lies to one side favours neither.
            windows = np.concatenate([drawn(random, s * shift, 100, 400) for s in (1, -1)])
            found.append(float((distance(reference, windows) > reach).mean()))
    assert np.mean(ours[0.3]) > 0.62
    assert np.mean(ours[0.5]) > 0.98


@pytest.mark.parametrize("name", [n for n, d in metrics().items() if d.facts.reads == "distance"])
@pytest.mark.parametrize("n", [210, 2900])
def test_a_kept_null_is_the_null_of_that_very_size(name: str, n: int) -> None:
    facts, compute = metrics()[name].facts, metrics()[name].compute
    of = partial(compute, positions=AT) if facts.ordered else compute
    reference = np.round(shares(0) * 5000).astype(np.int64)
    kept = chance.kept(name, of, reference, n, [3], draws=20_000)
    direct = chance.null(of, reference, n, np.random.default_rng(4), draws=20_000)
    for level, within in ((0.5, 0.02), (0.01, 0.03), (0.001, 0.06)):
        # A distance that is a whole number of rows has no values closer than a row or so.
        steps = 2 / n if name in ("kolmogorov_smirnov", "l_infinity") else 0.0
        assert kept.quantile(level) == pytest.approx(direct.quantile(level), rel=within, abs=steps)


def test_draws_are_made_once_for_windows_of_nearly_one_size() -> None:
    asked = []

    def counted(reference: Counts, windows: Counts) -> NDArray[np.float64]:
        asked.append(windows.ndim)
        return distance(reference, windows)

    reference = np.round(shares(0) * 5000).astype(np.int64)
    nulls = [chance.kept("counted", counted, reference, n, [5]) for n in (300, 303, 297)]
    assert asked.count(2) == 1
    assert nulls[2].mean > nulls[0].mean > nulls[1].mean
    again = chance.kept("counted", counted, reference, 300, [5])
    assert np.array_equal(again.distances, nulls[0].distances)


def test_small_windows_are_drawn_at_their_own_size() -> None:
    reference = np.round(shares(0) * 5000).astype(np.int64)
    kept = chance.kept("small", distance, reference, 57, [6])
    direct = chance.null(distance, reference, 57, np.random.default_rng([6, 57]))
    assert np.array_equal(kept.distances, direct.distances)


def blocks_of(random: np.random.Generator, sway: float, count: int, n: int) -> Counts:
    """Windows whose mean moves at random by `sway` standard deviations from one to the next."""
    return np.array([drawn(random, shift, n, 1)[0] for shift in random.normal(0, sway, count)])


def reached(sway: float, level: float, count: int = 26, n: int = 300) -> float:
    """How often an undrifted window passes what chance reaches at the level."""
    random = np.random.default_rng([7, count, n])
    found = []
    for _ in range(30):
        blocks = blocks_of(random, sway, count, n)
        reference = blocks.sum(axis=0)
        sampled = chance.kept("blocks", distance, reference, n, [8])
        null = chance.widened(distance, reference, blocks, sampled, n)
        windows = blocks_of(random, sway, 200, n)
        found.append((distance(reference, windows) > null.quantile(level)).mean())
    return float(np.mean(found))


@pytest.mark.parametrize("count", [4, 8, 26])
def test_what_the_reference_does_by_itself_is_chance_too(count: int) -> None:
    """Without widening .19 of the first and .47 of the second pass what sampling gives at 1 %.

    However few its windows: with 30 references the share is known to about .005.
    """
    assert reached(0.1, 0.01, count) < 0.02
    assert reached(0.2, 0.01, count) < 0.02
    assert reached(0.0, 0.01, count) < 0.013


def test_a_reference_that_lies_still_costs_little_power() -> None:
    random = np.random.default_rng(9)
    wider = []
    for _ in range(40):
        blocks = blocks_of(random, 0.0, 26, 300)
        reference = blocks.sum(axis=0)
        sampled = chance.kept("still", distance, reference, 300, [10])
        null = chance.widened(distance, reference, blocks, sampled, 300)
        wider.append(null.quantile(0.001) / sampled.quantile(0.001))
    assert np.mean(wider) < 1.2


def test_a_model_that_lies_still_costs_less_power_than_its_one_check() -> None:
    random = np.random.default_rng(10)
    alone, together, plain = [], [], []
    for _ in range(20):
        blocks = [blocks_of(random, 0.0, 26, 300) for _ in range(20)]
        nulls = [
            chance.widened(distance, b.sum(axis=0), b, chance.kept(i, distance, b.sum(axis=0), 300, [1]), 300)
            for i, b in enumerate(blocks)
        ]
        plain += [replace(null, sway=None).quantile(0.0005) for null in nulls]
        alone += [null.quantile(0.0005) for null in nulls]
        together += [null.quantile(0.0005) for null in chance.moderated(nulls)]
    assert np.mean(together) < 1.07 * np.mean(plain)
    assert np.mean(alone) > 1.12 * np.mean(plain)


def test_a_widened_null_gives_the_level_back_for_its_own_quantile() -> None:
    random = np.random.default_rng(11)
    blocks = blocks_of(random, 0.15, 20, 300)
    reference = blocks.sum(axis=0)
    sampled = chance.kept("turned", distance, reference, 300, [12])
    null = chance.widened(distance, reference, blocks, sampled, 300)
    assert null.sway is not None
    assert null.sway.ratio > 2
    for level in (0.2, 0.01, 1e-4):
        assert null.p(null.quantile(level)) == pytest.approx(level, rel=0.01)
    assert null.p(100.0) > 0


def test_one_block_says_nothing_of_how_blocks_differ() -> None:
    reference = np.round(shares(0) * 5000).astype(np.int64)
    null = chance.kept("one", distance, reference, 100, [13])
    assert chance.widened(distance, reference, reference[None, :], null, 100) is null
