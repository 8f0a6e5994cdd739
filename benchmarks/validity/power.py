"""Power: what each distance finds, of shifts, of other changes, and inside a whole model."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy import stats

from benchmarks.validity.bars import Bar, clustered, held, limits, many, share, table
from benchmarks.validity.world import KINDS, REFERENCE, Values, World, bins_of, counted, mixed
from monitors import chance, judge
from monitors.audit import Verdict
from monitors.discovery import metrics
from monitors.histogram import Bins, Counts, NumericBins
from monitors.interval import difference, wilson
from monitors.plan import DEFAULT_PLAN

ORDERED = ("wasserstein", "anderson_darling", "kolmogorov_smirnov")
METHODS = (*ORDERED, "psi", "total_variation", "jensen_shannon")
SHORT = {
    "wasserstein": "Wasserstein", "anderson_darling": "Anderson–Darling", "kolmogorov_smirnov": "KS",
    "psi": "PSI", "total_variation": "total variation", "jensen_shannon": "Jensen–Shannon",
}  # fmt: skip


COLUMNS = (1, 20, 200)  # the level of one check is 1 % shared by so many


def study(effort: float = 1.0) -> str:
    """Every table of this part."""
    made = [shifts(effort), other_changes(effort), in_a_model(effort), planted(effort)]
    bars = held([bar for _, found in made for bar in found])
    return "\n\n".join(["## Power: what is found", bars, *(text for text, _ in made)])


def _cells(bins: Bins, values: Values) -> tuple[Counts, Counts]:
    """Windows (one a row) as ordered and as unordered cells."""
    made = [counted("x", bins, window) for window in values]
    cells = np.array([m.cells for m in made])
    return np.array([m.ordered for m in made]) if isinstance(bins, NumericBins) else cells, cells


Drawn = Callable[[np.random.Generator, int], Values]


def found_by_each(
    kind: str, before: Drawn, changed: list[Drawn], n: int, references: int, windows: int, seed: list[int]
) -> tuple[dict[tuple[str, int], list[float]], list[tuple[Values, Values]]]:
    """The share of changed windows found, by distance and columns, of each reference; and some raw rows.

    With k columns a check is held to 1 % / k, as the first of a model's is by Benjamini and Hochberg.
    """
    methods = METHODS if kind in KINDS[:3] else METHODS[3:]
    found: dict[tuple[str, int], list[float]] = {(m, k): [] for m in methods for k in COLUMNS}
    raw: list[tuple[Values, Values]] = []
    for r in range(references):
        random = np.random.default_rng([*seed, n, r])
        reference = before(random, REFERENCE)
        bins = bins_of(kind, reference)
        (ordered,), (cells,) = _cells(bins, reference[None, :])
        drawn = np.concatenate([change(random, n * windows).reshape(windows, n) for change in changed])
        raw += [(reference, window) for window in drawn[:50]]
        both = _cells(bins, drawn)
        distances = {
            m: partial(metrics()[m].compute, positions=counted("x", bins, reference).positions)
            if m in ORDERED
            else metrics()[m].compute
            for m in methods
        }
        for group, was, now in ((ORDERED, ordered, both[0]), (METHODS[3:], cells, both[1])):
            names = [m for m in methods if m in group]
            if names:
                nulls = chance.nulls([distances[m] for m in names], was, n, random)
                for m, null in zip(names, nulls, strict=True):
                    reached = distances[m](was, now)
                    for k in COLUMNS:
                        found[m, k].append(float((reached > null.quantile(0.01 / k)).mean()))
    return found, raw


def shifted(d: float) -> Drawn:
    return lambda random, n: random.normal(d, 1, n)


def shifts(effort: float) -> tuple[str, list[Bar]]:
    lines, bars = [], []
    bar_at = {(100, 0.3): 0.64, (100, 0.5): 0.98}
    for n in (30, 100, 300, 1000):
        for d in (0.1, 0.2, 0.3, 0.5, 1.0):
            references, windows = (400, 100) if (n, d) in bar_at else (10, 100)
            # Up and down, so that a reference that lies to one side favours neither.
            found, _ = found_by_each(
                "normal", shifted(0), [shifted(d), shifted(-d)], n, many(references, effort), windows, [4]
            )
            spread = np.sqrt(1 / n + 1 / REFERENCE)
            z = [stats.norm.sf(stats.norm.isf(0.005 / k) - d / spread) for k in COLUMNS]
            said = (" / ".join(f"{np.mean(found[m, k]):.2f}" for k in COLUMNS) for m in METHODS)
            lines.append([n, d, *said, " / ".join(f"{v:.2f}" for v in z)])
            if (n, d) in bar_at:
                figure, error = clustered(found["wasserstein", 1])
                what = f"power of one check at 1 %, n = 100, {d} SD (a z test, the limit: {z[0]:.1%})"
                bars.append(Bar(what, "at least", bar_at[n, d], figure, error))
    text = f"""### Power to find a shift, by rows, size, columns and distance

