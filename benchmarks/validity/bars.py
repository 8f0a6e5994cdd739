"""What a study has to hold: each bar, the figure, how well it is known, and whether it is met."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

HEADER = ("what has to hold", "bar", "measured", "known to", "met")


@dataclass(frozen=True)
class Bar:
    """One thing that has to hold.

    `error` is the half-width of the figure's 95 % interval by Monte Carlo; 0 where it is exact.
    """

    what: str
    way: Literal["at most", "at least"]
    bar: float
    figure: float
    error: float = 0.0
    unit: Literal["share", "number"] = "share"

    @property
    def met(self) -> bool:
        """Whether the figure lies on the right side."""
        return self.figure <= self.bar if self.way == "at most" else self.figure >= self.bar

    def row(self) -> tuple[str, ...]:
        """As a line of the table."""
        known = f"± {self._said(self.error)}" if self.error else "exact"
        said = "met" if self.met else "**not met**"
        return self.what, f"{self.way} {self._said(self.bar)}", self._said(self.figure), known, said

    def _said(self, value: float) -> str:
        return f"{value:.1%}" if self.unit == "share" else f"{value:.3g}"


def held(bars: Iterable[Bar]) -> str:
    """A table of bars."""
    return table(HEADER, (bar.row() for bar in bars))


def table(header: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """Markdown."""
    rows = [header, ["---"] * len(header), *lines]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)


def limits(hits: int, of: int) -> tuple[float, float]:
    """The 95 % Clopper-Pearson interval of a share."""
    low = 0.0 if hits == 0 else float(stats.beta.ppf(0.025, hits, of - hits + 1))
    high = 1.0 if hits == of else float(stats.beta.ppf(0.975, hits + 1, of - hits))
    return low, high


def share(hits: int, of: int) -> str:
    """A share with its interval, in percent."""
    low, high = limits(hits, of)
    return f"{hits / of:.1%} ({low:.1%} to {high:.1%})"


def clustered(rates: Sequence[float]) -> tuple[float, float]:
    """Mean and half-width of the rates of references drawn apart, whose windows are not independent."""
    found = np.asarray(rates)
    if len(found) < 2:
        return float(found.mean()), 1.0
    return float(found.mean()), float(1.96 * found.std(ddof=1) / np.sqrt(len(found)))


def many(usual: int, effort: float, least: int = 2) -> int:
    """How many at this share of the usual effort."""
    return max(least, round(usual * effort))
