"""How often every 95 % interval holds what it should, exactly where that can be counted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special, stats

from benchmarks.validity.bars import Bar, held, many, table
from benchmarks.validity.groups import GROUPS, HARMED, THRESHOLD, edges, people
from monitors.calibration import limits
from monitors.cube import Cube, Tally
from monitors.errors import NotComputable
from monitors.fairness.miscalibration_loss import miscalibration_loss
from monitors.histogram import Floats
from monitors.interval import delong, difference, log_ratio, observed_expected, quantile, wilson

SHARES = np.arange(2, 99, 2) / 100
DRAWS = 1000
SEED = 20_260_105
CELLS = 200
Z = quantile(0.95)


def study(effort: float = 1.0) -> str:
    """Tables for docs/validity.md; two minutes."""
    parts = (
        _wilson(), _differences(), _ratios(), _observed_expected(), _drawn(many(DRAWS, effort, 50)),
        _loss(many(150, effort, 20)),
    )  # fmt: skip
    opening = """The share of times a 95 % interval holds the truth. Wilson's, differences, ratios and O/E are
exact: every possible count is added up by its chance. AUROC, intercept, slope and miscalibration loss are
drawn anew many times."""
    bars = held([bar for _, found in parts for bar in found])
    return "\n\n".join(["## Intervals", bars, opening, *(text for text, _ in parts)])


def exact(n: int) -> Floats:
    """Coverage of Wilson's interval at every share of `SHARES`."""
    low, high = np.array([wilson(events, n) for events in range(n + 1)]).T
    chance = stats.binom.pmf(np.arange(n + 1)[:, None], n, SHARES)
    return np.asarray((chance * ((low[:, None] <= SHARES) & (high[:, None] >= SHARES))).sum(axis=0))


def _wilson() -> tuple[str, list[Bar]]:
    lines, bars, means = [], [], []
    for n in (20, 50, 100, 500):
        inside = exact(n)
        bar = 0.93 if n >= 100 else 0.92
        at = SHARES[inside.argmin()]
        lines.append([n, f"{inside.min():.3f}", f"{at:.2f}", f"{inside.mean():.3f}"])
        means.append(float(inside.mean()))
        bars.append(Bar(f"Wilson, n = {n}: lowest coverage over p = .02 to .98", "at least", bar,
                        float(inside.min())))  # fmt: skip
    bars.append(Bar("Wilson: mean coverage over p, lowest of the four", "at least", 0.945, min(means)))
    bars.append(Bar("Wilson: mean coverage over p, highest of the four", "at most", 0.965, max(means)))
    text = table(["n", "lowest", "at p", "mean over p = .02 to .98"], lines)
    return f"### A proportion (Wilson)\n\n{text}", bars


Limits = Callable[[int, int, int, int], tuple[float, float]]
GRID = np.array([0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98])


def newcombe(x: int, n: int, y: int, m: int) -> tuple[float, float]:
    """The interval Rounds gives a difference."""
    return difference(x / n, *wilson(x, n), y / m, *wilson(y, m))


def agresti_caffo(x: int, n: int, y: int, m: int) -> tuple[float, float]:
    """One success and one failure added to each side (Agresti & Caffo 2000, Am Stat 54:280)."""
    p, q = (x + 1) / (n + 2), (y + 1) / (m + 2)
    half = Z * np.sqrt(p * (1 - p) / (n + 2) + q * (1 - q) / (m + 2))
    return p - q - half, p - q + half


def miettinen_nurminen(x: int, n: int, y: int, m: int) -> tuple[float, float]:
    """The differences a score test leaves (Miettinen & Nurminen 1985, Stat Med 4:213), by bisection."""
    seen = x / n - y / m

    def score(at: float) -> float:
        low, high = max(0.0, at), min(1.0, 1 + at)
        for _ in range(40):  # p - q = at; the likelihood's slope falls in p
            p = (low + high) / 2
            sides = ((x, p), (x - n, 1 - p), (y, p - at), (y - m, 1 - p + at))
            rising = sum(k / max(share, 1e-12) for k, share in sides if k) > 0
            low, high = (p, high) if rising else (low, p)
        p = (low + high) / 2
        q = p - at
        spread = (p * (1 - p) / n + q * (1 - q) / m) * (n + m) / (n + m - 1)
        return (seen - at) / float(np.sqrt(max(spread, 1e-15)))

    def solved(low: float, high: float, reach: float) -> float:
        for _ in range(25):
            middle = (low + high) / 2
            low, high = (middle, high) if score(middle) > reach else (low, middle)
        return (low + high) / 2

    return -1.0 if seen <= -1 else solved(-1, seen, Z), 1.0 if seen >= 1 else solved(seen, 1, -Z)


