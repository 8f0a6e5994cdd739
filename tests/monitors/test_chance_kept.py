"""Chance, to the digit: which draws are kept, how they are carried, and what windows say of their sway."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

import numpy as np
import pytest

from monitors import chance
from monitors.chance import Null
from monitors.histogram import Counts, Floats
from monitors.sway import Sway, moderated
from tests.monitors.test_chance import REFERENCE, distance

WHOLE = float(REFERENCE.sum())


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> OrderedDict[object, Null]:
    """The draws of other tests are put aside."""
    held: OrderedDict[object, Null] = OrderedDict()
    monkeypatch.setattr(chance, "_held", held)
    return held


@pytest.mark.parametrize(
    ("n", "size"),
    [(30, 30), (173, 173), (200, 200), (201, 200), (230, 220), (300, 293), (1000, 1011), (10_000, 9957)],
)
@pytest.mark.parametrize(("name", "power"), [("wasserstein", 1), ("psi", 2)])
def test_draws_are_those_of_the_nearest_size_carried_by_how_much_either_varies(
    name: str, power: int, n: int, size: int
) -> None:
    kept = chance.kept(name, distance(name), REFERENCE, n, [2, 5], draws=60)
    fresh = chance.null(distance(name), REFERENCE, size, np.random.default_rng([2, 5, size]), draws=60)
    carried = ((1 / n + 1 / WHOLE) / (1 / size + 1 / WHOLE)) ** (power / 2)
    assert kept.distances == pytest.approx(fresh.distances * carried, rel=1e-12)
    assert kept.power == power


def test_a_distance_is_drawn_once_for_each_name_reference_size_seed_and_number_of_draws() -> None:
    asked: list[int] = []

    def counting(reference: Counts, windows: Counts) -> Floats:
        asked.append(len(np.atleast_2d(windows)))
        return np.asarray(distance("wasserstein")(reference, windows))

    def drawn(n: int = 100, seed: int = 1, named: str = "a", draws: int = 50) -> bool:
        before = asked.count(draws)
        chance.kept(named, counting, REFERENCE, n, [seed], draws)
        return asked.count(draws) > before

    assert [drawn(), drawn()] == [True, False]
    assert [drawn(1000), drawn(1010), drawn(1100)] == [True, False, True]  # 1,010 shares 1,000's
    assert [drawn(seed=2), drawn(named="b"), drawn(draws=51), drawn()] == [True, True, True, False]


def test_of_many_nulls_those_asked_for_last_are_kept(
    monkeypatch: pytest.MonkeyPatch, nothing_kept: OrderedDict[object, Null]
) -> None:
    monkeypatch.setattr(chance, "_KEPT", 2)
    for named in ("a", "b", "a", "c"):
        chance.kept(named, distance("wasserstein"), REFERENCE, 40, [1], draws=20)
    assert [key[0] for key in nothing_kept if isinstance(key, tuple)] == ["a", "c"]
    assert all(isinstance(null, Null) for null in nothing_kept.values())


@pytest.mark.parametrize(("name", "power"), [("wasserstein", 1), ("total_variation", 1), ("psi", 2)])
def test_what_windows_inside_the_reference_say_is_set_against_what_sampling_gives_them(
    name: str, power: int
) -> None:
    blocks = np.array(
        [[30, 70, 150, 90, 40, 15, 5], [0, 1, 0, 0, 0, 0, 0], [0] * 7, [40, 50, 90, 70, 30, 12, 8]]
    )
    null = replace(chance.null(distance(name), REFERENCE, 90, np.random.default_rng(3), 400), power=power)
    seen = chance.widened(distance(name), REFERENCE, blocks, null, 90).sway
    assert seen is not None
    rows = np.array([400, 1, 300])  # the one without rows says nothing
    near = ((1 / rows - 1 / WHOLE) / (1 / 90 + 1 / WHOLE)).mean()
    squares = null.distances ** (2 / power)
    apart = (distance(name)(REFERENCE, blocks[[0, 1, 3]]) ** (2 / power)).mean()
    assert seen.share == pytest.approx(near * 4 / 2)
    assert seen.ratio == pytest.approx(apart / (squares.mean() * near))
    assert seen.spread == pytest.approx(squares.var() / squares.mean() ** 2)
    assert (seen.windows, seen.freedom) == (3, 2)


def test_a_window_as_large_as_its_reference_can_lie_no_nearer_than_nowhere() -> None:
    """Windows that overlap hold more rows than there are; sampling then says nothing less than 0."""
    null = chance.null(distance("wasserstein"), REFERENCE, 90, np.random.default_rng(3), 100)
    seen = chance.widened(
        distance("wasserstein"), REFERENCE, np.array([REFERENCE * 2, REFERENCE // 4]), null, 90
    )
    only = (1 / (REFERENCE // 4).sum() - 1 / WHOLE) / (1 / 90 + 1 / WHOLE)
    assert seen.sway is not None
    assert seen.sway.share == pytest.approx(only / 2 * 3)


def test_what_the_other_checks_say_reaches_those_with_windows_and_no_others() -> None:
    plain = Null(np.arange(1.0, 50.0))
    nulls = [plain, *(replace(plain, sway=Sway(ratio, 7, 8, 1.0, 1.0)) for ratio in (0.8, 1.1)), plain]
    found = chance.moderated(nulls)
    assert found[0] is plain
    assert found[3] is plain
    assert [null.sway for null in found[1:3]] == moderated([null.sway for null in nulls[1:3] if null.sway])
    assert all((null.distances == plain.distances).all() for null in found)


def test_a_p_that_just_reaches_its_step_is_let_in() -> None:
    assert chance.benjamini_hochberg([0.25, 0.5], 0.5) == 0.5


@pytest.mark.parametrize("name", ["wasserstein", "total_variation", "psi"])
def test_a_null_of_few_draws_says_what_its_draws_say(name: str) -> None:
    null = chance.null(distance(name), REFERENCE, 90, np.random.default_rng(3), 400)
    middle = float(np.quantile(null.distances, 0.5))
    assert null.quantile(0.5) == pytest.approx(middle)
    assert null.p(middle) == pytest.approx((200 + 1) / 401)
    assert null.mean == pytest.approx(float(null.distances.mean()))
    assert null.between == 0.0
    assert null.p(float(null.distances[-1]) * 1e6) == 1e-12


@pytest.mark.parametrize("power", [1, 2])
def test_sway_widens_squares_and_is_told_in_the_distances_own_power(power: int) -> None:
    plain = Null(np.linspace(0.1, 2.0, 500), power=power)
    sway = Sway(2.5, 7, 8, 1.2, 0.9)
    for level in (0.2, 0.01, 1e-4):
        wide = sway.widen(plain.quantile(level) ** (2 / power), plain.squared, level)
        assert replace(plain, sway=sway).quantile(level) == pytest.approx(wide ** (power / 2))
        assert plain.p(plain.quantile(level)) == pytest.approx(level, rel=0.02, abs=3e-3)


def test_at_the_tails_start_the_draws_still_speak() -> None:
    """Of 100 draws six are the tail's share; the tail itself is fitted to ten."""
    null = Null(np.arange(1.0, 101.0))
    assert null.p(95.0) == pytest.approx((6 + 1) / 101)
    assert null.quantile(0.06) == pytest.approx(float(np.quantile(null.distances, 0.94)))


def test_draws_that_are_all_the_same_have_no_tail_and_no_sway() -> None:
    assert Null(np.full(100, 2.0)).p(3.0) == pytest.approx(1 / 101)
    never = Null(np.zeros(100))
    assert (
        chance.widened(distance("wasserstein"), REFERENCE, np.array([REFERENCE // 2] * 3), never, 90) is never
    )


def test_only_a_cell_without_a_row_may_hold_half_of_one() -> None:
    """Draw by draw, with one cell that is empty and one that has a single row."""
    reference, seed, draws = np.array([600, 399, 1, 0]), 4, 300
    null = chance.null(distance("total_variation"), reference, 50, np.random.default_rng(seed), draws)
    random = np.random.default_rng(seed)
    truths = random.multinomial(1000, np.array([600, 399, 1, 0.5]) / 1000.5, size=draws)
    held = np.array([[cell or 0.5 for cell in truth] for truth in truths.tolist()])
    windows = random.multinomial(50, held / (held.sum(axis=1, keepdims=True) * (1 + 1e-12)))
    assert (null.distances == np.sort(distance("total_variation")(reference, windows))).all()