A normal column shifted by d standard deviations, up in half of the windows and down in the other half,
against {REFERENCE:,} reference rows. In each cell the share found where the model has
{" / ".join(map(str, COLUMNS))} columns, the others as they were, and keeps 1 % for all. The limit is the
two-sided z test, which looks for nothing but shifts of a column whose spread it knows. The two lines
with a bar rest on 400 references and 80,000 windows, the others on 2,000 windows (to about .03). Of the .014
between Wasserstein and the limit at n = 100 the bins cost about .003 (32 and 48 bins were tried);
decision 7 says why they stay 20.

{table(["n", "d", *(SHORT[m] for m in METHODS), "limit (z)"], lines)}"""
    return text, bars


def other_changes(effort: float) -> tuple[str, list[Bar]]:
    """Changes of shape, each beside the test made for it, at its own 1 %."""

    def f_test(a: Values, b: Values) -> float:
        ratio = b.var(ddof=1) / a.var(ddof=1)
        upper = float(stats.f.sf(ratio, len(b) - 1, len(a) - 1))
        return 2 * min(upper, 1 - upper)

    def skew_test(a: Values, b: Values) -> float:
        return float(stats.skewtest(b).pvalue)  # of a normal reference, whose skewness is 0

    def chi_square(a: Values, b: Values) -> float:
        seen = np.union1d(a, b)
        both = np.array([[(side == v).sum() for v in seen] for side in (a, b)])
        return float(stats.chi2_contingency(both, correction=False).pvalue)

    def gamma(random: np.random.Generator, n: int) -> Values:
        return (random.gamma(4, 1, n) - 4) / 2  # skewness 1, mean 0, SD 1

    def five(shares: list[float]) -> Drawn:
        return lambda random, n: random.choice(5, n, p=shares).astype(np.float64)

    even = five([0.2] * 5)
    cases: list[tuple[str, str, Drawn, Drawn, str, Callable[[Values, Values], float]]] = [
        ("SD × 1.3", "normal", shifted(0), lambda r, n: r.normal(0, 1.3, n), "F test", f_test),
        ("SD × 0.7", "normal", shifted(0), lambda r, n: r.normal(0, 0.7, n), "F test", f_test),
        ("skewness 0 → 1", "normal", shifted(0), gamma, "D'Agostino", skew_test),
        ("5 categories, one .20 → .30", "5", even, five([0.3, *[0.175] * 4]), "χ²", chi_square),
        ("5 categories, one .20 → .40", "5", even, five([0.4, *[0.15] * 4]), "χ²", chi_square),
    ]
    lines = []
    for i, (name, kind, before, after, best, test) in enumerate(cases):
        for n in (100, 300):
            found, raw = found_by_each(kind, before, [after], n, many(12, effort), 50, [5, i])
            reached = np.mean([test(a, b) < 0.01 for a, b in raw])
            said = (f"{np.mean(found[m, 1]):.2f}" if (m, 1) in found else "–" for m in METHODS)
            lines.append([name, n, *said, f"{reached:.2f} ({best})"])
    text = f"""### Other changes, beside the test made for each

At its own 1 % level, 600 windows a line.

{table(["change", "n", *(SHORT[m] for m in METHODS), "best test"], lines)}