def between(n: int, m: int, p: Floats, q: Floats, told: Limits = newcombe) -> tuple[Floats, float]:
    """Coverage of the interval of p - q at every pair of shares, and its mean width."""
    grid = [[told(x, n, y, m) for y in range(m + 1)] for x in range(n + 1)]
    low, high = np.moveaxis(np.array(grid), 2, 0)
    sides = ((n, p), (m, q))
    chances = [np.asarray(stats.binom.pmf(np.arange(k + 1)[:, None], k, s)) for k, s in sides]
    found, widths = np.zeros((len(p), len(q))), np.zeros((len(p), len(q)))
    for i, a in enumerate(p):
        for j, b in enumerate(q):
            inside = (low <= a - b + 1e-9) & (a - b - 1e-9 <= high)
            found[i, j] = chances[0][:, i] @ inside @ chances[1][:, j]
            widths[i, j] = chances[0][:, i] @ (high - low) @ chances[1][:, j]
    return found, float(widths.mean())


def _differences() -> tuple[str, list[Bar]]:
    lines, bars = [], []
    sizes = ((20, 20), (20, 300), (30, 30), (50, 50), (50, 300), (100, 100), (100, 500))
    for n, m in sizes:
        inside, _ = between(n, m, GRID, GRID)
        least, under = inside.min(), int((inside < 0.92).sum())
        lines.append([f"{n}, {m}", f"{least:.3f}", f"{inside.mean():.3f}", f"{under} of {inside.size}"])
        bars.append(Bar(f"Newcombe, n = {n} and {m}: lowest coverage", "at least", 0.92, float(least)))
    others = []
    for name, told in (("Newcombe", newcombe), ("Agresti–Caffo", agresti_caffo),
                         ("Miettinen–Nurminen", miettinen_nurminen)):  # fmt: skip
        inside, width = between(20, 20, GRID, GRID, told)
        under = int((inside < 0.92).sum())
        others.append(
            [name, f"{inside.min():.3f}", f"{inside.mean():.3f}", f"{under} of {inside.size}", f"{width:.3f}"]
        )
    text = f"""### A difference of proportions (Newcombe)

{table(["n and m", "lowest", "mean", "pairs of shares under .92"], lines)}

At 20 and 20, and at 30 and 30, the interval falls short at one pair of shares and its mirror: .98 against
.02. At 20, 19 of 20 against 1 of 20 happens in 7 % of draws; its interval ends at .958, the truth is .960.
Two other methods do not fall short:

{table(["at 20 and 20", "lowest", "mean", "pairs under .92", "mean width"], others)}

Newcombe's stays all the same. It is made from each side's own interval, so one rule gives differences of
proportions, of AUROCs and of O/E, at 95 % and at the level shared by many groups, and it never leaves -1 to 1
(the others need counts, and Agresti–Caffo's can leave it). No verdict changes: whoever misses a gap of .96 by
.002 says `beyond` at any margin. Everywhere else on the grid it holds .92, at those sizes too."""
    return text, bars


FEWEST = 5  # events on each side, under which no ratio is told
EXPECTED = 10  # events at least, so that tables with too few of them are rare


def zou_donner(x: int, n: int, y: int, m: int) -> tuple[float, float]:
    """The interval Rounds gives a ratio."""
    return log_ratio(x / n, *wilson(x, n), y / m, *wilson(y, m))


def katz(x: int, n: int, y: int, m: int) -> tuple[float, float]:
    """The log method (Katz et al. 1978, Biometrics 34:469)."""
    half, ratio = Z * np.sqrt(1 / x - 1 / n + 1 / y - 1 / m), x / n / (y / m)
    return ratio / np.exp(half), ratio * np.exp(half)


def over(n: int, m: int, told: Limits = zou_donner) -> Floats:
    """Coverage of the interval of p / q at pairs of shares, of tables that have enough events."""
    ps, qs = (GRID[k * GRID >= EXPECTED] for k in (n, m))
    found = np.zeros((len(ps), len(qs)))
    xs, ys = np.arange(FEWEST, n + 1), np.arange(FEWEST, m + 1)
    low, high = np.moveaxis(np.array([[told(x, n, y, m) for y in ys] for x in xs]), 2, 0)
    for i, p in enumerate(ps):
        for j, q in enumerate(qs):
            one, other = stats.binom.pmf(xs, n, p), stats.binom.pmf(ys, m, q)
            inside = (low <= p / q * (1 + 1e-9)) & (p / q * (1 - 1e-9) <= high)
            found[i, j] = one @ inside @ other / (one.sum() * other.sum())
    return found


def _ratios() -> tuple[str, list[Bar]]:
    lines, bars = [], []
    for n, m in ((50, 50), (50, 300), (100, 100), (100, 500)):
        row = [f"{n}, {m}"]
        for told in (zou_donner, katz):
            inside = over(n, m, told)
            row += [
                f"{inside.min():.3f}",
                f"{inside.mean():.3f}",
                f"{int((inside < 0.92).sum())} of {inside.size}",
            ]
            if told is zou_donner:
                what = f"ratio of proportions, n = {n} and {m}: lowest coverage"
                bars.append(Bar(what, "at least", 0.92, float(inside.min())))
        lines.append(row)
    text = f"""### A ratio of proportions (log scale)

Of tables with five events or more on both sides, since no ratio is told of fewer, and at shares of which ten
are expected or more. Wilson's limits of both sides brought together on the log scale, and beside them the log
method as it is mostly used (Katz).

{table(["n and m", "lowest", "mean", "under .92", "Katz: lowest", "mean", "under .92"], lines)}"""
    return text, bars


