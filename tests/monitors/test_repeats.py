"""Patients who repeat: an interval rests on people, not on how often each was scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.bootstrap import Places
from monitors.cube import Cube
from monitors.discovery import metrics
from monitors.fairness.pooled_true_positive_rate import pooled_true_positive_rate
from monitors.performance._answers import summed
from monitors.repeats import Repeats, measured, products

RATES = ("true_positive_rate", "false_positive_rate", "positive_predictive_value", "selection_rate")
Scored = tuple[str, int, int, int]  # patient, outcome, decision, score cell


def counted(rows: Iterable[Scored], group: str = "f") -> Cube:
    """As an engine would count them, with what it sums of rows of one patient."""
    rows = list(rows)
    by_patient: dict[str, Counter[int]] = {}
    for patient, outcome, decision, _ in rows:
        by_patient.setdefault(patient, Counter())[3 * (outcome + 1) + decision + 1] += 1
    pairs = [(group, a, b, held[a] * held[b]) for held in by_patient.values() for a in held for b in held]
    people = [(group, y, d, cell, -1, 1, 40_000 * cell + 20_000) for _, y, d, cell in rows]
    return Cube.of("sex", people, products(pairs))


def of(name: str, cube: Cube):
    declared = metrics()[name]
    return measured(declared.facts, declared.compute, cube.tally())


one_row = st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 20))


@settings(deadline=None, max_examples=60)
@given(st.lists(one_row, min_size=4, max_size=40), st.integers(2, 6), st.sampled_from(sorted(RATES)))
def test_rows_that_repeat_do_not_narrow_an_interval(
    people: list[tuple[int, int, int]], times: int, name: str
) -> None:
    once = counted((str(i), *person) for i, person in enumerate(people))
    again = counted((str(i), *person) for i, person in enumerate(people) for _ in range(times))
    single, repeated = of(name, once), of(name, again)
    assert repeated.value == pytest.approx(single.value) if single.value is not None else True
    if single.low is not None:
        assert repeated.low is not None
        assert repeated.high is not None
        assert repeated.low <= single.low + 1e-9
        assert repeated.high >= single.high - 1e-9


@pytest.mark.parametrize("name", ["auroc", "observed_expected_ratio", "brier", "calibration_slope"])
def test_scores_repeated_leave_the_interval_of_the_patients(name: str) -> None:
    random = np.random.default_rng(3)
    cells = random.integers(0, 21, 300)
    people = [(int(random.random() < (c + 0.5) / 25), int(c > 9), int(c)) for c in cells]
    once = of(name, counted((str(i), *person) for i, person in enumerate(people)))
    again = of(name, counted((str(i), *person) for i, person in enumerate(people) for _ in range(5)))
    assert again.design == pytest.approx(5, rel=0.03)
    assert again.low == pytest.approx(once.low, abs=0.02)
    assert again.high == pytest.approx(once.high, abs=0.02)
    assert again.n == 5 * once.n


def test_a_column_of_patients_who_do_not_repeat_changes_nothing() -> None:
    rows = [(str(i), i % 3 == 0, i % 2, i % 20) for i in range(120)]
    with_patients = counted([(p, int(y), d, c) for p, y, d, c in rows])
    assert of("true_positive_rate", with_patients).design == 1.0


def test_rows_of_a_patient_that_differ_at_random_are_worth_nearly_all_of_them() -> None:
    random = np.random.default_rng(5)
    rows = [(str(i // 4), 1, int(random.random() < 0.5), 3) for i in range(4000)]
    assert of("true_positive_rate", counted(rows)).design < 1.2


def test_the_bootstrap_draws_as_many_people_as_rows_are_worth() -> None:
    rows = [(str(i // 4), i // 4 % 2, i // 8 % 2, i // 4 % 20) for i in range(800)]
    places = Places.of(counted(rows))
    assert places.design[0] == pytest.approx(4, rel=0.03)
    assert places.draw(3).people.sum() == pytest.approx(3 * 200, rel=0.03)


def test_a_group_of_few_patients_is_drawn_by_its_patients_not_its_rows() -> None:
    few = [(str(i // 10), 1, i // 10 % 2, 3) for i in range(40)]
    once = [(str(i), 1, i // 10 % 2, 3) for i in range(40)]
    others = [("m", 1, d, 3, -1, k, 60_000) for d, k in ((0, 200), (1, 800))]

    def together(small: list[Scored]) -> Cube:
        cube = counted(small)
        apart = products([("m", 7, 7, 200), ("m", 8, 8, 800)])
        return Cube.of("sex", [*cube.weighted_rows(), *others], {**cube.repeats, **apart})

    repeated, single = (pooled_true_positive_rate(together(rows))["f"] for rows in (few, once))
    assert repeated.value is not None
    assert single.value is not None
    assert repeated.value > single.value  # nearer to the others' 0.8
    assert repeated.design > 9


def test_cubes_add_as_if_nobody_were_in_both() -> None:
    one = counted([("a", 1, 1, 3), ("a", 1, 1, 3), ("b", 0, 0, 2)])
    two = Cube.of("sex", [("f", 1, 1, 3, -1, 2, 0)])
    together = one + two
    assert together.repeats["f"][8, 8] == 4 + 2
    assert Cube.read(together.payload()) == together
    assert Cube.read(one.payload()).tally("f").repeats.kish() == pytest.approx(5 / 3)  # type: ignore[union-attr]


def test_the_rest_of_a_group_keeps_the_patients_of_the_others() -> None:
    f, m = counted([("a", 1, 1, 3)] * 4), counted([("b", 1, 0, 3)] * 2, "m")
    both = f + m
    rest = both.tally(rest_of="f").repeats
    assert isinstance(rest, Repeats)
    assert rest.kish() == 2.0
    assert both.tally("f").repeats.kish() == 4.0  # type: ignore[union-attr]


@pytest.mark.parametrize("patients", [20, 50, 150])
@pytest.mark.parametrize("alike", [0.1, 0.5, 0.95])
@pytest.mark.parametrize("rate", [0.2, 0.9])
def test_an_interval_holds_the_truth_where_rows_come_in_patients(
    patients: int, alike: float, rate: float
) -> None:
    """At least .92 of 400 draws; .905 leaves what 400 draws leave open. Rows as people cover .5 to .9."""
    random, held, draws = np.random.default_rng(11), 0, 400
    shape = (1 - alike) / alike
    declared = metrics()["true_positive_rate"]
    for _ in range(draws):
        rows = random.integers(1, 9, patients)
        flagged = random.binomial(rows, random.beta(rate * shape, (1 - rate) * shape, patients))
        missed = rows - flagged
        pairs = [(8, 8, flagged @ flagged), (7, 7, missed @ missed)]
        pairs += [(a, b, flagged @ missed) for a, b in ((7, 8), (8, 7))]
        people = [("f", 1, d, -1, -1, int(k.sum()), 0) for d, k in ((1, flagged), (0, missed)) if k.sum()]
        cube = Cube.of("sex", people, products(("f", a, b, int(n)) for a, b, n in pairs))
        found = measured(declared.facts, declared.compute, cube.tally())
        assert found.low is not None
        assert found.high is not None
        held += found.low <= rate <= found.high
    assert held / draws >= 0.905


def _tally_metrics() -> list[str]:
    return sorted(name for name, declared in metrics().items() if declared.facts.reads == "tally")


@pytest.mark.parametrize("name", _tally_metrics())
def test_every_measure_of_a_tally_takes_what_its_rows_are_worth(name: str) -> None:
    random = np.random.default_rng(1)
    rows = [
        (
            "g",
            int(random.random() < x),
            int(x > 0.4),
            int(x * 20),
            int(random.random() < 0.6),
            1,
            int(x * 1e6),
        )
        for x in random.beta(2, 4, 600)
    ]
    beside = [("g", "day", 0, 0, 450), ("g", "incomplete", 0, 0, 480), ("g", "incomplete", 1, 0, 120)]
    beside += [("g", "delay", place, 0, 4) for place in range(20, 50)]
    beside += [("g", "late", 0, 0, 540), ("g", "late", 1, 0, 60)]
    beside += [("g", "label", right, said, 50) for right in range(3) for said in range(4)]
    beside += [("g", "rank", place, 0, 100) for place in range(6)]
    amounts = [(x * 30 + 1, x * 25) for x in random.beta(2, 4, 600).tolist()]
    beside += [("g", "amount", *held) for held in summed(amounts)]
    tally = Cube.of("", rows, asides=beside).tally()
    declared = metrics()[name]
    told = {"threshold": 0.4} if declared.facts.threshold else {}
    whole, fewer = (declared.compute(t, 0.95, **told) for t in (tally, tally.worth(1 / 2.7)))
    assert whole.value is not None, whole.why
    assert whole.value == pytest.approx(fewer.value, abs=0.01 * max(1.0, abs(whole.value)))
    if whole.low is not None:
        assert fewer.high - fewer.low >= whole.high - whole.low
