"""What every metric owes, asked of each one that is found."""

from __future__ import annotations

import doctest
import inspect
import math
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from monitors.bounds import of_everyone
from monitors.cube import PAIRED, Cube, Tally
from monitors.described import told
from monitors.discovery import Declared, metrics
from monitors.histogram import CategoryBins, Histogram, NumericBins
from monitors.metric import CATEGORIES, EVERY, NUMBERS, Estimate
from monitors.performance._answers import summed
from monitors.profile import Profile
from monitors.window import Window

SEED = 20260105
WEEK = Window(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 12, tzinfo=UTC))
NUMBER = NumericBins(edges=(0.0, 1.0, 2.0, 3.0), centers=(0.5, 1.5, 2.5), scale=1.0)
CATEGORY = CategoryBins(("a", "b", "c"), rare=("z",))
AT = np.array([0.0, 0.5, 1.5, 2.5, 3.5, 4.0])


THRESHOLD = 0.35  # from which `cube` flags


def of(reads: str) -> list[object]:
    # A mix of groups is a distance too, and owes all that one does.
    read = (reads, "mix") if reads == "distance" else (reads,)
    chosen = [declared for declared in metrics().values() if declared.facts.reads in read]
    told = [
        replace(d, compute=partial(d.compute, threshold=THRESHOLD)) if d.facts.threshold else d
        for d in chosen
    ]
    return [pytest.param(declared, id=declared.facts.name) for declared in told]


def far(declared: Declared, reference: np.ndarray, current: np.ndarray) -> np.ndarray:
    """The distance, with positions where it wants them."""
    at = (np.arange(reference.shape[-1], dtype=np.float64),) if declared.facts.ordered else ()
    return declared.compute(reference, current, *at)


def sound(estimate: Estimate) -> bool:
    """No NaN and no infinity; absent with a reason; the value inside its interval."""
    if estimate.value is None:
        return bool(estimate.why) and estimate.low is None and estimate.high is None
    shown = [v for v in (estimate.value, estimate.low, estimate.high) if v is not None]
    inside = estimate.low is None or estimate.low <= estimate.value <= estimate.high
    return inside and all(math.isfinite(v) for v in shown) and estimate.why is None


def cube(seed: int, rows: int, *, score: bool = True, decision: bool = True, action: bool = True) -> Cube:
    """People with a calibrated score in 50 cells; one in ten has no known outcome."""
    random = np.random.default_rng(seed)
    risk = np.round(random.beta(2, 5, rows), 6)
    outcome = np.where(random.random(rows) < 0.1, -1, random.random(rows) < risk)
    decided = (risk >= THRESHOLD).astype(int) if decision else np.full(rows, -1)
    cell = (risk * 50).astype(int) if score else np.full(rows, -1)
    millionths = np.round(risk * 1e6).astype(int) if score else np.zeros(rows, int)
    acted = (random.random(rows) < 0.2 + 0.6 * decided).astype(int) if action else np.full(rows, -1)
    columns = (outcome.astype(int), decided, cell, acted, np.ones(rows, int), millionths)
    beside = [("", "day", 0, 0, 1) for _ in range(rows)]
    beside += [("", "incomplete", int(lacks), 0, 1) for lacks in random.random(rows) < 0.2]
    if action and decision:
        waits = random.integers(0, 60, rows)
        beside += [
            ("", "delay", int(w), 0, 1) for w, a, d in zip(waits, acted, decided, strict=True) if a and d
        ]
    need = np.clip(random.normal(risk * 12, 2, rows), 0, 19).astype(int)
    beside += [("", "need", int(c), int(k), 1) for c, k in zip(cell, need, strict=True)]
    beside += [("", "late", int(late), 0, 1) for late in random.random(rows) < 0.1]
    beside += [("", "label", int(a), int(b), 1) for a, b in random.integers(0, 4, (rows, 2))]
    beside += [("", "rank", int(place), 0, 1) for place in random.integers(0, 5, rows)]
    off = random.integers(-300, 500, rows)
    came_to = random.gamma(2, 300, rows).round() / 100
    amounts = zip((came_to + off / 100).tolist(), came_to.tolist(), strict=True)
    beside += [("", "amount", *held) for held in summed(amounts)]
    return Cube.of("", [("", *map(int, row)) for row in zip(*columns, strict=True)], asides=beside)