def _observed_expected() -> tuple[str, list[Bar]]:
    lines, bars = [], []
    for n in (50, 100, 500, 2000):
        row = []
        for risk in (0.02, 0.05, 0.1, 0.2, 0.4):
            chance = stats.binom.pmf(np.arange(n + 1), n, risk)
            told = [observed_expected(events, n * risk, n) for events in range(n + 1)]
            row.append(float(sum(c for c, (low, high) in zip(chance, told, strict=True) if low <= 1 <= high)))
        lines.append([n, *(f"{v:.3f}" for v in row)])
        bars.append(Bar(f"O/E, n = {n}: lowest coverage over risks .02 to .40", "at least", 0.92, min(row)))
    return (
        f"""### Observed/expected, a ratio

Under 20 events the exact Poisson interval, which is wide on purpose: outcomes of people vary less than
Poisson's. From 20 on the log scale.

{table(["n", *(f"risk {r}" for r in (0.02, 0.05, 0.1, 0.2, 0.4))], lines)}""",
        bars,
    )


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


def _drawn(draws: int) -> tuple[str, list[Bar]]:
    random = np.random.default_rng(SEED)
    many_people = tally(random, 2_000_000, 0.0, 1.0)
    area = delong(many_people.positives, many_people.negatives)[0]
    lines, bars = [], []
    measures = {
        "AUROC (DeLong, logit)": (0.0, 1.0, _area(area)),
        "calibration intercept, truth 0.3": (0.3, 1.0, _line(0.3, slope=False)),
        "calibration slope, truth 1": (0.0, 1.0, _line(1.0, slope=True)),
        "calibration slope, truth 0.6": (0.0, 0.6, _line(0.6, slope=True)),
    }
    for name, (shift, slope, holds) in measures.items():
        row = []
        for n in (100, 250, 1000):
            inside, events, left = 0, 0, 0
            for _ in range(draws):
                seen = tally(random, n, shift, slope)
                events += seen.events
                try:
                    inside += holds(seen)
                except NotComputable:
                    left += 1
            row.append(inside / (draws - left))
            lines.append([name, n, f"{events / draws:.0f}", f"{row[-1]:.3f}", left])
        error = 1.96 * float(np.sqrt(0.05 * 0.95 / draws))
        bars.append(Bar(f"{name}: lowest coverage at n = 100, 250, 1,000", "at least", 0.92, min(row), error))
    text = table(["drawn", "n", "mean events", "held", "no interval"], lines)
    return f"### AUROC, intercept and slope\n\n{draws:,} times a line.\n\n{text}", bars


def _loss(audits: int) -> tuple[str, list[Bar]]:
    """Miscalibration loss, whose limits hold for all groups of an audit together."""
    inner, lines, bars = edges(), [], []
    for understated in (0.0, 0.3, 0.6):
        random = np.random.default_rng([SEED, round(10 * understated)])
        truth = _true_loss(understated)
        inside, of, every = dict.fromkeys(GROUPS, 0), dict.fromkeys(GROUPS, 0), 0
        for _ in range(audits):
            found = miscalibration_loss(people(random, understated, inner), threshold=THRESHOLD)
            missed = False
            for group, seen in found.items():
                if seen.low is None or seen.high is None:
                    continue
                true = truth if group == HARMED else 0.0
                holds = seen.low <= true <= seen.high
                inside[group] += holds
                of[group] += 1
                missed |= not holds and seen.n >= 30
            every += not missed
        each = (f"{inside[g] / of[g]:.3f}" if of[g] else "–" for g in GROUPS)
        lines.append([understated, f"{truth:.3f}", *each, f"{every / audits:.3f}"])
        error = 1.96 * float(np.sqrt(0.05 * 0.95 / audits))
        what = f"miscalibration loss, {understated} log-odds: all groups' limits hold together"
        bars.append(Bar(what, "at least", 0.92, every / audits, error))
    return (
        f"""### Miscalibration loss

{audits} audits a line, as in the study of groups; group {HARMED} is understated. The limits are made to hold
for all groups at once in 95 % of audits, so each group's alone holds more often. Last: audits where every
group of 30 people with the outcome or more was held.

{table(["log-odds", "true loss", *GROUPS, "all at once"], lines)}""",
        bars,
    )


def _true_loss(understated: float) -> float:
    """Of the harmed group, by a million people."""
    random = np.random.default_rng(SEED)
    risk = random.normal(GROUPS[HARMED][1], 1.0, 1_000_000)
    chance = special.expit(risk)
    flagged = [special.expit(risk - by) >= THRESHOLD for by in (understated, 0.0)]
    now, better = (float((chance * f).sum() / chance.sum()) for f in flagged)
    return now - better
