"""Drift: what is told when nothing moved, over sizes, columns and the calendar."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np

from benchmarks.validity.world import KINDS, REFERENCE, Values, World, mixed, share, table
from monitors.audit import Finding, Verdict

SIZES = (30, 100, 300, 1000, 10_000)
# Columns: (references, windows of each).
EFFORT = {5: (10, 80), 20: (10, 80), 200: (1, 120)}


def study() -> str:
    """Every table of this page."""
    return f"## Drift: what is told when nothing moved\n\n{false_alarms()}\n\n{in_time()}\n\n{evidently()}"


def drifted(findings: tuple[Finding, ...], subject: str | None = None) -> bool:
    """Whether any drift finding someone has to act on is beyond."""
    return any(
        f.family == "drift" and f.verdict is Verdict.BEYOND and f.severity != "info"
        for f in findings
        if subject in (None, f.subject)
    )


def false_alarms() -> str:
    lines = []
    for columns, (references, windows) in EFFORT.items():
        world, row, all_hits = World(mixed(columns)), [], 0
        for n in SIZES:
            random = np.random.default_rng([1, columns, n])
            hits = 0
            for i in range(references):
                reference = world.reference([world.rows(random, REFERENCE)])
                for _ in range(windows):
                    hits += drifted(world.judged(reference, world.rows(random, n), seed=i))
            row.append(f"{hits / (references * windows):.2%}")
            all_hits += hits
        total = references * windows * len(SIZES)
        lines.append([columns, *row, share(all_hits, total)])
    header = ["columns", *(f"n = {n:,}" for n in SIZES), "all sizes"]
    efforts = "; ".join(f"{c} columns: {r * w:,}" for c, (r, w) in EFFORT.items())
    return f"""### Nothing moved: windows with any drift finding beyond

Bar: at most 1 % per model. The reference holds {REFERENCE:,} rows; columns are normal, skewed, whole
numbers, and categories of 2, 5, 20 and 100 values in turn, with a score and its decision. Windows for
each size: {efforts}, over references drawn anew.

{table(header, lines)}"""


def in_time() -> str:
    """Days of the week, and levels that hang on from one day to the next."""
    lines = []
    for name, week, level, hold in (
        ("nothing", 0.0, 0.0, 0.0),
        ("weekends 0.3 SD lower", -0.3, 0.0, 0.0),
        ("daily level, SD 0.1, autocorrelation .5", 0.0, 0.1, 0.5),
        ("both", -0.3, 0.1, 0.5),
    ):
        row = []
        for n in (100, 300):
            hits = unwidened = windows = 0
            for i in range(4):
                random = np.random.default_rng([2, n, i])
                world = World(mixed(20), length=1)
                days = list(_days(world, random, 56 + 100, n, week, level, hold))
                reference = world.reference(days[:56])
                still = type(reference)(reference.profile)
                for day in days[56:]:
                    hits += drifted(world.judged(reference, day, seed=i))
                    unwidened += drifted(world.judged(still, day, seed=i))
                    windows += 1
            row.append(f"{hits / windows:.1%} ({unwidened / windows:.1%})")
        lines.append([name, *row])
    return f"""### Nothing moved but the calendar: daily windows of 20 columns

The reference is 56 such days, of which the last 26 are kept apart as blocks; 400 windows a cell. Every
column sways by itself. Bar: at most 1 % per model. In brackets: what multinomial chance alone would give,
without the reference's own variation.

{table(["what sways", *(f"n = {n:,} a day" for n in (100, 300))], lines)}"""


def _days(
    world: World, random: np.random.Generator, days: int, n: int, week: float, level: float, hold: float
) -> Iterator[Values]:
    columns = len(world.kinds) + 1
    held = random.normal(0, level, columns)
    for day in range(days):
        held = hold * held + random.normal(0, level * np.sqrt(1 - hold**2), columns)
        yield world.rows(random, n, held + (week if day % 7 >= 5 else 0.0))


def evidently() -> str:
    """Evidently's own choice of test and threshold, on raw rows; few windows, because it is slow."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd
        from evidently.legacy.calculations.stattests.registry import get_stattest
        from evidently.legacy.core import ColumnType

        world, windows, lines = World(mixed(20)), 40, []
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