def tenfold(cube: Cube) -> Cube:
    """Everyone ten times."""
    rows = [(*row[:5], row[5] * 10, row[6] * 10) for row in cube.weighted_rows()]
    return Cube.of(cube.attribute, rows, asides=[(*aside[:4], aside[4] * 10) for aside in cube.asides])


def lacking(cube: Cube, kind: str) -> Cube:
    """Without what was counted beside."""
    return replace(cube, asides=tuple(aside for aside in cube.asides if aside[1] != kind))


EMPTY = Cube.of("", []).tally()


# --- every metric ---


@pytest.mark.parametrize("declared", metrics().values(), ids=metrics().keys())
def test_a_metric_says_what_it_is(declared: Declared) -> None:
    facts = declared.facts
    assert facts.unit
    assert facts.zero
    assert facts.source
    assert facts.family == declared.compute.__module__.split(".")[1]
    assert inspect.getmodule(declared.compute).__doc__


@pytest.mark.parametrize("declared", metrics().values(), ids=metrics().keys())
def test_a_metric_tells_arguments_results_and_an_example_that_runs(declared: Declared) -> None:
    said = inspect.getdoc(declared.compute) or ""
    assert "Args:" in said
    assert "Returns:" in said
    scope = dict(inspect.getmodule(declared.compute).__dict__)
    (example,) = doctest.DocTestFinder(recurse=False).find(declared.compute, globs=scope)
    assert example.examples
    assert doctest.DocTestRunner(verbose=False).run(example).failed == 0


@pytest.mark.parametrize("declared", metrics().values(), ids=metrics().keys())
def test_a_metric_tells_its_question_its_trap_and_what_is_enough(declared: Declared) -> None:
    said = told(declared)
    assert said.question.endswith(("?", ".")), "its docstring needs `Asks:`, a question a committee has"
    assert said.trap, "its docstring needs `Trap:`, how its number misleads"
    assert said.enough, "its docstring, or its family's, needs `Enough:`, the least data"
    assert said.interval, "its docstring, or its family's, needs `Interval:`, how it is made"
    assert said.formula


@pytest.mark.parametrize("declared", metrics().values(), ids=metrics().keys())
def test_a_metric_is_one_short_file(declared: Declared) -> None:
    path = Path(inspect.getsourcefile(declared.compute))
    assert path.stem == declared.facts.name
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 75


@pytest.mark.parametrize("declared", metrics().values(), ids=metrics().keys())
def test_a_metric_says_what_it_can_be_taken_on(declared: Declared) -> None:
    facts = declared.facts
    if facts.reads in ("column", "distance"):
        assert facts.kinds in (NUMBERS, CATEGORIES, EVERY)
    else:
        assert facts.kinds == ()
    assert not facts.ordered or (facts.reads == "distance" and facts.kinds == NUMBERS)
    if facts.reads in ("distance", "mix"):
        assert facts.target is None
    else:
        assert facts.target is not None
    if facts.reads in ("tally", "cube"):
        assert facts.needs
    assert facts.threshold == ("threshold" in inspect.signature(declared.compute).parameters)


# --- distances ---


@pytest.mark.parametrize("declared", of("distance"))
def test_a_distance_of_equal_counts_is_zero(declared: Declared) -> None:
    counts = np.array([0, 7, 1, 130, 44, 0])
    assert far(declared, counts, counts) == 0
    assert far(declared, counts * 3, counts) == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize("declared", of("distance"))
def test_a_distance_is_never_negative_and_always_a_number(declared: Declared) -> None:
    random = np.random.default_rng(SEED)
    reference = random.multinomial(400, random.dirichlet(np.full(8, 0.3)))
    current = random.multinomial(60, random.dirichlet(np.full(8, 0.3)), size=500)
    found = far(declared, reference, current)
    assert np.isfinite(found).all()
    assert (found > 0).all()


