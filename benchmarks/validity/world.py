"""A made-up hospital at the level of counts: columns of known shape, drawn, binned and judged for real."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import special

from monitors.audit import Finding
from monitors.config import ModelConfig
from monitors.config_file import parse
from monitors.cube import Cube
from monitors.evaluate import Setting, evaluate
from monitors.histogram import Bins, CategoryBins, Histogram, NumericBins
from monitors.profile import EVERYONE, Profile
from monitors.reference import Reference
from monitors.window import Window

Values = NDArray[np.float64]
BINS, RARE = 20, 0.01
REFERENCE = 5000  # rows, unless a study says otherwise
SCORE_CELLS = np.linspace(0, 1, 21)
MONDAY = datetime(2024, 1, 1, tzinfo=UTC)

# Each column is a standard normal turned into its own shape, so that a shift of the normal by d
# is a shift of d standard deviations for the first kind and the same change of ranks for all.
NUMBERS: dict[str, Callable[[Values], Values]] = {
    "normal": lambda z: z,
    "skewed": np.exp,
    "integer": lambda z: np.floor(4 * np.exp(0.5 * z)),
}
CATEGORIES = (2, 5, 20, 100)
KINDS = (*NUMBERS, *map(str, CATEGORIES))


def zipf(categories: int) -> Values:
    """Shares of so many categories, the second half as frequent as the first, and so on."""
    weights = 1 / np.arange(1, categories + 1)
    return np.asarray(weights / weights.sum())


def turned(kind: str, z: Values) -> Values:
    """Standard normal values turned into a column of a kind."""
    if kind in NUMBERS:
        return NUMBERS[kind](z)
    upto = np.cumsum(zipf(int(kind)))[:-1]
    return np.searchsorted(upto, special.ndtr(z)).astype(np.float64)


def bins_of(kind: str, values: Values) -> Bins:
    """Bins frozen on a reference's values, by the rule the counting follows."""
    present = values[~np.isnan(values)]
    if kind in NUMBERS:
        inner = np.quantile(present, np.arange(1, BINS) / BINS)
        low, high = float(present.min()), float(present.max())
        edges = np.array([low, *np.unique(inner[(inner > low) & (inner < high)]), high])
        place = np.clip(np.searchsorted(edges, present, side="right") - 1, 0, len(edges) - 2)
        held = np.bincount(place, minlength=len(edges) - 1)
        sums = np.bincount(place, weights=present, minlength=len(edges) - 1)
        centers = np.where(held > 0, sums / np.maximum(held, 1), (edges[:-1] + edges[1:]) / 2)
        return NumericBins(tuple(edges), tuple(centers), float(present.std()))
    seen, counts = np.unique(present, return_counts=True)
    frequent = counts >= RARE * counts.sum()
    names = [f"{value:g}" for value in seen]
    return CategoryBins(
        tuple(name for name, often in zip(names, frequent, strict=True) if often),
        tuple(name for name, often in zip(names, frequent, strict=True) if not often),
    )


def counted(name: str, bins: Bins, values: Values) -> Histogram:
    """Values counted on bins; NaN is missing."""
    missing = int(np.isnan(values).sum())
    present = values[~np.isnan(values)]
    if isinstance(bins, NumericBins):
        edges = np.array(bins.edges)
        place = np.searchsorted(edges, present, side="right")
        place[present == edges[-1]] = len(edges) - 1
        found = np.bincount(place, minlength=len(edges) + 1).tolist()
        return Histogram(name, bins, tuple(found[1:-1]), missing, below=found[0], above=found[-1])
    seen, counts = np.unique(present, return_counts=True)
    held = dict(zip((f"{value:g}" for value in seen), counts.tolist(), strict=True))
    named = tuple(held.pop(category, 0) for category in bins.categories)
    rare = sum(held.pop(category, 0) for category in bins.rare)
    return Histogram(name, bins, named, missing, other=rare, unseen=sum(held.values()))


@dataclass(frozen=True)
class World:
    """One model: its columns' kinds, and a reference of blocks of rows.

    `length` is the window's, in days. The score is one more column; it is the beta-shaped turn of
    its own normal, and decides at 0.4.
    """

    kinds: tuple[str, ...]
    length: int = 7

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{kind}_{i:03d}" for i, kind in enumerate(self.kinds))

    @cached_property
    def config(self) -> ModelConfig:
        numeric = [n for n, k in zip(self.names, self.kinds, strict=True) if k in NUMBERS]
        categorical = [n for n in self.names if n not in numeric]
        return parse(
            f"""
model: made-up
version: "1"
source: {{kind: files, path: none.csv}}
columns: {{time: at, score: score, decision: {{score_at_least: 0.4}}, numeric: {numeric},
          categorical: {categorical}}}
window: P{self.length}D
reference: {{from: 2020-01-06, to: 2020-06-01}}
""",
            "made-up.yaml",
        )

    def window(self, index: int) -> Window:
        start = MONDAY + timedelta(days=self.length * index)
        return Window(start, start + timedelta(days=self.length))

    def rows(self, random: np.random.Generator, n: int, sway: Values | float = 0.0) -> Values:
        """Rows of one window, a column each and the score last; `sway` moves columns' normals."""
        z = random.standard_normal((n, len(self.kinds) + 1)) + sway
        made = [turned(kind, z[:, i]) for i, kind in enumerate(self.kinds)]
        score = special.betaincinv(2.0, 6.0, special.ndtr(z[:, -1]))
        return np.column_stack([*made, np.round(score, 6)])

    def profile(self, rows: Values, bins: Sequence[Bins], window: Window) -> Profile:
        named = (*self.names, "score")
        held = {n: counted(n, b, rows[:, i]) for i, (n, b) in enumerate(zip(named, bins, strict=True))}
        score = rows[:, -1]
        cell = np.searchsorted(SCORE_CELLS, score, side="right") - 1
        keys, where, counts = np.unique(
            np.column_stack([score >= 0.4, cell]), axis=0, return_inverse=True, return_counts=True
        )
        sums = np.bincount(where.ravel(), weights=np.round(score * 1e6))
        cube = Cube.of(EVERYONE, [
            ("", -1, int(d), int(c), -1, int(n), int(s))
            for (d, c), n, s in zip(keys, counts, sums, strict=True)
        ])  # fmt: skip
        return Profile(
            window, len(rows), 0, None, window.end - timedelta(seconds=60), held, {EVERYONE: cube},
            score_edges=tuple(SCORE_CELLS),
        )  # fmt: skip

    def reference(self, blocks: Iterable[Values]) -> Reference:
        """Frozen on the blocks' rows together; up to 26 of them are kept apart."""
        made = list(blocks)
        whole = np.concatenate(made)
        kinds = (*self.kinds, "normal")
        bins = [bins_of(kind, whole[:, i]) for i, kind in enumerate(kinds)]
        period = Window(self.window(-len(made)).start, self.window(0).start)
        each = [self.profile(b, bins, self.window(i - len(made))) for i, b in enumerate(made)]
        return Reference(self.profile(whole, bins, period), tuple(each[-26:]) if len(each) > 1 else ())

    def judged(
        self, reference: Reference, rows: Values, index: int = 0, seed: int = 1
    ) -> tuple[Finding, ...]:
        """Everything the shipped plan says of a window."""
        bins = [reference.bins[name] for name in (*self.names, "score")]
        profile = self.profile(rows, bins, self.window(index))
        return evaluate(self.config, profile, reference, "scored", Setting(seed=seed))


def mixed(columns: int) -> tuple[str, ...]:
    """So many columns of all kinds in turn."""
    return tuple(KINDS[i % len(KINDS)] for i in range(columns))
