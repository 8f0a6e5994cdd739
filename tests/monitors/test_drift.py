"""Distances against SciPy's and Evidently's figures on the same binned data, and their noise."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special, stats
from scipy.spatial import distance

from monitors.discovery import metrics

Figure = Callable[[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]], float]

# Both windows in the same cells: below, bins, above; in reference standard deviations.
AT = np.array([0.0, 0.4, 0.9, 1.3, 1.8, 2.2, 2.9, 4.0, 4.1])
TABLES = {
    "no drift": ([3, 60, 118, 122, 119, 121, 64, 55, 5], [1, 19, 41, 40, 39, 43, 21, 18, 1]),
    "a shift": ([3, 60, 118, 122, 119, 121, 64, 55, 5], [1, 6, 20, 30, 41, 44, 38, 30, 12]),
    "few rows": ([10, 40, 80, 90, 70, 60, 40, 20, 10], [1, 2, 1, 4, 3, 1, 2, 1, 1]),
    "a lost mode": ([50, 50, 50, 50, 50, 50, 50, 50, 50], [80, 70, 60, 50, 40, 30, 20, 10, 5]),
    "equal sizes": ([5, 9, 12, 30, 44, 30, 12, 9, 5], [12, 30, 44, 30, 12, 9, 9, 5, 5]),
}
WITH_EMPTY_CELLS = {
    "all but one": ([0, 60, 0, 0, 0, 0, 0, 0, 40], [0, 40, 0, 0, 0, 0, 0, 0, 60]),
    "nothing shared": ([20, 30, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 7, 3, 0, 0]),
    "a cell gone, one new": ([0, 60, 118, 122, 119, 0, 64, 55, 5], [1, 19, 41, 0, 39, 0, 21, 18, 1]),
}


def rows(counts: NDArray[np.int64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.repeat(at, counts)


def plain_psi(a: NDArray[np.int64], b: NDArray[np.int64], at: NDArray[np.float64]) -> float:
    p, q = a / a.sum(), b / b.sum()
    return float((special.kl_div(p, q) + special.kl_div(q, p)).sum())


def cohens_w(a: NDArray[np.int64], b: NDArray[np.int64], at: NDArray[np.float64]) -> float:
    filled = (a + b) > 0
    found = stats.chi2_contingency(np.array([a[filled], b[filled]]), correction=False)
    return float(np.sqrt(found.statistic * (1 / a.sum() + 1 / b.sum())))


def two_sample_a2(a: NDArray[np.int64], b: NDArray[np.int64], at: NDArray[np.float64]) -> float:
    """SciPy standardises A2; undo it with its mean k - 1 = 1 and its variance (equation 4)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its p-value is floored or capped, and says so
        found = stats.anderson_ksamp([rows(a, at), rows(b, at)], midrank=True)
    n, m, k = int(a.sum()), int(b.sum()), 2
    total = n + m
    inverse = 1 / n + 1 / m
    h = (1 / np.arange(1, total)).sum()
    g = sum((1 / (total - i) / np.arange(i + 1, total)).sum() for i in range(1, total - 1))
    terms = (
        (4 * g - 6) * (k - 1) + (10 - 6 * g) * inverse,
        (2 * g - 4) * k**2 + 8 * h * k + (2 * g - 14 * h - 4) * inverse - 8 * h + 4 * g - 6,
        (6 * h + 2 * g - 2) * k**2 + (4 * h - 4 * g + 6) * k + (2 * h - 6) * inverse + 4 * h,
        (2 * h + 6) * k**2 - 4 * h * k,
    )
    upper = terms[0] * total**3 + terms[1] * total**2 + terms[2] * total + terms[3]
    a2 = found.statistic * np.sqrt(upper / ((total - 1) * (total - 2) * (total - 3))) + (k - 1)
    return float(np.sqrt(a2 * inverse * total / (total - 1)))