@pytest.mark.parametrize("declared", of("distance"))
def test_a_distance_of_many_windows_is_that_of_each(declared: Declared) -> None:
    random = np.random.default_rng(SEED)
    shares = np.array([0.02, 0.5, 0.3, 0.18, 0.0])
    reference = random.multinomial(500, shares)
    current = random.multinomial(40, shares, size=(3, 4))
    together = far(declared, reference, current)
    one_by_one = [[float(far(declared, reference, window)) for window in row] for row in current]
    assert together.shape == (3, 4)
    assert far(declared, reference, current[0, 0]).shape == ()
    assert together.tolist() == one_by_one


@pytest.mark.parametrize("declared", of("distance"))
def test_cells_empty_on_both_sides_change_no_distance(declared: Declared) -> None:
    reference, current = np.array([5, 20, 0, 9]), np.array([[1, 4, 2, 0], [0, 9, 9, 1]])
    wide = np.insert(reference, [1, 2, 2, 4], 0), np.insert(current, [1, 2, 2, 4], 0, axis=1)
    at = np.array([0.0, 0.7, 1.1, 3.0])
    if declared.facts.ordered:
        padded = np.insert(at, [1, 2, 2, 4], [0.2, 0.8, 0.9, 5.0])
        narrow, broad = declared.compute(reference, current, at), declared.compute(*wide, padded)
    else:
        narrow, broad = declared.compute(reference, current), declared.compute(*wide)
    assert broad == pytest.approx(narrow, rel=1e-12)


@pytest.mark.parametrize("declared", of("distance"))
def test_a_larger_shift_is_a_larger_distance(declared: Declared) -> None:
    edges = stats.norm.ppf(np.linspace(0, 1, 21))

    def shifted(by: float) -> np.ndarray:
        return np.round(np.diff(stats.norm.cdf(edges - by)) * 1e6).astype(np.int64)

    shifts = np.array([shifted(by) for by in (0.0, 0.1, 0.2, 0.4, 0.8, 1.6)])
    assert (np.diff(far(declared, shifts[0], shifts)) > 0).all()


@pytest.mark.parametrize("declared", of("distance"))
def test_a_distance_grows_as_rows_move_from_one_cell_to_another(declared: Declared) -> None:
    moved = np.array([[60 - by, 25, 15 + by] for by in range(0, 61, 5)])
    assert (np.diff(far(declared, moved[0], moved)) > 0).all()


@pytest.mark.parametrize("declared", of("distance"))
def test_the_two_sides_of_a_distance_may_change_places(declared: Declared) -> None:
    a, b = np.array([5, 20, 0, 9]), np.array([1, 4, 2, 0])
    assert float(far(declared, a, b)) == pytest.approx(float(far(declared, b, a)))


@pytest.mark.parametrize("declared", of("distance"))
def test_a_distance_does_not_grow_with_the_rows(declared: Declared) -> None:
    a, b = np.array([50, 200, 90]), np.array([10, 40, 25])
    assert float(far(declared, 10 * a, 10 * b)) == pytest.approx(float(far(declared, a, b)))


@pytest.mark.parametrize("declared", of("distance"))
def test_a_distance_to_nothing_is_refused(declared: Declared) -> None:
    counts, nothing = np.array([5, 20, 9]), np.array([0, 0, 0])
    for reference, current in (
        (counts, nothing),
        (nothing, counts),
        (counts, np.array([counts, nothing])),
    ):
        with pytest.raises(ValueError, match="at least one row on each side"):
            far(declared, reference, current)


@pytest.mark.parametrize("declared", of("distance"))
def test_one_row_in_one_cell_is_a_distance_too(declared: Declared) -> None:
    assert far(declared, np.array([0, 1, 0]), np.array([0, 1, 0])) == 0
    assert far(declared, np.array([1, 0, 0]), np.array([0, 0, 1])) > 0


