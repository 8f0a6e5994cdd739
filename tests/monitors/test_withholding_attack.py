"""An onlooker who reads every published number and solves for the people behind them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog

from monitors import suppression
from monitors.audit import Audit, Finding, Verdict
from monitors.cube import Cube, Tally
from monitors.discovery import metrics
from monitors.suppression import published
from monitors.told import Release
from monitors.window import Window

WEEK = Window(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 12, tzinfo=UTC))
RACES, SEXES = ("a", "b", "c", "d", "e"), ("f", "m")
SHARES = ("selection_rate", "true_positive_rate", "false_positive_rate", "positive_predictive_value")
MEASURES = (*SHARES, "observed_expected_ratio", "auroc")
KINDS = tuple(product((1, 0, -1), (1, 0, -1)))  # outcome, decision; a score where there is a decision
CELLS = [(race, sex, *kind) for race in RACES for sex in SEXES for kind in KINDS]
Holds = Callable[[int, int], bool]
People = np.ndarray  # how many of each cell, shape (len(CELLS),)


def people(seed: int) -> People:
    """A small hospital's window: unequal groups, some few, a few without outcome or score."""
    random = np.random.default_rng(seed)
    sizes = random.permutation([260, 90, 40, 14, 6]) if seed % 2 else np.array([300, 120, 60, 25, 12])
    counts = np.zeros(len(CELLS), dtype=np.int64)
    for race, size in zip(RACES, sizes, strict=True):
        for _ in range(size):
            sex = SEXES[int(random.random() < 0.5)]
            outcome = int(random.random() < 0.3) if random.random() > 0.02 * (seed % 3) else -1
            decision = int(random.random() < (0.7 if outcome == 1 else 0.25))
            if random.random() < 0.006 * (seed % 2):
                decision = -1
            counts[CELLS.index((race, sex, outcome, decision))] += 1
    return counts


