"""Drift: what is told when nothing moved, over sizes, columns and the calendar."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
from scipy import stats

from benchmarks.validity.bars import Bar, clustered, held, limits, many, share, table
from benchmarks.validity.world import KINDS, REFERENCE, Values, World, mixed
from monitors import chance
from monitors.audit import Finding, Verdict
from monitors.drift.wasserstein import wasserstein

SIZES = (30, 100, 300, 1000, 10_000)
EFFORT = {5: (20, 60), 20: (10, 100), 200: (3, 50)}  # columns: (references, windows of each)
SWAYS = {  # weekends lower by, SD of a day's level, how much of it hangs on to the next day
    "weekends 0.3 SD lower": (0.3, 0.0, 0.0),
    "a level a day, SD 0.1, autocorrelation .5": (0.0, 0.1, 0.5),
    "both": (0.3, 0.1, 0.5),
}


def study(effort: float = 1.0) -> str:
    """Every table of this part."""
    still, first = false_alarms(effort)
    moved, second = in_time(effort)
    alone, third = one_check(effort)
    return "\n\n".join([
        "## Drift: what is told when nothing moved", held([*first, *second, *third]), still,
        evidently(effort), moved, alone,
    ])  # fmt: skip


def drifted(findings: tuple[Finding, ...]) -> bool:
    """Whether any drift finding someone has to act on is beyond."""
    return any(f.family == "drift" and f.verdict is Verdict.BEYOND and f.severity != "info" for f in findings)


def _told(world: World, made: Callable[[np.random.Generator], tuple[list[Values], list[Values]]],
          references: int, seed: list[int]) -> list[list[bool]]:  # fmt: skip
    """For each reference, for each of its windows, whether any drift is told."""
    found = []
    for i in range(references):
        random = np.random.default_rng([*seed, i])
        blocks, windows = made(random)
        reference = world.reference(blocks)
        found.append([drifted(world.judged(reference, rows, seed=i)) for rows in windows])
    return found


def _counted(found: list[list[bool]]) -> tuple[int, int]:
    return sum(map(sum, found)), sum(map(len, found))


def _figure(found: list[list[bool]]) -> tuple[float, float]:
    """The share told and how well it is known: by references apart, and no better than by windows."""
    figure, error = clustered([float(np.mean(f)) for f in found])
    low, high = limits(*_counted(found))
    return figure, max(error, (high - low) / 2)


def false_alarms(effort: float) -> tuple[str, list[Bar]]:
    lines, bars, efforts = [], [], []
    for columns, (references, windows) in EFFORT.items():
        world, row = World(mixed(columns)), []
        each, refs = many(windows, effort, 10), many(references, effort)
        every: list[list[bool]] = []
        for n in SIZES:

            def made(
                random: np.random.Generator, n: int = n, each: int = each, world: World = world
            ) -> tuple[list[Values], list[Values]]:
                return [world.rows(random, REFERENCE)], [world.rows(random, n) for _ in range(each)]

            found = _told(world, made, refs, [1, columns, n])
            hits, of = _counted(found)
            row.append(f"{hits / of:.2%} (to {limits(hits, of)[1]:.1%})")
            every += found
        figure, error = _figure(every)
        bars.append(
            Bar(
                f"no drift, {columns} columns: windows with any drift `beyond`",
                "at most",
                0.01,
                figure,
                error,
            )
        )
        lines.append([columns, *row, share(*_counted(every))])
        efforts.append(f"{columns} columns: {refs * each:,}")
    text = f"""### Nothing moved: windows with any drift finding beyond

Bar: at most 1 % per model. The reference holds {REFERENCE:,} rows; columns are normal, skewed, whole
numbers, and categories of 2, 5, 20 and 100 values in turn, with a score and its decision. Windows of
each size: {"; ".join(efforts)}, over references drawn anew. A cell says the share seen and the
upper end of its 95 % interval; the level is kept on average over references, not for each of them: a model
whose reference lies to one side is told of more often, and one in the middle less.

{table(["columns", *(f"n = {n:,}" for n in SIZES), "all sizes"], lines)}"""
    return text, bars


def in_time(effort: float) -> tuple[str, list[Bar]]:
    """Days of the week, and levels that hang on from one day to the next."""
    world, lines, bars = World(mixed(20), length=1), [], []
    references, windows = many(4, effort), many(56, effort, 14)
    for days in (56, 8):
        for name, (week, level, hold) in SWAYS.items():
            row, every = [], list[list[bool]]()
            for n in SIZES:

                def made(
                    random: np.random.Generator, n: int = n, days: int = days, week: float = week,
                    level: float = level, hold: float = hold,
                ) -> tuple[list[Values], list[Values]]:  # fmt: skip
                    drawn = _days(world, random, days + windows, n, week, level, hold)
                    return drawn[:days], drawn[days:]

                found = _told(world, made, references, [2, days, n, round(10 * week), round(10 * level)])
                hits, of = _counted(found)
                row.append(f"{hits / of:.1%} (to {limits(hits, of)[1]:.1%})")
                every += found
            figure, error = _figure(every)
            what = f"{name}, reference of {days} days: windows with any drift `beyond`"
            bars.append(Bar(what, "at most", 0.01, figure, error))
            lines.append([name, days, *row])
    random, worse = np.random.default_rng(22), 0
    drawn = _days(world, random, 56 + windows, 300, *SWAYS["both"])
    reference = world.reference(drawn[:56])
    bare = type(reference)(reference.profile)
    worse = sum(drifted(world.judged(bare, day)) for day in drawn[56:])
    text = f"""### Nothing moved but the calendar: daily windows of 20 columns