# --- tallies ---


@pytest.mark.parametrize("declared", of("tally"))
def test_a_measure_of_nobody_is_absent_with_a_reason(declared: Declared) -> None:
    estimate = declared.compute(EMPTY)
    assert estimate.value is None
    assert sound(estimate)


@pytest.mark.parametrize("declared", of("tally"))
@pytest.mark.parametrize("rows", [1, 2, 5, 30, 400, 5000])
def test_a_value_lies_inside_its_interval_or_has_a_reason(declared: Declared, rows: int) -> None:
    for seed in range(10):
        assert sound(declared.compute(cube(seed, rows).tally()))


@pytest.mark.parametrize("declared", of("tally"))
@pytest.mark.parametrize("rows", [40, 3000])
def test_an_interval_widens_with_its_level(declared: Declared, rows: int) -> None:
    tally = cube(SEED, rows).tally()
    found = [declared.compute(tally, level) for level in (0.5, 0.8, 0.95, 0.99, 0.9999)]
    assert len({estimate.value for estimate in found}) == 1
    assert all(sound(estimate) for estimate in found)
    assert all(a.low >= b.low and a.high <= b.high for a, b in pairwise(found))
    widths = [estimate.high - estimate.low for estimate in found]
    assert widths[0] < widths[-1]


@pytest.mark.parametrize("declared", of("tally"))
def test_ten_times_the_people_keep_the_value_and_narrow_the_interval(declared: Declared) -> None:
    # Enough events for no penalty, which few events alone would bring.
    once = cube(SEED, 2000)
    a, b = declared.compute(once.tally()), declared.compute(tenfold(once).tally())
    assert b.value == pytest.approx(a.value, abs=1e-9)
    assert b.n == 10 * a.n
    assert b.high - b.low < 0.5 * (a.high - a.low)


@pytest.mark.parametrize("declared", of("tally"))
def test_what_was_not_recorded_makes_a_measure_absent_not_wrong(declared: Declared) -> None:
    without = {
        "score": cube(SEED, 300, score=False),
        "decision": cube(SEED, 300, decision=False),
        "outcome": Cube.of("", [("", -1, *row[2:]) for row in cube(SEED, 300).weighted_rows()],
                           asides=cube(SEED, 300).asides),
        "action": cube(SEED, 300, action=False),
        "action_time": lacking(cube(SEED, 300), "delay"),
        "patient": lacking(cube(SEED, 300), "day"),
        "inputs": lacking(cube(SEED, 300), "incomplete"),
        "recorded": lacking(cube(SEED, 300), "late"),
        **{kind: lacking(cube(SEED, 300), kind) for kind in PAIRED},
    }  # fmt: skip
    for part, counted in without.items():
        estimate = declared.compute(counted.tally())
        assert sound(estimate)
        # Of what was recorded itself, nothing is an answer: none of it.
        itself = (declared.facts.name, part) in {
            ("scored_share", "score"), ("coverage", "score"), ("label_coverage", "outcome"),
            ("alerts_per_100_patient_days", "action"),  # days are counted where actions are
        }  # fmt: skip
        assert (estimate.value is None) == (part in declared.facts.needs and not itself)