def cube(counts: People, attribute: str) -> Cube:
    """The people counted by one attribute; a score in one of two cells, with the decision."""
    rows = []
    for (race, sex, outcome, decision), n in zip(CELLS, counts.tolist(), strict=True):
        group = {"race": race, "sex": sex, "race × sex": f"{race} × {sex}", "": ""}[attribute]
        for part, cell in ((n // 2, 0), (n - n // 2, 1)):
            at = cell + 2 * decision if decision >= 0 else -1
            score = (1 + at) * 150_000 * part if decision >= 0 else 0
            rows.append((group, outcome, decision, at, -1, part, score))
    return Cube.of(attribute, [row for row in rows if row[5]])


def said(name: str, tally: Tally, **given: object) -> Finding:
    got = metrics()[name].compute(tally)
    unit = metrics()[name].facts.unit
    held = {"low": got.low, "high": got.high, "n": got.n, "events": got.events, **given}
    family = "fairness" if "group" in given else "performance"
    return Finding(metric=name, family=family, unit=unit, verdict=Verdict.WITHIN,
                   **{"subject": "model", "value": got.value, **held})  # fmt: skip


def audit(counts: People) -> Audit:
    """Every measure of everyone and of each group against the rest, as the ledger holds it."""
    whole = cube(counts, "").tally()
    found = [said(name, whole) for name in (*MEASURES, "true_negative_rate")]
    rows = int(counts.sum())
    found.append(Finding(metric="missing_share", family="quality", subject="crea", unit="share of rows",
                         verdict=Verdict.WITHIN, value=0.2, n=rows, events=rows // 5))  # fmt: skip
    for attribute in ("race", "sex", "race × sex"):
        held = cube(counts, attribute)
        for name in MEASURES:
            for group in held.groups:
                here, rest = (
                    metrics()[name].compute(t) for t in (held.tally(group), held.tally(rest_of=group))
                )
                gap = None if None in (here.value, rest.value) else here.value - rest.value
                found.append(
                    said(name, held.tally(group), subject=attribute, group=group, against="rest", value=gap,
                         level=here.value, baseline=rest.value, reference_n=rest.n)
                )  # fmt: skip
    return Audit(model="m", version="1", window=WEEK, stage="outcome", rows=rows, config="c", reference="r",
                 profile=str(counts.tobytes().hex()), software="s", findings=tuple(found))  # fmt: skip


def of(attribute: str, group: str, rest: bool, cell: tuple[str, str, int, int]) -> bool:
    own = {"race": cell[0], "sex": cell[1], "race × sex": f"{cell[0]} × {cell[1]}", "": ""}[attribute]
    return (own == group) is not rest


COUNTED = {  # denominator and numerator, written again and not taken from the code
    "selection_rate": (lambda o, d: d != -1, lambda o, d: d == 1),
    "true_positive_rate": (lambda o, d: o == 1 and d != -1, lambda o, d: o == 1 and d == 1),
    "false_positive_rate": (lambda o, d: o == 0 and d != -1, lambda o, d: o == 0 and d == 1),
    "true_negative_rate": (lambda o, d: o == 0 and d != -1, lambda o, d: o == 0 and d == 0),
    "positive_predictive_value": (lambda o, d: o != -1 and d == 1, lambda o, d: o == 1 and d == 1),
    "observed_expected_ratio": (lambda o, d: o != -1 and d != -1, lambda o, d: o == 1 and d != -1),
    "auroc": (lambda o, d: o != -1 and d != -1, lambda o, d: o == 1 and d != -1),
}


def read(seen: Audit) -> tuple[np.ndarray, np.ndarray]:
    """What a published audit tells: rows of 0 and 1 over the cells, and what they add to."""
    told: dict[tuple[float, ...], float] = {}

    def learn(attribute: str, group: str, rest: bool, holds: Holds, count: float | None) -> None:
        if count is not None:
            row = tuple(float(of(attribute, group, rest, c) and holds(c[2], c[3])) for c in CELLS)
            told[row] = round(count)

    learn("", "", False, lambda o, d: True, seen.rows)
    for f in seen.findings:
        if f.metric == "missing_share":
            learn("", "", False, lambda o, d: True, f.n)
            continue
        whole, part = COUNTED[f.metric]
        attribute, group = (f.subject, f.group) if f.group is not None else ("", "")
        learn(attribute, group, False, whole, f.n)
        learn(attribute, group, False, part, f.events)
        if f.group is not None:
            learn(attribute, group, True, whole, f.reference_n)
            if f.metric in SHARES and f.baseline is not None and f.reference_n is not None:
                learn(attribute, group, True, part, f.baseline * f.reference_n)
    return np.array(list(told)), np.array(list(told.values()))


SMALL = {
    "rows": lambda o, d: True, "tp": lambda o, d: (o, d) == (1, 1), "fp": lambda o, d: (o, d) == (0, 1),
    "fn": lambda o, d: (o, d) == (1, 0), "tn": lambda o, d: (o, d) == (0, 0), "flagged": lambda o, d: d == 1,
    "not flagged": lambda o, d: d == 0, "had it": lambda o, d: o == 1, "had it not": lambda o, d: o == 0,
    "not scored": lambda o, d: d == -1, "not known": lambda o, d: o == -1,
}  # fmt: skip


def recovered(counts: People, rows: np.ndarray, sums: np.ndarray) -> list[tuple[str, str, str, int]]:
    """Every count of 1 to 10 of a group, or of everyone, that is told to within less than ten."""
    places = [("", "")]
    places += [(a, g) for a in ("race", "sex", "race × sex") for g in cube(counts, a).groups]
    found, seen = [], []
    if not len(rows):
        return []
    for (attribute, group), (name, holds) in product(places, SMALL.items()):
        way = np.array([float(of(attribute, group, False, c) and holds(c[2], c[3])) for c in CELLS])
        count = int(way @ counts)
        if not 0 < count < 11 or (seen and max(way @ s for s in seen) - min(way @ s for s in seen) >= 10):
            continue
        seen += [linprog(w, A_eq=rows, b_eq=sums, bounds=(0, 5000), method="highs").x for w in (way, -way)]
        if max(way @ s for s in seen) - min(way @ s for s in seen) < 10 - 1e-6:
            found.append((attribute, group, name, count))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_no_count_of_1_to_10_is_recovered_from_a_published_audit(seed: int) -> None:
    counts = people(seed)
    seen = published(audit(counts))
    assert not recovered(counts, *read(seen))
    assert sum(f.verdict is not Verdict.WITHHELD for f in seen.findings if f.group is not None) >= 3


def test_the_attack_finds_what_hiding_small_counts_alone_leaves_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppression, "settle", lambda hiding: None)
    monkeypatch.setattr(suppression, "_held", {})
    counts = people(1)
    assert recovered(counts, *read(published(audit(counts))))


@pytest.mark.parametrize("seed", range(2))
def test_the_difference_of_two_releases_shows_no_1_to_10(seed: int) -> None:
    counts = people(seed)
    late = counts.copy()
    late[np.random.default_rng(seed).integers(0, len(CELLS), 4)] += 1  # four late rows
    first = published(audit(counts))
    second = published(audit(late), earlier=[Release(first)])
    (rows, sums), (rows_then, sums_then) = read(second), read(first)
    then = {tuple(row): total for row, total in zip(rows_then.tolist(), sums_then.tolist(), strict=True)}
    apart = [
        abs(s - then[tuple(r)]) for r, s in zip(rows.tolist(), sums.tolist(), strict=True) if tuple(r) in then
    ]
    assert not [a for a in apart if 0 < a < 11]
    assert not recovered(late, rows, sums)


def test_the_same_counts_again_under_a_looser_rule_give_nothing_away() -> None:
    """A later release that hides other groups is checked together with the earlier one."""
    counts = people(2)
    first = published(audit(counts))
    again = replace(audit(counts), stage="scored")
    second = published(again, earlier=[Release(first)])
    rows = np.vstack([read(first)[0], read(second)[0]])
    sums = np.concatenate([read(first)[1], read(second)[1]])
    assert not recovered(counts, rows, sums)


def test_publishing_twice_is_publishing_once() -> None:
    held = audit(people(3))
    assert published(held) is published(held)
