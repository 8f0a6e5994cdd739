"""How often every 95 % interval holds what it should, exactly where that can be counted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special, stats

from monitors.calibration import limits
from monitors.cube import Cube, Tally
from monitors.errors import NotComputable
from monitors.histogram import Floats
from monitors.interval import delong, difference, observed_expected, wilson

SHARES = np.arange(2, 99, 2) / 100
DRAWS = 1000
SEED = 20_260_105
CELLS = 200


def study() -> str:
    """Tables for docs/validity.md; a minute or two."""
    opening = (
        "## Intervals\n\nThe share of times a 95 % interval holds the truth. Wilson's, differences of shares "
        "and O/E are exact: every possible count is added up by its chance. AUROC, intercept and slope are "
        f"drawn, {DRAWS:,} times a row (a share of .95 is then known to about .014 either way).\n"
    )
    parts = (
        opening,
        _wilson(),
        _differences(),
        _observed_expected(),
        _drawn(),
    )
    return "\n".join(parts)


def exact(n: int) -> Floats:
    """Coverage of Wilson's interval at every share of `SHARES`."""
    low, high = np.array([wilson(events, n) for events in range(n + 1)]).T
    chance = stats.binom.pmf(np.arange(n + 1)[:, None], n, SHARES)
    return np.asarray((chance * ((low[:, None] <= SHARES) & (high[:, None] >= SHARES))).sum(axis=0))


def _wilson() -> str:
    lines = ["| Wilson, n | lowest | at p | mean over p = .02 to .98 | bar | |", "|---|---|---|---|---|---|"]
    for n in (20, 50, 100, 500):
        held = exact(n)
        bar = 0.93 if n >= 100 else 0.92
        met = held.min() >= bar and 0.945 <= held.mean() <= 0.965
        at = SHARES[held.argmin()]
        lines.append(f"| {n} | {held.min():.3f} | {at:.2f} | {held.mean():.3f} | {bar} | {_said(met)} |")
    return "\n".join(lines) + "\n"


def between(n: int, m: int, p: Floats, q: Floats) -> Floats:
    """Coverage of the interval of p - q, at every pair of shares."""
    one = np.array([(x / n, *wilson(x, n)) for x in range(n + 1)])
    two = np.array([(y / m, *wilson(y, m)) for y in range(m + 1)])
    grid = [[difference(*a, *b) for b in two.tolist()] for a in one.tolist()]
    low, high = np.moveaxis(np.array(grid), 2, 0)
    sides = ((n, p), (m, q))
    chances = [np.asarray(stats.binom.pmf(np.arange(k + 1)[:, None], k, s)) for k, s in sides]
    found = np.zeros((len(p), len(q)))
    for i, a in enumerate(p):
        for j, b in enumerate(q):
            inside = (low <= a - b) & (a - b <= high)
            found[i, j] = chances[0][:, i] @ inside @ chances[1][:, j]
    return found


def _differences() -> str:
    lines = [
        "| Difference, n and m | lowest | mean | pairs of shares under .92 | bar .92 |",
        "|---|---|---|---|---|",
    ]
    shares = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98])
    for n, m in ((20, 20), (20, 300), (50, 50), (50, 300), (100, 100), (100, 500)):
        held = between(n, m, shares, shares)
        under = int((held < 0.92).sum())
        few = f"{under} of {held.size}"
        lines.append(f"| {n}, {m} | {held.min():.3f} | {held.mean():.3f} | {few} | {_said(under == 0)} |")
    return "\n".join(lines) + "\n"


def _observed_expected() -> str:
    lines = ["| O/E, n | risk | expected events | holds 1 | bar .92 |", "|---|---|---|---|---|"]
    for n in (50, 100, 500, 2000):
        for risk in (0.02, 0.05, 0.1, 0.2, 0.4):
            chance = stats.binom.pmf(np.arange(n + 1), n, risk)
            told = [observed_expected(events, n * risk, n) for events in range(n + 1)]
            held = sum(c for c, (low, high) in zip(chance, told, strict=True) if low <= 1 <= high)
            lines.append(f"| {n} | {risk} | {n * risk:g} | {held:.3f} | {_said(bool(held >= 0.92))} |")
    return "\n".join(lines) + "\n"


def tally(random: np.random.Generator, n: int, shift: float, slope: float) -> Tally:
    """n people whose risk is expit(shift + slope * logit(score))."""
    score = random.beta(2, 6, n).clip(0.002, 0.998)
    outcome = random.random(n) < special.expit(shift + slope * special.logit(score))
    rows = zip(
        outcome.tolist(), (score * CELLS).astype(int).tolist(), np.round(score * 1e6).tolist(), strict=True
    )
    return Cube.of("", [("", int(y), -1, cell, -1, 1, int(s)) for y, cell, s in rows]).tally()


def _area(truth: float) -> Callable[[Tally], bool]:
    def holds(seen: Tally) -> bool:
        _, low, high = delong(seen.positives, seen.negatives)
        return low <= truth <= high

    return holds


def _line(truth: float, *, slope: bool) -> Callable[[Tally], bool]:
    def holds(seen: Tally) -> bool:
        _, low, high = limits(seen, slope=slope)
        return low <= truth <= high

    return holds


def _drawn() -> str:
    random = np.random.default_rng(SEED)
    many = tally(random, 2_000_000, 0.0, 1.0)
    area = delong(many.positives, many.negatives)[0]
    lines = ["| drawn | n | mean events | held | left out | bar .92 |", "|---|---|---|---|---|---|"]
    for n in (100, 250, 1000):
        measures = {
            "AUROC (DeLong, logit)": (0.0, 1.0, _area(area)),
            "intercept, truth 0.3": (0.3, 1.0, _line(0.3, slope=False)),
            "slope, truth 1": (0.0, 1.0, _line(1.0, slope=True)),
            "slope, truth 0.6": (0.0, 0.6, _line(0.6, slope=True)),
        }
        for name, (shift, slope, holds) in measures.items():
            held, events, left = 0, 0, 0
            for _ in range(DRAWS):
                seen = tally(random, n, shift, slope)
                events += seen.events
                try:
                    held += holds(seen)
                except NotComputable:
                    left += 1
            share = held / (DRAWS - left)
            lines.append(
                f"| {name} | {n} | {events / DRAWS:.0f} | {share:.3f} | {left} | {_said(share >= 0.92)} |"
            )
    return "\n".join(lines) + "\n"


def _said(met: bool) -> str:
    return "met" if met else "NOT met"


if __name__ == "__main__":
    print(study())