SCIPY: dict[str, Figure] = {
    "psi": plain_psi,
    "jensen_shannon": lambda a, b, at: float(distance.jensenshannon(a, b, 2.0)),
    "total_variation": lambda a, b, at: distance.cityblock(a / a.sum(), b / b.sum()) / 2,
    "hellinger": lambda a, b, at: distance.euclidean(np.sqrt(a / a.sum()), np.sqrt(b / b.sum())) / np.sqrt(2),
    "chi_square": cohens_w,
    "l_infinity": lambda a, b, at: distance.chebyshev(a / a.sum(), b / b.sum()),
    "wasserstein": lambda a, b, at: stats.wasserstein_distance(at, at, a, b),
    "kolmogorov_smirnov": lambda a, b, at: float(stats.ks_2samp(rows(a, at), rows(b, at)).statistic),
    "anderson_darling": two_sample_a2,
}


def ours(name: str, a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    declared = metrics()[name]
    return float(declared.compute(a, b, AT) if declared.facts.ordered else declared.compute(a, b))


@pytest.mark.parametrize("name", SCIPY)
@pytest.mark.parametrize("table", TABLES)
def test_a_distance_is_what_scipy_gives_on_the_same_counts(name: str, table: str) -> None:
    a, b = map(np.array, TABLES[table])
    assert ours(name, a, b) == pytest.approx(SCIPY[name](a, b, AT), rel=1e-9)


@pytest.mark.parametrize("name", sorted(SCIPY.keys() - {"psi"}))
@pytest.mark.parametrize("table", WITH_EMPTY_CELLS)
def test_empty_cells_make_no_difference_to_scipys_figure(name: str, table: str) -> None:
    a, b = map(np.array, WITH_EMPTY_CELLS[table])
    assert ours(name, a, b) == pytest.approx(SCIPY[name](a, b, AT), rel=1e-9)


def test_no_distance_is_without_a_figure_to_check_it_by() -> None:
    assert {n for n, d in metrics().items() if d.facts.reads == "distance"} == set(SCIPY)


def test_psi_gives_half_a_row_to_a_cell_only_one_side_fills() -> None:
    a, b = np.array([10, 0, 30, 0]), np.array([4, 6, 0, 0])
    padded = np.array([10, 0.5, 30, 0]), np.array([4, 6, 0.5, 0])
    p, q = (side[:3] / side.sum() for side in padded)
    assert ours("psi", a, b) == pytest.approx(((q - p) * np.log(q / p)).sum())


def test_one_new_row_moves_psi_little() -> None:
    a = np.array([300, 400, 300, 0])
    assert ours("psi", a, np.array([30, 40, 30, 1])) < 0.06
    assert ours("psi", a, np.array([30, 40, 29, 1])) > ours("psi", a, np.array([30, 40, 30, 0]))


# --- Evidently, on rows rebuilt from the counts ---


@pytest.fixture(scope="session")
def evidently() -> Callable[[str, str, NDArray[np.float64], NDArray[np.float64]], float]:
    """Evidently's own figure for two windows' rows. It takes seconds to import."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on import, from its own dependencies
        import pandas as pd
        from evidently.legacy.calculations import stattests
        from evidently.legacy.core import ColumnType

    def figure(test: str, kind: str, a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
        found = getattr(stattests, f"{test}_stat_test")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = found(pd.Series(a), pd.Series(b), ColumnType(kind), None)
        return float(result.drift_score)

    return figure


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    ("name", "test", "kind", "in_our_units"),
    [
        ("psi", "psi", "num", lambda figure, spread: figure),
        ("psi", "psi", "cat", lambda figure, spread: figure),
        ("jensen_shannon", "jensenshannon", "cat", lambda figure, spread: figure / np.sqrt(np.log(2))),
        ("jensen_shannon", "jensenshannon", "num", lambda figure, spread: figure / np.sqrt(np.log(2))),
        ("hellinger", "hellinger", "cat", lambda figure, spread: figure),
        ("wasserstein", "wasserstein", "num", lambda figure, spread: figure * spread),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_distance_is_what_evidently_gives_on_the_same_rows(
    evidently: Callable[..., float],
    table: str,
    name: str,
    test: str,
    kind: str,
    in_our_units: Callable[[float, float], float],
) -> None:
    a, b = map(np.array, TABLES[table])
    reference = rows(a, AT)
    figure = evidently(test, kind, reference, rows(b, AT))
    # Evidently divides by the spread of the binned rows; AT already is in reference SD.
    assert ours(name, a, b) == pytest.approx(in_our_units(figure, reference.std()), rel=1e-9, abs=1e-9)


# --- what the docstrings say of noise and of shifts ---


EDGES = stats.norm.ppf(np.linspace(0, 1, 21))
EDGES[0], EDGES[-1] = -3.5, 3.5
MIDDLES = np.array([(stats.norm.pdf(a) - stats.norm.pdf(b)) for a, b in pairwise(EDGES)]) / np.diff(
    stats.norm.cdf(EDGES)
)
PLACES = np.array([-3.5, *MIDDLES, 3.5])


def normal_counts(shift: float, n: float) -> NDArray[np.int64]:
    upto = stats.norm.cdf(np.array([-np.inf, *EDGES, np.inf]) - shift)
    return np.round(np.diff(upto) * n).astype(np.int64)


@pytest.fixture(scope="module")
def undrifted() -> dict[str, NDArray[np.float64]]:
    """Every distance over 4,000 windows of 300 rows drawn as the 5,000 of the reference are."""
    random = np.random.default_rng(20260105)
    shares = np.diff(stats.norm.cdf(np.array([-np.inf, *EDGES, np.inf])))
    reference = random.multinomial(5000, shares, size=(40, 1))
    current = random.multinomial(300, shares, size=(40, 100))
    found = {}
    for name, declared in metrics().items():
        if declared.facts.reads == "distance":
            at = (PLACES,) if declared.facts.ordered else ()
            pairs = zip(reference, current, strict=True)
            found[name] = np.concatenate([declared.compute(r[0], c, *at) for r, c in pairs])
    return found


CHANCE = 1 / 5000 + 1 / 300
CELLS = 20 - 1


@pytest.mark.parametrize(
    ("name", "power", "expected"),
    [
        ("psi", 1, CELLS * CHANCE),
        ("jensen_shannon", 2, CELLS * CHANCE / (8 * np.log(2))),
        ("total_variation", 1, 20 * np.sqrt(0.05 * 0.95 * CHANCE / (2 * np.pi))),
        ("hellinger", 2, CELLS * CHANCE / 8),
        ("chi_square", 2, CELLS * CHANCE),
        ("l_infinity", 1, 2 * np.sqrt(0.05 * 0.95 * CHANCE)),
        ("wasserstein", 1, 1.2 * np.sqrt(CHANCE)),
        ("anderson_darling", 2, CHANCE),
    ],
)
def test_without_drift_a_distance_is_what_its_docstring_says(
    undrifted: dict[str, NDArray[np.float64]], name: str, power: int, expected: float
) -> None:
    assert (undrifted[name] ** power).mean() == pytest.approx(expected, rel=0.15)


def test_without_drift_kolmogorov_smirnov_rarely_exceeds_its_bound(
    undrifted: dict[str, NDArray[np.float64]],
) -> None:
    assert (undrifted["kolmogorov_smirnov"] > 1.36 * np.sqrt(CHANCE)).mean() <= 0.05


@pytest.mark.parametrize("shift", [0.1, 0.2, 0.3, -0.3])
def test_a_shift_shows_as_wasserstein_and_anderson_darling_say(shift: float) -> None:
    before, after = normal_counts(0, 1e7), normal_counts(shift, 1e7)
    moved = float(metrics()["wasserstein"].compute(before, after, PLACES))
    assert moved == pytest.approx(abs(shift), rel=0.03)
    weighed = float(metrics()["anderson_darling"].compute(before, after, PLACES))
    assert weighed == pytest.approx(0.7 * abs(shift), rel=0.05)


def test_one_far_outlier_hides_no_shift() -> None:
    """Bins are frozen and the row counts as `above`, so a shift of 0.5 SD stays visible."""
    before, after = normal_counts(0, 10_000), normal_counts(0.5, 1000)
    with_outlier = after.copy()
    with_outlier[-1] += 1
    for name in ("wasserstein", "total_variation", "psi", "anderson_darling"):
        declared = metrics()[name]
        at = (PLACES,) if declared.facts.ordered else ()
        clean, dirty = declared.compute(before, after, *at), declared.compute(before, with_outlier, *at)
        assert float(dirty) == pytest.approx(float(clean), rel=0.02)