@pytest.mark.parametrize("declared", of("tally"))
@pytest.mark.parametrize("outcome", [0, 1])
@pytest.mark.parametrize("decision", [0, 1])
def test_a_group_where_all_went_one_way_gives_no_made_up_rate(
    declared: Declared, outcome: int, decision: int
) -> None:
    people = [("", outcome, decision, 7, 0, 25, 3_500_000), ("", outcome, decision, 3, 0, 15, 900_000)]
    estimate = declared.compute(Cube.of("", people).tally())
    assert sound(estimate)
    empty = {
        "true_positive_rate": outcome == 0,
        "false_negative_rate": outcome == 0,
        "true_negative_rate": outcome == 1,
        "false_positive_rate": outcome == 1,
        "positive_predictive_value": decision == 0,
        "negative_predictive_value": decision == 1,
        "false_omission_rate": decision == 1,
        "time_to_action": True,  # no one was acted on
        "time_to_action_90": True,
        "alerts_per_100_patient_days": True,  # no day was counted
        "incomplete_share": True,
        "late_share": True,
        "accuracy": True,  # no answer out of several, no amount and no list is counted
        "balanced_accuracy": True,
        "macro_f1": True,
        "mean_absolute_error": True,
        "mean_error": True,
        "root_mean_squared_error": True,
        "r_squared": True,
        "hit_rate": True,
        "mean_reciprocal_rank": True,
        "action_rate": decision == 0,
        "override_rate": decision == 0,
        "override_right_rate": decision == 0,
        "alerts_per_case": decision == 0 or outcome == 0,
        "calibration_near_threshold": True,  # no one is scored near it
        "scaled_brier": True,
        "integrated_calibration_index": True,
        "e50": True,
        "e90": True,
        "auroc": True,
        "calibration_slope": True,
        "calibration_intercept": True,
    }
    assert (estimate.value is None) == empty.get(declared.facts.name, False)


