"""Patients who repeat: whether an interval holds the truth where rows come in patients, not one by one."""

from __future__ import annotations

import numpy as np

from monitors.cube import Cube
from monitors.discovery import metrics
from monitors.repeats import measured, products

SEED, DRAWS, MOST_ROWS = 20_260_105, 2_000, 8
PATIENTS, ALIKE, RATES = (20, 50, 150), (0.1, 0.5, 0.95), (0.05, 0.2, 0.5, 0.9)
LEAST = 0.92


def held(patients: int, alike: float, rate: float, draws: int = DRAWS) -> tuple[float, float, float]:
    """How often a sensitivity's 95 % interval holds it, by patient and by row; the median design effect.

    Patients have 1 to 8 rows; a patient's own rate is drawn from a beta distribution in which rows of
    one patient correlate by `alike`.
    """
    random = np.random.default_rng([SEED, patients, round(100 * alike), round(100 * rate)])
    declared, shape = metrics()["true_positive_rate"], (1 - alike) / alike
    by_patient = by_row = 0
    effects = []
    for _ in range(draws):
        rows = random.integers(1, MOST_ROWS + 1, patients)
        flagged = random.binomial(rows, random.beta(rate * shape, (1 - rate) * shape, patients))
        missed = rows - flagged
        pairs = [(8, 8, flagged @ flagged), (7, 7, missed @ missed)]
        pairs += [(a, b, flagged @ missed) for a, b in ((7, 8), (8, 7))]
        people = [("", 1, d, -1, -1, int(k.sum()), 0) for d, k in ((1, flagged), (0, missed)) if k.sum()]
        tally = Cube.of("", people, products(("", a, b, int(n)) for a, b, n in pairs)).tally()
        counted = measured(declared.facts, declared.compute, tally)
        plain = declared.compute(tally)
        by_patient += (counted.low or 0.0) <= rate <= (counted.high or 0.0)
        by_row += (plain.low or 0.0) <= rate <= (plain.high or 0.0)
        effects.append(counted.design)
    return by_patient / draws, by_row / draws, float(np.median(effects))


def study(draws: int = DRAWS) -> str:
    """A table for docs/validity.md; two minutes."""
    cells = {(k, a, p): held(k, a, p, draws) for k in PATIENTS for a in ALIKE for p in RATES}
    least = min(found[0] for found in cells.values())
    met = "met" if least >= LEAST - 1.96 * (LEAST * (1 - LEAST) / draws) ** 0.5 else "NOT met"
    lines = [
        "## Patients who repeat",
        "",
        f"The 95 % interval of a sensitivity over patients of 1 to {MOST_ROWS} rows each, by how alike",
        f"the rows of a patient are (correlation); {draws:,} draws a cell. Left, as Rounds counts where",
        "`columns.patient` is named; right, as if rows were people.",
        f"Bar: at least {LEAST} in every cell, but for what the draws leave open (.012): {met},",
        f"the least is {least:.3f}. The low ones rest on about two patients' worth of the rarer answer.",
        "",
        "| patients | alike | design effect | " + " | ".join(f"rate {rate:g}" for rate in RATES) + " |",
        "|---" * (3 + len(RATES)) + "|",
    ]
    for patients in PATIENTS:
        for alike in ALIKE:
            row = [cells[patients, alike, rate] for rate in RATES]
            told = " | ".join(f"{one:.3f} / {other:.3f}" for one, other, _ in row)
            lines.append(f"| {patients} | {alike:g} | {np.median([e for *_, e in row]):.1f} | {told} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(study())