No distance is best at everything, and none reaches a test made for one change. The shipped plan judges
numbers by Wasserstein: it finds shifts best, and its value is in the column's own standard deviations, which
a margin can be agreed in. Where a change of shape matters more, a rule can name another distance; PSI and
Jensen–Shannon see skewness sooner, and shifts much later. A category is judged by total variation, which
reaches χ² within a tenth. No bar was set for these lines; they decide what is shipped."""
    return text, []


def in_a_model(effort: float) -> tuple[str, list[Bar]]:
    lines, bars = [], []
    references, windows = many(15, effort), 60
    for n, d, blocks in ((100, 0.3, 1), (100, 0.5, 1), (100, 0.5, 26), (100, 0.5, 8), (300, 0.3, 1)):
        world, hits, called = World(("normal",) * 20), 0, list[float]()
        for i in range(references):
            random = np.random.default_rng([6, n, i])
            reference = world.reference([world.rows(random, REFERENCE // blocks) for _ in range(blocks)])
            told = 0
            for w in range(windows):
                sway = np.zeros(21)
                sway[3] = d if w % 2 else -d
                findings = world.judged(reference, world.rows(random, n, sway), seed=i)
                own = [f for f in findings if f.family == "drift" and f.subject == world.names[3]]
                (judged,) = (f for f in own if f.severity != "info")
                hits += judged.verdict is Verdict.BEYOND
                told += (judged.value or 0) > (judged.chance or 0)
            called.append(told / windows)
        figure, error = clustered(called)
        z = stats.norm.sf(stats.norm.isf(0.005 / 22) - d / np.sqrt(1 / n + 1 / REFERENCE))
        beyond = share(hits, references * windows)
        lines.append([n, d, blocks, f"{figure:.1%} ± {error:.1%}", beyond, f"{z:.1%}"])
        if (n, d) == (100, 0.5):
            kept = "" if blocks == 1 else f", reference of {blocks} windows that lie still"
            bars.append(
                Bar(f"one of 20 columns moved by 0.5 SD, n = 100{kept}", "at least", 0.88, figure, error)
            )
    text = f"""### One column of 20 shifted, with 1 % kept for the whole model

Through the shipped plan: 20 normal columns, a score and its decision, 22 judged distances. "Told from
chance" is the bar: at least 88 % for 0.5 SD at n = 100. "Beyond" has to exceed the margin of 0.2 SD too.
The limit is the z test at 1 % / 22. The reference has 5,000 rows, in so many windows kept apart: from these
is known how much it sways by itself, and the fewer they are the less is known. That it lies still all
the same is believed where all 22 checks say so. Eight windows cost about five points and come to the bar, no
further: to believe them more would let a model that sways be told of falsely (see drift above).

{table(["n", "shift", "reference windows", "told from chance", "beyond", "limit (z)"], lines)}"""
    return text, bars


def planted(effort: float) -> tuple[str, list[Bar]]:
    """What has to be found, and what must not change a verdict."""
    world, n = World(mixed(20)), 300
    at, text = world.names.index("normal_000"), world.names.index("5_004")
    cases: list[tuple[str, int, Callable[[Values, np.random.Generator], None]]] = [
        ("missing 5 % → 15 %", at, lambda rows, r: _lost(rows, r, at, 0.15)),
        ("a unit change: skewed column × 9", 1, lambda rows, r: _times(rows, 1, 9.0)),
        ("a new category in 5 % of rows", text, lambda rows, r: _new(rows, r, text, 0.05)),
    ]
    lines, bars = [], []
    for name, column, change in cases:
        subject, beyond, moved, of = world.names[column], 0, 0, 0
        by: set[str] = set()
        for i in range(5):
            random = np.random.default_rng([7, column, i])
            before = world.rows(random, REFERENCE)
            _lost(before, random, at, 0.05)
            reference = world.reference([before])
            for _ in range(many(80, effort, 5)):
                rows = world.rows(random, n)
                if column != at:
                    _lost(rows, random, at, 0.05)
                change(rows, random)
                own = [
                    f for f in world.judged(reference, rows, seed=i)
                    if f.subject == subject and f.severity != "info"
                ]  # fmt: skip
                said = {f.verdict for f in own}
                by |= {f.metric for f in own if f.verdict in (Verdict.BEYOND, Verdict.DIFFERENT)}
                beyond += Verdict.BEYOND in said
                moved += bool(said & {Verdict.BEYOND, Verdict.DIFFERENT})
                of += 1
        p = beyond / of
        twice = p * p * (3 - 2 * p)
        lines.append([name, share(beyond, of), share(moved, of), f"{twice:.1%}", ", ".join(sorted(by))])
        low, high = limits(moved, of)
        bars.append(Bar(f"n = 300, {name}: found (`beyond` or `different`)", "at least", 0.95, moved / of,
                        (high - low) / 2))  # fmt: skip
    kept, ordinary, of = _outlier(effort)
    low, high = limits(kept, of)
    bars.append(
        Bar(f"one outlier in 100: verdict unchanged (an ordinary row in its place: {ordinary / of:.1%})",
            "at least", 0.97, kept / of, (high - low) / 2)
    )  # fmt: skip
    usual = {rows: _false_missing(rows) for rows in (30, 100, 300)}
    said = "; ".join(f"{rows} rows: {one:.1e}" for rows, one in usual.items())
    whole = f"""### What has to be found at n = 300, and one outlier