@pytest.mark.parametrize("declared", of("tally"))
@pytest.mark.parametrize("score", [0, 1_000_000])
def test_scores_of_exactly_0_or_1_break_nothing(declared: Declared, score: int) -> None:
    other = 1_000_000 - score
    people = [
        ("", 1, 1, score // 20_000, -1, 30, 30 * score),
        ("", 0, 0, score // 20_000, -1, 50, 50 * score),
        ("", 1, 0, other // 20_000, -1, 20, 20 * other),
        ("", 0, 1, other // 20_000, -1, 40, 40 * other),
    ]
    assert sound(declared.compute(Cube.of("", people).tally()))
    assert sound(declared.compute(Cube.of("", people[:2]).tally()))


@pytest.mark.parametrize("declared", [d for d in of("tally") if d.values[0].facts.parts])
def test_what_people_add_to_a_measure_adds_up_to_it(declared: Declared) -> None:
    counted = Cube.of("", [row for row in cube(SEED, 3000).weighted_rows() if row[1] >= 0])
    low, high = of_everyone(declared.facts.at(THRESHOLD), counted)
    assert low == pytest.approx(high, abs=1e-12)  # every outcome is known
    assert declared.compute(counted.tally()).value == pytest.approx(low, rel=1e-3)


@pytest.mark.parametrize("declared", [d for d in of("tally") if d.values[0].facts.parts])
def test_whatever_the_outcomes_not_known_were_a_measure_lies_in_its_bounds(declared: Declared) -> None:
    counted, random = cube(SEED, 300), np.random.default_rng(SEED)
    low, high = of_everyone(declared.facts.at(THRESHOLD), counted)
    for _ in range(50):
        rows: list[tuple[object, ...]] = []
        for group, outcome, *rest in counted.weighted_rows():
            rows.append((group, outcome if outcome >= 0 else int(random.random() < 0.5), *rest))
        # A cell's rows stand at the mean of their cell, which a completion moves a little.
        assert low - 1e-3 * abs(low) <= declared.compute(Cube.of("", rows).tally()).value
        assert declared.compute(Cube.of("", rows).tally()).value <= high + 1e-3 * abs(high)


def tally_fields() -> set[str]:
    return set(Tally.__dataclass_fields__)


@pytest.mark.parametrize("declared", of("tally"))
def test_a_measure_leaves_its_tally_as_it_was(declared: Declared) -> None:
    tally = cube(SEED, 300).tally()
    before = {name: np.array(getattr(tally, name)).tolist() for name in tally_fields()}
    declared.compute(tally)
    assert {name: np.array(getattr(tally, name)).tolist() for name in tally_fields()} == before


# --- cubes ---


def groups(seed: int, *, few: int = 200, many: int = 3000, **parts: bool) -> Cube:
    """Two groups, one large and one small."""
    both = (("many", cube(seed, many, **parts)), ("few", cube(seed + 1, few, **parts)))
    rows = [(name, *row[1:]) for name, held in both for row in held.weighted_rows()]
    return Cube.of("group", rows, asides=[(name, *aside[1:]) for name, held in both for aside in held.asides])


@pytest.mark.parametrize("declared", of("cube"))
def test_a_measure_of_groups_says_something_of_each_group(declared: Declared) -> None:
    for few in (1, 5, 30, 200):
        found = declared.compute(groups(SEED, few=few))
        assert set(found) in ({"many", "few"}, {None})
        assert all(sound(estimate) for estimate in found.values())


@pytest.mark.parametrize("declared", of("cube"))
def test_a_measure_of_no_groups_makes_nothing_up(declared: Declared) -> None:
    found = declared.compute(Cube.of("group", []))
    assert all(estimate.value is None and estimate.why for estimate in found.values())


@pytest.mark.parametrize("declared", of("cube"))
def test_the_same_counts_give_the_same_measure_of_groups(declared: Declared) -> None:
    once = groups(SEED)
    again = Cube.of("group", reversed(once.weighted_rows()), asides=reversed(once.asides))
    assert declared.compute(once) == declared.compute(again)


@pytest.mark.parametrize("declared", of("cube"))
def test_limits_of_groups_widen_with_their_level(declared: Declared) -> None:
    found = [declared.compute(groups(SEED), level) for level in (0.8, 0.95, 0.99)]
    for group in found[0]:
        a, b, c = (by_group[group] for by_group in found)
        assert a.value == b.value == c.value
        assert c.low <= b.low <= a.low <= a.high <= b.high <= c.high
        assert c.low < a.low or c.high > a.high


@pytest.mark.parametrize("declared", of("cube"))
def test_ten_times_the_people_narrow_the_limits_of_groups(declared: Declared) -> None:
    # Enough people that a group is fitted, or kept out of a family, alike both times.
    once = groups(SEED, few=900)
    a, b = declared.compute(once), declared.compute(tenfold(once))
    for group in a:
        assert b[group].n == 10 * a[group].n
        assert b[group].high - b[group].low < a[group].high - a[group].low


@pytest.mark.parametrize("declared", of("cube"))
def test_what_was_not_recorded_makes_a_measure_of_groups_absent(declared: Declared) -> None:
    without = {
        "score": groups(SEED, score=False),
        "decision": groups(SEED, decision=False),
        "outcome": Cube.of("group", [(row[0], -1, *row[2:]) for row in groups(SEED).weighted_rows()]),
        "action": groups(SEED, action=False),
        "need": lacking(groups(SEED), "need"),
    }
    for part in declared.facts.needs:
        found = declared.compute(without[part]).values()
        assert found
        assert all(sound(estimate) and estimate.value is None for estimate in found)


@pytest.mark.parametrize("declared", of("cube"))
def test_a_group_without_the_outcome_is_given_no_made_up_number(declared: Declared) -> None:
    rows = [row for row in groups(SEED).weighted_rows() if row[0] == "many" or row[1] == 0]
    rows += [("others", *row[1:]) for row in rows if row[0] == "many"]
    found = declared.compute(Cube.of("group", rows))
    itself = declared.facts.name == "ascertainment_ratio"  # counts known outcomes, whichever they are
    if "few" in found and "outcome" in declared.facts.needs and not itself:
        assert found["few"].value is None
        assert found["few"].why == "no one in this group had the outcome"
        assert found["many"].value is not None


# --- columns and windows ---


def histogram(seed: int, declared: Declared) -> Histogram:
    random = np.random.default_rng(seed)
    a, b, c, missing, below, above, other, unseen = random.integers(1, 40, 8).tolist()
    if declared.facts.kinds == NUMBERS:
        return Histogram("x", NUMBER, (a, b, c), missing, below, above, other)
    return Histogram("x", CATEGORY, (a, b, c), missing, 0, 0, other, unseen)


@pytest.mark.parametrize("declared", of("column"))
def test_a_share_of_two_days_lies_between_those_of_each(declared: Declared) -> None:
    for seed in range(20):
        day, next_day = histogram(seed, declared), histogram(seed + 100, declared)
        a, b = declared.compute(day), declared.compute(next_day)
        both = declared.compute(day + next_day)
        assert min(a.value, b.value) <= both.value <= max(a.value, b.value)
        assert (both.n, both.events) == (a.n + b.n, a.events + b.events)
        assert both.value == both.events / both.n
        assert sound(a)
        assert sound(both)


@pytest.mark.parametrize("declared", of("column"))
def test_a_share_of_no_rows_is_absent(declared: Declared) -> None:
    bins = NUMBER if declared.facts.kinds == NUMBERS else CATEGORY
    estimate = declared.compute(Histogram("x", bins, (0, 0, 0)))
    assert estimate.value is None
    assert estimate.why


@pytest.mark.parametrize("declared", of("column"))
def test_a_clean_column_has_a_share_of_zero(declared: Declared) -> None:
    bins = NUMBER if declared.facts.kinds == NUMBERS else CATEGORY
    estimate = declared.compute(Histogram("x", bins, (10, 20, 30)))
    assert estimate.value == 0
    assert estimate.low == 0
    assert estimate.high > 0


def profile(rows: int, duplicates: int, wrong: int | None, hour: int | None, invalid: int) -> Profile:
    last = None if hour is None else datetime(2026, 1, 11, hour, tzinfo=UTC)
    everyone = [("", -1, -1, 4, -1, rows - invalid, 0), ("", -1, -1, -2, -1, invalid, 0)]
    return Profile(WEEK, rows, duplicates, wrong, last, {}, {"": Cube.of("", everyone)})


@pytest.mark.parametrize("declared", of("window"))
def test_a_window_measure_is_sound_on_full_and_empty_windows(declared: Declared) -> None:
    assert sound(declared.compute(profile(70, 4, 2, 23, 1)))
    assert sound(declared.compute(profile(0, 0, None, None, 0)))
    assert sound(declared.compute(Profile(WEEK, 0, 0, None, None, {}, {})))


@pytest.mark.parametrize("declared", of("window"))
def test_two_sites_together_lie_between_the_two(declared: Declared) -> None:
    a, b = profile(70, 4, 2, 23, 1), profile(40, 9, 0, 20, 3)
    apart = sorted([declared.compute(a).value, declared.compute(b).value])
    both = declared.compute(a + b).value
    if declared.facts.name == "rows":
        assert both == pytest.approx(sum(apart))
    else:
        assert apart[0] <= both <= apart[1]


def test_found_metrics_are_those_the_catalogue_names() -> None:
    by_family: dict[str, set[str]] = {}
    for name, declared in metrics().items():
        by_family.setdefault(declared.facts.family, set()).add(name)
    assert by_family["drift"] >= {
        "psi", "jensen_shannon", "total_variation", "hellinger", "chi_square", "l_infinity",
        "wasserstein", "kolmogorov_smirnov", "anderson_darling",
    }  # fmt: skip
    assert by_family["quality"] >= {
        "missing_share", "unseen_share", "out_of_range_share", "unusable_share", "rows",
        "duplicate_share", "wrong_version_share", "freshness", "invalid_score_share",
    }  # fmt: skip
    assert by_family["performance"] >= {
        "auroc", "brier", "observed_expected_ratio", "calibration_slope", "calibration_intercept",
        "true_positive_rate", "true_negative_rate", "false_positive_rate", "false_negative_rate",
        "positive_predictive_value", "negative_predictive_value", "selection_rate", "missed_per_1000",
    }  # fmt: skip
    assert by_family["oversight"] >= {
        "action_rate", "override_rate", "override_right_rate", "alerts_per_case",
        "alerts_per_100_patient_days", "time_to_action", "time_to_action_90",
    }  # fmt: skip
    assert by_family["fairness"] >= {"xauc_gap", "worst_group_true_positive_rate", "ascertainment_ratio"}
    assert by_family["fairness"] >= {"same_score_need_gap", "top_need_gap"}
