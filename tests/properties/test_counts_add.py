"""Counts add: days to months, sites to systems; and come back from JSON as they went."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.canonical import canonical
from monitors.cube import Cube, Row
from monitors.discovery import metrics
from monitors.histogram import Bins, CategoryBins, Histogram, NumericBins
from monitors.profile import Profile
from monitors.window import Window

START = datetime(2026, 1, 5, tzinfo=UTC)
COUNT = st.integers(0, 2**40)
FINITE = st.floats(-1e12, 1e12, allow_nan=False)


@st.composite
def numeric_bins(draw: st.DrawFn) -> NumericBins:
    edges = sorted(draw(st.lists(FINITE, min_size=2, max_size=8, unique=True)))
    middles = [a + (b - a) / 2 for a, b in pairwise(edges)]
    return NumericBins(tuple(edges), tuple(middles), draw(st.floats(0, 1e9)))


CATEGORIES = st.lists(st.text(max_size=8), min_size=1, max_size=6, unique=True)


@st.composite
def category_bins(draw: st.DrawFn) -> CategoryBins:
    names = draw(CATEGORIES)
    cut = draw(st.integers(1, len(names)))
    return CategoryBins(tuple(names[:cut]), tuple(names[cut:]))


BINS = st.one_of(numeric_bins(), category_bins())


def on(bins: Bins) -> st.SearchStrategy[Histogram]:
    """A histogram on these bins, its impossible places empty."""
    numeric = isinstance(bins, NumericBins)
    nothing = st.just(0)
    return st.builds(
        Histogram,
        st.just("x"),
        st.just(bins),
        st.tuples(*[COUNT] * len(bins.labels)),
        missing=COUNT,
        below=COUNT if numeric else nothing,
        above=COUNT if numeric else nothing,
        other=COUNT,
        unseen=nothing if numeric else COUNT,
    )


HISTOGRAMS = BINS.flatmap(lambda bins: st.tuples(on(bins), on(bins), on(bins)))
ROWS: st.SearchStrategy[Row] = st.tuples(
    st.sampled_from(["a", "b", "Unknown", "", "ä × b"]),
    st.integers(-1, 1),
    st.integers(-1, 1),
    st.integers(-2, 5),
    st.integers(-1, 1),
    st.integers(1, 2**40),
    st.integers(0, 2**40),
)
CUBES = st.lists(ROWS, max_size=12).map(lambda rows: Cube.of("g", rows))


@given(HISTOGRAMS)
def test_histograms_add_in_any_order_and_grouping(days: tuple[Histogram, Histogram, Histogram]) -> None:
    a, b, c = days
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert (a + b).rows == a.rows + b.rows
    assert ((a + b).cells == a.cells + b.cells).all()


@given(HISTOGRAMS)
def test_every_row_of_a_histogram_is_in_one_cell(days: tuple[Histogram, Histogram, Histogram]) -> None:
    for day in days:
        assert day.cells.sum() == day.rows == day.present + day.missing
        assert day.ordered.sum() == sum(day.counts) + day.below + day.above


@given(HISTOGRAMS)
def test_a_histogram_comes_back_from_json(days: tuple[Histogram, Histogram, Histogram]) -> None:
    assert Histogram.read(json.loads(canonical(days[0].payload()))) == days[0]


@given(CUBES, CUBES, CUBES)
def test_cubes_add_in_any_order_and_grouping(a: Cube, b: Cube, c: Cube) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert (a + b).rows == a.rows + b.rows
    assert a + Cube.of("g", []) == a


@given(CUBES)
def test_a_cube_comes_back_from_json(cube: Cube) -> None:
    assert Cube.read(json.loads(canonical(cube.payload()))) == cube


@given(st.lists(ROWS, max_size=12), st.randoms(use_true_random=False))
def test_a_cube_does_not_depend_on_the_order_of_its_rows(rows: list[Row], random: object) -> None:
    shuffled = rows.copy()
    random.shuffle(shuffled)
    assert Cube.of("g", shuffled) == Cube.of("g", rows)


@given(CUBES)
def test_a_group_and_its_rest_are_everyone(cube: Cube) -> None:
    whole = cube.tally()
    for group in cube.groups:
        own, rest = cube.tally(group), cube.tally(rest_of=group)
        for name in ("n", "tp", "fp", "fn", "tn", "flagged", "unflagged", "events", "labelled"):
            assert getattr(own, name) + getattr(rest, name) == getattr(whole, name)
        assert own.expected + rest.expected == pytest.approx(whole.expected)
        assert own.scored.sum() + rest.scored.sum() == whole.scored.sum()


@given(CUBES)
def test_a_tally_counts_every_row_with_a_known_part(cube: Cube) -> None:
    tally = cube.tally()
    assert tally.n == cube.rows
    assert tally.tp + tally.fp + tally.fn + tally.tn <= min(tally.n, tally.flagged + tally.unflagged)
    assert tally.positives.shape == tally.negatives.shape == tally.scored.shape == tally.score.shape
    assert (tally.positives + tally.negatives <= tally.scored).all()


@st.composite
def profiles(draw: st.DrawFn) -> tuple[Profile, Profile, Profile]:
    days = draw(HISTOGRAMS)
    edges = draw(st.sampled_from([(), (0.0, 0.5, 1.0)]))

    def profile(i: int) -> Profile:
        window = Window(START + timedelta(days=i), START + timedelta(days=i + 1))
        last = draw(st.none() | st.integers(0, 86_399).map(lambda s: window.start + timedelta(seconds=s)))
        return Profile(
            window,
            draw(COUNT),
            draw(COUNT),
            draw(st.none() | COUNT),
            last,
            {"x": days[i]},
            {"g": draw(CUBES)},
            score_edges=edges,
        )

    return profile(0), profile(1), profile(2)


@given(profiles())
@settings(deadline=None)
def test_profiles_add_in_any_order_and_grouping(days: tuple[Profile, Profile, Profile]) -> None:
    a, b, c = days
    assert (a + b).payload() == (b + a).payload()
    assert ((a + b) + c).payload() == (a + (b + c)).payload()
    assert (a + b).window == Window(a.window.start, b.window.end)
    assert (a + b).wrong_version is None or None not in (a.wrong_version, b.wrong_version)


@given(profiles())
@settings(deadline=None)
def test_a_profile_comes_back_from_json_with_its_digest(days: tuple[Profile, Profile, Profile]) -> None:
    again = Profile.read(json.loads(canonical(days[0].payload())))
    assert again.payload() == days[0].payload()
    assert again.digest == days[0].digest
    assert (days[0].digest == days[1].digest) == (days[0].payload() == days[1].payload())


# --- laws of distances over any counts ---


@st.composite
def two_windows(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    k = draw(st.integers(2, 9))
    cells = st.lists(st.integers(0, 500), min_size=k, max_size=k).filter(any)
    steps = draw(st.lists(st.floats(0, 3), min_size=k, max_size=k))
    return np.array(draw(cells)), np.array(draw(cells)), np.cumsum(steps)


BOUNDED = ("total_variation", "hellinger", "jensen_shannon", "l_infinity", "kolmogorov_smirnov")


@given(two_windows())
def test_distances_are_numbers_at_least_0_and_equal_both_ways(
    windows: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    a, b, at = windows
    for name, declared in metrics().items():
        if declared.facts.reads != "distance":
            continue
        extra = (at,) if declared.facts.ordered else ()
        there, back = (float(declared.compute(*pair, *extra)) for pair in ((a, b), (b, a)))
        assert np.isfinite(there)
        assert there >= 0
        assert there == pytest.approx(back, abs=1e-12)
        assert float(declared.compute(a, a, *extra)) == 0
        if name in BOUNDED:
            assert there <= 1 + 1e-12


@given(two_windows())
def test_distances_keep_the_order_theory_gives_them(
    windows: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """Gibbs & Su 2002: H^2 <= TV <= H sqrt(2 - H^2); the largest cell and any tail are at most TV."""
    a, b, at = windows
    found = {name: metrics()[name].compute for name in metrics()}
    tv, h = float(found["total_variation"](a, b)), float(found["hellinger"](a, b))
    assert h**2 <= tv + 1e-12
    assert tv <= h * np.sqrt(max(2 - h**2, 0)) + 1e-12
    assert float(found["l_infinity"](a, b)) <= tv + 1e-12
    assert float(found["kolmogorov_smirnov"](a, b, at)) <= tv + 1e-12
    assert float(found["wasserstein"](a, b, at)) <= tv * (at[-1] - at[0]) + 1e-9


@given(two_windows(), st.integers(0, 2**32 - 1))
def test_distances_that_need_no_order_do_not_depend_on_it(
    windows: tuple[np.ndarray, np.ndarray, np.ndarray], seed: int
) -> None:
    a, b, _ = windows
    order = np.random.default_rng(seed).permutation(len(a))
    for declared in metrics().values():
        if declared.facts.reads == "distance" and not declared.facts.ordered:
            assert float(declared.compute(a[order], b[order])) == pytest.approx(
                float(declared.compute(a, b)), abs=1e-12
            )
