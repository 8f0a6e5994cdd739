"""How often intervals of answers other than yes or no hold the truth: `python -m benchmarks.answers`.

Windows of 30, 100 and 300 rows are drawn anew many times from worlds whose truth is known; the table of
docs/answers.md is what it prints. Two minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from monitors.cube import Aside, Cube, Tally
from monitors.discovery import metrics
from monitors.histogram import Floats
from monitors.performance._answers import summed

PAGE = Path(__file__).parents[1] / "docs" / "answers.md"
BEGIN, END = "<!-- python -m benchmarks.answers -->", "<!-- to here -->"
SEED, DRAWS, MANY = 20_260_105, 2_000, 200_000
ROWS = (30, 100, 300)
QUANTITIES = ("mean_error", "mean_absolute_error", "root_mean_squared_error", "r_squared")
LABELS = ("accuracy", "balanced_accuracy", "macro_f1")
LISTS = ("hit_rate", "mean_reciprocal_rank")
Draw = Callable[[np.random.Generator, int], list[tuple[int, int, int]]]


def plain(random: np.random.Generator, n: int) -> list[tuple[int, int, int]]:
    """Amounts and errors that are normal."""
    actual = random.normal(20, 4, n)
    return _amounts(actual + random.normal(0.5, 2, n), actual)


def stays(random: np.random.Generator, n: int, apart: float = 0.3) -> list[tuple[int, int, int]]:
    """Lengths of stay: most are short and a few are long, and so are the errors; longer ones with `apart`."""
    expected = random.gamma(2.0, 2.5, n)
    return _amounts(expected, expected * random.lognormal(-(apart**2) / 2, apart, n))


def codes(random: np.random.Generator, n: int) -> list[tuple[int, int, int]]:
    """A code out of four, of which one is rare; three of four suggestions are right."""
    right = random.choice(4, n, p=(0.4, 0.3, 0.2, 0.1))
    given = np.where(random.random(n) < 0.75, right, random.integers(0, 4, n))
    return _counted(right * 10 + given, lambda place: (place // 10, place % 10))


def lists(random: np.random.Generator, n: int) -> list[tuple[int, int, int]]:
    """The place of the right answer in a list of five; in one of eight it is not there."""
    place = random.choice(6, n, p=(0.125, 0.5, 0.2, 0.1, 0.05, 0.025))
    return _counted(place, lambda held: (held, 0))


WORLDS: tuple[tuple[str, str, Draw, tuple[str, ...]], ...] = (
    ("a quantity, errors normal", "amount", plain, QUANTITIES),
    ("lengths of stay, a long tail", "amount", stays, QUANTITIES),
    ("the same, a very long tail", "amount", partial(stays, apart=0.5), QUANTITIES),
    ("one of four codes, one rare", "label", codes, LABELS),
    ("a list of five", "rank", lists, LISTS),
)


def _amounts(predicted: Floats, actual: Floats) -> list[tuple[int, int, int]]:
    return summed(zip(predicted.tolist(), actual.tolist(), strict=True))


def _counted(held: Floats, place: Callable[[int], tuple[int, int]]) -> list[tuple[int, int, int]]:
    values, n = np.unique(held, return_counts=True)
    return [(*place(int(v)), int(k)) for v, k in zip(values, n, strict=True)]


def tally(kind: str, told: list[tuple[int, int, int]], n: int) -> Tally:
    """As a window's cube gives it."""
    asides: list[Aside] = [("", kind, *each) for each in told]
    return Cube.of("", [("", -1, -1, -1, -1, n, 0)], asides=asides).tally()


def coverage(draws: int = DRAWS) -> Iterator[tuple[str, str, list[float]]]:
    """(world, measure, by `ROWS` the share of windows whose interval held the truth)."""
    for world, kind, draw, names in WORLDS:
        random = np.random.default_rng(SEED)
        whole = tally(kind, draw(random, MANY), MANY)
        truth = {name: metrics()[name].compute(whole).value for name in names}
        inside = {name: [0] * len(ROWS) for name in names}
        for i, n in enumerate(ROWS):
            for _ in range(draws):
                window = tally(kind, draw(random, n), n)
                for name in names:
                    found = metrics()[name].compute(window)
                    inside[name][i] += found.low is not None and found.low <= truth[name] <= found.high
        for name in names:
            yield world, name, [count / draws for count in inside[name]]


def table(draws: int = DRAWS) -> str:
    """The table of docs/answers.md."""
    head = ["output", "measure", *(f"{n} rows" for n in ROWS)]
    lines = [head, ["---"] * len(head)]
    lines += [[w, f"`{name}`", *(f"{s:.1%}" for s in shares)] for w, name, shares in coverage(draws)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(draws: int = DRAWS) -> None:
    """Write the table between its two marks on the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{table(draws)}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