Every column sways by itself, as named. Of a reference of 56 days the last 26 are kept apart; one of 8 days
keeps all. {references * windows} windows a cell, of {references} references. Bar: at most 1 % per model. With
multinomial chance alone, as fixed cut-offs and most tests have it, {worse / windows:.0%} of such windows of
300 rows would be told (both kinds of sway, reference of 56 days).

{table(["what sways", "days", *(f"n = {n:,}" for n in SIZES)], lines)}"""
    return text, bars


def _days(
    world: World, random: np.random.Generator, days: int, n: int, week: float, level: float, hold: float
) -> list[Values]:
    columns, made = len(world.kinds) + 1, []
    at = random.normal(0, level, columns)
    for day in range(days):
        at = hold * at + random.normal(0, level * np.sqrt(1 - hold**2), columns)
        made.append(world.rows(random, n, at - (week if day % 7 >= 5 else 0.0)))
    return made


EDGES = np.array([-3.5, *stats.norm.ppf(np.arange(1, 20) / 20), 3.5])
_MASS = np.diff(stats.norm.cdf(EDGES))
AT = np.array([-3.5, *(-np.diff(stats.norm.pdf(EDGES)) / _MASS), 3.5]) + 3.5


def one_check(effort: float) -> tuple[str, list[Bar]]:
    """A single numeric check at its own 1 %, where the reference sways and has few windows."""
    distance, n, level = partial(wasserstein, positions=AT), 300, 0.01
    shares = lambda at: np.diff(stats.norm.cdf(np.array([-np.inf, *EDGES, np.inf]) - at[:, None]), axis=1)  # noqa: E731
    lines, bars, references = [], [], many(120, effort, 10)
    for windows in (3, 4, 8, 26):
        row, worst = [], (0.0, 0.0)
        for sway in (0.0, 0.05, 0.1, 0.2):
            rates, wider = [], []
            for r in range(references):
                random = np.random.default_rng([3, windows, round(100 * sway), r])

                def drawn(count: int, random: np.random.Generator = random, sway: float = sway) -> np.ndarray:
                    return random.multinomial(n, shares(random.normal(0, sway, count)) / (1 + 1e-12))

                blocks = drawn(windows)
                whole = blocks.sum(axis=0)
                sampled = chance.null(distance, whole, n, random)
                reach = chance.widened(distance, whole, blocks, sampled, n).quantile(level)
                wider.append(reach / sampled.quantile(level))
                rates.append(float((distance(whole, drawn(1000)) > reach).mean()))
            figure, error = clustered(rates)
            row.append(f"{figure:.2%} ± {error:.2%}; × {np.mean(wider):.2f}")
            worst = max(worst, (figure, error))
        what = f"one check at 1 %, reference of {windows} windows that sway: worst case told"
        bars.append(Bar(what, "at most", 0.01, *worst))
        lines.append([windows, *row])
    text = f"""### One check whose reference sways and has few windows

A normal column, {n} rows a window, whose mean moves from window to window by the SD named (sampling alone
moves it by {1 / np.sqrt(n):.3f}); the check stands alone, so no other check says anything of the sway. Bar:
1 %. After the share told stands how much further than sampling chance is said to reach: that is what few
windows cost. {references} references and 1,000 windows of each in a cell. Where the
sway is as large as sampling itself slightly more than 1 % is told: what the windows show beyond sampling is
an estimate, and where it is too low more is let through than is saved where it is too high.

{table(["windows", "no sway", "SD 0.05", "SD 0.1", "SD 0.2"], lines)}"""
    return text, bars


def evidently(effort: float) -> str:
    """Evidently's own choice of test and threshold, on raw rows; few windows, because it is slow."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd
        from evidently.legacy.calculations.stattests.registry import get_stattest
        from evidently.legacy.core import ColumnType

        world, windows, lines = World(mixed(20)), many(40, effort, 5), []
        kinds = [ColumnType.Numerical if k in KINDS[:3] else ColumnType.Categorical for k in world.kinds]
        for rows in (REFERENCE, 1000):
            row = []
            for n in (30, 100, 300, 1000):
                random = np.random.default_rng([3, n, rows])
                before, any_column, columns = world.rows(random, rows), 0, 0
                for _ in range(windows):
                    after = world.rows(random, n)
                    found = []
                    for i, kind in enumerate(kinds):
                        sides = pd.Series(before[:, i]), pd.Series(after[:, i])
                        test = get_stattest(*sides, kind, None)
                        found.append(bool(test(*sides, kind, None).drifted))
                    any_column += any(found)
                    columns += sum(found)
                row.append(f"{any_column / windows:.0%} ({columns / windows / len(kinds):.1%})")
            lines.append([f"{rows:,}", *row])
    header = ["reference rows", *(f"n = {n:,}" for n in (30, 100, 300, 1000))]
    return f"""### Evidently's default beside it

The same 20 columns without drift: windows in which Evidently's default test and threshold calls any column
drifted, and in brackets the share of columns. Its own statistical tests on raw rows, {windows} windows a
cell. (Its report calls a data set drifted only from half of the columns on.)

{table(header, lines)}"""