{table(["change", "beyond", "beyond or different", "beyond in 2 of 3 windows", "by"], lines)}

`Different` says it moved, and leaves open whether by more than the margin. A missing share may rise by .05
before it is beyond, so a rise of .10 at 300 rows is beyond in three windows of four. With a margin of .03 it
would be nearly all; then a column missing in 20 % of 300 rows could never be called `within`, because its
interval is .09 wide. What .05 costs in false alarms: a column missing in 5 % of rows is beyond by chance
in one window in a share (exact) of {said}.

One row of 100 turned into an outlier 1,000 standard deviations away: the drift verdict of its column is the
same in {share(kept, of)} of windows, half of them shifted by 0.5 SD. The others lie at the edge of two
verdicts: with an ordinary row drawn anew in its place it is the same in {share(ordinary, of)}. An outlier
counts as the edge of the reference and no farther, so it moves the distance by about 3.5 SD / 100."""
    return whole, bars


def _false_missing(n: int) -> float:
    """How often a column missing in 5 % of rows is beyond by chance, exactly."""
    (rule,) = (r for r in DEFAULT_PLAN if r.measure == "missing_share")
    before, chances = wilson(REFERENCE // 20, REFERENCE), stats.binom.pmf(np.arange(n + 1), n, 0.05)
    found = 0.0
    for k, likely in enumerate(chances):
        low, high = difference(k / n, *wilson(k, n), 0.05, *before)
        said = judge.change(low, high, rule.margin or 1.0, worse="either", n=n)
        found += likely * (said.verdict is Verdict.BEYOND)
    return float(found)


def _lost(rows: Values, random: np.random.Generator, column: int, share: float) -> None:
    rows[random.random(len(rows)) < share, column] = np.nan


def _times(rows: Values, column: int, factor: float) -> None:
    rows[:, column] *= factor


def _new(rows: Values, random: np.random.Generator, column: int, share: float) -> None:
    rows[random.random(len(rows)) < share, column] = 77.0


def _outlier(effort: float) -> tuple[int, int, int]:
    """Windows whose verdict an outlier leaves, those an ordinary row leaves, and all."""
    world, same, ordinary, of = World(("normal",) * 5), 0, 0, 0
    for i in range(10):
        random = np.random.default_rng([8, i])
        reference = world.reference([world.rows(random, REFERENCE)])
        for w in range(many(40, effort, 4)):
            sway = np.zeros(6)
            sway[0] = 0.5 * (w % 2)
            rows = world.rows(random, 100, sway)
            dirty, other = rows.copy(), rows.copy()
            dirty[0, 0], other[0, 0] = 1000.0, random.normal(sway[0])
            clean, far, near = (
                [f.verdict for f in world.judged(reference, r, seed=i)
                 if f.metric == "wasserstein" and f.subject == world.names[0]]
                for r in (rows, dirty, other)
            )  # fmt: skip
            same += clean == far
            ordinary += clean == near
            of += 1
    return same, ordinary, of
